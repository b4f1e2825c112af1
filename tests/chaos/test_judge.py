"""The judge finds what is wrong: a folder that is right is spoiled in each way, and it has to say so."""

import shutil
import sqlite3
import subprocess

import chaos_world  # first: it knows where the rest is
import world


class Judge(chaos_world.Chaos):
    def setUp(self):
        super().setUp()
        for _ in range(2):
            self.round()
            chaos_world.let_pass(1.1)
        self.judge()

    def found(self):
        done = subprocess.run([chaos_world.PROGRAM, "judge", self.database, self.work], env=self.env, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stderr

    def test_finds_what_is_wrong(self):
        whole = self.path("whole")
        shutil.copytree(self.work, whole)
        for spoil, words in ((self.lose_a_run, "is recorded, and never ran"), (self.run_twice, "ran twice with the fence"),
                             (self.run_what_nobody_knows, "ran, and nobody knows of it"), (self.lose_a_submission, "that had answered is lost"),
                             (self.double_an_effect, "its effect is there 2 times"), (self.lose_an_effect, "its effect is lost"),
                             (self.lose_a_slot, "an execution of no slot"), (self.lose_an_execution, "keys were submitted, and there are")):
            shutil.rmtree(self.work)
            shutil.copytree(whole, self.work)
            spoil()
            self.assertIn(words, self.found(), spoil.__name__)

    def words(self, name):
        return (self.work / name).read_text().splitlines(keepends=True)

    def lose_a_run(self):
        (self.work / "ledger").write_text("".join(self.words("ledger")[1:]))

    def run_twice(self):
        (self.work / "ledger").write_text("".join(self.words("ledger") + self.words("ledger")[:1]))

    def run_what_nobody_knows(self):
        (self.work / "ledger").write_text("".join(self.words("ledger") + [f"{world.MISSING_ID} a 1\n"]))

    def lose_a_submission(self):
        (self.work / "submitted").write_text("".join(self.words("submitted") + [f"other {world.MISSING_ID}\n"]))

    def sql(self, text):
        connection = sqlite3.connect(self.work / "chaos.db", isolation_level=None)
        connection.execute(text)
        connection.close()

    def double_an_effect(self):
        self.sql("INSERT INTO effects SELECT execution FROM effects LIMIT 1")

    def lose_an_effect(self):
        self.sql("DELETE FROM effects WHERE rowid = 1")

    def lose_a_slot(self):
        self.sql("DELETE FROM cloacina_firing WHERE key = (SELECT min(key) FROM cloacina_firing WHERE outcome = 0)")

    def lose_an_execution(self):
        self.sql("DELETE FROM cloacina_execution WHERE unique_key IS NOT NULL AND key = (SELECT min(key) FROM cloacina_execution "
                 "WHERE unique_key IS NOT NULL)")


if __name__ == "__main__":
    world.main()
