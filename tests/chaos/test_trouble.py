"""Programs that run short of something, and get it back: space, a disk that works, descriptors, memory, time, the right clock."""

import os
import resource
import signal
import subprocess
import sys
import time

import chaos_world  # first: it knows where the rest is
import world
from chaos_world import Chaos, let_pass, share

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Trouble(Chaos):
    def while_there(self, kind):
        flag = self.path("trouble")
        return flag, self.faulty(kind=kind, **{"while": flag})

    def through_trouble(self, kind, rounds):
        """Programs that meet the trouble at any moment, for a while: none of them gives up, nothing is lost."""
        self.round()
        flag, env = self.while_there(kind)
        for _ in range(rounds):
            process = self.start_round(env)
            let_pass(self.random.random() * 0.06)
            flag.touch()
            let_pass(self.random.random() * 0.3)
            flag.unlink()
            self.assertEqual(self.ended(process), 0)
        self.report(self.judge())

    def test_the_disk_is_full_for_a_while(self):
        self.through_trouble("enospc", share(0.02))

    def test_the_disk_fails_for_a_while(self):
        self.through_trouble("eio", share(0.02))

    def test_a_few_calls_fail(self):
        """Any of them, a failed fsync among them."""
        last = self.calls_of_a_round()
        for _ in range(share(0.05)):
            kind = self.random.choice(("enospc", "eio"))
            self.assertEqual(self.round(self.faulty(kind=kind, at=self.random.randint(1, last), **{"for": self.random.randint(1, 3)})), 0)
        self.report(self.judge())

    def test_no_descriptors_for_a_while(self):
        self.round()
        for _ in range(share(0.01)):
            process = self.start_round()
            world.until("it has begun", lambda before=self.rounds: self.has_begun(before), every=0.001)
            soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (self.random.randint(3, 20), hard))
            let_pass(self.random.random() * 0.3)
            try:
                resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))
            except ProcessLookupError:
                pass
            self.assertEqual(self.ended(process), 0)
        self.report(self.judge())

    def has_begun(self, number):
        """Whether a round has come so far as to submit: the loader, too, needs descriptors."""
        keys = self.work / "keys"
        return keys.exists() and f"{number}.0\n" in keys.read_text()

    def test_no_memory(self):
        """It may die of it, or say so; what it has promised stays."""
        self.round()
        for _ in range(share(0.02)):
            limit = self.random.randint(20, 400) << 20
            self.rounds += 1
            process = self.program("run", str(self.rounds),
                                   preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
            # Some say at once that they cannot, some do all of it, some try for ever.
            try:
                process.communicate(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1
            self.processes.remove(process)
        self.report(self.judge())

    def test_stopped_for_longer_than_its_lease(self):
        """Beside another that goes on; it can change nothing that is no longer its own."""
        self.round()
        for _ in range(share(0.01)):
            stopped, other = self.start_round(), self.start_round()
            let_pass(self.random.random() * 0.1)
            stopped.send_signal(signal.SIGSTOP)
            self.assertEqual(self.ended_beside(other, stopped), 0)
            let_pass(0.8)
            stopped.send_signal(signal.SIGCONT)
            self.assertEqual(self.ended(stopped), 0)
        self.report(self.judge())

    def ended_beside(self, process, stopped):
        """One that was stopped in the middle of a transaction locks the file: then it has to go on first."""
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            stopped.send_signal(signal.SIGCONT)
        return self.ended(process)

    def test_the_clock_jumps(self):
        """Forwards and backwards, by an hour and by a day: every slot once."""
        rc = self.path("faketimerc")
        rc.write_text("+0\n")
        clock = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(rc), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.file("w.yaml", world.flow("w", {"t": {"run": 'echo "$CTX_scheduled_time" >> slots'}},
                                       schedules=[{"name": "s", "cron": "*/5 * * * *", "catchup": "all"}]))
        serve = self.serve("w.yaml", env=self.env | clock)
        for offset in ("+3600", "+0", "+86400", "+82800", "+90000"):
            before = self.slots()
            rc.write_text(offset + "\n")
            # A jump forwards owes the slots that were jumped over; one backwards owes nothing.
            if int(offset) > self.highest(before):
                world.until(f"the slots of {offset} have fired", lambda: self.next_is_ahead(offset))
            else:
                let_pass(0.3)
        self.assertEqual(serve.stop(), 0)
        fired = sorted(self.slots())
        self.assertEqual(len(fired), len(set(fired)), "a slot fired twice")
        steps = {b - a for a, b in zip(fired, fired[1:], strict=False)}
        self.assertEqual(steps, {300}, "a slot is lost")
        self.assertGreater(len(fired), 86400 // 300)
        print(f"{len(fired)} slots", flush=True)

    def slots(self):
        """The slots that have fired, in seconds."""
        return [parse(f["slot"]) for f in self.lines("schedule", "history", "s", "--limit", "10000") if f["outcome"] == "fired"]

    @staticmethod
    def highest(slots):
        """How far ahead of the machine's clock the last of them is, in seconds."""
        return max(slots) - time.time() if slots else 0

    def next_is_ahead(self, offset):
        slots = self.slots()
        return bool(slots) and max(slots) > time.time() + int(offset) - 300


def parse(text):
    import datetime
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


if __name__ == "__main__":
    assert os.path.exists(FAKETIME), FAKETIME
    sys.dont_write_bytecode = True
    world.main()
