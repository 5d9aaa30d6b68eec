"""Runs the measures in rounds, so that the machine's moods fall on all of them alike, and prints medians beside limits and goals."""

import argparse
import json
import os
import platform
import statistics
import sys
import time

from measures import Bench

# (what, figure, unit, goal as text, met?, limit of the same run or none)
ROWS = [
    ("lateness, 1,000 jobs over 10 s, p99", "late_p99", "ms", "<= 1", lambda f: f["late_p99"] <= 1, None),
    ("… p50", "late_p50", "ms", "", None, None),
    ("… largest", "late_max", "ms", "", None, None),
    ("idle node", "idle", "% of a core", "<= 0.3", lambda f: f["idle"] <= 0.3, None),
    ("10,000 jobs at one instant, last one started", "instant_max", "ms", "<= 10", lambda f: f["instant_max"] <= 10, None),
    ("POST /jobs, 64 connections, whole life", "single", "jobs/s", ">= 25,000 and >= 6 x limit",
     lambda f: f["single"] >= 25_000 and f["single"] >= 6 * f["sqlite"], ("sqlite", "single-row SQLite commits/s")),
    ("… answer p50 / p99", ("single_p50", "single_p99"), "ms", "", None, None),
    ("… cores used by the node", "single_cores", "", "", None, None),
    ("… on a disk whose sync takes 1 ms more", "slow_single", "jobs/s", ">= 6 x limit", lambda f: f["slow_single"] >= 6 * f["slow_sqlite"],
     ("slow_sqlite", "single-row SQLite commits/s there")),
    ("… answer p50 / p99", ("slow_single_p50", "slow_single_p99"), "ms", "", None, None),
    ("batches of 1,000, 4 connections, whole life", "batch", "jobs/s", ">= 110,000", lambda f: f["batch"] >= 110_000, None),
    ("… answer p50 / p99", ("batch_p50", "batch_p99"), "ms", "", None, None),
    ("… cores used by the node", "batch_cores", "", "", None, None),
    ("HTTP callbacks to nginx, 64 in flight, whole life", "http", "jobs/s", ">= 18,000", lambda f: f["http"] >= 18_000,
     ("curl", "bare libcurl calls/s")),
    ("memory of an armed job, 100 B of payload", "armed_bytes", "B", "<= 250", lambda f: f["armed_bytes"] <= 250, None),
    ("… the same jobs loaded after a restart", "armed_bytes_loaded", "B", "", None, None),
    ("5 million jobs over the next day: growth of RSS", "far_growth", "MB", "< 100", lambda f: f["far_growth"] < 100, None),
    ("… pushed in batches of 10,000 over one connection", "far_push", "jobs/s", "", None, None),
    ("… ready after a clean stop", "ready_after_stop", "ms", "<= 2,000", lambda f: f["ready_after_stop"] <= 2000, None),
    ("… ready after kill -9", "ready_after_kill", "ms", "<= 2,000", lambda f: f["ready_after_kill"] <= 2000, None),
    ("fires of `*/5 * * * * *` in Europe/Berlin, one core", "cron_often", "fires/s", ">= 500,000", lambda f: f["cron_often"] >= 500_000, None),
    ("the next fire of `0 0 29 2 1`", "cron_rare", "us", "<= 20", lambda f: f["cron_rare"] <= 20, None),
    ("`wheelwork serve` to ready, empty", "ready_empty", "ms", "<= 300", lambda f: f["ready_empty"] <= 300, None),
]
POSTGRES_ROWS = [
    ("PostgreSQL: POST /jobs, 64 connections, whole life", "postgres_single", "jobs/s", ">= 14,000", lambda f: f["postgres_single"] >= 14_000, None),
    ("… answer p50 / p99", ("postgres_single_p50", "postgres_single_p99"), "ms", "", None, None),
    ("… cores used by the node / by PostgreSQL", ("postgres_single_cores", "postgres_single_server_cores"), "", "", None, None),
    ("batches of 1,000, 4 connections, whole life", "postgres_batch", "jobs/s", ">= 60,000 and >= 0.6 x limit",
     lambda f: f["postgres_batch"] >= 60_000 and f["postgres_batch"] >= 0.6 * f["postgres_rows_1"],
     ("postgres_rows_1", "lives/s of a bare client")),
    ("… beside two bare clients", "postgres_batch", "jobs/s", "", None, ("postgres_rows_2", "lives/s of two bare clients")),
    ("… cores used by the node / by PostgreSQL", ("postgres_batch_cores", "postgres_batch_server_cores"), "", "", None, None),
    ("10 million pending jobs: ready after a clean stop", "postgres_far_ready", "ms", "<= 3,000", lambda f: f["postgres_far_ready"] <= 3000, None),
    ("… ready after kill -9, with the lease of 3 s", "postgres_far_ready_kill", "ms", "<= 6,000", lambda f: f["postgres_far_ready_kill"] <= 6000, None),
    ("… growth of RSS over an empty one", "postgres_far_growth", "MB", "<= 100", lambda f: f["postgres_far_growth"] <= 100, None),
    ("… lateness of 1,000 due jobs, p99", "postgres_far_late_p99", "ms", "<= 2", lambda f: f["postgres_far_late_p99"] <= 2, None),
    ("… pushes of far jobs in batches of 1,000", "postgres_far_push", "jobs/s", ">= 0.9 x limit",
     lambda f: f["postgres_far_push"] >= 0.9 * f["postgres_empty_push"], ("postgres_empty_push", "on an empty database")),
    ("5 million jobs: largest live table over that after 500,000", "postgres_bloat_table", "x", "< 2", lambda f: f["postgres_bloat_table"] < 2, None),
    ("… largest indexes over those", "postgres_bloat_indexes", "x", "< 2", lambda f: f["postgres_bloat_indexes"] < 2, None),
    ("… table and indexes after 500,000", "postgres_bloat_first", "MB", "", None, None),
]
MARIADB_ROWS = [
    ("MariaDB: POST /jobs, 64 connections, whole life", "mariadb_single", "jobs/s", "", None, None),
    ("… answer p50 / p99", ("mariadb_single_p50", "mariadb_single_p99"), "ms", "", None, None),
    ("batches of 1,000, 4 connections, whole life", "mariadb_batch", "jobs/s", ">= 25,000 and >= 0.5 x limit",
     lambda f: f["mariadb_batch"] >= 25_000 and f["mariadb_batch"] >= 0.5 * f["mariadb_rows_1"],
     ("mariadb_rows_1", "lives/s of a bare client")),
    ("… beside two bare clients", "mariadb_batch", "jobs/s", "", None, ("mariadb_rows_2", "lives/s of two bare clients")),
    ("… cores used by the node / by MariaDB", ("mariadb_batch_cores", "mariadb_batch_server_cores"), "", "", None, None),
]
POOL_ROWS = [
    ("Redis list to a handler that does nothing, 2 consumers", "pool_list", "messages/s", ">= 100,000 and >= 0.5 x limit",
     lambda f: f["pool_list"] >= 100_000 and f["pool_list"] >= 0.5 * f["redis_moves"], ("redis_moves", "LMOVE + LREM, 512 in a pipeline")),
    ("… cores used by the node", "pool_list_cores", "", "", None, None),
    ("Redis list to HTTP callbacks, 64 in flight", "pool_http", "messages/s", ">= 0.9 x limit", lambda f: f["pool_http"] >= 0.9 * f["http"],
     ("http", "the same callbacks as jobs")),
    ("Kafka to a handler that does nothing, 2 consumers", "pool_kafka", "messages/s", ">= 0.5 x limit",
     lambda f: f["pool_kafka"] >= 0.5 * f["kafka_loop"], ("kafka_loop", "bare loop of librdkafka")),
    ("… a Kafka source alone, take and acknowledge", "kafka_source", "messages/s", "", None, ("kafka_loop", "bare loop of librdkafka")),
    ("100,000 messages of 20 ms, at most 64 consumers, drain within 60 s: drained after", "pool_drain", "s", "<= 75", lambda f: f["pool_drain"] <= 75, None),
    ("… consumers at most", "pool_drain_most", "", "", None, None),
    ("… back at one after that, cool-down 10 s", "pool_drain_back", "s", "<= 20", lambda f: f["pool_drain_back"] <= 20, None),
    ("an idle pool with 2 consumers, over the node without it", "pool_idle", "% of a core", "<= 0.2", lambda f: f["pool_idle"] <= 0.2, None),
    ("… connections per consumer", "pool_connections", "", "<= 2", lambda f: f["pool_connections"] <= 2, None),
]
FRONT_ROWS = [
    ("delay_queue front: POST /api/task/save, 64 connections, answered after the commit", "save", "saves/s", ">= 15,000", lambda f: f["save"] >= 15_000, None),
    ("… answer p50 / p99", ("save_p50", "save_p99"), "ms", "", None, None),
    ("… cores used by the node", "save_cores", "", "", None, None),
    ("delay_queue front: its Redis list, each entry committed", "save_list", "entries/s", "", None, None),
]
WORKER_ROWS = [
    ("1,000 workers join and leave each second, in the middle of long polls: a job waits, p50 / p99", ("churn_p50", "churn_p99"), "ms", "p99 <= 200",
     lambda f: f["churn_p99"] <= 200, None),
    ("… workers that came", "churn_rate", "/s", "", None, None),
    ("… jobs / lost / done twice / taken again after a worker had left", ("churn_jobs", "churn_lost", "churn_twice", "churn_again"), "", "none lost or twice",
     lambda f: f["churn_lost"] == 0 and f["churn_twice"] == 0, None),
    ("… answers but 200, refused connections", "churn_refused", "", "0", lambda f: f["churn_refused"] == 0, None),
    ("… growth of the RSS from the third quarter to the last, MB / descriptors left", ("churn_growth", "churn_descriptors"), "", "<= 5, <= 5",
     lambda f: f["churn_growth"] <= 5 and f["churn_descriptors"] <= 5, None),
]
GROUPS = {"workers": ([], ["worker_churn"]), "fronts": (["delay_queue_saves", "delay_queue_list"], []),
          "pools": (["redis_moves", "pool_list", "http_callbacks", "pool_http", "pool_idle"], ["pool_drain", "kafka_messages"]),
          "mariadb": (["mariadb_single", "mariadb_rows", "mariadb_batch"], []), "postgres": (["postgres_single", "postgres_rows", "postgres_batch"], ["postgres_far", "postgres_bloat"])}
