// graphile-worker: `graphile_worker.js push` or `graphile_worker.js work CONCURRENCY`. PGHOST, PGUSER and PGDATABASE name the database.
const { EventEmitter } = require("events");
const { Pool } = require("pg");
const { Logger, makeWorkerUtils, run } = require("graphile-worker");
const { say, tally, produce } = require("./report.js");

const logger = new Logger(() => (level, message) => {
  if (level === "error" || level === "warning") console.error(message);
});

async function push() {
  const pgPool = new Pool({ max: 4 });
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  await produce(
    (batch) => utils.addJobs(batch.map((payload) => ({ identifier: "noop", payload }))),
    async () => (await pgPool.query("select count(*) from graphile_worker._private_jobs")).rows[0].count,
  );
}

async function work(concurrentJobs) {
  const finished = tally();
  const events = new EventEmitter();
  events.on("job:success", ({ job }) => finished(job.payload.number)); // deleted after it; compare.py waits for the empty table
  await run({
    pgPool: new Pool({ max: concurrentJobs + 1 }),
    events,
    taskList: { noop: async () => {} },
    // What its chapter on performance says.
    preset: { worker: { concurrentJobs, logger, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  });
  say("ready");
}

process.argv[2] === "push" ? push() : work(Number(process.argv[3]));
