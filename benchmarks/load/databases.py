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
    """Servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "mysql", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise RuntimeError("there is no user that could run the server")


class Server:
    """What they have in common. Subclasses say `make`, which fills the empty folder, `command`, `sql` and `own_database`."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.account = server_account()
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self.make()
        log = open(f"{self.folder}/server.log", "ab")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **self.identity())
        began = time.monotonic()
        while True:
            try:
                self.sql("select 1", self.own_database)
                return self
            except subprocess.CalledProcessError as error:
                if time.monotonic() - began > 60 or self.process.poll() is not None:
                    raise RuntimeError("the server did not start: " + open(f"{self.folder}/server.log").read()[-2000:]) from error
                time.sleep(0.1)

    def __exit__(self, *_):
        if self.process:
            self.process.send_signal(self.stop_signal)
            self.process.wait(timeout=120)
        shutil.rmtree(self.folder, ignore_errors=True)

    def identity(self):
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}

    def call(self, command):
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self.identity())

    def cpu_seconds(self):
        """Of all processes of the server."""
        return cpu_seconds_of_tree(self.process.pid)


class Postgres(Server):
    own_database = "postgres"
    stop_signal = signal.SIGINT

    def __init__(self, folder):
        super().__init__(folder)
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]

    def make(self):
        self.call([f"{self.programs}/initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "wheelwork", "--encoding=UTF8", "--locale=C"])

    def command(self):
        return [f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]

    def sql(self, text, database="wheelwork"):
        out = subprocess.run([f"{self.programs}/psql", "-X", "-At", "-q", "-h", self.folder, "-U", "wheelwork", "-c", text, database], check=True,
                             capture_output=True, text=True).stdout
        return [line.split("|") for line in out.splitlines()]

    def fresh(self):
        """The URL of an empty database."""
        self.sql("drop database if exists wheelwork", "postgres")
        self.sql("create database wheelwork", "postgres")
        return f"postgres://wheelwork@/wheelwork?host={self.folder}"


class MariaDb(Server):
    own_database = "mysql"
    stop_signal = signal.SIGTERM

    @property
    def socket(self):
        return f"{self.folder}/socket"

    @property
    def temporary(self):
        """Of its own: a server that starts removes the temporary tables of all others from a folder that they share."""
        return f"{self.folder}/tmp"

    def make(self):
        self.call(["/bin/mkdir", self.temporary])
        self.call(["/bin/sh", "/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", f"--tmpdir={self.temporary}",
                   "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])

    def command(self):
        return ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.socket}", "--skip-networking",
                f"--pid-file={self.folder}/pid", f"--tmpdir={self.temporary}"]

    def sql(self, text, database="wheelwork"):
        out = subprocess.run(["/usr/bin/mariadb", "--no-defaults", "-N", "-B", "-u", "root", f"--socket={self.socket}", "-e", text, database],
                             check=True, capture_output=True, text=True).stdout
        return [line.split("\t") for line in out.splitlines()]

    def fresh(self):
        """The URL of an empty database."""
        self.sql("drop database if exists wheelwork; create database wheelwork", "mysql")
        return f"mysql://root@localhost/wheelwork?socket={self.socket}"


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
