// What producers and workers in Node.js say to compare.py, one line each on the descriptor REPORT, and hear from it on standard input.
const fs = require("fs");
const readline = require("readline");

const say = (line) => fs.writeSync(Number(process.env.REPORT), line + "\n");

// 100 bytes as JSON; numbers have seven digits.
const TEXT = "x".repeat(72);
const job = (number) => ({ number, text: TEXT });

// A worker calls what this returns for each finished job.
function tally() {
  let count = 0, sum = 0, said = 0;
  setInterval(() => {
    if (count === said) return;
    said = count;
    say(`done ${process.pid} ${count} ${sum}`);
  }, 10);
  return (number) => {
    count += 1;
    sum += number;
  };
}

// Pushes in batches of 1,000, four of them under way.
async function pushAll(first, count, pushBatch) {
  const end = first + count;
  let next = first;
  const lane = async () => {
    while (next < end) {
      const batch = [];
      while (next < end && batch.length < 1000) batch.push(job(next++));
      await pushBatch(batch);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

// Does what compare.py asks for until it closes standard input.
async function produce(pushBatch, left) {
  say("ready");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, first, count] = line.split(" ");
    if (verb === "push") {
      await pushAll(Number(first), Number(count), pushBatch);
      say("pushed");
    } else {
      say(`left ${await left()}`);
    }
  }
  process.exit(0);
}

module.exports = { say, tally, produce };
