"""Every command does what it says, and prints the shapes that scripts rely on."""

import json
import os
import pty
import re
import select
import subprocess

import world

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
EXECUTION_KEYS = ["id", "workflow", "version", "status", "priority", "key", "submitted_at", "started_at", "finished_at", "schedule",
                  "slot", "input", "context", "error"]
ATTEMPT_KEYS = ["number", "status", "runner", "fence", "started_at", "finished_at", "error", "exit"]

NIGHTLY = """
cloacina: 1
workflows:
  - name: nightly
    description: Adds up the orders of a day.
    input: {day: yesterday}
    tasks:
      fetch:
        run: echo "fetching $CTX_day"; echo '{"orders":[1,2]}' > "$CLOACINA_OUTPUT"
      sum:
        command: [sh, -c, 'cat; echo warning >&2; printf "{\\"total\\":3}" > "$CLOACINA_OUTPUT"']
        after: fetch
      alarm:
        run: echo alarm
        after: [fetch, sum]
        when: any_failed
"""


class Commands(world.World):
    def nightly(self):
        self.file("nightly.yaml", NIGHTLY)
        return self.lines("run", "nightly.yaml")[0]

    def test_run_prints_the_final_context(self):
        self.file("nightly.yaml", NIGHTLY)
        done = self.raw("run", "nightly.yaml", "--input", '{"day":"today","more":1}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {"day": "today", "more": 1, "orders": [1, 2], "total": 3})
        self.assertRegex(done.stderr, r"(?m)^\d\d:\d\d:\d\d fetch completed [\d.]+m?s$")
        self.assertRegex(done.stderr, r"(?m)^\d\d:\d\d:\d\d alarm skipped")
        self.assertNotIn("\x1b", done.stderr + done.stdout)

    def test_run_of_a_failure(self):
        self.file("bad.yaml", world.flow("bad", {"a": {"run": "echo oh no >&2; exit 3"}, "b": {"run": "true", "after": "a"}}))
        done = self.raw("run", "bad.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("exit 3", done.stderr)
        self.assertRegex(done.stderr, r"a failed [\d.]+m?s: ")

    def test_run_picks_a_workflow(self):
        two = json.loads(world.flow("one", {"a": {"run": "true"}}))
        two["workflows"].append({"name": "two", "tasks": {"b": {"run": "true"}}})
        self.file("two.yaml", json.dumps(two))
        self.assertIn("one, two", self.error("run", "two.yaml", status=2))
        self.assertIn("three", self.error("run", "two.yaml", "--workflow", "three", status=3))
        self.assertEqual(self.lines("run", "two.yaml", "--workflow", "two")[0]["workflow"], "two")

    def test_show_has_the_shape(self):
        execution = self.nightly()
        self.assertEqual(list(execution), [*EXECUTION_KEYS, "tasks"])
        self.assertEqual(self.show(execution["id"]), execution)
        self.assertEqual([execution[k] for k in ("workflow", "status", "priority", "key", "schedule", "slot", "error")],
                         ["nightly", "Completed", 0, None, None, None, None])
        for key in ("submitted_at", "started_at", "finished_at"):
            self.assertRegex(execution[key], TIME)
        self.assertEqual(execution["input"], {"day": "yesterday"})
        self.assertEqual(execution["context"], {"day": "yesterday", "orders": [1, 2], "total": 3})
        self.assertEqual([(t["name"], t["status"], t["after"]) for t in execution["tasks"]],
                         [("fetch", "Completed", []), ("sum", "Completed", ["fetch"]), ("alarm", "Skipped", ["fetch", "sum"])])
        attempt = execution["tasks"][0]["attempts"][0]
        self.assertEqual(list(attempt), ATTEMPT_KEYS)
        self.assertEqual([attempt[k] for k in ("number", "status", "fence", "error", "exit")], [1, "Completed", 1, None, 0])
        self.assertRegex(attempt["started_at"], TIME)
        text = self.ctl("show", execution["id"])
        for word in ("nightly", "Completed", "Skipped", "fetch", '"total": 3'):
            self.assertIn(word, text)

    def test_attempts_of_failures(self):
        self.file("retry.yaml", world.flow("retry", {
            "a": {"run": "test $CLOACINA_ATTEMPT -ge 3 || exit 75", "retry": {"initial_delay": "1ms", "jitter": 0}},
            "slow": {"run": "exec sleep 100", "timeout": "50ms"},
            "shot": {"run": "kill -SEGV $$"}}))
        execution = self.lines("run", "retry.yaml", status=1)[0]
        attempts = {t["name"]: t["attempts"] for t in execution["tasks"]}
        self.assertEqual([(a["number"], a["status"], a["exit"]) for a in attempts["a"]],
                         [(1, "Failed", 75), (2, "Failed", 75), (3, "Completed", 0)])
        self.assertEqual([a["fence"] for a in attempts["a"]], sorted({a["fence"] for a in attempts["a"]}))
        self.assertEqual([(a["status"], a["exit"]) for a in attempts["slow"]], [("Failed", None)])
        self.assertIn("timed out", attempts["slow"][0]["error"])
        self.assertEqual(attempts["shot"][0]["exit"], None)
        self.assertIn("SIGSEGV", attempts["shot"][0]["error"])
        self.assertEqual(execution["status"], "Failed")

    def test_list_filters(self):
        first = self.nightly()["id"]
        self.file("bad.yaml", world.flow("bad", {"a": {"run": "false"}}))
        bad = self.lines("run", "bad.yaml", status=1)[0]["id"]
        rows = self.lines("list")
        self.assertEqual([r["id"] for r in rows], [bad, first])
        self.assertEqual(list(rows[0]), EXECUTION_KEYS)
        self.assertEqual(rows[1]["context"]["total"], 3)
        self.assertEqual([r["id"] for r in self.lines("list", "--status", "Failed")], [bad])
        self.assertEqual([r["id"] for r in self.lines("list", "--workflow", "nightly")], [first])
        self.assertEqual([r["id"] for r in self.lines("list", "--limit", "1")], [bad])
        self.assertEqual(len(self.lines("list", "--since", "1h")), 2)
        self.assertEqual(self.lines("list", "--since", "2100-01-01T00:00:00Z"), [])
        self.assertEqual(len(self.lines("list", "--since", rows[0]["submitted_at"])), 1)
        self.assertIn(first, self.ctl("list"))
        self.error("list", "--status", "Lost", status=2)
        self.error("list", "--since", "soon", status=2)
        self.error("list", "--limit", "0", status=2)
        self.error("list", "--workflow", "nigtly", status=3)

    def test_logs(self):
        execution = self.nightly()["id"]
        lines = self.lines("logs", execution)
        self.assertEqual([list(line) for line in lines], [["task", "attempt", "stream", "text", "truncated"]] * 3)
        self.assertEqual([(x["task"], x["attempt"], x["stream"], x["truncated"]) for x in lines],
                         [("fetch", 1, "stdout", False), ("sum", 1, "stdout", False), ("sum", 1, "stderr", False)])
        self.assertEqual(self.ctl("logs", execution, "fetch"), "fetching yesterday\n")
        self.assertEqual(json.loads(lines[1]["text"]), {"day": "yesterday", "orders": [1, 2]})
        self.assertIn("==> sum, attempt 1, stderr <==", self.ctl("logs", execution))
        self.error("logs", execution, "ftech", status=3)
        self.error("logs", execution, "fetch", "--attempt", "2", status=3)
        self.error("logs", execution, "fetch", "--attempt", "0", status=2)

    def test_check_and_graph(self):
        self.file("nightly.yaml", NIGHTLY)
        version = self.lines("check", "nightly.yaml")[0]["version"]
        self.assertEqual(self.ctl("check", "nightly.yaml"), f"nightly  {version}\n")
        self.assertIn("fetch", self.ctl("graph", "nightly.yaml"))
        self.assertRegex(self.ctl("graph", "nightly.yaml", "--format", "dot"), r'"fetch" -> "sum"')
        self.assertRegex(self.ctl("graph", "--format=mermaid", "nightly.yaml"), r"t0 --> t1")
        execution = self.nightly()["id"]
        self.assertRegex(self.ctl("graph", execution), r"✓ fetch +Completed [\d.]+m?s")
        self.assertRegex(self.ctl("graph", execution, "--format", "dot"), r'"alarm" \[.*fillcolor="#[0-9a-f]+", xlabel="Skipped"')
        self.assertRegex(self.ctl("graph", execution, "--format", "mermaid"), r"class t2 skipped")
        self.assertEqual(self.lines("graph", execution)[0]["tasks"][0], {"name": "fetch", "after": [], "status": "Completed"})
        self.error("graph", "nightly.yaml", "--format", "png", status=2)
        self.error("graph", world.MISSING_ID, status=3)
        self.error("graph", "nowhere.yaml", status=2)

    def test_check_tells_all_problems(self):
        self.file("bad.yaml", "cloacina: 1\nworkflows:\n  - name: x\n    tasks:\n      a: {rnu: 'true'}\n      b: {run: 'true', after: c}\n")
        text = self.error("check", "bad.yaml", status=2)
        self.assertRegex(text, r"(?m)^bad\.yaml:5:\d+: .*rnu")
        self.assertRegex(text, r"(?m)^bad\.yaml:6:\d+: .*'c'")

    def test_submit_and_wait(self):
        self.file("nightly.yaml", NIGHTLY)
        self.serve("nightly.yaml")
        execution = self.submit("nightly", "--key", "monday", "--priority", "-5")
        self.assertEqual(self.submit("nightly", "--key", "monday"), execution)
        self.assertEqual(self.ctl("wait", execution, "--timeout", "60s"), "Completed\n")
        shown = self.show(execution)
        self.assertEqual((shown["key"], shown["priority"]), ("monday", -5))
        self.assertEqual(self.ctl("submit", "nightly", "--input", "@-", "--wait", stdin=b'{"day":"x"}').splitlines()[1], "Completed")
        self.file("input.json", '{"day": "from a file"}')
        waited = self.lines("submit", "nightly", "--input", "@input.json", "--wait")[0]
        self.assertEqual(waited["input"], {"day": "from a file"})
        self.assertEqual(list(self.lines("submit", "nightly")[0]), ["id"])
        later = self.submit("nightly", "--at", "2100-01-01T00:00:00Z")
        self.assertIn("Pending", self.error("wait", later, "--timeout", "10ms", status=6))
        self.assertEqual(self.status(later), "Pending")

    def test_runners(self):
        self.assertEqual(self.lines("runners"), [])
        self.file("nightly.yaml", NIGHTLY)
        serve = self.serve("nightly.yaml", "--workers", "3")
        rows = self.lines("runners")
        self.assertEqual(len(rows), 1)
        self.assertEqual((rows[0]["pid"], rows[0]["alive"], rows[0]["workers"], rows[0]["holds"]), (serve.pid, True, 3, []))
        self.assertRegex(rows[0]["workflows"][0], r"^nightly [0-9a-f]+$")
        self.assertIn("alive", self.ctl("runners"))
        self.assertEqual(serve.stop(), 0)
        self.assertEqual(self.lines("runners"), [])

    def test_migrate_doctor_prune(self):
        plan = self.lines("migrate", "--dry-run")[0]
        self.assertEqual((plan["from"], plan["dry_run"]), (0, True))
        self.assertFalse(self.path("cloacina.db").exists())
        self.assertEqual(self.ctl("doctor", status=1).count("problem"), 1)
        self.ctl("migrate")
        self.assertEqual(self.lines("migrate")[0]["applied"], [])
        self.assertTrue(all(not f["problem"] for f in self.lines("doctor")))
        execution = self.nightly()["id"]
        self.assertEqual(self.ctl("prune", "--older-than", "1h"), "deleted 0 executions\n")
        self.assertEqual(self.lines("prune", "--older-than", "0s"), [{"deleted": 1}])
        self.error("show", execution, status=3)

    def test_prune_by_number_status_and_history(self):
        kept = [self.nightly()["id"] for _ in range(4)]
        self.ctl("schedule", "put", "yearly", "--cron", "0 0 1 1 *", "--workflow", "nightly")
        self.error("prune", "--status", "Completed", status=2)
        self.error("prune", "--keep", "1", "--status", "Running", status=2)
        self.error("prune", "--keep", "-1", status=2)
        self.assertEqual(self.ctl("prune", "--keep", "2", "--status", "Failed", "--status", "Cancelled"), "deleted 0 executions\n")
        self.assertEqual(self.ctl("prune", "--keep", "2", "--status", "Completed", "--firings-older-than", "365d"),
                         "deleted 2 executions\ndeleted 0 firings\n")
        self.assertEqual(self.lines("prune", "--keep", "2", "--firings-older-than", "1d"), [{"deleted": 0, "firings": 0}])
        self.assertEqual([e["id"] for e in self.lines("list")], kept[:1:-1])
        self.assertTrue(all(not f["problem"] for f in self.lines("doctor")))

    def test_serve_deletes_what_it_does_not_keep(self):
        self.file("nightly.yaml", NIGHTLY)
        serve = self.serve("nightly.yaml", "--keep", "1", "--keep-for", "0s", "--keep-firings-for", "30d")
        for _ in range(3):
            self.ctl("submit", "nightly", "--wait")
        world.until("all but one execution is deleted", lambda: len(self.lines("list")) == 1)
        self.assertEqual(serve.stop(), 0)

    def test_doctor_sees_stranded_work(self):
        self.nightly()
        self.submit("nightly")
        self.assertIn("stranded", self.ctl("doctor", status=1))
        self.assertIn("stranded", self.ctl("list"))

    @world.of_files
    def test_tenants_are_apart(self):
        self.file("nightly.yaml", NIGHTLY)
        self.ctl("run", "nightly.yaml", "--tenant", "acme")
        self.assertTrue(self.path("cloacina.acme.db").exists())
        self.assertFalse(self.path("cloacina.db").exists())
        self.assertEqual(len(self.lines("--tenant", "acme", "list")), 1)
        self.assertEqual(self.lines("list"), [])
        for name in ("Acme", "a-b", "../x", "1a", "a" * 64, "a/b"):
            self.error("list", "--tenant", name, status=2)

    @world.of_files
    def test_database_option(self):
        self.file("nightly.yaml", NIGHTLY)
        self.ctl("run", "nightly.yaml", "--database", "sqlite:other.db")
        self.assertEqual(len(self.lines("list", env=self.env | {"CLOACINA_DATABASE": "sqlite:other.db"})), 1)
        self.assertEqual(len(self.lines("--database", "sqlite:other.db", "list")), 1)
        self.assertEqual(len(self.lines("list", "--database", f"sqlite:{self.path('other.db')}")), 1)
        self.assertEqual(self.lines("list"), [])
        self.assertFalse(self.path("cloacina.db").exists(), "a look made a database")

    def test_help_and_version(self):
        self.assertRegex(self.ctl("--version"), r"^cloacinactl \d+\.\d+\.\d+\n$")
        text = self.ctl("--help")
        for command in ("run", "serve", "submit", "wait", "show", "list", "logs", "cancel", "pause", "resume", "retry", "check", "graph",
                        "runners", "migrate", "doctor", "prune"):
            self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertIn("--help", self.ctl(command, "--help"))

    def test_closed_pipe_is_no_error(self):
        self.nightly()
        for arguments in (["list", "--json"], ["--help"], ["graph", "nightly.yaml"], ["run", "nightly.yaml"]):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run([world.CTL, *arguments], cwd=self.folder, env=self.env, stdout=writing, stderr=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL, timeout=world.PATIENCE)
            os.close(writing)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(b"ipe", done.stderr)

    def on_terminal(self, *arguments, **environment):
        """What a person sees."""
        main, side = pty.openpty()
        env = {k: v for k, v in self.env.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | environment
        process = self.start(*arguments, stdout=side, stderr=side, env=env)
        os.close(side)
        seen = b""
        while True:
            readable, _, _ = select.select([main], [], [], world.PATIENCE)
            self.assertTrue(readable, "nothing came from the command")
            try:
                block = os.read(main, 65536)
            except OSError:  # the other end is closed
                block = b""
            if not block:
                break
            seen += block
        os.close(main)
        self.assertEqual(process.wait(world.PATIENCE), 0, seen)
        return seen.decode()

    def test_live_progress_on_a_terminal(self):
        self.file("slow.yaml", world.flow("slow", {"a": {"run": "sleep 0.5"}, "b": {"run": "true", "after": "a"}}))
        seen = self.on_terminal("run", "slow.yaml")
        self.assertRegex(seen, r"\x1b\[\d+A", "nothing was drawn again")
        self.assertIn("░", seen)
        self.assertIn("\x1b[32mcompleted\x1b[0m", seen)
        self.assertNotIn("\x1b[32m", self.on_terminal("list", NO_COLOR="1"))
        self.assertIn("\x1b[32m", self.on_terminal("list"))


if __name__ == "__main__":
    world.main()
