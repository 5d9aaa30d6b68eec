"""What benchmarks/run measures: each function runs once and returns figures by name."""

import concurrent.futures
import datetime
import json
import os
import re
import subprocess
import sys
import time

from databases import MariaDb, Postgres
from fronts import FrontMeasures
from nginx import Nginx
from node import Node
from pools import PoolMeasures
from workers import WorkerMeasures

NOOP = '"target":{"native":{"handler":"noop"}}'
PAYLOAD = '"payload":{"text":"' + "x" * 89 + '"}'  # 100 bytes


class Bench(PoolMeasures, FrontMeasures, WorkerMeasures):
    def __init__(self, build, folder, quick):
        self.build, self.folder, self.quick = build, folder, quick
        self.binary = f"{build}/wheelwork"
        self.here = os.path.dirname(os.path.abspath(__file__))

    def node(self, *settings, environment=None):
        return Node(self.binary, f"{self.folder}/node", settings, environment)

    # ---- limits of the machine

    def sqlite_commits(self):
        return {"sqlite": self.commits()}

    def commits(self, environment=None):
        out = subprocess.run([f"{self.build}/benchmarks/sqlite_commits", self.folder, "1" if self.quick else "3"],
                             check=True, capture_output=True, text=True, env=os.environ | (environment or {})).stdout
        return float(out)

    def curl_calls(self):
        with Nginx(f"{self.folder}/nginx") as nginx:
            out = subprocess.run([f"{self.build}/benchmarks/curl_calls", nginx.url, "20000" if self.quick else "100000", "64"],
                                 check=True, capture_output=True, text=True).stdout
        return {"curl": float(out)}

    def postgres_rows(self):
        """Bare clients on the tables of wheelwork, one and two connections."""
        figures = {}
        with Postgres(f"{self.folder}/postgres") as server:
            for connections in (1, 2):
                url = server.fresh()
                subprocess.run([self.binary, "migrate", "--set", f"database.url={url}"], check=True, capture_output=True)
                server.sql("insert into ww_target (hash, spec) values ('x', '{}')")
                out = subprocess.run([f"{self.build}/benchmarks/postgres_rows", f"host={server.folder} user=wheelwork dbname=wheelwork",
                                      "2" if self.quick else "8", str(connections)], check=True, capture_output=True, text=True).stdout
                figures[f"postgres_rows_{connections}"] = float(out)
        return figures

    def mariadb_rows(self):
        """Bare clients of MariaDB that write the same rows, one and two connections."""
        figures = {}
        with MariaDb(f"{self.folder}/mariadb") as server:
            for connections in (1, 2):
                server.fresh()
                out = subprocess.run([f"{self.build}/benchmarks/mysql_batches", server.socket, "wheelwork", "30" if self.quick else "150", str(connections)],
                                     check=True, capture_output=True, text=True).stdout
                figures[f"mariadb_rows_{connections}"] = float(out)
        return figures

    # ---- time

    def ready_empty(self):
        with self.node() as node:
            return {"ready_empty": node.ready_after * 1000}

    def idle(self):
        span = 3 if self.quick else 10
        with self.node() as node:
            time.sleep(2)  # what a start leaves to do in the background
            before = node.cpu_seconds()
            time.sleep(span)
            return {"idle": (node.cpu_seconds() - before) / span * 100}

    def lateness_spread(self):
        count, span = (200, 2) if self.quick else (1000, 10)
        with self.node() as node:
            begin = time.time() + 1.5
            pusher = node.pusher()
            pusher.push([job_at(begin + i * span / count) for i in range(count)])
            time.sleep(begin + span - time.time())
            node.wait_finished(count)
            late = node.stats()["lateness_ms"]
            return {"late_p50": late["p50"], "late_p99": late["p99"], "late_max": late["max"]}

    def lateness_instant(self):
        with self.node() as node:
            begin = time.time() + 2.5
            pusher = node.pusher()
            pusher.push([job_at(begin)] * 10_000)
            if time.time() > begin - 0.5:
                raise RuntimeError("pushing 10,000 jobs took so long that they were nearly due")
            time.sleep(begin + 0.2 - time.time())
            node.wait_finished(10_000)
            late = node.stats()["lateness_ms"]
            return {"instant_p50": late["p50"], "instant_max": late["max"]}

    # ---- throughput, whole life: pushed, run, in history

    def single(self):
        return self.wrk("single", "single.lua", connections=64, jobs_per_request=1)

    def slow_disk(self):
        """Single pushes and single-row commits by turns, on a disk whose sync takes a millisecond more."""
        slow = {"LD_PRELOAD": f"{self.build}/benchmarks/libslow_sync.so"}
        return {"slow_sqlite": self.commits(slow)} | self.wrk("slow_single", "single.lua", 64, 1, environment=slow)

    def cron(self):
        """Fires a second of one core, and the time for an expression that matches rarely."""
        out = subprocess.run([f"{self.build}/benchmarks/schedule_benchmark", "--benchmark_format=json", "--benchmark_filter=every_5_seconds_berlin|leap_day_or_monday"],
                             check=True, capture_output=True, text=True).stdout
        took = {each["name"].split("/")[1]: each["cpu_time"] for each in json.loads(out)["benchmarks"]}
        return {"cron_often": 1e9 / took["every_5_seconds_berlin"], "cron_rare": took["leap_day_or_monday_berlin"] / 1000}

    def batch(self):
        return self.wrk("batch", "batch.lua", connections=4, jobs_per_request=1000)

    def postgres_single(self):
        with Postgres(f"{self.folder}/postgres") as server:
            return self.wrk("postgres_single", "single.lua", 64, 1, f"database.url={server.fresh()}", server=server)

    def postgres_batch(self):
        with Postgres(f"{self.folder}/postgres") as server:
            return self.wrk("postgres_batch", "batch.lua", 4, 1000, f"database.url={server.fresh()}", server=server)

    def mariadb_single(self):
        with MariaDb(f"{self.folder}/mariadb") as server:
            return self.wrk("mariadb_single", "single.lua", 64, 1, f"database.url={server.fresh()}", server=server)

    def mariadb_batch(self):
        with MariaDb(f"{self.folder}/mariadb") as server:
            return self.wrk("mariadb_batch", "batch.lua", 4, 1000, f"database.url={server.fresh()}", server=server)

    def wrk(self, name, script, connections, jobs_per_request, *settings, server=None, environment=None):
        span = 2 if self.quick else 8
        with self.node(*settings, environment=environment) as node:
            server_cpu = server.cpu_seconds() if server else 0
            began, cpu = time.monotonic(), node.cpu_seconds()
            out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{span}s", "--latency", "-s", f"{self.here}/{script}",
                                  f"http://127.0.0.1:{node.port}"], check=True, capture_output=True, text=True).stdout
            pushed_at = time.monotonic()
            if "Non-2xx" in out or "Socket errors" in out:
                raise RuntimeError(f"{name}: requests failed\n{out}")
            # wrk leaves requests behind when its time is over; what the node counts is what it accepted.
            jobs = int(re.search(r"(\d+) requests in", out)[1]) * jobs_per_request
            node.wait_finished(jobs)
            finished_at = time.monotonic()
            return {name: jobs / (finished_at - began), f"{name}_push": jobs / (pushed_at - began),
                    f"{name}_p50": milliseconds(re.search(r"(?m)^\s+50%\s+(\S+)", out)[1]),
                    f"{name}_p99": milliseconds(re.search(r"(?m)^\s+99%\s+(\S+)", out)[1]),
                    f"{name}_cores": (node.cpu_seconds() - cpu) / (finished_at - began),
                    **({f"{name}_server_cores": (server.cpu_seconds() - server_cpu) / (finished_at - began)} if server else {})}

    def http_callbacks(self):
        count = 10_000 if self.quick else 100_000
        with Nginx(f"{self.folder}/nginx") as nginx, self.node("http_target.concurrency=64", "http_target.per_host=64") as node:
            job = '{"target":{"http":{"url":' + json.dumps(nginx.url) + ',"method":"POST"}},' + PAYLOAD + "}"
            pusher = node.pusher()
            batch = [job] * 1000
            began = time.monotonic()
            for _ in range(count // 1000):
                pusher.push(batch)
            node.wait_finished(count)
            return {"http": count / (time.monotonic() - began)}

    # ---- memory

    def armed_memory(self):
        count = 100_000 if self.quick else 1_000_000
        with self.node("wheel.horizon=20m", "wheel.max_hot_jobs=2000000", "wheel.max_hot_bytes=2GiB") as node:
            pusher = node.pusher()
            pusher.push([job_at(time.time() + 3600)] * 1000)  # what the first push of all allocates
            before, begin = node.resident_bytes(), time.time() + 600
            for i in range(0, count, 5000):
                pusher.push([job_at(begin + (i + k) * 120 / count) for k in range(5000)])
            # A push is answered before its jobs have reached their slots.
            wait_until(lambda: node.metric("wheelwork_jobs_armed") >= count, "all jobs are armed")
            after = node.resident_bytes()
            node.stop()
            node.start()
            wait_until(lambda: node.metric("wheelwork_jobs_armed") >= count, "the jobs are armed again")
            return {"armed_bytes": (after - before) / count, "armed_bytes_loaded": (node.resident_bytes() - before) / count}

    def far_future(self):
        count = 100_000 if self.quick else 5_000_000
        with self.node() as node:
            pusher = node.pusher()
            begin = time.time() + 600
            pusher.push([job_at(begin)] * 1000)
            before, began = node.resident_bytes(), time.monotonic()
            step = (86_400 - 600) / count
            for i in range(0, count, 10_000):
                # Neighbours in a batch are hours apart, as they are when many clients push.
                pusher.push([job_at(begin + ((i + k) * 7919 % count) * step) for k in range(10_000)])
            took = time.monotonic() - began
            growth = node.resident_bytes() - before
            node.stop()
            after_stop = node.start()
            node.kill()
            after_kill = node.start()
            return {"far_growth": growth / 1e6, "far_push": count / took, "ready_after_stop": after_stop * 1000,
                    "ready_after_kill": after_kill * 1000}

    # ---- a large or a long used database

    def postgres_far(self):
        """10 million pending jobs: what they cost a start, memory, lateness and pushes."""
        count = 100_000 if self.quick else 10_000_000
        with Postgres(f"{self.folder}/postgres") as server:
            url = f"database.url={server.fresh()}"
            with self.node(url) as node:
                empty_push = self.push_rate(node)
                node.stop()
                node.start()
                empty_bytes = node.resident_bytes()
                begin, step = time.time() + 3600, 86_400 / count
                # Made by four processes, since one could not make so many jobs fast enough.
                subprocess.run([sys.executable, "-B", f"{self.here}/push_far.py", str(node.port), str(count), str(begin), str(step)], check=True)
                node.stop()
                after_stop = node.start()
                time.sleep(3)  # the count of live jobs and the first loads
                full_bytes = node.resident_bytes()
                full_push = self.push_rate(node)
                late = self.lateness_of(node, 1000, 10)
                node.kill()
                after_kill = node.start()
                return {"postgres_far_ready": after_stop * 1000, "postgres_far_ready_kill": after_kill * 1000,
                        "postgres_far_growth": (full_bytes - empty_bytes) / 1e6, "postgres_far_late_p99": late["p99"],
                        "postgres_far_push": full_push, "postgres_empty_push": empty_push}

    def push_rate(self, node):
        """Batches of jobs for tomorrow."""
        count = 20_000 if self.quick else 200_000
        batch, pushers = [job_at(time.time() + 100_000)] * 1000, [node.pusher() for _ in range(4)]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(pushers)) as pool:
            list(pool.map(lambda lane: [pushers[lane].push(batch) for _ in range(lane, count // len(batch), len(pushers))], range(len(pushers))))
        return count / (time.monotonic() - began)

    def lateness_of(self, node, count, span):
        done = node.finished()
        begin = time.time() + 1.5
        node.pusher().push([job_at(begin + i * span / count) for i in range(count)])
        time.sleep(begin + span - time.time())
        node.wait_finished(done + count)
        return node.stats()["lateness_ms"]

    def postgres_bloat(self):
        """Millions of jobs through the live table with the server's own autovacuum."""
        count, first = (300_000, 50_000) if self.quick else (5_000_000, 500_000)
        with Postgres(f"{self.folder}/postgres") as server, self.node(f"database.url={server.fresh()}") as node:
            batch, pushers = [job_at(time.time())] * 1000, [node.pusher() for _ in range(4)]
            sizes, pushed = [], 0
            while pushed < count:
                with concurrent.futures.ThreadPoolExecutor(len(pushers)) as pool:
                    list(pool.map(lambda lane: [pushers[lane].push(batch) for _ in range(lane, first // len(batch), len(pushers))], range(len(pushers))))
                pushed += first
                sizes.append([int(size) for size in server.sql("select pg_relation_size('ww_job'), pg_indexes_size('ww_job')")[0]])
                print(f"    {pushed:,} jobs: table {sizes[-1][0] / 1e6:.1f} MB, indexes {sizes[-1][1] / 1e6:.1f} MB", file=sys.stderr, flush=True)
            node.wait_finished(pushed)
            table, indexes = sizes[0]
            return {"postgres_bloat_table": max(size[0] for size in sizes) / table, "postgres_bloat_indexes": max(size[1] for size in sizes) / indexes,
                    "postgres_bloat_first": (table + indexes) / 1e6}


def job_at(moment):
    text = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return "{" + NOOP + "," + PAYLOAD + ',"due_at":"' + text + '"}'


def milliseconds(text):
    """A duration as wrk prints it."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wait_until(holds, what, patience=120):
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience:
            raise RuntimeError(f"{patience} s and still not true: {what}")
        time.sleep(0.01)
