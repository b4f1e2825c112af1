"""Controls, signals and several processes on one database, with tasks that are in the middle of their work."""

import json
import signal
import time

import world


class Controls(world.World):
    def gated(self, name="gated", extra=None):
        """A workflow whose first task says that it runs, then waits for its gate."""
        self.file(f"{name}.yaml", world.flow(name, {
            "a": {"run": f"echo $$ > {name}.pid.tmp; mv {name}.pid.tmp {name}.pid; read x < {name}.go"} | (extra or {}),
            "b": {"run": "true", "after": "a"}}))
        return self.gate(f"{name}.go")

    def until_runs(self, name="gated"):
        world.until("the task runs", self.path(f"{name}.pid").exists)
        return int(self.path(f"{name}.pid").read_text())

    def test_cancel_stops_what_runs(self):
        self.gated()
        self.serve("gated.yaml")
        execution = self.submit("gated")
        pid = self.until_runs()
        self.assertEqual(self.ctl("cancel", execution, "--reason", "no more"), "Cancelled\n")
        self.error("wait", execution, status=1)
        self.assertEqual(self.tasks(execution)["b"], "Cancelled")
        world.until("the command has ended", lambda: world.gone(pid))
        world.until("its attempt is recorded", lambda: self.show(execution)["tasks"][0]["attempts"][-1]["status"] == "Cancelled")
        self.assertIn("no more", self.ctl("show", execution))
        for command in ("cancel", "pause", "resume"):
            self.error(command, execution, status=4)
            self.error(command, world.MISSING_ID, status=3)

    def test_pause_and_resume(self):
        gate = self.gated()
        self.serve("gated.yaml")
        execution = self.submit("gated")
        self.until_runs()
        self.assertEqual(self.ctl("pause", execution), "Paused\n")
        gate.open()
        world.until("what ran has finished", lambda: self.tasks(execution)["a"] == "Completed")
        self.assertEqual(self.status(execution), "Paused")
        self.assertNotIn(self.tasks(execution)["b"], ("Running", "Completed"))
        self.assertEqual(json.loads(self.ctl("resume", execution, "--json"))["id"], execution)
        self.assertEqual(self.ctl("wait", execution), "Completed\n")
        self.error("resume", execution, status=4)

    def test_retry_runs_what_failed(self):
        self.file("flaky.yaml", world.flow("flaky", {
            "a": {"run": "echo a >> ran"}, "b": {"run": "echo b >> ran; test -e ok", "after": "a"}, "c": {"run": "echo c >> ran", "after": "b"}}))
        self.serve("flaky.yaml")
        execution = self.submit("flaky")
        self.error("wait", execution, status=1)
        self.assertEqual(self.tasks(execution), {"a": "Completed", "b": "Failed", "c": "Skipped"})
        self.file("ok", "")
        self.error("retry", execution, "--from", "d", status=3)
        self.ctl("retry", execution)
        self.assertEqual(self.ctl("wait", execution), "Completed\n")
        self.assertEqual(self.path("ran").read_text().split(), ["a", "b", "b", "c"])
        self.error("retry", execution, status=4)
        self.ctl("retry", execution, "--from", "b")
        self.assertEqual(self.ctl("wait", execution), "Completed\n")
        self.assertEqual(self.path("ran").read_text().split(), ["a", "b", "b", "c", "b", "c"])
        self.assertEqual([a["number"] for a in self.show(execution)["tasks"][1]["attempts"]], [1, 2, 3])

    def test_serve_drains_at_the_first_signal(self):
        gate = self.gated()
        serve = self.serve("gated.yaml")
        execution = self.submit("gated")
        self.until_runs()
        serve.send(signal.SIGTERM)
        world.until("it drains", lambda: "second signal" in serve.said())
        self.assertIsNone(serve.process.poll())
        gate.open()
        self.assertEqual(serve.close(), 0)
        self.assertEqual(self.tasks(execution), {"a": "Completed", "b": "Ready"})
        self.serve("gated.yaml")
        self.assertEqual(self.ctl("wait", execution), "Completed\n")

    def test_serve_stops_at_the_second_signal(self):
        gate = self.gated(extra={"max_crashes": 1})
        serve = self.serve("gated.yaml")
        execution = self.submit("gated")
        pid = self.until_runs()
        serve.send(signal.SIGINT)
        world.until("it drains", lambda: "second signal" in serve.said())
        serve.send(signal.SIGTERM)
        self.assertEqual(serve.close(), 0)
        self.assertIn(f"given back: task a of execution {execution}", serve.said())
        self.assertTrue(world.gone(pid))
        self.assertEqual(self.tasks(execution)["a"], "Ready")
        self.assertNotIn("crash", self.ctl("show", execution))
        self.path("gated.pid").unlink()
        self.serve("gated.yaml")
        self.until_runs()
        gate.open()
        self.assertEqual(self.ctl("wait", execution), "Completed\n")

    def test_serve_reloads(self):
        self.file("w.yaml", world.flow("first", {"a": {"run": "true"}}))
        serve = self.serve("w.yaml", "--only-loaded")
        self.error("submit", "second", status=3)
        self.file("w.yaml", "cloacina: 1\nworkflows: oops\n")
        serve.send(signal.SIGHUP)
        world.until("it refuses", lambda: "not reloaded" in serve.said())
        self.assertIn("w.yaml:2:", serve.said())
        self.assertEqual(self.ctl("submit", "first", "--wait").splitlines()[1], "Completed")
        self.file("w.yaml", world.flow("second", {"a": {"run": "true"}}))
        serve.send(signal.SIGHUP)
        world.until("it has loaded again", lambda: "reloaded 1 workflow" in serve.said())
        self.assertEqual(self.ctl("submit", "second", "--wait").splitlines()[1], "Completed")

    def test_serve_runs_what_others_stored(self):
        self.file("mine.yaml", world.flow("mine", {"a": {"run": "true"}}))
        self.file("other.yaml", world.flow("other", {"a": {"run": "true"}}))
        self.ctl("run", "other.yaml")
        only = self.serve("mine.yaml", "--only-loaded")
        execution = self.submit("other")
        self.error("wait", execution, "--timeout", "200ms", status=6)
        self.assertIn("stranded", self.ctl("show", execution))
        self.assertEqual(only.stop(), 0)
        self.serve("mine.yaml")
        self.assertEqual(self.ctl("wait", execution), "Completed\n")

    def test_a_folder_is_served(self):
        self.path("flows").mkdir()
        for name in ("one", "two"):
            self.file(f"flows/{name}.yaml", world.flow(name, {"a": {"run": "true"}}))
        self.serve("flows")
        for name in ("one", "two"):
            self.ctl("submit", name, "--wait")

    def test_two_serves_share_the_work(self):
        self.file("w.yaml", world.flow("many", {f"t{i}": {"run": f"read x < t{i}.go"} for i in range(4)}))
        gates = {f"t{i}": self.gate(f"t{i}.go") for i in range(4)}
        one = self.serve("w.yaml", "--workers", "2")
        two = self.serve("w.yaml", "--workers", "2")
        execution = self.submit("many")
        world.until("both hold two", lambda: sorted((r["pid"], len(r["holds"])) for r in self.lines("runners"))
                    == sorted([(one.pid, 2), (two.pid, 2)]))

        def held(serve):
            return [h.split()[1] for r in self.lines("runners") if r["pid"] == serve.pid for h in r["holds"]]

        mine, others = held(two), held(one)
        one.kill()
        # The survivor takes what the dead one held, once it has hands.
        for task in mine:
            gates[task].open()
        world.until("the survivor holds the rest", lambda: sorted(held(two)) == sorted(others))
        for task in others:
            gates[task].open()
        self.assertEqual(self.ctl("wait", execution, "--timeout", "60s"), "Completed\n")
        for task in self.show(execution)["tasks"]:
            self.assertEqual([a["status"] for a in task["attempts"]].count("Completed"), 1)
        self.assertEqual([r["pid"] for r in self.lines("runners") if r["alive"]], [two.pid])

    def test_run_beside_a_serve(self):
        self.file("w.yaml", world.flow("w", {f"t{i}": {"run": "true"} for i in range(20)}))
        self.serve("w.yaml")
        for _ in range(3):
            self.assertEqual(self.lines("run", "w.yaml", "--workers", "1")[0]["status"], "Completed")

    def test_run_is_cancelled_by_a_signal(self):
        self.gated()
        run = self.start("run", "gated.yaml", "--json")
        pid = self.until_runs()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=world.PATIENCE)
        self.assertEqual(run.returncode, 1, err)
        self.assertIn(b"cancelling", err)
        self.assertTrue(world.gone(pid))
        execution = json.loads(out)
        self.assertEqual(execution["status"], "Cancelled")
        self.assertEqual(self.status(execution["id"]), "Cancelled")

    def test_run_stops_at_the_second_signal(self):
        self.file("deaf.yaml", world.flow("deaf", {"a": {"run": "trap '' TERM; echo $$ > deaf.tmp; mv deaf.tmp deaf.pid; read x < deaf.go",
                                                         "kill_after": "1h"}}))
        self.gate("deaf.go")
        run = self.start("run", "deaf.yaml")
        pid = self.until_runs("deaf")
        run.send_signal(signal.SIGINT)
        world.until("it cancels", lambda: self.lines("list")[0]["status"] == "Cancelled")
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(world.PATIENCE), 1)
        world.until("the command is gone", lambda: world.gone(pid))

    def test_a_killed_run_is_finished_by_a_serve(self):
        gate = self.gated()
        run = self.start("run", "gated.yaml")
        self.until_runs()
        execution = self.lines("list")[0]["id"]
        run.kill()
        run.wait()
        # On a server it is dead when its lease has ended.
        runner = world.until("it is dead", lambda: [r for r in self.lines("runners") if not r["alive"]])[0]
        self.assertEqual(runner["holds"], [f"{execution} a"])
        self.path("gated.pid").unlink()
        self.serve("gated.yaml")
        self.until_runs()
        gate.open()
        self.assertEqual(self.ctl("wait", execution), "Completed\n")
        self.assertEqual([a["status"] for a in self.show(execution)["tasks"][0]["attempts"]], ["Crashed", "Completed"])

    def test_quarantine(self):
        self.file("killer.yaml", world.flow("killer", {"a": {"run": "kill -9 $(cat serve.pid); read x < never", "max_crashes": 2}}))
        self.gate("never")
        execution = None
        for _ in range(2):
            # The first line of the workflow kills the runner, so it may be gone before it could say that it is ready.
            self.path("serve.pid").unlink(missing_ok=True)
            self.path("serve.pid.go").unlink(missing_ok=True)
            serve = world.Serve(self, ["killer.yaml"])
            self.serves.append(serve)
            self.file("serve.pid", str(serve.pid))
            if execution is None:
                serve.ready()
                execution = self.submit("killer")
            serve.close()
        self.serve("killer.yaml")
        self.error("wait", execution, status=1)
        task = self.show(execution)["tasks"][0]
        self.assertEqual([a["status"] for a in task["attempts"]], ["Crashed", "Crashed"])
        self.assertIn("quarantine", self.ctl("show", execution))

    def test_submission_starts_at_once(self):
        self.file("w.yaml", world.flow("w", {"a": {"run": "date +%s.%N > started.tmp; mv started.tmp started"}}))
        self.serve("w.yaml")
        delays = []
        for _ in range(20):
            self.path("started").unlink(missing_ok=True)
            execution = self.submit("w")
            submitted = time.time()
            self.ctl("wait", execution)
            delays.append((float(self.path("started").read_text()) - submitted) * 1000)
        delays.sort()
        print(f"\nfrom the end of submit to the start of its command: median {delays[10]:.1f} ms, worst {delays[-1]:.1f} ms")
        self.assertLess(delays[-1], 1000)

    def test_idle_serve_is_small(self):
        self.file("w.yaml", world.flow("w", {"a": {"run": "true"}}))
        serve = self.serve("w.yaml")
        self.ctl("submit", "w", "--wait")
        status = self.path(f"/proc/{serve.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        print(f"\nan idle serve has {resident / 1024:.1f} MiB")
        self.assertLess(resident, world.RESIDENT_KIB_MAX)

    def test_the_tree_of_a_killed_runner_is_gone(self):
        self.file("tree.yaml", world.flow("tree", {"a": {"run": "\n".join([
            "setsid sh -c 'echo $$ > detached.tmp; mv detached.tmp detached; exec sleep 1000' &",
            "sh -c 'trap \"\" TERM HUP INT; echo $$ > deaf.tmp; mv deaf.tmp deaf; read x < never' &",
            "echo $$ > shell.tmp; mv shell.tmp shell; wait"])}}))
        self.gate("never")
        serve = self.serve("tree.yaml")
        self.submit("tree")
        names = ("detached", "deaf", "shell")
        for name in names:
            world.until(f"{name} runs", self.path(name).exists)
        pids = [int(self.path(name).read_text()) for name in names]
        began = time.monotonic()
        serve.kill()
        world.until("the whole tree is gone", lambda: all(world.gone(p) for p in pids), seconds=1)
        print(f"\nthe tree was gone after {(time.monotonic() - began) * 1000:.0f} ms")


if __name__ == "__main__":
    world.main()
