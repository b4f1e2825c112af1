"""The schedule commands: what they take, refuse and print."""

import os
import pty
import re
import subprocess

import world
from schedule_world import ScheduleWorld, utc_now

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
LIST_KEYS = ["name", "workflow", "cron", "time_zone", "paused", "next_run_at", "last_slot", "disabled_reason", "source"]
DEFINITION_KEYS = {"name", "workflow", "input", "cron", "dialect", "time_zone", "gap", "overlap", "start_at", "end_at", "catchup",
                   "max_lateness", "catchup_window", "concurrency", "jitter", "paused", "priority", "tags"}


class ScheduleCommands(ScheduleWorld):
    def test_put_creates_updates_and_leaves_unchanged(self):
        self.assertEqual(self.put("s", cron="0 2 * * *"), "created\n")
        self.assertEqual(self.put("s", cron="0 2 * * *"), "unchanged\n")
        self.assertEqual(self.put("s", "--zone", "Europe/Berlin", cron="0 2 * * *"), "updated\n")
        self.assertEqual(self.get("s")["time_zone"], "Europe/Berlin")
        # What is not given takes its default again.
        self.assertEqual(self.put("s", cron="0 2 * * *"), "updated\n")
        self.assertEqual(self.get("s")["time_zone"], "UTC")
        self.assertEqual(self.lines("schedule", "put", "s", "--workflow", "w", "--cron", "0 2 * * *"),
                         [{"schedule": "s", "result": "unchanged"}])

    def test_every_field_has_its_option(self):
        self.put("s", "--input", '{"a":[1]}', "--dialect", "extended", "--zone", "Europe/Berlin", "--gap", "shift", "--overlap", "both",
                 "--start-at", "2030-01-01T00:00:00+01:00", "--end-at", "2031-01-01T00:00:00Z", "--catchup", "latest",
                 "--max-lateness", "5m", "--catchup-window", "7d", "--concurrency", "queue", "--jitter", "1m30s", "--paused",
                 "--priority", "-7", "--tag", "team=sales", "--tag", "tier=1=2", cron="5/15 2 * * *")
        row = self.get("s")
        self.assertEqual(list(row)[:len(LIST_KEYS)], LIST_KEYS)
        self.assertLessEqual(DEFINITION_KEYS, set(row))
        expected = {"workflow": "w", "input": {"a": [1]}, "cron": "5/15 2 * * *", "dialect": "extended", "time_zone": "Europe/Berlin",
                    "gap": "shift", "overlap": "both", "start_at": "2029-12-31T23:00:00.000000Z",
                    "end_at": "2031-01-01T00:00:00.000000Z", "catchup": "latest", "max_lateness": "5m", "catchup_window": "7d",
                    "concurrency": "queue", "jitter": "1m30s", "paused": True, "priority": -7, "tags": {"team": "sales", "tier": "1=2"},
                    "disabled_reason": None, "source": None, "last_slot": None}
        self.assertEqual({key: row[key] for key in expected}, expected)

    def test_bad_input_is_refused_with_its_name(self):
        cases = [
            (["--cron", "0 25 * * *"], "hour field"),
            (["--cron", "0/15 * * * *"], "*/15"),
            (["--cron", "@every 5m"], "extended"),
            (["--cron", "0 0 31 2 *"], "no such date"),
            (["--cron", ""], "cron"),
            (["--cron", "0 0 1 1 *", "--end-at", "2020-01-01T00:00:00Z"], "end_at"),
            (["--zone", "Europe/Berln"], "Europe/Berlin"),
            (["--gap", "jump"], "next_valid, shift, skip"),
            (["--overlap", "all"], "automatic, first, second, both"),
            (["--catchup", "some"], "none, latest, all"),
            (["--concurrency", "wait"], "allow, skip, queue, replace"),
            (["--dialect", "quartz"], "ocps, extended"),
            (["--jitter", "5"], "--jitter"),
            (["--max-lateness", "-5s"], "--max-lateness"),
            (["--start-at", "tomorrow"], "--start-at"),
            (["--start-at", "2030-01-01T00:00:00Z", "--end-at", "2030-01-01T00:00:00Z"], "end_at"),
            (["--priority", "10000000"], "priority"),
            (["--tag", "team"], "KEY=VALUE"),
            (["--tag", "a=1", "--tag", "a=2"], "twice"),
            (["--input", "[1]"], "--input"),
            (["--workflow", "no name"], "workflow"),
            (["--colour", "red"], "--colour"),
        ]
        for options, words in cases:
            given = {"--workflow": "w", "--cron": "@daily"}
            given = [word for pair in given.items() if pair[0] not in options for word in pair]
            with self.subTest(options=options):
                self.assertIn(words, self.error("schedule", "put", "s", *given, *options, status=2))
        self.assertIn("name", self.error("schedule", "put", "a b", "--workflow", "w", "--cron", "@daily", status=2))
        self.assertFalse(self.path("cloacina.db").exists(), "a refused schedule made a database")
        for words in (["schedule"], ["schedule", "put"], ["schedule", "put", "s"], ["schedule", "fly", "s"],
                      ["schedule", "next", "s", "--count", "0"], ["schedule", "history", "s", "--limit", "0"]):
            self.assertIn("--help", self.error(*words, status=2))

    def test_what_is_not_there(self):
        self.error("schedule", "get", "s", status=3)  # not even a database
        self.put("nightly", cron="0 2 * * *")
        for words in (["get"], ["remove"], ["resume"], ["pause"], ["run-now"], ["next"], ["history"], ["stats"],
                      ["backfill", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"]):
            text = self.error("schedule", words[0], "nightyl", *words[1:], status=3)
            self.assertIn("did you mean 'nightly'?", text)
        self.error("schedule", "get", "s", "--database", "sqlite:/nowhere/c.db", status=5)

    def test_list(self):
        if not world.ON_POSTGRES:
            self.assertEqual(self.ctl("schedule", "list"), "", "there is not even a database")
        self.put("b", cron="0 2 * * *")
        self.put("a", "--zone", "Europe/Berlin", "--paused", workflow="v", cron="0 3 * * *")
        rows = self.lines("schedule", "list")
        self.assertEqual([row["name"] for row in rows], ["a", "b"])
        self.assertEqual(list(rows[0])[:len(LIST_KEYS)], LIST_KEYS)
        self.assertRegex(rows[1]["next_run_at"], TIME)
        self.assertEqual([row["name"] for row in self.lines("schedule", "list", "--workflow", "w")], ["b"])
        self.assertEqual([row["name"] for row in self.lines("schedule", "list", "--paused")], ["a"])
        lines = self.ctl("schedule", "list").splitlines()
        self.assertRegex(lines[0], r"^SCHEDULE +WORKFLOW +RULE +ZONE +NEXT RUN +LAST +LATE$")
        self.assertRegex(lines[1], r"^a +v +0 3 \* \* \* +Europe/Berlin +paused")
        self.assertRegex(lines[2], r"^b +w +0 2 \* \* \* +UTC +\d{4}-\d\d-\d\dT02:00:00\+00:00  in \d")

    def test_remove(self):
        self.put("s", cron="0 2 * * *")
        self.assertEqual(self.ctl("schedule", "remove", "s"), "removed\n")
        self.error("schedule", "get", "s", status=3)
        self.error("schedule", "remove", "s", status=3)

    # ---- looking ahead

    def test_next(self):
        self.put("s", "--zone", "Europe/Berlin", cron="0 12 1 1 *")
        year = utc_now().year + 1
        self.assertEqual(self.ctl("schedule", "next", "s", "--count", "2"), f"{year}-01-01T11:00:00Z\n{year + 1}-01-01T11:00:00Z\n")
        row = self.lines("schedule", "next", "s")[0]
        self.assertEqual(row, {"schedule": "s", "slot": f"{year}-01-01T11:00:00Z", "local": f"{year}-01-01T12:00:00+01:00",
                               "kind": "regular", "moved": None})
        self.put("over", cron="0 0 0 1 1 * 2020")
        self.assertEqual(self.ctl("schedule", "next", "over"), "none\n")

    def on_a_terminal(self, *arguments):
        parent, child = pty.openpty()
        process = subprocess.Popen([world.CTL, *arguments], cwd=self.folder, env=self.env, stdout=child, stderr=child, stdin=child)
        os.close(child)
        out = b""
        while True:
            try:
                block = os.read(parent, 65536)
            except OSError:
                break
            if not block:
                break
            out += block
        os.close(parent)
        self.assertEqual(process.wait(world.PATIENCE), 0)
        return out.decode().replace("\r\n", "\n")

    def test_next_tells_a_person_what_the_clock_change_does(self):
        self.put("s", "--zone", "Europe/Berlin", cron="30 2 * * *")
        text = self.on_a_terminal("schedule", "next", "s", "--count", "370")
        self.assertRegex(text, r"(?m)^\d{4}-03-\d\dT01:00:00Z  \d{4}-03-\d\dT03:00:00\+02:00  in .*02:30 does not exist that day: moved to 03:00$")
        self.put("s", "--zone", "Europe/Berlin", "--gap", "skip", cron="30 2 * * *")
        text = self.on_a_terminal("schedule", "next", "s", "--count", "370")
        self.assertRegex(text, r"(?m)^skipped +\d{4}-03-\d\dT02:30:00 +02:30 does not exist that day$")
        self.assertRegex(text, r"(?m)^skipped +\d{4}-10-\d\dT02:30:00\+01:00 +02:30 comes twice that day: only the first pass fires$")

    def test_calendar(self):
        self.put("often")
        self.put("noon", "--zone", "Europe/Berlin", cron="0 12 * * *")
        self.put("boot", cron="@reboot")
        self.put("far", "--start-at", "2100-01-01T00:00:00Z", cron="@daily")
        text = self.ctl("schedule", "calendar", "--days", "3")
        self.assertRegex(text, r"(?m)^[A-Z]\w+day, \d+ [A-Z]\w+ \d{4}$")
        self.assertRegex(text, r"(?m)^  00:00 - 23:59:59 +UTC +often +86,400 times$")
        self.assertRegex(text, r"(?m)^  12:00 +Europe/Berlin +noon$")
        self.assertNotIn("boot", text)
        rows = self.lines("schedule", "calendar", "--days", "3")
        self.assertEqual([row["count"] for row in rows if row["schedule"] == "often"][1:], [86400, 86400])
        self.error("schedule", "calendar", "--days", "0", status=2)

    def test_check_shows_schedules(self):
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": "0 2 * * *", "time_zone": "Europe/Berlin"}]))
        lines = self.ctl("check", "w.yaml").splitlines()
        self.assertRegex(lines[0], r"^w  [0-9a-f]+$")
        self.assertRegex(lines[1], r"^  schedule s: 0 2 \* \* \* Europe/Berlin, next \d{4}-\d\d-\d\dT02:00:00\+0[12]:00$")
        self.assertEqual(self.lines("check", "w.yaml")[0]["schedules"][0]["name"], "s")
        self.file("bad.yaml", self.flow_with([{"name": "s", "cron": "0 25 * * *", "time_zone": "Europe/Berln", "catchup": "alll"}]))
        text = self.error("check", "bad.yaml", status=2)
        self.assertEqual(len(re.findall(r"(?m)^bad\.yaml:1:\d+: ", text)), 3)

    def test_help(self):
        text = self.ctl("schedule", "--help")
        for command in ("put", "get", "list", "next", "history", "stats", "calendar", "pause", "resume", "remove", "run-now", "backfill"):
            self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertIn("--database", self.ctl("schedule", command, "--help"))
        self.assertRegex(self.ctl("--help"), r"(?m)^  schedule ")
        text = self.ctl("schedule", "put", "--help")
        for option in ("workflow", "input", "cron", "dialect", "zone", "gap", "overlap", "start-at", "end-at", "catchup", "max-lateness",
                       "catchup-window", "concurrency", "jitter", "paused", "priority", "tag"):
            self.assertRegex(text, rf"(?m)^  --{option} ")

    def test_the_shapes_of_the_controls(self):
        self.put("s", cron="@daily")
        self.assertEqual(self.lines("schedule", "pause", "s")[0]["paused"], True)
        self.assertEqual(self.lines("schedule", "resume", "s")[0]["paused"], False)
        self.assertEqual(list(self.lines("schedule", "run-now", "s")[0]), ["id"])
        self.assertEqual(self.lines("schedule", "remove", "s"), [{"removed": "s"}])


class Changes(world.World):
    def test_history_tells_who_changed_it(self):
        self.env["CLOACINA_ACTOR"] = "ann"
        self.ctl("schedule", "put", "s", "--workflow", "w", "--cron", "0 2 * * *")
        self.env["CLOACINA_ACTOR"] = "bob"
        self.ctl("schedule", "put", "s", "--workflow", "w", "--cron", "0 3 * * *")
        self.ctl("schedule", "pause", "s", "--note", "a holiday")
        said = self.ctl("schedule", "history", "s").splitlines()
        changes = [line.split(None, 1)[1] for line in said if line.endswith(("ann", "bob"))]
        self.assertEqual([c.split()[0] for c in changes], ["paused", "updated", "created"], said)
        self.assertIn("a holiday", changes[0])
        self.assertIn("cron: 0 2 * * * -> 0 3 * * *", changes[1])
        self.ctl("schedule", "remove", "s")
        self.assertIn("by 'bob'", self.error("schedule", "history", "s", status=3))


if __name__ == "__main__":
    world.main()
