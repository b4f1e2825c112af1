"""The SQL of the documentation, as psql runs it, and what the function for any language promises."""

import json
import pathlib
import re
import subprocess
import threading

import world

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "transactions.md"
BLOCK = re.compile(r"<!-- run: sql(?: fails: (.*?))? -->\n```sql\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHIP = {"cloacina": 1, "workflows": [{"name": "ship", "input": {"from": "here", "order": 0}, "tasks": {
    "a": {"run": "true"}, "b": {"run": "true"}, "c": {"run": "true", "after": ["a", "b"]}}}]}


class Sql(world.World):
    def setUp(self):
        super().setUp()
        self.file("ship.yaml", json.dumps(SHIP))

    def psql(self, sql):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url()], input=sql, capture_output=True, text=True,
                              timeout=world.PATIENCE, check=False)

    def one(self, sql):
        done = self.psql(sql)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_the_documentations_examples_run(self):
        self.serve("ship.yaml")
        blocks = BLOCK.findall(PAGE.read_text())
        self.assertGreaterEqual(len(blocks), 4)
        for fails, sql in blocks:
            done = self.psql(sql)
            if fails:
                self.assertNotEqual(done.returncode, 0, sql)
                self.assertIn(fails, done.stderr)
            else:
                self.assertEqual(done.returncode, 0, done.stderr)
        executions = {json.loads(line)["id"]: json.loads(line) for line in self.ctl("list", "--json").splitlines()}
        self.assertEqual(len(executions), 2)
        first = min(executions)
        self.until_status(first, "Completed")
        self.assertEqual(self.show(first)["context"], {"from": "here", "order": 7})

    def test_it_exists_if_and_only_if_the_transaction_commits(self):
        self.serve("ship.yaml")
        self.assertEqual(self.psql("BEGIN; SELECT cloacina_submit('ship'); ROLLBACK;").returncode, 0)
        self.assertEqual(self.lines("list"), [])
        kept = self.one("BEGIN; SAVEPOINT s; SELECT 'x' || length(cloacina_submit('ship')::text); ROLLBACK TO s; "
                        "SELECT cloacina_submit('ship', '{\"order\": 1}'); COMMIT;").splitlines()[-1]
        self.until_status(kept, "Completed")
        self.assertEqual(len(self.lines("list")), 1)

    def test_it_means_what_submit_means(self):
        self.serve("ship.yaml")
        here = self.submit("ship", "--input", '{"order": 3, "text": "ä\\n\\"x\\""}', "--priority", "7", "--key", "a")
        there = self.one("SELECT cloacina_submit('ship', '{\"order\": 3, \"text\": \"ä\\n\\\"x\\\"\"}', key => 'b', priority => 7)")
        for execution in (here, there):
            self.until_status(execution, "Completed")
        differ = ("id", "key", "submitted_at", "started_at", "finished_at", "tasks")
        shown = [{k: v for k, v in self.show(e).items() if k not in differ} for e in (here, there)]
        self.assertEqual(shown[0], shown[1])
        self.assertRegex(there, r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        # Either way round, a key is one execution.
        self.assertEqual(self.one("SELECT cloacina_submit('ship', key => 'a')"), here)
        self.assertEqual(self.submit("ship", "--key", "b"), there)
        mine = "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f"
        self.assertEqual(self.one(f"SELECT cloacina_submit('ship', id => '{mine}')"), mine)
        self.assertEqual(self.one(f"SELECT cloacina_submit('ship', id => '{mine}')"), mine)
        later = self.one("SELECT cloacina_submit('ship', start_at => now() + interval '1 day')")
        self.assertEqual(self.tasks(later), {"a": "Ready", "b": "Ready", "c": "NotStarted"})

    def test_what_is_wrong_is_refused(self):
        self.serve("ship.yaml")
        for call, words in (("'ship', '[]'", "the input is a JSON object, not array"),
                            ("'ship', priority => 2000000", "priority is 2000000, it must be from -1000000 to 1000000"),
                            ("'ship', key => ''", "key is of a bad length"),
                            ("'ship', key => repeat('k', 1025)", "key is of a bad length"),
                            ("'ship', start_at => 'infinity'", "start_at is out of range"),
                            ("'ship', jsonb_build_object('t', repeat('x', 17000000))", "at most 16777216 can be stored"),
                            ("'ship; DROP TABLE cloacina_task'", "there is no workflow"),
                            ("NULL", "the workflow is missing")):
            done = self.psql(f"SELECT cloacina_submit({call})")
            self.assertNotEqual(done.returncode, 0, call)
            self.assertIn(words, done.stderr, call)
        self.assertEqual(self.lines("list"), [])

    def test_many_at_once_with_one_key(self):
        self.ctl("run", "ship.yaml")
        ids = []
        threads = [threading.Thread(target=lambda: ids.append(self.one("SELECT cloacina_submit('ship', key => 'one')"))) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual((len(ids), len(set(ids))), (8, 1))

    def test_it_keeps_to_its_schema(self):
        self.ctl("run", "ship.yaml")
        id_ = self.one(f"SET search_path = pg_catalog; SELECT {self.schema}.cloacina_submit('ship')")
        self.assertEqual(self.show(id_)["workflow"], "ship")


if __name__ == "__main__":
    world.main()
