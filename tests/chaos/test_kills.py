"""Kills at every point: before, in the middle of and after every call that changes the database or talks to its server, and at random
instants. On a server also connections that are cut there."""

import chaos_world  # first: it knows where the rest is
import world
from chaos_world import Chaos, let_pass, share


class Kills(Chaos):
    KINDS = ("kill", "after", "torn")

    def test_at_every_call_of_the_first_start(self):
        """A database that is just being made. With more calls than kills, at some of them."""
        last = self.calls_of_a_round()
        self.judge()
        step = max(1, round(last / share(0.3)))
        for at in range(1 + self.random.randrange(step), last, step):
            self.begin()
            self.round(self.faulty(kind=self.random.choice(self.KINDS), at=at))
            self.judge()
        self.report(f"at one in {step} of {last} calls")

    def test_at_any_call_again_and_again(self):
        """One database that never has peace, and programs of two versions."""
        last = self.calls_of_a_round()
        while self.kills < share(0.8):
            version = self.random.choice(("1", "2"))
            fault = self.faulty(kind=self.random.choice(self.KINDS), at=self.random.randint(1, last))
            self.round(fault | {"CHAOS_VERSION": version})
        self.report(self.judge())

    def test_at_random_instants_beside_another(self):
        """Two programs at a time on one database, each killed when it comes to that."""
        self.round()
        while self.kills < share(0.2):
            pair = [self.start_round(), self.start_round()]
            for process in pair:
                let_pass(self.random.random() ** 2 * 0.1)
                process.kill()
            for process in pair:
                self.ended(process)
        self.report(self.judge())


class Backups(Chaos):
    def test_killed_at_any_call_it_is_whole_or_not_there(self):
        for _ in range(3):
            self.round()
        log = self.path("calls")
        target = self.path("copy.db")

        def backup(env):
            return self.raw("--database", self.database, "backup", str(target), "--overwrite", env=env).returncode

        self.assertEqual(backup(self.faulty(files="/copy.db", log=log)), 0)
        whole = target.read_bytes()
        target.unlink()
        last = int(log.read_text())
        step = max(1, round(last / share(0.1)))
        for at in range(1, last + 1, step):
            killed = backup(self.faulty(files="/copy.db", kind=self.random.choice(Kills.KINDS), at=at)) != 0
            self.kills += killed
            if target.exists():
                self.assertEqual(self.raw("--database", f"sqlite:{target}", "doctor").returncode, 0)
                target.unlink()
            else:
                self.assertTrue(killed)
        # What a dead one has left behind is in nobody's way.
        self.assertEqual(backup(self.env), 0)
        self.assertEqual(len(target.read_bytes()), len(whole))
        self.assertEqual([f.name for f in self.folder.glob("copy.db*")], ["copy.db"])
        self.report(f"at one in {step} of {last} calls")


class Cuts(Chaos):
    def test_the_connection_is_lost_at_any_message(self):
        """Before it or after it, the COMMIT and its answer among them. The program goes on, and nothing is lost or twice."""
        last = self.calls_of_a_round()
        rounds = share(0.3)
        for _ in range(rounds):
            fault = self.faulty(kind=self.random.choice(("cut", "cut_after")), at=self.random.randint(1, last))
            self.assertEqual(self.round(fault), 0)
        self.report(self.judge())

    def test_the_connection_is_lost_at_every_message_of_the_first_start(self):
        last = self.calls_of_a_round()
        self.judge()
        step = max(1, round(last / share(0.1)))
        for at in range(1 + self.random.randrange(step), last, step):
            self.begin()
            self.assertEqual(self.round(self.faulty(kind=self.random.choice(("cut", "cut_after")), at=at)), 0)
            self.judge()
        self.report(f"at one in {step} of {last} messages")


if world.ON_POSTGRES:
    del Backups  # of files
else:
    del Cuts  # a file has no connection


if __name__ == "__main__":
    assert chaos_world.KILLS > 0
    world.main()
