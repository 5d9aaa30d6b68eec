"""Celery: run with `push` the producer, otherwise the app that its workers load."""

import concurrent.futures
import logging
import os
import sys
import threading
import time

from celery import Celery
from celery.signals import worker_ready

TEXT = "x" * 72  # with the number, of seven digits, 100 bytes of JSON
app = Celery("celery_jobs", broker="redis+socket://" + os.environ["REDIS_SOCKET"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=128,  # what its chapter on optimizing says for many short tasks
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
)
logging.getLogger("celery").setLevel(logging.WARNING)
finished = [0, 0]  # count and sum of numbers; the solo pool runs one task at a time


def say(line):
    os.write(int(os.environ["REPORT"]), (line + "\n").encode())


@app.task
def noop(job):
    finished[:] = finished[0] + 1, finished[1] + job["number"]


def report():
    said = 0
    while True:
        time.sleep(0.01)
        count, total = finished[:]
        if count != said:
            said = count
            say(f"done {os.getpid()} {count} {total}")


@worker_ready.connect
def ready(**_):
    threading.Thread(target=report, daemon=True).start()
    say("ready")


def push(first, count):
    def lane(numbers):
        with app.producer_or_acquire() as producer:
            for number in numbers:
                noop.apply_async(({"number": number, "text": TEXT},), producer=producer)

    # It has no bulk call: a group sends its tasks one by one as well, and builds more around each. Several threads share an fsync.
    with concurrent.futures.ThreadPoolExecutor(4) as lanes:
        list(lanes.map(lane, [range(first + i, first + count, 4) for i in range(4)]))


def left():
    with app.connection_or_acquire() as connection:
        client = connection.default_channel.client
        return client.llen("celery") + client.hlen("unacked")


if __name__ == "__main__" and sys.argv[1:] == ["push"]:
    app.set_default()
    say("ready")
    for line in sys.stdin:
        verb, *numbers = line.split()
        if verb == "push":
            push(*map(int, numbers))
            say("pushed")
        else:
            say(f"left {left()}")
