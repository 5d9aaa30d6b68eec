"""What benchmarks/run measures of workers: how a node bears those that come and go all the time."""

import asyncio
import json
import os
import random
import time

QUEUE = "churn"


class WorkerMeasures:
    def worker_churn(self):
        """1,000 workers join and as many leave each second, most in the middle of a long poll; up to 100 jobs a second come for them."""
        seconds = 5 if self.quick else int(os.environ.get("WHEELWORK_CHURN_SECONDS", 60))
        with self.node() as node:
            return asyncio.run(Churn(node, seconds, 200 if self.quick else 1_000).run())


class Churn:
    def __init__(self, node, seconds, workers_a_second):
        self.node, self.seconds, self.workers_a_second = node, seconds, workers_a_second
        self.pushed, self.done, self.twice, self.again = set(), set(), 0, 0
        self.waits, self.joined, self.refused = [], 0, 0

    async def run(self):
        began = time.monotonic()
        memory, descriptors, ended = [], [], began + self.seconds
        jobs = asyncio.create_task(self.push_jobs(ended))
        crowd = set()
        while (now := time.monotonic()) < ended:
            for _ in range(int((now - began) * self.workers_a_second) - self.joined):
                self.joined += 1
                one = asyncio.create_task(self.work(self.joined, random.uniform(0.5, 1.5)))
                crowd.add(one)
                one.add_done_callback(crowd.discard)
            if len(memory) < (now - began) / self.seconds * 20:
                memory.append(self.node.resident_bytes())
                descriptors.append(len(os.listdir(f"/proc/{self.node.process.pid}/fd")))
            await asyncio.sleep(0.01)
        took = time.monotonic() - began
        await jobs
        await asyncio.gather(*crowd)
        last = time.monotonic() + 60
        while self.done != self.pushed and time.monotonic() < last:
            await asyncio.gather(*[self.work(f"last-{number}", 1) for number in range(20)])
        quarter = len(memory) // 4
        waits = sorted(self.waits)
        return {"churn_rate": self.joined / took, "churn_p50": waits[len(waits) // 2] * 1e3, "churn_p99": waits[len(waits) * 99 // 100] * 1e3,
                "churn_jobs": len(self.pushed), "churn_lost": len(self.pushed - self.done), "churn_twice": self.twice, "churn_again": self.again,
                "churn_refused": self.refused,
                "churn_growth": (max(memory[-quarter:]) - max(memory[-2 * quarter:-quarter])) / 1e6, # the last quarter, and the one before
                "churn_descriptors": len(os.listdir(f"/proc/{self.node.process.pid}/fd")) - descriptors[0]}

    async def push_jobs(self, ended):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.node.port)
        while time.monotonic() < ended:
            # A worker that leaves with a job fails its attempt when the lease is over.
            job = {"target": {"worker": {"queue": QUEUE}}, "payload": {"pushed": time.monotonic()}, "retry": {"limit": 50, "delays": ["500ms"]}}
            status, answer = await ask(reader, writer, "/api/v1/jobs", job)
            if status not in (200, 201):
                raise RuntimeError(f"a job was refused: {status} {answer!r}")
            self.pushed.add(json.loads(answer)["id"])
            await asyncio.sleep(0.01)
        writer.close()

    async def work(self, name, stays):
        """Asks once; goes away without a word after `stays` seconds, unless a job came: then it acknowledges that first."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.node.port)
        except OSError:
            self.refused += 1
            return
        try:
            poll = {"queues": [QUEUE], "worker": f"worker-{name}", "max": 1, "wait": "10s", "lease": "2s"}
            status, answer = await asyncio.wait_for(ask(reader, writer, "/api/v1/workers/poll", poll), stays)
            got = time.monotonic()
            for job in json.loads(answer)["jobs"] if status == 200 else []:
                if job["attempt"] == 1:
                    self.waits.append(got - job["payload"]["pushed"])
                else:
                    self.again += 1
                acknowledgement = {"id": job["id"], "attempt": job["attempt"], "outcome": "succeeded"}
                status, answer = await ask(reader, writer, "/api/v1/workers/ack", acknowledgement)
                if status == 200:
                    self.twice += job["id"] in self.done
                    self.done.add(job["id"])
            self.refused += status != 200
        except (asyncio.TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # it leaves
        finally:
            writer.close()


async def ask(reader, writer, path, body):
    text = json.dumps(body).encode()
    writer.write(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(text), text))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
