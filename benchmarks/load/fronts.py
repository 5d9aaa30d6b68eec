"""What benchmarks/run measures of the fronts of services that wheelwork replaces."""

import json
import re
import subprocess
import time

from node import free_port
from pools import Redis

def percentile(out, share):
    """Of answers, in ms, as wrk --latency prints it."""
    number, unit = re.search(rf"(?m)^\s+{share}%\s+([\d.]+)(us|ms|s)$", out).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


FRONT = "front.delay_queue"


class FrontMeasures:
    def delay_queue_saves(self):
        """POST /api/task/save over 64 connections, each answered after its commit."""
        span, port = 2 if self.quick else 8, free_port()
        with self.node(f"{FRONT}.listen=127.0.0.1:{port}") as node:
            began, cpu = time.monotonic(), node.cpu_seconds()
            out = subprocess.run(["wrk", "-t1", "-c64", f"-d{span}s", "--latency", "-s", f"{self.here}/save.lua", f"http://127.0.0.1:{port}"],
                                 check=True, capture_output=True, text=True).stdout
            took = time.monotonic() - began
            if "Non-2xx" in out or "Socket errors" in out:
                raise RuntimeError(f"saves failed\n{out}")
            saves = int(re.search(r"(\d+) requests in", out)[1])
            status, body = node.ask("GET", "/api/v1/stats")
            if status != 200 or json.loads(body)["jobs"]["pending"] < saves:
                raise RuntimeError(f"{saves} saves were answered; the node knows of {body!r}")
            return {"save": saves / took, "save_cores": (node.cpu_seconds() - cpu) / took,
                    "save_p50": percentile(out, 50), "save_p99": percentile(out, 99)}

    def delay_queue_list(self):
        """A backlog in the list, each entry with a URL of its own, until all of it is committed."""
        count = 20_000 if self.quick else 200_000
        with Redis(f"{self.folder}/redis") as redis:
            for begin in range(0, count, 1000):
                redis.ask(b"RPUSH", b"delay_queue_task",
                          *[json.dumps({"notify_url": f"http://127.0.0.1:9/queue/vip?order={number}", "plan_time": int(time.time()) + 86400,
                                        "method_name": "get", "notify_param": ""}).encode() for number in range(begin, min(begin + 1000, count))])
            began = time.monotonic()
            with self.node(f"redis.a.url=unix://{redis.socket}", f"{FRONT}.redis=a") as node:
                while json.loads(node.ask("GET", "/api/v1/pools/front.delay_queue")[1])["succeeded"] < count:
                    if time.monotonic() - began > 300:
                        raise RuntimeError("the list is not taken")
                    time.sleep(0.01)
                return {"save_list": count / (time.monotonic() - began)}