IN_ROUNDS = ["ready_empty", "sqlite_commits", "single", "slow_disk", "batch", "curl_calls", "http_callbacks", "lateness_spread", "lateness_instant", "idle", "cron"]
ONCE = ["armed_memory", "far_future"]
MEASURES = IN_ROUNDS + ONCE + [name for group in GROUPS.values() for names in group for name in names]
ONCE_AT_MOST = ONCE + [name for _, names in GROUPS.values() for name in names]


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 10 else f"{value:.0f}"


def run(bench, names, rounds):
    runs, faults = {}, []
    plan = [name for _ in range(rounds) for name in names if name not in ONCE_AT_MOST] + [name for name in names if name in ONCE_AT_MOST]
    for name in plan:
        began = time.monotonic()
        try:
            figures = getattr(bench, name)()
        except Exception as fault:  # one broken measure must not cost the others
            faults.append(f"{name}: {fault}")
            print(f"  {name}: {fault}", file=sys.stderr)
            continue
        shown = ", ".join(f"{key} {number(value)}" for key, value in figures.items())
        print(f"  {time.monotonic() - began:5.1f} s  {name}: {shown}", file=sys.stderr, flush=True)
        for key, value in figures.items():
            runs.setdefault(key, []).append(value)
    return runs, faults


def table(runs):
    middle = {key: statistics.median(values) for key, values in runs.items()}
    lines = ["| what | measured | runs | limit in the same run | ratio | goal | met |", "|---|---|---|---|---|---|---|"]
    missed = 0
    for what, figure, unit, goal, met, limit in ROWS + POSTGRES_ROWS + MARIADB_ROWS + POOL_ROWS + WORKER_ROWS + FRONT_ROWS:
        keys = figure if isinstance(figure, tuple) else (figure,)
        if any(key not in middle for key in keys):
            continue
        measured = " / ".join(number(middle[key]) for key in keys) + (f" {unit}" if unit else "")
        spread = " ; ".join(", ".join(number(value) for value in runs[key]) for key in keys)
        limit_text = ratio = verdict = ""
        if limit and limit[0] in middle:
            limit_text, ratio = f"{number(middle[limit[0]])} {limit[1]}", f"{middle[keys[0]] / middle[limit[0]]:.2f}"
        if met and not (limit and limit[0] not in middle):
            verdict = "yes" if met(middle) else "**no**"
            missed += verdict != "yes"
        lines.append(f"| {what} | {measured} | {spread} | {limit_text} | {ratio} | {goal} | {verdict} |")
    return "\n".join(lines), missed


