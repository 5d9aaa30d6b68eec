"""A PostgreSQL or MariaDB server of its own: started in a folder, reached by a Unix socket, ended with the measure. With the settings that
its package has, so that a commit is on the disk."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import time


def server_account():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise RuntimeError("there is no user that could run the server")


class Postgres:
    scheme = "postgres"

    def __init__(self, folder):
        self.folder = folder
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.process = None

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.account = server_account()
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self.call([f"{self.programs}/initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "wheelwork", "--encoding=UTF8", "--locale=C"])
        log = open(f"{self.folder}/server.log", "ab")
        self.process = subprocess.Popen(
            [f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.identity())
        began = time.monotonic()
        while True:
            try:
                self.sql("select 1", "postgres")
                return self
            except subprocess.CalledProcessError as error:
                if time.monotonic() - began > 60 or self.process.poll() is not None:
                    raise RuntimeError("PostgreSQL did not start: " + open(f"{self.folder}/server.log").read()[-2000:]) from error
                time.sleep(0.1)

    def __exit__(self, *_):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=120)
        shutil.rmtree(self.folder, ignore_errors=True)

    def identity(self):
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}

    def call(self, command):
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self.identity())

    def sql(self, text, database="wheelwork"):
        out = subprocess.run([f"{self.programs}/psql", "-X", "-At", "-q", "-h", self.folder, "-U", "wheelwork", "-c", text, database], check=True,
                             capture_output=True, text=True).stdout
        return [line.split("|") for line in out.splitlines()]

    def fresh(self):
        """The URL of an empty database."""
        self.sql("drop database if exists wheelwork", "postgres")
        self.sql("create database wheelwork", "postgres")
        return f"postgres://wheelwork@/wheelwork?host={self.folder}"

    def cpu_seconds(self):
        """Of all processes of the server."""
        return cpu_seconds_of_tree(self.process.pid)


def cpu_seconds_of_tree(pid):
    def fields(of):
        return open(f"/proc/{of}/stat").read().rsplit(")", 1)[1].split()
    total = sum(int(field) for field in fields(pid)[11:15])  # with the children that have ended
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and int(fields(entry)[1]) == pid:
                total += sum(int(field) for field in fields(entry)[11:13])
        except (OSError, IndexError):
            pass
    return total / os.sysconf("SC_CLK_TCK")
