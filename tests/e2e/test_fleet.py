"""Several runners on one PostgreSQL server, and everything that can go wrong between them and it.

E2E_FLEET_ROUNDS says how often each kind of trouble is made (a few in the fast suite, many in the soak).
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import fleet_world
import world
from fleet_world import LEASE, FleetWorld, Proxy

ROUNDS = int(os.environ.get("E2E_FLEET_ROUNDS", "4"))


def let_pass(seconds):
    end = time.monotonic() + seconds
    world.until("the moment has come", lambda: time.monotonic() >= end)


class Fleet(FleetWorld):
    def test_runners_share_the_work(self):
        for _ in range(3):
            self.runner().ready()
        self.submit_all(1)
        self.sql("SELECT cloacina_submit('w', '{}', 'many' || i) FROM generate_series(1, 300) i")
        self.expected |= {f"many{i}": None for i in range(1, 301)}
        self.until_all_done()
        shares = {}
        for ran in self.ledger().values():
            for _, runner in ran:
                shares[runner] = shares.get(runner, 0) + 1
        print(f"shares {shares}", flush=True)
        self.assertEqual(len(shares), 3)
        self.assertGreater(min(shares.values()), sum(shares.values()) / 3 / 3, "a runner that got next to nothing")

    def test_a_runner_that_leaves_gives_its_work_back_at_once(self):
        first = self.runner(workers=1, lease="60s").ready()
        self.submit_all(12)
        second = self.runner(workers=4).ready()
        self.assertEqual(first.stop(), 0)
        # Nothing waits for a lease of a minute.
        self.until_all_done(seconds=30)
        self.check_ledger()
        self.assertEqual(second.stop(), 0)
        self.assertEqual(self.lines("runners"), [])

    def test_the_server_is_restarted_immediately_again_and_again(self):
        for _ in range(2):
            self.runner().ready()
        submits = self.submitting(15 * ROUNDS)
        for _ in range(ROUNDS):
            let_pass(0.3 + self.random.random())
            self.server.crash()
            self.server.launch()
        submits.join()
        self.until_all_done()
        self.check_ledger()

    def test_backends_are_terminated_at_random(self):
        for _ in range(2):
            self.runner().ready()
        submits = self.submitting(15 * ROUNDS)
        while submits.is_alive():
            let_pass(self.random.random() * 0.1)
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloacina' AND random() < 0.3")
        self.until_all_done()
        self.check_ledger()

    def test_runners_are_killed_again_and_again(self):
        alive = [self.runner().ready() for _ in range(2)]
        submits = self.submitting(15 * ROUNDS)
        for number in range(2 * ROUNDS):
            let_pass(self.random.random() * 0.5)
            # Sometimes all of them.
            for _ in range(2 if number % 3 == 2 else 1):
                alive.pop(0).kill()
            while len(alive) < 2:
                alive.append(self.runner().ready())
        submits.join()
        self.until_all_done()
        self.check_ledger()

    def test_every_slot_fires_once_however_many_runners_there_are(self):
        self.ctl("schedule", "put", "tick", "--workflow", "w", "--cron", "* * * * * *", "--catchup", "all")
        alive = [self.runner().ready() for _ in range(4)]
        for _ in range(ROUNDS):
            let_pass(1 + self.random.random())
            alive.pop(0).kill()
            alive.append(self.runner().ready())
        self.ctl("schedule", "pause", "tick")
        self.until_all_done()
        fired, slots, span = self.sql("SELECT count(*), count(DISTINCT slot), (max(slot) - min(slot)) / 1000000 + 1 FROM "
                                      "cloacina_firing WHERE kind = 0 AND outcome = 0").split("|")
        self.assertGreaterEqual(int(fired), ROUNDS)
        self.assertEqual((fired, fired), (slots, span))
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT slot) FROM cloacina_execution"), f"{fired}|{fired}")

    def test_a_dead_runners_work_goes_on_within_the_lease(self):
        gate = self.gate("gate")
        self.file("w.yaml", world.flow("w", {"long": {"run": f'{fleet_world.LINE}; test "$CLOACINA_FENCE" -gt 1 || read x < gate'}}))
        first = self.runner(workers=1).ready()
        self.submit_all(1)
        world.until("it runs", lambda: self.ledger())
        self.runner(workers=1).ready()
        died = time.monotonic()
        first.kill()
        self.until_all_done()
        print(f"went on after {time.monotonic() - died:.1f} s of a lease of {LEASE} s", flush=True)
        self.assertEqual(len(next(iter(self.ledger().values()))), 2)
        del gate

    def test_a_runner_stopped_past_its_lease_can_change_nothing(self):
        # As long as the second attempt has not begun, and then some.
        self.file("w.yaml", world.flow("w", {
            "long": {"run": f'{fleet_world.LINE}; if test "$CLOACINA_FENCE" -eq 1; then until test -e go; do sleep 0.02; done; '
                            'echo \'{"who": "zombie"}\' > "$CLOACINA_OUTPUT"; else echo \'{"who": "second"}\' > "$CLOACINA_OUTPUT"; fi'}}))
        zombie = self.runner(workers=1).ready()
        self.submit_all(1)
        world.until("it runs", lambda: self.ledger())
        self.runner(workers=1).ready()
        zombie.send(signal.SIGSTOP)
        self.until_all_done()
        self.file("go", "")
        zombie.send(signal.SIGCONT)
        execution = next(iter(self.expected.values()))
        before = self.show(execution)
        self.assertEqual(before["context"], {"who": "second"})
        self.submit_all(3)  # it works again, as a runner like any other
        self.until_all_done()
        self.assertEqual(self.show(execution), before)
        self.assertEqual(zombie.stop(), 0)

    def test_a_black_hole_between_a_runner_and_the_server(self):
        proxy = Proxy(self.server)
        self.addCleanup(proxy.stop)
        cut_off = self.runner(url=proxy.url, workers=1).ready()
        self.file("w.yaml", world.flow("w", {
            "long": {"run": f'{fleet_world.LINE}; if test "$CLOACINA_FENCE" -eq 1; then sleep 61.25; fi'}}))
        cut_off.send(signal.SIGHUP)
        world.until("the new file is known", lambda: self.sql("SELECT count(*) FROM cloacina_definition") == "2")
        self.submit_all(1)
        world.until("it runs", lambda: self.ledger())
        other = self.runner(workers=1).ready()
        proxy.process.send_signal(signal.SIGSTOP)
        gone = time.monotonic()
        self.until_all_done(seconds=20)
        print(f"went on after {time.monotonic() - gone:.1f} s of a lease of {LEASE} s", flush=True)
        runs = next(iter(self.ledger().values()))
        self.assertEqual([runner for _, runner in runs], [cut_off.name, other.name])
        # The one that was cut off has stopped what it ran, by its own clock, and comes back when it can.
        world.until("its task was stopped", lambda: subprocess.run(["pgrep", "-f", "^sleep 61.25$"], check=False,
                                                                   stdout=subprocess.DEVNULL).returncode == 1)
        proxy.process.send_signal(signal.SIGCONT)
        other.stop()
        self.submit_all(1)
        world.until("it works again", lambda: any(r == cut_off.name for ran in list(self.ledger().values())[1:] for _, r in ran))
        # Of the old connection or, where it was tried again at once, of the new one.
        self.assertRegex(cut_off.said(), "has not answered|timeout expired")

    def test_a_version_that_nobody_has_waits_and_is_shown(self):
        old = self.runner(workers=1, lease="30s").ready()
        self.sql("SELECT cloacina_submit('w', '{}', 'old', start_at => now() + interval '2 seconds')")
        self.assertEqual(old.stop(), 0)
        self.file("w.yaml", world.flow("w", {"other": {"run": fleet_world.LINE}}))
        self.runner("--only-loaded", workers=1).ready()
        old_one = self.lines("list")[0]["id"]
        self.submit_all(1)
        world.until("the new one has ended", lambda: self.status(self.expected["k0"]) == "Completed")
        world.until("the old one is due", lambda: "stranded" in self.raw("doctor").stdout)
        self.assertIn("stranded", self.ctl("list"))
        self.assertEqual(self.raw("doctor").returncode, 1)
        self.file("w.yaml", world.flow("w", fleet_world.TASKS))
        self.runner("--only-loaded", workers=1).ready()
        world.until("it runs on its own version", lambda: self.status(old_one) == "Completed")
        self.assertEqual(sorted(self.tasks(old_one)), ["a", "b", "c", "d"])


class FewConnections(FleetWorld):
    settings = {"max_connections": "14", "superuser_reserved_connections": "3"}

    def test_no_free_connection_for_a_while(self):
        # Not as a superuser: the last connections are for those.
        self.sql("CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app")
        url = self.server.url.replace("user=cloacina", "user=app")
        self.env["CLOACINA_DATABASE"] = url
        self.runner(workers=2).ready()
        self.submit_all(3)
        hogs = []

        def runner_is_refused():
            hogs.extend(self.start_hog(url) for _ in range(4))
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloacina'")
            return "connection slots" in self.serves[0].said() or "too many clients" in self.serves[0].said()

        world.until("the runner finds no connection", runner_is_refused, every=0.2)
        submits = self.submitting(5)
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
        for hog in hogs:
            hog.wait()
        submits.join()
        self.until_all_done()
        self.check_ledger()

    def start_hog(self, url):
        process = subprocess.Popen(["psql", "-XAtq", "-d", url, "-c", "SELECT pg_sleep(120)"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process


class DiskFull(FleetWorld):
    def setUp(self):
        self.shim = pathlib.Path(tempfile.mkdtemp(prefix="cloacina-full-"))
        self.flag = self.shim / "full"
        self.server_environment = {"LD_PRELOAD": str(fleet_world.preload(self.shim)), "DISK_FULL_FILE": str(self.flag)}
        super().setUp()
        self.addCleanup(shutil.rmtree, self.shim, True)

    def test_the_servers_disk_is_full_for_a_while(self):
        self.runner().ready()
        self.submit_all(2)
        self.until_all_done()
        self.flag.touch()
        # Larger than what is left in the pages that are there.
        text = "x" * 200_000
        done = self.raw("submit", "w", "--input", "@-", stdin=('{"text": "' + text + '"}').encode())
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("no space left on the server's disk", done.stderr)
        submits = self.submitting(30)
        let_pass(1)
        self.flag.unlink()
        submits.join()
        self.until_all_done()
        self.check_ledger()


if __name__ == "__main__":
    world.main()
