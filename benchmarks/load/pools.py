"""What benchmarks/run measures of consumer pools."""

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from nginx import Nginx

MESSAGE = b'{"order":%08d,"text":"' + b"x" * 74 + b'"}'  # 100 bytes


class Redis:
    """A server of its own on a Unix socket, with an append-only file that is synced each second."""

    def __init__(self, folder):
        self.folder, self.socket = folder, f"{folder}/redis.sock"

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        log = open(f"{self.folder}/redis.log", "wb")
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "",
                                         "--appendonly", "yes", "--appendfsync", "everysec"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        began = time.monotonic()
        while not os.path.exists(self.socket):
            if time.monotonic() - began > 20:
                raise RuntimeError("redis-server does not start")
            time.sleep(0.01)
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(self.socket)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, *words):
        """A number, from a command that answers one."""
        self.connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        answer = b""
        while not answer.endswith(b"\r\n"):
            answer += self.connection.recv(1000)
        if answer[:1] != b":":
            raise RuntimeError(f"redis answered {answer!r}")
        return int(answer[1:])

    def fill(self, key, count):
        for begin in range(0, count, 1000):
            self.ask(b"LPUSH", key, *[MESSAGE % number for number in range(begin, min(begin + 1000, count))])

    def command_rate(self, depth, count, *command):
        out = subprocess.run(["redis-benchmark", "-s", self.socket, "-c", "2", "-P", str(depth), "-n", str(count), "-q", *command],
                             check=True, capture_output=True, text=True).stdout
        return float(re.findall(r"([\d.]+) requests per second", out)[-1])


