"""Processes of this measurement: Redis and PostgreSQL of its own, on Unix sockets in its folder; each ends with this process."""

import glob
import os
import pwd
import signal
import subprocess
import time


def spawn(command, log, user=None, **options):
    """Starts it as the leader of a session; the kernel ends it if this process dies."""
    prefix = ["setpriv", "--pdeathsig", "KILL"]
    if user:
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    with open(log, "ab") as output:
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(prefix + ["--"] + command, stdout=output, stderr=output, start_new_session=True, **options)


def end(process, gently=signal.SIGTERM):
    """Ends the process, and what is left of its session."""
    if process.poll() is None:
        process.send_signal(gently)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def tail(path):
    with open(path, errors="replace") as file:
        return file.read()[-1500:]


class Server:
    """What Redis and PostgreSQL have in common."""

    def wait_ready(self, command, log, patience=60):
        began = time.monotonic()
        while subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            if self.process.poll() is not None or time.monotonic() - began > patience:
                raise RuntimeError(f"{command[0]} found no server:\n" + tail(log))
            time.sleep(0.02)


class Redis(Server):
    def __init__(self, folder, fsync):
        self.folder, self.fsync = f"{folder}/redis", fsync

    def __enter__(self):
        os.makedirs(self.folder)
        socket, log = f"{self.folder}/socket", f"{self.folder}/log"
        self.process = spawn(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", self.folder, "--save", "",
                              "--appendonly", "yes", "--appendfsync", self.fsync], log)
        try:
            self.wait_ready(["redis-cli", "-s", socket, "ping"], log)
        except BaseException:
            end(self.process)
            raise
        self.environment = {"REDIS_SOCKET": socket}
        return self

    def __exit__(self, *_):
        end(self.process)


class Postgres(Server):
    """A cluster as initdb makes it, with its own settings; only it does not listen on TCP."""

    def __init__(self, folder):
        self.folder = f"{folder}/postgres"

    def __enter__(self):
        os.makedirs(self.folder)
        user = None
        if os.geteuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        programs, data, log = postgres_programs(), f"{self.folder}/data", f"{self.folder}/log"
        made = spawn([f"{programs}/initdb", "--auth=trust", "--username=peers", "--encoding=UTF8", "--locale=C", "-D", data], log, user,
                     cwd=self.folder)
        if made.wait(timeout=120):
            raise RuntimeError("initdb failed:\n" + tail(log))
        self.process = spawn([f"{programs}/postgres", "-D", data, "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"],
                             log, user, cwd=self.folder)
        try:
            self.wait_ready([f"{programs}/pg_isready", "-q", "-h", self.folder], log)
        except BaseException:
            end(self.process, signal.SIGQUIT)
            raise
        self.environment = {"PGHOST": self.folder, "PGUSER": "peers", "PGDATABASE": "postgres"}
        self.url = f"postgres://peers@/postgres?host={self.folder}"
        return self

    def __exit__(self, *_):
        end(self.process, signal.SIGINT)


def postgres_programs():
    found = glob.glob("/usr/lib/postgresql/*/bin")
    if not found:
        raise RuntimeError("PostgreSQL is not installed (package postgresql)")
    return max(found, key=lambda path: int(path.split("/")[4]))
