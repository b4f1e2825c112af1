"""Every mistake and every broken world has its exit status, a sentence on stderr, and leaves nothing half done."""

import os
import resource
import sqlite3
import subprocess

import world

W = world.flow("w", {"a": {"run": "true"}})


class Mistakes(world.World):
    def test_words(self):
        for arguments in (["frobnicate"], ["run"], ["show"], ["wait"], ["list", "--frob"], ["show", "not-an-id"], ["wait", "1234"],
                          ["cancel", "x"], ["pause", "x"], ["resume", "x"], ["retry", "x"], ["logs", "x"], ["prune"],
                          ["prune", "--older-than", "7"], ["wait", world.MISSING_ID, "--timeout", "soon"],
                          ["submit", "w", "--priority", "high"], ["submit", "w", "--at", "tomorrow"], ["run", "w.yaml", "--workers", "x"],
                          ["list", "--database", "mysql://x"], ["list", "--database", "sqlite:"], ["list", "--database", "x.db"]):
            self.error(*arguments, status=2)
        self.error(status=2)

    def test_unknown_things(self):
        self.ctl("migrate")
        for command in ("show", "wait", "logs", "cancel", "pause", "resume", "retry", "graph"):
            self.assertIn(world.MISSING_ID, self.error(command, world.MISSING_ID, status=3))
        self.file("w.yaml", W)
        self.ctl("run", "w.yaml")
        self.assertIn("'w'", self.error("submit", "ww", status=3))

    def test_without_a_database(self):
        for command in ("show", "wait", "logs", "cancel", "pause", "resume", "retry", "graph"):
            self.error(command, world.MISSING_ID, status=3)
        self.error("submit", "w", status=3)
        self.assertEqual(self.lines("list"), [])
        self.assertEqual(os.listdir(self.folder), [])

    def test_inputs(self):
        self.file("w.yaml", W)
        self.ctl("run", "w.yaml")
        self.file("list.json", "[1]")
        self.file("deep.json", '{"a":' + "[" * 100000 + "]" * 100000 + "}")
        self.file("binary", os.urandom(1000))
        for word in ("", "{", "[]", "3", '"x"', "{'a': 1}", '{"a": 1} x', "@list.json", "@deep.json", "@nowhere.json", "@.", "@binary",
                     '{"a": "\xff"}'.encode("latin-1")):
            self.error("submit", "w", "--input", word, status=2)
            self.error("run", "w.yaml", "--input", word, status=2)
        self.error("submit", "w", "--input", "@-", stdin=b"nonsense", status=2)
        self.error("submit", "w", "--priority", "2000000", status=2)
        self.error("submit", "w", "--key", "", status=2)
        self.error("serve", "w.yaml", "--workers", "0", status=2)
        self.error("serve", "w.yaml", "--lease", "1ms", status=2)
        self.assertEqual(len(self.lines("list")), 1)

    def test_hostile_files(self):
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
        files = {
            "bomb.yaml": bomb,
            "big.yaml": b"cloacina: 1\n# " + b"x" * (50 << 20),
            "binary.yaml": os.urandom(100_000),
            "zeros.yaml": bytes(10_000),
            "deep.yaml": "a: " + "[" * 100_000,
            "empty.yaml": "",
            "json.yaml": '{"cloacina": 1, "workflows": [{]}',
            "old.yaml": "cloacina: 99\nworkflows: []\n",
            "cycle.yaml": world.flow("w", {"a": {"run": "true", "after": "b"}, "b": {"run": "true", "after": "a"}}),
        }
        for name, text in files.items():
            self.file(name, text)
            for command in ("check", "run", "serve", "graph"):
                self.assertRegex(self.error(command, name, status=2), rf"(?m)^{name}:\d+:\d+: .")
            self.path(name).unlink()
        self.assertFalse(self.path("cloacina.db").exists(), "a bad file made a database")
        for command in ("check", "run", "serve", "graph"):
            self.error(command, "nowhere.yaml", status=2)
        self.file("good.yaml", W)
        self.file("bad.yaml", "cloacina: 1\nworkflows: 3\n")
        self.error("check", "good.yaml", "bad.yaml", status=2)

    def test_data_is_not_code(self):
        self.file("w.yaml", world.flow("w", {"a": {"run": 'printf "%s" "$CTX_x"'}, "b": {"command": ["printf", "%s", "$(touch hacked); `id`"]}}))
        evil = "'; touch hacked; echo \"$(touch hacked)`touch hacked`"
        execution = self.lines("run", "w.yaml", "--input", world.json.dumps({"x": evil, "a b": 1, "LD_PRELOAD": "x"}))[0]
        self.assertEqual(self.ctl("logs", execution["id"], "a"), evil)
        self.assertEqual(self.ctl("logs", execution["id"], "b"), "$(touch hacked); `id`")
        self.assertFalse(self.path("hacked").exists())


