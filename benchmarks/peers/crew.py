"""One peer at work: a producer and some workers as processes, and what they report over one pipe each."""

import os
import selectors
import subprocess
import time

import servers

FIRST = 1_000_000  # numbers of jobs have seven digits, so that all payloads have one length


class Crew:
    def __init__(self, folder, environment, producer, worker, workers):
        self.folder, self.producer_command, self.worker_command, self.workers = folder, producer, worker, workers
        self.environment = dict(os.environ, **environment)
        self.processes, self.heard = [], []
        self.done = {}  # process id: (count, sum of numbers)
        self.selector = selectors.DefaultSelector()
        self.next = FIRST

    def __enter__(self):
        try:
            self.producer = self.start("producer", self.producer_command, stdin=subprocess.PIPE)
            self.hear("ready", 60)  # it makes the tables, if there are any
            for i in range(self.workers):
                self.start(f"worker{i}", self.worker_command)
            for _ in range(self.workers):
                self.hear("ready", 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process, _ in reversed(self.processes):
            servers.end(process)
        if self.processes:
            self.processes[0][0].stdin.close()
        for key in list(self.selector.get_map().values()):
            os.close(key.fd)
        self.selector.close()

    def start(self, name, command, **options):
        reading, writing = os.pipe()
        log = f"{self.folder}/{name}.log"
        self.selector.register(reading, selectors.EVENT_READ, {"rest": b""})
        try:
            process = servers.spawn(command, log, cwd=self.folder, pass_fds=[writing],
                                    env=dict(self.environment, REPORT=str(writing)), **options)
        finally:
            os.close(writing)
        self.processes.append((process, log))
        return process

    def ask(self, line):
        self.producer.stdin.write(line.encode() + b"\n")
        self.producer.stdin.flush()

    def listen(self, seconds):
        for key, _ in self.selector.select(seconds):
            *lines, key.data["rest"] = (key.data["rest"] + os.read(key.fd, 65536)).split(b"\n")
            for line in lines:
                verb, *values = line.decode().split()
                if verb == "done":
                    self.done[values[0]] = int(values[1]), int(values[2])
                else:
                    self.heard.append((verb, values))
        for process, log in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f"a process ended with {process.returncode}:\n" + servers.tail(log))

    def hear(self, verb, patience):
        """Waits for this word and returns what came with it."""
        limit = time.monotonic() + patience
        while True:
            for i, (word, values) in enumerate(self.heard):
                if word == verb:
                    del self.heard[i]
                    return values
            if time.monotonic() > limit:
                logs = "\n".join(servers.tail(log) for _, log in self.processes)
                raise RuntimeError(f"{patience} s and no word `{verb}`; the logs end with:\n{logs}")
            self.listen(0.2)

    def finished(self):
        return sum(count for count, _ in self.done.values())

    def whole_life(self, jobs, patience):
        """Pushes so many jobs while the workers run; returns the seconds until all were pushed, and until all were done and the store had no
        more of them. Raises if one is missing or ran twice."""
        limit, first, goal = time.monotonic() + patience, self.next, self.next - FIRST + jobs
        began = time.monotonic()
        self.ask(f"push {first} {jobs}")
        self.next += jobs
        self.hear("pushed", patience)
        pushed = time.monotonic() - began
        while self.finished() < goal:
            if time.monotonic() > limit:
                raise RuntimeError(f"only {self.finished() - (goal - jobs)} of {jobs} jobs finished within {patience} s")
            self.listen(0.2)
        while left := self.left():
            if time.monotonic() > limit:
                raise RuntimeError(f"all jobs ran, but the store still has {left} after {patience} s")
        took = time.monotonic() - began
        self.verify(goal)
        return pushed, took

    def left(self):
        self.ask("left")
        return int(self.hear("left", 30)[0])

    def verify(self, goal):
        numbers = sum(total for _, total in self.done.values())
        if self.finished() != goal or numbers != sum(range(FIRST, FIRST + goal)):
            raise RuntimeError(f"of {goal} jobs {self.finished()} ran, and their numbers are not those that were pushed")