def main():
    parser = argparse.ArgumentParser(prog="benchmarks/run", description="Measures wheelwork serve on this machine.")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs; its figures mean little")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", required=True, help="where the nodes keep their data; on the disk that is to be measured")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", help="also writes all runs to this file")
    parser.add_argument("measures", nargs="*", help="only these: " + ", ".join(MEASURES) + "; or all of " + ", ".join(GROUPS))
    options = parser.parse_args()
    wanted = [name for given in options.measures for name in (sum(GROUPS[given], []) if given in GROUPS else [given])]
    unknown = [name for name in wanted if name not in MEASURES]
    if unknown:
        parser.error(f"no measure is called {', '.join(unknown)}")

    os.makedirs(options.folder, exist_ok=True)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, load before the first run {load:.1f}", file=sys.stderr)
    began = time.monotonic()
    bench = Bench(options.build, options.folder, options.quick)
    runs, faults = run(bench, wanted or IN_ROUNDS + ONCE, 1 if options.quick else options.rounds)
    text, missed = table(runs)
    print(text)
    print(f"\nMedians of the runs shown; {time.monotonic() - began:.0f} s, load before {load:.1f}, the load generator on the same {os.cpu_count()} cores.")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(runs, file, indent=1)
    for fault in faults:
        print(f"FAILED {fault}")
    if missed:
        print(f"{missed} goals missed")
    # A missed goal is news for a reader; only a measure that could not run is a failure.
    sys.exit(1 if faults else 0)


main()
