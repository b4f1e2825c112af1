#!/usr/bin/env python3
"""A private PostgreSQL server for tests: a new data directory, a socket, no network; gone when it is stopped or its user has died.
Before it stands a pooler (pgbouncer, a connection for each transaction) whose socket is in the folder `pooled` of the server's.

Usage: tools/pg_server.py start FILE [--owner PID] [--durable]   writes the server's URL into FILE when it can be used
       tools/pg_server.py stop FILE
       tools/pg_server.py run [--durable] -- COMMAND...           with CLOACINA_TEST_POSTGRES in its environment

Run by root, the server itself runs as another user, because it refuses to be root's. --durable: with fsync, for benchmarks.
"""

import argparse
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

READY_SECONDS = 60
SETTINGS = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "64MB", "log_min_messages": "warning",
            "autovacuum_naptime": "5s", "max_wal_size": "1GB", "deadlock_timeout": "200ms", "timezone": "UTC"}
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def binaries() -> pathlib.Path:
    """Where initdb and postgres are: of the newest version."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: float(p.split("/")[4]))
    path = found[-1] if found else shutil.which("initdb")
    if not path:
        sys.exit("pg_server.py: there is no PostgreSQL server here; run 'make deps'")
    return pathlib.Path(path).parent


def as_server_user() -> dict:
    """How to run the server: not as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    sys.exit("pg_server.py: there is no user that the server could run as")


class Server:
    """A server that runs until stop()."""

    def __init__(self, durable: bool, settings: dict = None, environment: dict = None):
        self.settings = {**SETTINGS, **({} if durable else FAST), **(settings or {})}
        self.environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **(environment or {})}
        self.bin = binaries()
        self.user = as_server_user()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cloacina-pg-"))
        self.process = self.pooler = None
        try:
            if self.user:
                os.chown(self.folder, self.user["user"], self.user["group"])
            os.chmod(self.folder, 0o755)
            self.environment["HOME"] = str(self.folder)
            subprocess.run([self.bin / "initdb", "--no-sync", "--auth=trust", "--username=cloacina", "--encoding=UTF8", "--locale=C",
                            "--pgdata", self.folder / "data"], check=True, stdout=subprocess.DEVNULL, cwd="/",
                           env={k: v for k, v in self.environment.items() if k != "LD_PRELOAD"}, **self.user)
            self.launch()
            self.start_pooler()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"postgresql:///postgres?host={self.folder}&user=cloacina"

    def launch(self):
        command = [self.bin / "postgres", "-D", self.folder / "data", "-c", f"unix_socket_directories={self.folder}"]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", env=self.environment,
                                            start_new_session=True, **self.user)
        self.wait_until_ready()

    def wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder], check=False, cwd="/").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"pg_server.py: the server does not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def crash(self):
        """Stops it as `pg_ctl stop -m immediate` does: nothing is finished, and the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(READY_SECONDS)

    def start_pooler(self):
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", ""))
        if program is None:
            sys.exit("pg_server.py: there is no pgbouncer here; run 'make deps'")
        folder = self.folder / "pooled"
        folder.mkdir()
        config = self.folder / "pooled.ini"
        config.write_text(f"[databases]\n* = host={self.folder} user=cloacina\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\n"
                          f"unix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 20\n"
                          "max_client_conn = 500\nignore_startup_parameters = extra_float_digits\n")
        if self.user:
            os.chown(folder, self.user["user"], self.user["group"])
        with open(self.folder / "pooled.log", "wb") as log:
            self.pooler = subprocess.Popen([program, config], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                                           env=self.environment, start_new_session=True, **self.user)
        end = time.monotonic() + READY_SECONDS
        while not (folder / ".s.PGSQL.5432").exists():
            if self.pooler.poll() is not None or time.monotonic() > end:
                sys.exit(f"pg_server.py: the pooler does not start:\n{(self.folder / 'pooled.log').read_text()}")
            time.sleep(0.05)

    def stop(self):
        if self.pooler is not None and self.pooler.poll() is None:
            self.pooler.kill()
            self.pooler.wait()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def start(file: pathlib.Path, owner: int, durable: bool) -> int:
    """Leaves a process behind that owns the server and ends with `stop`, or soon after `owner`."""
    stop(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    if os.fork() != 0:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            return 0 if pipe.read() == "ready" else 1
    os.close(reading)
    os.setsid()
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.append(True))
    server = Server(durable)
    try:
        file.with_suffix(".pid").write_text(str(os.getpid()))
        file.write_text(server.url)
        os.write(writing, b"ready")
        os.close(writing)
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        while not ended and alive(owner) and server.process.poll() is None:
            time.sleep(0.2)
    finally:
        server.stop()
        file.unlink(missing_ok=True)
        file.with_suffix(".pid").unlink(missing_ok=True)
    os._exit(0)


def stop(file: pathlib.Path) -> int:
    try:
        pid = int(file.with_suffix(".pid").read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return 0
    end = time.monotonic() + READY_SECONDS
    while file.with_suffix(".pid").exists() and alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return 0


def run(command: list, durable: bool) -> int:
    server = Server(durable)
    try:
        return subprocess.run(command, check=False, env={**os.environ, "CLOACINA_TEST_POSTGRES": server.url}).returncode
    finally:
        server.stop()


def main() -> int:
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["start", "stop", "run"])
    parser.add_argument("file", nargs="?", type=pathlib.Path)
    parser.add_argument("--owner", type=int, default=os.getppid())
    parser.add_argument("--durable", action="store_true")
    arguments = parser.parse_args(sys.argv[1:split])
    if arguments.action == "run":
        return run(sys.argv[split + 1:], arguments.durable)
    if arguments.file is None:
        parser.error("which file?")
    return start(arguments.file, arguments.owner, arguments.durable) if arguments.action == "start" else stop(arguments.file)


if __name__ == "__main__":
    sys.exit(main())
