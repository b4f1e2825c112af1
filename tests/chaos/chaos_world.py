"""A program that is treated badly, its database, and the judge of what it wrote down.

The environment names the built parts: CHAOS_PROGRAM, CHAOS_FAULTS (preloaded, see faults.c), CLOACINACTL. CHAOS_KILLS says how many kills
there are to be in all, E2E_SEED repeats a run.
"""

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import world  # noqa: E402

PROGRAM = os.environ["CHAOS_PROGRAM"]
FAULTS = os.environ["CHAOS_FAULTS"]
KILLS = int(os.environ.get("CHAOS_KILLS", "150"))
KILLED = -9


def share(part):
    """So many of the kills, at least one."""
    return max(1, round(KILLS * part))


class Chaos(world.World):
    """One database, on which `run` is called again and again; `judge` at the end."""

    def setUp(self):
        super().setUp()
        self.random = world.random.Random(world.SEED)
        print(f"\nseed {world.SEED}", flush=True)
        self.rounds = 0
        self.kills = 0
        self.begin()

    def begin(self):
        """A new database."""
        self.work = self.path(f"w{self.rounds}")
        self.work.mkdir()
        self.database = self.fresh_schema() if world.ON_POSTGRES else f"sqlite:{self.work}/chaos.db"

    def fresh_schema(self):
        name = f"{self.schema}_{self.rounds}"
        world.psql(world.server_url(), f"CREATE SCHEMA {name}")
        self.addCleanup(world.psql, world.server_url(), f"SET client_min_messages = error; DROP SCHEMA {name} CASCADE")
        return f"{world.server_url()}&options=-csearch_path%3D{name}"

    def faulty(self, **fault):
        """The environment of a program with a fault: kind, at, files, sockets, ..."""
        fault = ({"sockets": 1} if world.ON_POSTGRES else {"files": "/chaos.db"}) | fault
        return self.env | {"LD_PRELOAD": FAULTS} | {f"FAULT_{name.upper()}": str(value) for name, value in fault.items()}

    def program(self, *arguments, **popen):
        popen = {"env": self.env, "cwd": self.folder, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "text": True} | popen
        process = subprocess.Popen([PROGRAM, arguments[0], self.database, self.work, *arguments[1:]], **popen)
        self.processes.append(process)
        return process

    def ended(self, process):
        """Its status; 0 or killed, or else it has failed."""
        try:
            out, err = process.communicate(timeout=world.PATIENCE * 2)
        except subprocess.TimeoutExpired:
            self.fail(f"{process.args} does not end: {stacks(process.pid)}")
        self.processes.remove(process)
        if process.returncode not in (0, KILLED):
            self.fail(f"{process.args} ended with {process.returncode}: {out}{err}")
        if process.returncode == KILLED:
            self.kills += 1
        return process.returncode

    def start_round(self, env=None):
        self.rounds += 1
        return self.program("run", str(self.rounds), env=env or self.env)

    def round(self, env=None):
        return self.ended(self.start_round(env))

    def calls_of_a_round(self):
        """How many calls count in a round that nothing happens to."""
        log = self.path("calls")
        self.assertEqual(self.round(self.faulty(log=log)), 0)
        return int(log.read_text())

    def judge(self):
        """Lets everything end, then compares the database with what was written down."""
        self.assertEqual(self.ended(self.program("finish")), 0)
        done = subprocess.run([PROGRAM, "judge", self.database, self.work], env=self.env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        doctor = self.raw("--database", self.database, "doctor")
        self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
        return done.stdout.strip()

    def report(self, said):
        print(f"{self.kills} kills, {self.rounds} rounds: {said}", flush=True)


def let_pass(seconds):
    end = time.monotonic() + seconds
    world.until("the moment has come", lambda: time.monotonic() >= end, every=0.001)


def stacks(pid):
    """Where the threads of a process are, as far as the kernel tells."""
    lines = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            lines.append(f"{(task / 'comm').read_text().strip()}: {(task / 'syscall').read_text().strip()}")
        except OSError:
            pass
    return "; ".join(lines)
