"""A PostgreSQL server of the test's own, which may be treated badly, and a fleet of runners on it with a ledger."""

import os
import pathlib
import random
import subprocess
import sys
import threading

import world

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import pg_server  # noqa: E402

# Each task writes a line before it ends: execution, task, fence, and who ran it.
LINE = 'echo "$CLOACINA_EXECUTION $CLOACINA_TASK $CLOACINA_FENCE $RUNNER" >> ledger'
TASKS = {
    "a": {"run": LINE, "max_crashes": 100000},
    "b": {"run": LINE, "after": "a", "max_crashes": 100000},
    "c": {"run": LINE, "after": "a", "max_crashes": 100000},
    "d": {"run": LINE, "after": ["b", "c"], "max_crashes": 100000},
}
LEASE = 2.0
# What a server needs so that a crash of it loses nothing that it has promised; the machine itself does not fail here.
PROMISES = {"synchronous_commit": "on", "fsync": "off"}


class FleetWorld(world.World):
    """Runners are called r0, r1, …; executions are submitted under keys, and submitted again when nobody knows whether they were."""

    settings = {}
    server_environment = {}

    def setUp(self):
        super().setUp()
        self.server = pg_server.Server(False, {**PROMISES, **self.settings}, self.server_environment)
        self.addCleanup(self.server.stop)
        self.random = random.Random(world.SEED)
        print(f"\nseed {world.SEED}", flush=True)
        self.env["CLOACINA_DATABASE"] = self.server.url
        self.file("w.yaml", world.flow("w", TASKS))
        self.names = 0
        self.expected = {}  # key -> id

    def runner(self, *options, url=None, workers=4, lease=f"{int(LEASE * 1000)}ms"):
        name = f"r{self.names}"
        self.names += 1
        env = self.env | {"RUNNER": name} | ({"CLOACINA_DATABASE": url} if url else {})
        serve = world.Serve(self, ("w.yaml", "--workers", str(workers), "--lease", lease, *options), env=env)
        serve.name = name
        self.serves.append(serve)
        return serve

    def submit_all(self, count):
        """Submits under keys until each submission has come back, whatever happens to the server meanwhile."""
        keys = [f"k{len(self.expected) + i}" for i in range(count)]
        for key in keys:
            self.expected[key] = world.until("a submission comes back", lambda key=key: self.try_submit(key), every=0.05)

    def try_submit(self, key):
        done = self.raw("submit", "w", "--key", key)
        if done.returncode == 0:
            return done.stdout.strip()
        self.assertIn(done.returncode, (3, 5), done.stderr)  # not registered yet, or the database is out of reach
        return None

    def submitting(self, count):
        """The same beside what the test does; join() waits for it."""
        thread = threading.Thread(target=self.submit_all, args=(count,))
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def sql(self, text):
        return world.psql(self.server.url, text)

    def until_all_done(self, seconds=None):
        def done():
            try:
                return self.sql("SELECT count(*) FROM cloacina_execution WHERE status < 3") == "0"
            except AssertionError:
                return False
        world.until("all executions have ended", done, seconds, every=0.1)

    def ledger(self):
        """(execution, task) -> the (fence, runner) with which it ran."""
        runs = {}
        path = self.path("ledger")
        for line in path.read_text().splitlines() if path.exists() else []:
            execution, task, fence, runner = line.split()
            runs.setdefault((execution, task), []).append((int(fence), runner))
        return runs

    def check_ledger(self):
        """Nothing lost, nothing twice: one execution a key, all completed, each task recorded once with a fence that ran it."""
        self.assertEqual(self.sql("SELECT count(*) FROM cloacina_execution"), str(len(self.expected)))
        self.assertEqual(len(set(self.expected.values())), len(self.expected))
        self.assertEqual(self.sql("SELECT count(*) FROM cloacina_execution WHERE status <> 3"), "0")
        runs = self.ledger()
        self.assertEqual(len(runs), 4 * len(self.expected), "a task that never ran, or one of nobody's")
        again = 0
        for (execution, task), ran in runs.items():
            fences = [fence for fence, _ in ran]
            self.assertEqual(len(fences), len(set(fences)), f"one claim of {execution} {task} ran twice: {ran}")
            again += len(fences) - 1
        for execution in self.expected.values():
            for task in self.show(execution)["tasks"]:
                completed = [a for a in task["attempts"] if a["status"] == "Completed"]
                self.assertEqual(len(completed), 1, f"{execution} {task}")
                self.assertIn(completed[0]["fence"], [fence for fence, _ in runs[(execution, task["name"])]])
        print(f"{len(self.expected)} executions, {4 * len(self.expected)} tasks, {again} ran again", flush=True)


class Proxy:
    """A process between a runner and the server over TCP, which can be stopped: nothing comes through, and nobody is told."""

    PROGRAM = """
import os, select, socket, sys, time
server, delay = sys.argv[1], float(sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
pairs, late = {}, []
while True:
    wait = max(0, late[0][0] - time.monotonic()) if late else None
    ready, _, _ = select.select([listener, *pairs], [], [], wait)
    now = time.monotonic()
    for one in ready:
        if one is listener:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            behind = socket.socket(socket.AF_UNIX)
            try:
                behind.connect(server)
            except OSError:
                client.close()
                continue
            pairs[client], pairs[behind] = behind, client
            continue
        if one not in pairs:
            continue
        try:
            data = one.recv(1 << 16)
        except OSError:
            data = b""
        late.append((now + delay, one, data))
    while late and late[0][0] <= time.monotonic():
        _, one, data = late.pop(0)
        other = pairs.get(one)
        if other is None:
            continue
        try:
            if not data:
                raise OSError
            other.sendall(data)
        except OSError:
            for end in (one, other):
                pairs.pop(end, None)
                end.close()
"""

    def __init__(self, server, delay=0.0):
        self.process = subprocess.Popen([sys.executable, "-c", self.PROGRAM, f"{server.folder}/.s.PGSQL.5432", str(delay)],
                                        stdout=subprocess.PIPE)
        port = int(self.process.stdout.readline())
        self.url = f"postgresql://cloacina@127.0.0.1:{port}/postgres?sslmode=disable"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def preload(folder):
    """A library for the server that makes its disk full while the file `full` is there."""
    source = folder / "full.c"
    source.write_text(r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int is_full(int fd) {
  char link[64], path[4096];
  const char* flag = getenv("DISK_FULL_FILE");
  if (!flag || access(flag, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return strstr(path, "/base/") != NULL;
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static ssize_t (*real)(int, const void*, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  if (is_full(fd)) { errno = ENOSPC; return -1; }
  return real(fd, data, size, at);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }
int posix_fallocate64(int fd, off64_t at, off64_t size) {
  static int (*real)(int, off64_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "posix_fallocate64");
  return is_full(fd) ? ENOSPC : real(fd, at, size);
}
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }
""")
    library = folder / "full.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    os.chmod(folder, 0o755)
    return library

