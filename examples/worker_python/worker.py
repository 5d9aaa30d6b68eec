#!/usr/bin/env python3
"""A worker for wheelwork: takes jobs of its queues, runs them one after the other, and says what became of them.

    python3 worker.py --queue mail --server http://127.0.0.1:7373

Needs nothing but Python's standard library. Replace handle() by your work. SIGTERM and SIGINT let it finish the job
in hand and then leave.
"""
import argparse
import http.client
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import urllib.parse


def handle(job):
    """The work. What it returns is the attempt's result, an exception is why it failed.

    The same job can come again, after a crash or a lease that ran out: job["idempotency_key"] stays the same.
    """
    payload = job.get("payload") or {}
    time.sleep(payload.get("seconds", 0))
    if "fail" in payload:
        raise RuntimeError(payload["fail"])
    return {"worked_on": payload}


class Server:
    def __init__(self, url, token):
        parts = urllib.parse.urlsplit(url)
        self.https = parts.scheme == "https"
        self.address = parts.netloc
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = "Bearer " + token

    def connect(self, timeout):
        kind = http.client.HTTPSConnection if self.https else http.client.HTTPConnection
        return kind(self.address, timeout=timeout)

    def post(self, path, body, timeout=30, until=None):
        """The status and the answer; None when `until` became readable before an answer came."""
        connection = self.connect(timeout)
        try:
            connection.request("POST", "/api/v1/workers/" + path, json.dumps(body), self.headers)
            if until is not None:
                # The answer first: jobs in it are ours already.
                ready, _, _ = select.select([connection.sock, until], [], [], timeout)
                if connection.sock not in ready:
                    return None
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            connection.close()


class Heartbeat(threading.Thread):
    """Extends the lease of a job while it is being worked on."""

    def __init__(self, server, job):
        super().__init__(daemon=True)
        self.server, self.name_of_attempt = server, {"id": job["id"], "attempt": job["attempt"]}
        self.every = seconds(job["lease"]) / 3
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.every):
            try:
                status, answer = self.server.post("heartbeat", self.name_of_attempt)
            except OSError:
                continue  # the node may be back before the lease is over
            if status == 409:
                print("job", self.name_of_attempt["id"], "is no longer ours:", answer.get("detail"), file=sys.stderr)
                return


def seconds(duration):
    """Of a text such as 250ms, 30s or 1m30s."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
    total, number, unit = 0.0, "", ""
    for letter in duration + "\0":
        if unit and not letter.isalpha():
            total, number, unit = total + float(number) * units[unit], "", ""
        if letter.isalpha():
            unit += letter
        else:
            number += letter
    return total


class Worker:
    def __init__(self, server, queues, name, wait, lease):
        self.server, self.queues, self.name, self.wait, self.lease = server, queues, name, wait, lease
        self.stopping = False
        self.woken, wake = socket.socketpair()  # readable once a signal came
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        self.wake = wake
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def stop(self, *_):
        self.stopping = True

    def pause(self, span):
        select.select([self.woken], [], [], span)

    def poll(self):
        body = {"queues": self.queues, "worker": self.name, "max": 1, "wait": f"{self.wait}s", "lease": self.lease}
        try:
            got = self.server.post("poll", body, timeout=self.wait + 30, until=self.woken)
        except (OSError, http.client.HTTPException, ValueError) as error:
            print("no answer from", self.server.address + ":", error, file=sys.stderr)
            self.pause(1)
            return []
        if got is None:
            return []
        status, answer = got
        if status == 200:
            return answer["jobs"]
        print("the poll was refused:", status, answer.get("detail"), answer.get("errors", ""), file=sys.stderr)
        self.pause(1)
        return []

    def work_on(self, job):
        heartbeat = Heartbeat(self.server, job)
        heartbeat.start()
        ack = {"id": job["id"], "attempt": job["attempt"], "outcome": "succeeded"}
        try:
            ack["result"] = handle(job)
        except Exception as error:  # whatever it was, the job has failed
            ack.update(outcome="failed", error=f"{type(error).__name__}: {error}")
        finally:
            heartbeat.over.set()
        self.acknowledge(ack, seconds(job["timeout"]))

    def acknowledge(self, ack, patience):
        """Said again until it is heard: the same acknowledgement twice counts once."""
        until = time.monotonic() + patience
        while True:
            try:
                status, answer = self.server.post("ack", ack, timeout=60)
                if status < 500 and status != 429:
                    break
            except (OSError, http.client.HTTPException, ValueError) as error:
                status, answer = 0, {"detail": str(error)}
            if time.monotonic() > until:
                break
            time.sleep(0.5)
        if status == 200:
            print(ack["id"], ack["attempt"], ack["outcome"], flush=True)
        else:
            print("job", ack["id"], "was not acknowledged:", status, answer.get("detail"), file=sys.stderr)

    def run(self):
        while not self.stopping:
            for job in self.poll():
                self.work_on(job)


def main():
    options = argparse.ArgumentParser(description="A worker for wheelwork")
    options.add_argument("--server", default=os.environ.get("WHEELWORK_SERVER", "http://127.0.0.1:7373"))
    options.add_argument("--token", default=os.environ.get("WHEELWORK_TOKEN", ""))
    options.add_argument("--queue", action="append", required=True, help="may be given several times")
    options.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}")
    options.add_argument("--wait", type=int, default=30, help="seconds that a poll waits for a job")
    options.add_argument("--lease", default="30s", help="a worker that says nothing for so long has lost its job")
    chosen = options.parse_args()
    Worker(Server(chosen.server, chosen.token), chosen.queue, chosen.name, chosen.wait, chosen.lease).run()


if __name__ == "__main__":
    main()