class Databases(world.World):
    def every_command(self, status, *options):
        """Errors of all commands that open the database."""
        self.file("w.yaml", W)
        texts = [self.error(*words, *options, status=status)
                 for words in (["run", "w.yaml"], ["serve", "w.yaml"], ["submit", "w"], ["list"], ["show", world.MISSING_ID],
                               ["cancel", world.MISSING_ID], ["runners"], ["prune", "--older-than", "1d"],
                               ["schedule", "list"], ["schedule", "get", "s"], ["schedule", "run-now", "s"],
                               ["schedule", "put", "s", "--workflow", "w", "--cron", "@daily"])]
        return texts

    def test_missing_folder(self):
        self.every_command(5, "--database", "sqlite:nowhere/x.db")
        self.error("migrate", "--database", "sqlite:nowhere/x.db", status=5)
        self.path("folder").mkdir()
        self.every_command(5, "--database", "sqlite:folder")

    def test_foreign_database(self):
        with sqlite3.connect(self.path("cloacina.db")) as db:
            db.execute("CREATE TABLE customers (name TEXT)")
        db.close()
        before = self.path("cloacina.db").read_bytes()
        for text in self.every_command(4):
            self.assertIn("customers", text)
        self.assertEqual(self.path("cloacina.db").read_bytes(), before)
        self.ctl("doctor", status=1)

    def test_newer_schema(self):
        self.ctl("migrate")
        db = self.database()
        db.execute("INSERT INTO cloacina_migration VALUES (9999, 'from the future', 0)")
        db.close()
        for text in self.every_command(4):
            self.assertIn("9999", text)
        self.error("migrate", status=4)
        self.ctl("doctor", status=1)

    def test_no_database_at_all(self):
        self.file("cloacina.db", b"this is a letter to my grandmother\n" * 1000)
        self.every_command(5)
        self.ctl("doctor", status=1)
        self.assertIn("letter", self.path("cloacina.db").read_text())

    def test_corrupt_database(self):
        self.file("w.yaml", W)
        for _ in range(5):
            self.ctl("run", "w.yaml")
        data = bytearray(self.path("cloacina.db").read_bytes())
        for at in range(4096, len(data)):
            data[at] ^= 0x5A
        self.path("cloacina.db").write_bytes(data)
        self.every_command(5)
        self.ctl("doctor", status=1)

    def test_no_permission(self):
        """Root may write anywhere, so the test gives its rights away."""
        self.file("w.yaml", W)
        self.path("closed").mkdir()
        options = ["--database", "sqlite:closed/x.db"]
        self.ctl("migrate", *options)
        self.path("closed/x.db").chmod(0o444)
        self.path("closed").chmod(0o555)
        run = {}
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            run = {"user": 65534, "group": 65534, "extra_groups": []}
        for words in (["run", "w.yaml"], ["serve", "w.yaml"], ["submit", "w"]):
            self.assertIn("closed", self.error(*words, *options, status=5, **run))
        self.assertEqual(sorted(os.listdir(self.path("closed")))[0], "x.db")

    def test_locked_for_a_while(self):
        self.file("w.yaml", W)
        serve = self.serve("w.yaml")
        db = self.database()
        db.execute("BEGIN IMMEDIATE")
        submit = self.start("submit", "w", "--wait")
        self.assertEqual(len(self.lines("list")), 0, "readers do not wait for the lock")
        with self.assertRaises(subprocess.TimeoutExpired):
            submit.wait(1)
        db.execute("COMMIT")
        out, err = submit.communicate(timeout=world.PATIENCE)
        self.assertEqual((submit.returncode, out.split()[1:]), (0, [b"Completed"]), err)
        db.execute("BEGIN IMMEDIATE")
        text = self.error("submit", "w", status=5)
        self.assertIn("locked", text)
        db.execute("ROLLBACK")
        db.close()
        self.ctl("submit", "w", "--wait")
        self.assertIsNone(serve.process.poll())

    def limited(self, kind, value, *arguments, **run):
        def limit():
            resource.setrlimit(kind, (value, value))
        return self.raw(*arguments, preexec_fn=limit, **run)

    def test_full_disk(self):
        self.file("w.yaml", W)
        self.ctl("run", "w.yaml")
        before = len(self.lines("list"))
        size = max(self.path("cloacina.db").stat().st_size // 2, 4096)
        done = self.limited(resource.RLIMIT_FSIZE, size, "submit", "w", "--input", world.json.dumps({"x": "y" * 100_000}))
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertNotEqual(done.stderr, "")
        self.assertEqual(len(self.lines("list")), before, "half of it was done")
        self.ctl("doctor", status=0)
        done = self.limited(resource.RLIMIT_FSIZE, 8192, "migrate", "--database", "sqlite:new.db")
        self.assertEqual(done.returncode, 5, done.stderr)

    def test_full_file_system(self):
        """A small file system where we may make one; else a file that may not grow stands for it."""
        self.path("small").mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.path("small")], capture_output=True).returncode == 0
        try:
            self.fill_up({} if mounted else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))})
        finally:
            if mounted:
                subprocess.run(["umount", self.path("small")], check=True)

    def fill_up(self, run):
        self.file("w.yaml", W)
        options = ["--database", "sqlite:small/x.db"]
        self.ctl("run", "w.yaml", *options)
        ids = []
        for _ in range(200):
            done = self.raw("submit", "w", "--input", world.json.dumps({"x": "y" * 20_000}), *options, **run)
            if done.returncode != 0:
                break
            ids.append(done.stdout.strip())
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertNotEqual(ids, [])
        listed = {e["id"] for e in self.lines("list", "--status", "Pending", "--limit", "1000", *options)}
        self.assertEqual(listed, set(ids), "what was said is not what is there")

    def test_out_of_descriptors(self):
        self.file("w.yaml", world.flow("w", {f"t{i}": {"run": "true"} for i in range(8)}))
        self.ctl("run", "w.yaml")
        seen = set()
        for limit in [*range(4, 40), 256]:
            done = self.limited(resource.RLIMIT_NOFILE, limit, "run", "w.yaml", "--json")
            seen.add(done.returncode)
            self.assertIn(done.returncode, (0, 1, 2, 5), f"{limit} descriptors: {done.stderr}")
            if done.returncode != 0:
                self.assertNotEqual(done.stderr, "")
        self.assertIn(0, seen)
        self.assertIn(5, seen)
        self.serve("w.yaml")
        world.until("everything has ended", lambda: not self.lines("list", "--status", "Running") and not self.lines("list", "--status", "Pending"))
        self.ctl("doctor")

    def test_full_output(self):
        self.file("w.yaml", W)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([world.CTL, "check", "w.yaml"], cwd=self.folder, env=self.env, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)


