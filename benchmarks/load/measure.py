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
    ("`wheelwork serve` to ready, empty", "ready_empty", "ms", "<= 300", lambda f: f["ready_empty"] <= 300, None),
]
IN_ROUNDS = ["ready_empty", "sqlite_commits", "single", "batch", "curl_calls", "http_callbacks", "lateness_spread", "lateness_instant", "idle"]
ONCE = ["armed_memory", "far_future"]


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 10 else f"{value:.0f}"


def run(bench, names, rounds):
    runs, faults = {}, []
    plan = [name for _ in range(rounds) for name in names if name not in ONCE] + [name for name in names if name in ONCE]
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
    for what, figure, unit, goal, met, limit in ROWS:
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
    parser.add_argument("measures", nargs="*", help="only these: " + ", ".join(IN_ROUNDS + ONCE))
    options = parser.parse_args()
    unknown = [name for name in options.measures if name not in IN_ROUNDS + ONCE]
    if unknown:
        parser.error(f"no measure is called {', '.join(unknown)}")

    os.makedirs(options.folder, exist_ok=True)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, load before the first run {load:.1f}", file=sys.stderr)
    began = time.monotonic()
    bench = Bench(options.build, options.folder, options.quick)
    runs, faults = run(bench, options.measures or IN_ROUNDS + ONCE, 1 if options.quick else options.rounds)
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
