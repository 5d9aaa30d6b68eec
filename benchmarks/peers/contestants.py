"""Who is measured and how each is run."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    store: str  # sqlite, postgres, or what Redis is told of appendfsync
    how: str
    jobs: int = 0
    workers: int = 2  # processes: one for each core

    def producer(self, tools, here):
        return COMMANDS[self.title](tools, here)[0]

    def worker(self, tools, here):
        return COMMANDS[self.title](tools, here)[1]

    def environment(self, tools, here):
        return {"NODE_PATH": f"{tools}/node_modules", "NODE_ENV": "production", "NO_LOG_SUCCESS": "1", "PYTHONPATH": here,
                "PYTHONDONTWRITEBYTECODE": "1"}


# What their documents say for throughput, and what was fastest of some tries on 2 cores where they leave it open.
SIDEKIQ_THREADS, BULLMQ_JOBS, GRAPHILE_JOBS = "25", "100", "24"


def sidekiq(_, here):
    ruby = ["ruby", "--yjit"]
    return (ruby + [f"{here}/sidekiq_jobs.rb", "push"],
            ruby + ["-S", "sidekiq", "-r", f"{here}/sidekiq_jobs.rb", "-c", SIDEKIQ_THREADS, "-e", "production"])


def bullmq(_, here):
    return ["node", f"{here}/bullmq.js", "push"], ["node", f"{here}/bullmq.js", "work", BULLMQ_JOBS]


def graphile_worker(_, here):
    return ["node", f"{here}/graphile_worker.js", "push"], ["node", f"{here}/graphile_worker.js", "work", GRAPHILE_JOBS]


def celery(tools, here):
    python = f"{tools}/celery/bin/python"
    return ([python, f"{here}/celery_jobs.py", "push"],
            [python, "-m", "celery", "-A", "celery_jobs", "worker", "--pool", "solo", "--loglevel", "warning", "--without-gossip",
             "--without-mingle", "--without-heartbeat"])


COMMANDS = {"Sidekiq": sidekiq, "BullMQ": bullmq, "graphile-worker": graphile_worker, "Celery": celery}

WHEELWORK = [
    Contestant("wheelwork-postgres", "wheelwork", "postgres", "POST /jobs/batch of 1,000, 4 connections; 1 node, 2 writers"),
    Contestant("wheelwork-sqlite", "wheelwork", "sqlite", "POST /jobs/batch of 1,000, 4 connections; 1 node"),
]
PEERS = [
    Contestant("graphile-worker", "graphile-worker", "postgres",
               f"addJobs of 1,000, 4 connections; 2 processes x {GRAPHILE_JOBS}, local queue 500, completions in batches", 100_000),
] + [
    Contestant(f"{title.lower()}-{fsync}", title, fsync, how, jobs_of[fsync])
    for title, how, jobs_of in [
        ("Sidekiq", f"push_bulk of 1,000; 2 processes x {SIDEKIQ_THREADS} threads, YJIT, hiredis", {"always": 100_000, "everysec": 100_000}),
        ("BullMQ", f"addBulk of 1,000, 4 at once; 2 processes x {BULLMQ_JOBS}, finished jobs removed", {"always": 50_000, "everysec": 50_000}),
        ("Celery", "apply_async in 4 threads; 2 processes (solo pool), prefetch 128, results ignored", {"always": 5_000, "everysec": 20_000}),
    ]
    for fsync in ["always", "everysec"]
]
