"""Measures the whole life of no-op jobs in wheelwork and in its peers, in rounds, and prints medians with how each was run and how it keeps
jobs."""

import argparse
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "load"))

from contestants import PEERS, WHEELWORK, Contestant  # noqa: E402
from crew import Crew  # noqa: E402
from measures import Bench  # noqa: E402
from servers import Postgres, Redis, postgres_programs  # noqa: E402

GOAL = 4
POSTGRES_KEEPS = "PostgreSQL {postgres}, fsync before each answer"
SQLITE_KEEPS = "SQLite WAL, fsync before each answer"
REDIS_KEEPS = {"always": "Redis {redis}, AOF, fsync before each answer", "everysec": "Redis {redis}, AOF, fsync each second"}


def measure_wheelwork(one, options, folder):
    """The same measure as the row of batches in benchmarks/run: wrk pushes for some seconds, and all that was accepted must succeed."""
    bench = Bench(options.build, folder, options.quick)
    if one.store == "sqlite":
        return bench.batch()["batch"]
    with Postgres(folder) as postgres:
        figures = bench.wrk("batch", "batch.lua", 4, 1000, f"database.url={postgres.url}", "database.writers=2")
        return figures["batch"]


def measure_peer(one, options, folder):
    store = Postgres(folder) if one.store == "postgres" else Redis(folder, one.store)
    jobs = one.jobs // 20 if options.quick else one.jobs
    with store, Crew(folder, {**store.environment, **one.environment(options.tools, HERE)}, one.producer(options.tools, HERE),
                     one.worker(options.tools, HERE), one.workers) as crew:
        crew.whole_life(jobs // 20, 120)  # compilers and caches get warm
        pushed, took = crew.whole_life(jobs, 240)
        print(f"         {jobs:,} jobs: pushed after {pushed:.1f} s, done after {took:.1f} s", file=sys.stderr)
        return jobs / took


def run(options, plan):
    runs, faults = {}, []
    for one in plan:
        began = time.monotonic()
        folder = tempfile.mkdtemp(prefix="wheelwork-peers-", dir=options.folder)
        os.chmod(folder, 0o755)  # PostgreSQL has a user of its own
        try:
            rate = (measure_wheelwork if one in WHEELWORK else measure_peer)(one, options, folder)
        except Exception as fault:  # one that does not run must not cost the others
            faults.append(f"{one.name}: {fault}")
            print(f"  {one.name}: {fault}", file=sys.stderr)
            continue
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"  {time.monotonic() - began:5.1f} s  {one.name}: {rate:,.0f} jobs/s", file=sys.stderr, flush=True)
        runs.setdefault(one.name, []).append(rate)
    return runs, faults


def table(runs, versions):
    middle = {name: statistics.median(rates) for name, rates in runs.items()}
    own = middle.get("wheelwork-postgres")
    lines = ["| who | version | store, and what an answered push has survived | how it ran | runs, jobs/s | median, jobs/s "
             "| wheelwork on PostgreSQL ÷ it |", "|---|---|---|---|---|---|---|"]
    for one in WHEELWORK + PEERS:
        if one.name not in middle:
            continue
        keeps = {"postgres": POSTGRES_KEEPS, "sqlite": SQLITE_KEEPS, **REDIS_KEEPS}[one.store].format(**versions)
        ratio = f"{own / middle[one.name]:.1f}" if own and one.name != "wheelwork-postgres" else ""
        spread = ", ".join(f"{rate:,.0f}" for rate in runs[one.name])
        lines.append(f"| {one.title} | {versions[one.title]} | {keeps} | {one.how} | {spread} | {middle[one.name]:,.0f} | {ratio} |")
    return "\n".join(lines), middle


def verdict(middle):
    peers = [one for one in PEERS if one.name in middle]
    own = middle.get("wheelwork-postgres")
    if not own or len(peers) < len(PEERS):
        return "No verdict: not all of them were measured."
    best = max(peers, key=lambda one: middle[one.name])
    safe = max((one for one in peers if one.store != "everysec"), key=lambda one: middle[one.name])
    ratio = own / middle[best.name]
    return (f"Goal, wheelwork on PostgreSQL >= {GOAL} x the best peer: {'met' if ratio >= GOAL else '**not met**'}, {ratio:.1f} x {best.name} "
            f"(best of those that fsync before they answer: {own / middle[safe.name]:.1f} x {safe.name}).")


def versions_of(options):
    def said(*command, word=-1):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[word]

    def package(name):
        return said("node", "-p", f"JSON.parse(require('fs').readFileSync('{options.tools}/node_modules/{name}/package.json')).version")

    ruby, node = said("ruby", "-e", "puts RUBY_VERSION"), said("node", "--version").lstrip("v")
    python = f"{options.tools}/celery/bin/python"
    return {
        "wheelwork": said(f"{options.build}/wheelwork", "--version"),
        "Sidekiq": f"{said('sidekiq', '--version')}, Ruby {ruby}",
        "BullMQ": f"{package('bullmq')}, Node.js {node}",
        "graphile-worker": f"{package('graphile-worker')}, Node.js {node}",
        "Celery": f"{said(python, '-m', 'celery', '--version', word=0)}, Python {said(python, '--version')}",
        "redis": said("redis-server", "--version", word=2).removeprefix("v="),
        "postgres": said(f"{postgres_programs()}/postgres", "--version", word=2),
    }


def main():
    everyone = WHEELWORK + PEERS
    parser = argparse.ArgumentParser(prog="benchmarks/peers/run", description="Measures the whole life of jobs in wheelwork and in its peers.")
    parser.add_argument("--quick", action="store_true", help="one round with few jobs, to see that everything runs; its figures mean little")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", required=True, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="only these: " + ", ".join(one.name for one in everyone))
    options = parser.parse_args()
    unknown = set(options.names) - {one.name for one in everyone}
    if unknown:
        parser.error(f"nobody is called {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended and removed

    chosen: list[Contestant] = [one for one in everyone if not options.names or one.name in options.names]
    versions, load, began = versions_of(options), os.getloadavg()[0], time.monotonic()
    disk = subprocess.run(["stat", "-f", "-c", "%T", options.folder], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, data on {disk}, load before {load:.1f}", file=sys.stderr)
    if disk == "tmpfs":
        print("A tmpfs makes each fsync free: name a folder on a disk with BENCHMARK_FOLDER", file=sys.stderr)
    runs, faults = run(options, chosen * (1 if options.quick else options.rounds))
    text, middle = table(runs, versions)
    print(f"{text}\n\n{verdict(middle)}")
    print(f"\nMedians of the runs shown, in alternating rounds; {time.monotonic() - began:.0f} s, data on {disk}, load before {load:.1f}; "
          f"clients, servers and workers share {os.cpu_count()} cores.")
    for fault in faults:
        print(f"FAILED {fault}")
    # A missed goal is news for a reader; only one that could not run is a failure.
    sys.exit(1 if faults else 0)


main()