class PoolMeasures:
    def pool_node(self, redis, *settings):
        return self.node(f"redis.a.url=unix://{redis.socket}", *settings)

    def redis_moves(self):
        """LMOVE and LREM by redis-benchmark, two clients, as many in a pipeline as a consumer takes at once: messages/s."""
        count = 50_000 if self.quick else 500_000
        with Redis(f"{self.folder}/redis") as redis:
            for begin in range(0, count, 1000):
                redis.ask(b"LPUSH", b"q", *[MESSAGE % 0] * 1000)
            moves = redis.command_rate(512, count, "LMOVE", "q", "taken", "RIGHT", "LEFT")
            removals = redis.command_rate(512, count, "LREM", "taken", "-1", (MESSAGE % 0).decode())
            return {"redis_moves": 1 / (1 / moves + 1 / removals)}

    def pool_list(self):
        """A backlog in a list, two consumers, a handler that does nothing."""
        count = 50_000 if self.quick else 1_000_000
        with Redis(f"{self.folder}/redis") as redis, self.pool_node(redis) as node:
            redis.fill(b"q", count)
            began, cpu = time.monotonic(), node.cpu_seconds()
            put_pool(node, "q", {"native": {"handler": "noop"}}, min=2, max=2)
            wait_handled(node, "q", count)
            took = time.monotonic() - began
            return {"pool_list": count / took, "pool_list_cores": (node.cpu_seconds() - cpu) / took}

    def pool_http(self):
        """A backlog in a list, 64 messages at the receiver at the same time."""
        count = 10_000 if self.quick else 100_000
        with Redis(f"{self.folder}/redis") as redis, Nginx(f"{self.folder}/nginx") as nginx, self.pool_node(redis) as node:
            redis.fill(b"q", count)
            began = time.monotonic()
            put_pool(node, "q", {"http": {"url": nginx.url, "method": "POST"}}, min=2, max=2, in_flight=32)
            wait_handled(node, "q", count)
            return {"pool_http": count / (time.monotonic() - began)}

    def pool_drain(self):
        """100,000 messages of 20 ms each, at most 64 consumers, to be drained within 60 s."""
        count, within = (5_000, 5) if self.quick else (100_000, 60)
        with Redis(f"{self.folder}/redis") as redis, self.pool_node(redis) as node:
            put_pool(node, "q", {"native": {"handler": "sleep"}}, min=1, max=64,
                     policy={"drain": {"within": f"{within}s"}})
            time.sleep(2)
            for begin in range(0, count, 1000):
                redis.ask(b"LPUSH", b"q", *[b'{"ms":20}'] * min(1000, count - begin))
            began, most = time.monotonic(), 0
            while (pool := get_pool(node, "q"))["succeeded"] < count:
                most = max(most, pool["consumers"])
                if time.monotonic() - began > 5 * within:
                    raise RuntimeError(f"not drained: {pool}")
                time.sleep(0.05)
            drained = time.monotonic() - began
            while get_pool(node, "q")["consumers"] > 1:
                if time.monotonic() - began > 10 * within:
                    raise RuntimeError("the consumers don't leave")
                time.sleep(0.05)
            return {"pool_drain": drained, "pool_drain_most": most, "pool_drain_back": time.monotonic() - began - drained}

    def pool_idle(self):
        span = 3 if self.quick else 20
        with Redis(f"{self.folder}/redis") as redis, self.pool_node(redis) as node:
            time.sleep(2)
            before = node.cpu_seconds()
            time.sleep(span)
            without = (node.cpu_seconds() - before) / span * 100
            put_pool(node, "q", {"native": {"handler": "noop"}}, min=2, max=2)
            time.sleep(2)
            before = node.cpu_seconds()
            time.sleep(span)
            return {"pool_idle": (node.cpu_seconds() - before) / span * 100 - without,
                    "pool_connections": (int(subprocess.run(["redis-cli", "-s", redis.socket, "INFO", "clients"], capture_output=True, text=True)
                                             .stdout.split("connected_clients:")[1].split()[0]) - 2) / 2}

    def kafka_messages(self):
        """librdkafka's own loop, a source of wheelwork and a whole pool with two consumers by turns, on a broker of their own."""
        count, rounds = (100_000, 2) if self.quick else (1_000_000, 5)
        rates = {"kafka_loop": [], "kafka_source": [], "pool_kafka": []}
        with KafkaBroker(self.here, f"{self.folder}/kafka") as broker, self.node(f"kafka.a.brokers={broker.address}") as node:
            def consume(*words):
                return subprocess.run([f"{self.build}/benchmarks/kafka_consume", *words], check=True, capture_output=True, text=True).stdout

            consume("fill", broker.address, "bench", str(count), "100")
            for turn in range(rounds):
                rates["kafka_loop"].append(float(consume("loop", broker.address, "bench", f"loop-{turn}", str(count))))
                rates["pool_kafka"].append(self.kafka_pool(node, f"pool-{turn}", count))
                rates["kafka_source"].append(float(consume("source", broker.address, "bench", f"source-{turn}", str(count))))
        print("  Kafka by turns (loop, pool, source):", *(f"{loop:,.0f} {pool:,.0f} {source:,.0f};" for loop, pool, source in
              zip(rates["kafka_loop"], rates["pool_kafka"], rates["kafka_source"])), file=sys.stderr)
        return {name: statistics.median(all) for name, all in rates.items()}

    def kafka_pool(self, node, name, count):
        """Messages/s from the first one on, as of the loops: joining the group is not what is measured."""
        put_pool(node, name, {"native": {"handler": "noop"}}, {"kafka": {"connection": "a", "topic": "bench", "group": name}}, min=2, max=2)
        began, before = None, 0
        while (pool := get_pool(node, name))["succeeded"] < count:
            if not began and pool["taken"]:
                began, before = time.monotonic(), pool["succeeded"]
            time.sleep(0.01)
        rate = (count - before) / (time.monotonic() - began)
        node.ask("DELETE", f"/api/v1/pools/{name}")
        return rate


class KafkaBroker:
    def __init__(self, here, folder):
        self.script, self.folder = f"{here}/../../scripts/kafka", folder

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        ports = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports.append(str(probe.getsockname()[1]))
        self.address = f"127.0.0.1:{ports[0]}"
        log = open(f"{self.folder}/run.log", "wb")
        self.process = subprocess.Popen([self.script, "run", self.folder, *ports], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True)
        began = time.monotonic()
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(ports[0])), 1).close()
                return self
            except OSError:
                if time.monotonic() - began > 120 or self.process.poll() is not None:
                    raise RuntimeError("the broker does not start: " + open(f"{self.folder}/run.log").read()[-2000:])
                time.sleep(0.1)

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


def put_pool(node, name, target, source=None, **members):
    body = {"source": source or {"redis_list": {"connection": "a", "key": name}}, "target": target, **members}
    status, answer = node.ask("PUT", f"/api/v1/pools/{name}", json.dumps(body))
    if status not in (200, 201):
        raise RuntimeError(f"the pool was refused: {answer!r}")


def get_pool(node, name):
    return json.loads(node.ask("GET", f"/api/v1/pools/{name}")[1])


def wait_handled(node, name, count, patience=300):
    began = time.monotonic()
    while (pool := get_pool(node, name))["succeeded"] < count:
        if time.monotonic() - began > patience:
            raise RuntimeError(f"not handled within {patience} s: {pool}")
        time.sleep(0.01)
