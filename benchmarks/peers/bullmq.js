// BullMQ: `bullmq.js push` or `bullmq.js work CONCURRENCY`.
const { Queue, Worker } = require("bullmq");
const { say, tally, produce } = require("./report.js");

const connection = { path: process.env.REDIS_SOCKET, maxRetriesPerRequest: null };

async function push() {
  const queue = new Queue("noop", { connection });
  await queue.waitUntilReady();
  await produce(
    (batch) => queue.addBulk(batch.map((data) => ({ name: "noop", data }))),
    async () => Object.values(await queue.getJobCounts()).reduce((sum, each) => sum + each, 0),
  );
}

async function work(concurrency) {
  const finished = tally();
  const worker = new Worker("noop", async () => {}, { connection, concurrency, removeOnComplete: { count: 0 } });
  worker.on("completed", (job) => finished(job.data.number)); // Redis has answered
  worker.on("failed", (job, error) => console.error(error));
  worker.on("error", (error) => console.error(error));
  await worker.waitUntilReady();
  say("ready");
}

process.argv[2] === "push" ? push() : work(Number(process.argv[3]));
