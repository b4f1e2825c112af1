"""A folder, a database and the built command, for tests with real processes.

The command is named by the environment variable CLOACINACTL. With E2E_BACKEND=postgres the database is a schema of the server that
CLOACINA_TEST_POSTGRES or the file E2E_POSTGRES_URL names, and tests of files are left out. Nothing here waits by the clock alone: `until` asks again and again
whether something has come true, and fails when it has not by its deadline.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

CTL = os.environ.get("CLOACINACTL", "cloacinactl")
# Generous: sanitizers and busy machines are slow. Nothing waits so long unless it is broken.
PATIENCE = float(os.environ.get("E2E_PATIENCE", "60"))
SEED = int(os.environ.get("E2E_SEED", str(random.SystemRandom().randrange(1 << 31))))

# Sanitizers need many times more.
RESIDENT_KIB_MAX = int(os.environ.get("E2E_RESIDENT_KIB_MAX", str(20 * 1024)))

ON_POSTGRES = os.environ.get("E2E_BACKEND") == "postgres"

MISSING_ID = "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f"


def of_files(test):
    """Marks a test of what only files have; it is no test where there are none."""
    return None if ON_POSTGRES else test


def server_url():
    url = os.environ.get("CLOACINA_TEST_POSTGRES", "")
    return url or pathlib.Path(os.environ["E2E_POSTGRES_URL"]).read_text().strip()


def psql(url, sql):
    """What the server answers, a line a row."""
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr}")
    return done.stdout.strip()


def until(what, condition, seconds=None, every=0.01):
    """The first true value of `condition`."""
    deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        pause.wait(every)


def gone(pid):
    """Whether no such process runs; one that nobody has reaped yet does not run."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "ZX"


class Serve:
    """A `serve` in the background."""

    def __init__(self, world, arguments, **popen):
        self.errors = world.path(f"serve.{len(world.serves)}.err")
        with open(self.errors, "wb") as err:
            popen = {"env": world.env} | popen
            self.process = subprocess.Popen([CTL, "serve", *arguments], cwd=world.folder, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=err, **popen)
        self.pid = self.process.pid

    def ready(self):
        line = self.process.stdout.readline()
        if line != b"ready\n":
            raise AssertionError(f"serve said {line!r} instead of ready: {self.said()}")
        return self

    def said(self):
        return self.errors.read_text(errors="replace")

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.close()

    def stop(self):
        """Its exit status after SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.close()

    def close(self):
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status


class Gate:
    """Where a task waits until the test lets it go on: `read x < NAME` in the shell."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)

    def open(self):
        """Lets one waiting task pass, once it waits."""
        def try_open():
            try:
                return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None
        descriptor = until(f"a task waits at {self.path}", lambda: try_open() or None)
        os.write(descriptor, b"go\n")
        os.close(descriptor)


class World(unittest.TestCase):
    """Each test has a folder of its own."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cloacina-e2e-"))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CLOACINA_")}
        self.env["NO_COLOR"] = "1"
        self.schema = None
        if ON_POSTGRES:
            self.schema = f"e_{os.getpid()}_{random.SystemRandom().randrange(1 << 40)}"
            psql(server_url(), f"CREATE SCHEMA {self.schema}")
            self.env["CLOACINA_DATABASE"] = self.url()
        self.serves = []
        self.processes = []

    def tearDown(self):
        for process in [s.process for s in self.serves] + self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr, process.stdin):
                if stream:
                    stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.schema:
            psql(server_url(), f"SET client_min_messages = error; DROP SCHEMA {self.schema} CASCADE")

    def url(self):
        return f"{server_url()}&options=-csearch_path%3D{self.schema}"

    def path(self, name):
        return self.folder / name

    def file(self, name, text):
        if isinstance(text, str):
            text = text.encode()
        self.path(name).write_bytes(text)
        return name

    def gate(self, name):
        return Gate(self.path(name))

    def serve(self, *arguments, **popen):
        serve = Serve(self, arguments, **popen)
        self.serves.append(serve)
        return serve.ready()

    def start(self, *arguments, **popen):
        """The command in the background."""
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder, "env": self.env} | popen
        process = subprocess.Popen([CTL, *arguments], **popen)
        self.processes.append(process)
        return process

    def ctl(self, *arguments, status=0, stdin=b"", **run):
        """What the command printed; it must end with `status`."""
        done = self.raw(*arguments, stdin=stdin, **run)
        self.assertEqual(done.returncode, status, f"{arguments}: stdout {done.stdout!r}, stderr {done.stderr!r}")
        if status >= 2:
            self.assertNotEqual(done.stderr, "", f"{arguments} failed without a word")
        return done.stdout

    def raw(self, *arguments, stdin=b"", **run):
        run = {"cwd": self.folder, "env": self.env, "timeout": PATIENCE * 2} | run
        done = subprocess.run([CTL, *arguments], input=stdin, capture_output=True, **run)
        done.stdout = done.stdout.decode(errors="replace")
        done.stderr = done.stderr.decode(errors="replace")
        return done

    def error(self, *arguments, status, **run):
        """What the command complained of."""
        done = self.raw(*arguments, **run)
        self.assertEqual(done.returncode, status, f"{arguments}: stdout {done.stdout!r}, stderr {done.stderr!r}")
        self.assertNotEqual(done.stderr, "")
        return done.stderr

    def lines(self, *arguments, **run):
        """The objects of `--json`, one a line."""
        return [json.loads(line) for line in self.ctl(*arguments, "--json", **run).splitlines()]

    def submit(self, *arguments):
        return self.ctl("submit", *arguments).strip()

    def show(self, execution):
        return self.lines("show", execution)[0]

    def status(self, execution):
        return self.show(execution)["status"]

    def until_status(self, execution, status):
        return until(f"{execution} is {status}", lambda: self.status(execution) == status)

    def tasks(self, execution):
        return {t["name"]: t["status"] for t in self.show(execution)["tasks"]}

    def database(self):
        return sqlite3.connect(self.path("cloacina.db"), timeout=10, isolation_level=None)


def flow(name, tasks, **keys):
    """A workflow file as JSON, which is YAML."""
    return json.dumps({"cloacina": 1, "workflows": [{"name": name, "tasks": tasks} | keys]})


class AtOnce(unittest.TextTestResult):
    """Says what failed when it fails: some tests go on for an hour after that."""

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.stream.writeln(self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.stream.writeln(self.errors[-1][1])


def main():
    """Runs the tests of the calling file and prints how many there were."""
    program = unittest.main(exit=False, testRunner=unittest.TextTestRunner(verbosity=2, resultclass=AtOnce))
    result = program.result
    print(f"e2e: {result.testsRun} tests, {len(result.failures) + len(result.errors)} failed, {len(result.skipped)} skipped")
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 and not result.skipped else 1)