class Tasks(world.World):
    def run_one(self, status, **task):
        self.file("w.yaml", world.flow("w", {"a": task}))
        execution = self.lines("run", "w.yaml", status=status)[0]
        return execution, execution["tasks"][0]["attempts"][-1]

    def test_command_that_does_not_exist(self):
        execution, attempt = self.run_one(1, command=["no-such-command-at-all"])
        self.assertEqual((attempt["status"], attempt["exit"]), ("Failed", None))
        self.assertIn("no-such-command-at-all", attempt["error"])
        _, attempt = self.run_one(1, command=["true"], cwd="nowhere")
        self.assertIn("nowhere", attempt["error"])

    def test_command_that_prints_gigabytes(self):
        execution, attempt = self.run_one(0, run="head -c 2000000000 /dev/zero | tr '\\0' x; echo the end")
        (log,) = self.lines("logs", execution["id"])
        self.assertEqual((len(log["text"]), log["truncated"]), (65536, True))
        self.assertTrue(log["text"].endswith("xthe end\n"))

    def test_command_that_never_reads(self):
        self.file("big.json", world.json.dumps({"x": "y" * 10_000_000}))
        self.file("w.yaml", world.flow("w", {"a": {"run": "true"}}))
        self.assertEqual(self.ctl("run", "w.yaml", "--input", "@big.json").count("y"), 10_000_000)

    def test_output_that_is_no_object(self):
        for text in ("[1]", "nonsense", "{"):
            _, attempt = self.run_one(1, run=f"echo '{text}' > \"$CLOACINA_OUTPUT\"")
            self.assertIn("CLOACINA_OUTPUT", attempt["error"])

    def test_child_that_keeps_stdout_open(self):
        execution, _ = self.run_one(0, run="sleep 1000 & echo $! > child")
        self.assertTrue(world.gone(int(self.path("child").read_text())))

    def test_what_a_command_sees(self):
        execution, _ = self.run_one(0, run="ls /proc/self/fd | tr '\\n' ' '; env | grep ^CLOACINA_ | sort | cut -d= -f1 | tr '\\n' ' '")
        words = self.ctl("logs", execution["id"]).split()
        # ls itself opens the folder that it lists.
        self.assertEqual(words[:4], ["0", "1", "2", "3"])
        self.assertEqual(words[4:], [f"CLOACINA_{k}" for k in ("ATTEMPT", "EXECUTION", "FENCE", "OUTPUT", "TASK", "WORKFLOW")])


if __name__ == "__main__":
    world.main()
