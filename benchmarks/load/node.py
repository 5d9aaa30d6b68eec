"""One `wheelwork serve` in a folder of its own: start, ask, push, stop, kill; and what the kernel says about it."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    def __init__(self, binary, folder, settings=(), environment=None):
        self.binary, self.folder, self.settings, self.environment = binary, folder, list(settings), environment or {}
        self.port = free_port()
        self.process = None

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, patience=120):
        """Returns, and keeps as `ready_after`, the seconds from exec to the first 200 of /readyz."""
        command = [self.binary, "serve", "--set", f"api.listen=127.0.0.1:{self.port}", "--set", "log.level=warn"]
        for setting in self.settings:
            command += ["--set", setting]
        log = open(f"{self.folder}/node.log", "ab")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("WHEELWORK_")} | self.environment
        began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        while time.monotonic() - began < patience:
            if self.process.poll() is not None:
                raise RuntimeError(f"the node ended with {self.process.returncode}:\n" + open(f"{self.folder}/node.log").read()[-2000:])
            try:
                status, _ = self.ask("GET", "/readyz", timeout=1)
                if status == 200:
                    self.ready_after = time.monotonic() - began
                    return self.ready_after
            except OSError:
                pass
            time.sleep(0.001)
        raise RuntimeError(f"the node was not ready within {patience} s")

    def ask(self, method, path, body=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stats(self):
        status, body = self.ask("GET", "/api/v1/stats")
        if status != 200:
            raise RuntimeError(f"/api/v1/stats answered {status}: {body[:200]!r}")
        return json.loads(body)

    def finished(self):
        jobs = self.stats()["jobs"]
        if jobs["dead"] or jobs["cancelled"]:
            raise RuntimeError(f"jobs did not succeed: {jobs}")
        return jobs["succeeded"]

    def wait_finished(self, count, patience=120, look_every=0.01):
        """Waits until that many jobs succeeded since the start of the node."""
        began = time.monotonic()
        while (now := self.finished()) < count:
            if time.monotonic() - began > patience:
                raise RuntimeError(f"only {now} of {count} jobs finished within {patience} s")
            time.sleep(look_every)

    def metric(self, name):
        _, body = self.ask("GET", "/metrics")
        for line in body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise RuntimeError(f"/metrics has no {name}")

    def pusher(self):
        return Pusher(self.port)

    def resident_bytes(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError(f"a clean stop ended with {self.process.returncode}")
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None


class Pusher:
    """Pushes batches over one connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def push(self, jobs):
        """`jobs`: texts of JSON objects."""
        self.connection.request("POST", "/api/v1/jobs/batch", '{"jobs":[' + ",".join(jobs) + "]}", {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"a batch was answered {answer.status}: {body[:300]!r}")

    def close(self):
        self.connection.close()
