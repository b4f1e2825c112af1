"""Runners and submitters that are killed with -9 at random moments: nothing is lost, every task is recorded once.

E2E_KILLS says how many kills (200), E2E_SEED repeats a run.
"""

import json
import os
import random
import signal
import time

import world

KILLS = int(os.environ.get("E2E_KILLS", "200"))
TASKS = {
    "a": {"run": 'echo "$CLOACINA_EXECUTION $CLOACINA_TASK $CLOACINA_FENCE" >> ledger; echo \'{"a":1}\' > "$CLOACINA_OUTPUT"',
          "max_crashes": 100000},
    "b": {"command": ["sh", "-c", 'echo "$CLOACINA_EXECUTION $CLOACINA_TASK $CLOACINA_FENCE" >> ledger'], "after": "a",
          "max_crashes": 100000},
    "c": {"run": 'echo "$CLOACINA_EXECUTION $CLOACINA_TASK $CLOACINA_FENCE" >> ledger', "after": "a", "max_crashes": 100000},
    "d": {"run": 'echo "$CLOACINA_EXECUTION $CLOACINA_TASK $CLOACINA_FENCE" >> ledger; echo \'{"d":2}\' > "$CLOACINA_OUTPUT"',
          "after": ["b", "c"], "max_crashes": 100000},
}


class Kill(world.World):
    def setUp(self):
        super().setUp()
        self.random = random.Random(world.SEED)
        print(f"\nseed {world.SEED}, {KILLS} kills", flush=True)
        self.file("w.yaml", world.flow("w", TASKS))
        self.expected = {}  # key -> id, None while no submit has come back with one

    def ledger(self):
        """(execution, task) -> the fences with which it ran."""
        runs = {}
        for line in self.path("ledger").read_text().splitlines():
            execution, task, fence = line.split()
            runs.setdefault((execution, task), []).append(int(fence))
        return runs

    def submit_some(self):
        """One submission, which may be killed; it is repeated under its key at the end."""
        key = f"k{len(self.expected)}"
        self.expected[key] = None
        process = self.start("submit", "w", "--key", key)
        self.processes.remove(process)
        return key, process

    def collect(self, key, process):
        out, err = process.communicate(timeout=world.PATIENCE)
        if process.returncode == 0:
            self.expected[key] = out.decode().strip()
        else:
            self.assertEqual(process.returncode, -signal.SIGKILL, err)

    def kill_a_serve(self, number):
        serve = self.serve("w.yaml", "--workers", str(self.random.choice([1, 2, 8])))
        submissions = [self.submit_some()] if number % 2 == 0 else []
        # From before anything is claimed to well after a few tasks have ended: the moment is random, not a wait for something.
        self.let_pass(self.random.random() ** 2 * 0.12)
        for key, process in submissions:
            if self.random.random() < 0.3:
                process.kill()
        serve.kill()
        for key, process in submissions:
            self.collect(key, process)
        self.serves.remove(serve)

    @staticmethod
    def let_pass(seconds):
        end = time.monotonic() + seconds
        world.until("the moment has come", lambda: time.monotonic() >= end, every=0.001)

    def check_truth_between(self):
        """With nobody alive: who holds what is what runs."""
        # A guard that was just forked may hold the dead runner's lock for a moment longer.
        world.until("all runners are dead", lambda: not [r for r in self.lines("runners") if r["alive"]])
        rows = self.lines("runners")
        held = sorted(h for r in rows for h in r["holds"])
        running = []
        for execution in self.lines("list", "--status", "Running", "--limit", "1000"):
            running += [f"{execution['id']} {name}" for name, status in self.tasks(execution["id"]).items() if status == "Running"]
        self.assertEqual(held, sorted(running))

    def test_serve_killed_at_random_moments(self):
        began = time.monotonic()
        self.ctl("migrate")
        self.serve("w.yaml").stop()
        for number in range(KILLS):
            self.kill_a_serve(number)
            if number % 50 == 49:
                self.check_truth_between()
        spent = time.monotonic() - began
        survivor = self.serve("w.yaml")
        for key, known in self.expected.items():
            execution = self.submit("w", "--key", key)
            self.assertIn(known, (None, execution), "a submission that had answered was lost")
            self.expected[key] = execution
        for execution in self.expected.values():
            self.assertEqual(self.ctl("wait", execution, "--timeout", "60s"), "Completed\n")
        crashes = self.check_every_execution()
        rows = self.lines("runners")
        self.assertEqual([(r["pid"], r["alive"], r["holds"]) for r in rows], [(survivor.pid, True, [])])
        self.ctl("doctor")
        print(f"{KILLS} kills in {spent:.0f} s, {len(self.expected)} executions, {crashes} attempts crashed", flush=True)
        self.assertGreater(crashes, 0, "no kill hit a running task: the test shows nothing")

    def check_every_execution(self):
        runs = self.ledger()
        listed = {row["id"] for row in self.lines("list", "--limit", "100000")}
        self.assertEqual(listed, set(self.expected.values()), "there are other executions than were submitted")
        crashes = 0
        for execution in self.expected.values():
            shown = self.show(execution)
            self.assertEqual(shown["status"], "Completed")
            self.assertEqual(shown["context"], {"a": 1, "d": 2})
            for task in shown["tasks"]:
                attempts = task["attempts"]
                where = f"{execution} {task['name']}: {json.dumps(attempts)}"
                self.assertEqual([a["status"] for a in attempts], ["Crashed"] * (len(attempts) - 1) + ["Completed"], where)
                fences = [a["fence"] for a in attempts]
                self.assertEqual(fences, sorted(set(fences)), where)
                ran = runs.pop((execution, task["name"]))
                self.assertEqual(ran, sorted(set(ran)), f"{where} ran with fences {ran}")
                self.assertEqual(ran[-1], fences[-1], f"what was recorded is not what ran last: {where}, {ran}")
                self.assertLessEqual(set(ran), set(fences), where)
                crashes += len(attempts) - 1
        self.assertEqual(runs, {}, "something ran that was never submitted")
        return crashes

    def test_one_of_two_serves_is_killed_again_and_again(self):
        """The other one goes on, whoever holds what."""
        self.ctl("migrate")
        stays = self.serve("w.yaml")
        for _ in range(max(KILLS // 10, 1)):
            other = self.serve("w.yaml")
            submissions = [self.submit_some() for _ in range(2)]
            self.let_pass(self.random.random() * 0.1)
            other.kill()
            self.serves.remove(other)
            for key, process in submissions:
                self.collect(key, process)
        for execution in self.expected.values():
            self.assertEqual(self.ctl("wait", execution, "--timeout", "60s"), "Completed\n")
        self.check_every_execution()
        self.assertEqual([r["pid"] for r in self.lines("runners") if r["alive"]], [stays.pid])
        self.assertEqual(stays.stop(), 0)


if __name__ == "__main__":
    world.main()
