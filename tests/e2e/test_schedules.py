"""Schedules that fire, with runners that are killed: every slot is in the ledger, and none fires twice."""

import re
import signal

import world
from schedule_world import EVERY_SECOND, SECOND, TICK, ScheduleWorld, instant, let_pass, text_of, utc_now

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SLOT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HISTORY_KEYS = ["schedule", "slot", "through", "count", "outcome", "reason", "execution", "fired_at", "kind"]


class Schedules(ScheduleWorld):
    def test_slots_fire_and_tell_their_execution(self):
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml")
        self.put("s", "--input", '{"x":1}', "--tag", "a=b", "--priority", "3")
        self.until_fired("s", 3)
        rows = self.history("s")
        self.assertEqual(list(rows[0]), HISTORY_KEYS)
        self.assertEqual([rows[0][k] for k in ("schedule", "count", "outcome", "reason", "kind")], ["s", 1, "fired", None, "slot"])
        self.assertRegex(rows[0]["slot"], SLOT)
        self.assertEqual(rows[0]["slot"], rows[0]["through"])
        self.assertRegex(rows[0]["fired_at"], TIME)
        self.assertEqual([row["slot"] for row in rows], sorted((row["slot"] for row in rows), reverse=True))
        oldest = rows[-1]
        self.assertEqual(self.ctl("wait", oldest["execution"]), "Completed\n")
        execution = self.show(oldest["execution"])
        self.assertEqual((execution["schedule"], execution["slot"], execution["priority"]), ("s", oldest["slot"], 3))
        self.assertEqual(execution["input"], {"x": 1, "scheduled_time": oldest["slot"], "schedule_id": self.get("s")["id"],
                                              "schedule_timezone": "UTC", "schedule_expression": EVERY_SECOND, "schedule_name": "s"})
        listed = [e for e in self.lines("list", "--workflow", "w") if e["id"] == oldest["execution"]]
        self.assertEqual([(e["schedule"], e["slot"]) for e in listed], [("s", oldest["slot"])])
        self.assertIn(f"schedule    s {oldest['slot']}", self.ctl("show", oldest["execution"]))
        self.assertIn(oldest["slot"], self.path("ticks").read_text().split())
        self.assertRegex(self.ctl("schedule", "get", "s"), r"(?m)^last slot +\S+Z  (Completed|Running|Pending)")
        self.assert_complete(self.ledger("s"))

    def test_history_filters(self):
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml")
        self.put("s")
        self.until_fired("s", 2)
        self.ctl("schedule", "pause", "s", "--note", "lunch")
        self.assertIn("paused: lunch", self.ctl("schedule", "list"))
        self.assertEqual(self.get("s")["pause_note"], "lunch")
        let_pass(2.1)
        self.assertEqual(self.ctl("schedule", "resume", "s"), "resumed\n")
        self.until_fired("s", 4)
        slots = self.ledger("s")
        self.assert_complete(slots)
        skipped = self.history("s", "--outcome", "skipped")
        self.assertEqual([row["reason"] for row in skipped], ["paused"], skipped)
        self.assertGreaterEqual(skipped[0]["count"], 2)
        self.assertRegex(self.ctl("schedule", "history", "s"), r"(?m)^\S+Z to \S+Z +\d+ +skipped .*paused: the schedule was paused$")
        since = skipped[0]["through"]
        self.assertTrue(all(row["through"] >= since for row in self.history("s", "--since", since)))
        self.assertEqual(len(self.lines("schedule", "history", "s", "--limit", "2")), 2)
        self.error("schedule", "history", "s", "--outcome", "failed", status=2)
        self.error("schedule", "history", "s", "--since", "yesterday", status=2)
        stats = self.lines("schedule", "stats", "s")[0]
        self.assertGreaterEqual(stats["fired"], 4)
        self.assertEqual(stats["skipped"], {"paused": skipped[0]["count"]})
        self.assertLess(stats["lateness_p50_us"], 1_000_000)
        self.assertRegex(self.ctl("schedule", "stats", "s"), r"(?m)^skipped: paused +\d+")

    def test_run_now_is_no_slot(self):
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml")
        self.put("s", "--paused", cron="0 2 * * *")
        execution = self.ctl("schedule", "run-now", "s").strip()
        self.assertEqual(self.ctl("wait", execution), "Completed\n")
        rows = self.history("s")
        self.assertEqual([(row["kind"], row["outcome"], row["execution"]) for row in rows], [("run_now", "fired", execution)])
        self.assertIsNone(self.get("s")["last_slot"])
        self.assertEqual(self.show(execution)["schedule"], "s")
        self.assertEqual(self.lines("schedule", "stats", "s")[0]["run_now"], 1)

    def test_a_put_elsewhere_wakes_the_runner(self):
        """Nothing polls: the runner sleeps until the end of days, and is on time."""
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml")
        self.put("far", cron="0 0 1 1 *")
        let_pass(1)
        self.put("s")
        put_at = utc_now()
        self.until_fired("s", 3)
        rows = self.history("s")
        self.assertLessEqual(instant(rows[-1]["slot"]), put_at + SECOND)
        for row in rows:
            self.assertLess(instant(row["fired_at"]) - instant(row["slot"]), SECOND, row)

    def test_a_killed_runner_owes_nothing(self):
        """kill -9, several slots without anybody, and again: catch-up makes every second fire exactly once."""
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": EVERY_SECOND, "catchup": "all"}]))
        for _ in range(3):
            serve = self.serve("w.yaml")
            fired = len(self.history("s"))
            self.until_fired("s", fired + 1)
            serve.kill()
            let_pass(3.1)
        self.serve("w.yaml")
        now = text_of(utc_now())
        world.until("what was missed has fired", lambda: self.get("s")["last_slot"] >= now)
        slots = self.ledger("s")
        self.assert_complete(slots)
        self.assertGreaterEqual(len(slots), 10)
        self.assertEqual({row["outcome"] for row in slots.values()}, {"fired"})
        self.assertEqual({row["kind"] for row in slots.values()}, {"slot"})
        for slot, row in slots.items():
            self.assertEqual(self.ctl("wait", row["execution"]), "Completed\n")
            self.assertEqual(self.show(row["execution"])["slot"], slot)

    def test_missed_slots_have_their_reason(self):
        self.file("w.yaml", self.flow_with([{"name": "none", "cron": EVERY_SECOND, "max_lateness": "1s"},
                                            {"name": "latest", "cron": EVERY_SECOND, "catchup": "latest"},
                                            {"name": "window", "cron": EVERY_SECOND, "catchup": "all", "catchup_window": "2s"}]))
        serve = self.serve("w.yaml")
        for name in ("none", "latest", "window"):
            self.until_fired(name, 1)
        serve.kill()
        let_pass(5.1)
        self.serve("w.yaml")
        now = text_of(utc_now())
        for name, reason in (("none", "missed"), ("latest", "superseded"), ("window", "catchup_window")):
            world.until("it is up to date", lambda: self.get(name)["last_slot"] >= now)
            slots = self.ledger(name)
            self.assert_complete(slots)
            skipped = [row for row in self.history(name, "--outcome", "skipped")]
            self.assertEqual({row["reason"] for row in skipped}, {reason}, name)
            self.assertGreaterEqual(max(row["count"] for row in skipped), 2, name)

    def test_an_edit_divides_the_slots(self):
        """Nobody runs; then the rule is another. What the old one owes fires, and the new one begins after its edit."""
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": EVERY_SECOND, "catchup": "all"}]))
        serve = self.serve("w.yaml")
        self.until_fired("s", 1)
        serve.kill()
        let_pass(3.1)
        edited = utc_now()
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": "*/2 * * * * *", "catchup": "all"}]))
        self.serve("w.yaml")
        self.until_fired("s", 6)
        slots = sorted(instant(row["slot"]) for row in self.history("s"))
        old = [slot for slot in slots if slot <= edited]
        self.assertEqual(old, [old[0] + i * SECOND for i in range(len(old))])
        self.assertGreaterEqual(len(old), 4)
        # Between the look at the clock and the edit a slot may have passed.
        new = [slot for slot in slots if slot > edited + 5 * SECOND / 2]
        self.assertTrue(all(slot.second % 2 == 0 for slot in new), slots)
        self.assertEqual(self.get("s")["revision"], 2)

    def test_at_the_start_of_a_runner(self):
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": "@reboot"}]))
        for starts in (1, 2):
            serve = self.serve("w.yaml")
            self.until_fired("s", starts)
            serve.send(signal.SIGHUP)
            world.until("it has loaded its file again", lambda: "reloaded" in serve.said())
            self.assertEqual(len(self.history("s")), starts)
            serve.stop()

    def test_two_runners_fire_each_slot_once(self):
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": EVERY_SECOND, "catchup": "all"}]))
        first = self.serve("w.yaml")
        second = self.serve("w.yaml")
        self.until_fired("s", 3)
        first.kill()
        self.until_fired("s", 5)
        third = self.serve("w.yaml")
        self.until_fired("s", 7)
        slots = self.ledger("s")
        self.assert_complete(slots)
        self.assertEqual({row["outcome"] for row in slots.values()}, {"fired"})
        executions = self.lines("list", "--workflow", "w", "--limit", "1000")
        self.assertEqual(len({e["slot"] for e in executions}), len(executions))
        self.assertEqual((second.stop(), third.stop()), (0, 0))

    def test_concurrency(self):
        """A slow execution, and four answers to the slots that come meanwhile."""
        words = ("skip", "queue", "replace")
        tasks = {"a": {"run": "read x < never"}}
        self.gate("never")
        self.file("w.yaml", self.flow_with([{"name": word, "cron": EVERY_SECOND, "concurrency": word} for word in words], tasks=tasks))
        self.serve("w.yaml", "--workers", "16")
        world.until("slots were skipped", lambda: self.history("skip", "--outcome", "skipped"))
        self.assertEqual({row["reason"] for row in self.history("skip", "--outcome", "skipped")}, {"concurrency"})
        self.assertEqual(len(self.history("skip", "--outcome", "fired")), 1)
        self.until_fired("queue", 2)
        queued = sorted(self.history("queue", "--outcome", "fired"), key=lambda row: row["slot"])
        self.until_status(queued[0]["execution"], "Running")
        self.assertEqual(self.status(queued[1]["execution"]), "Pending")
        self.ctl("cancel", queued[0]["execution"])
        self.until_status(queued[1]["execution"], "Running")
        self.until_fired("replace", 3)
        replaced = sorted(self.history("replace", "--outcome", "fired"), key=lambda row: row["slot"])
        self.until_status(replaced[0]["execution"], "Cancelled")
        self.until_status(replaced[1]["execution"], "Cancelled")

    # ---- files

    def test_files_add_change_and_remove(self):
        daily = {"name": "a", "cron": "0 2 * * *"}
        hourly = {"name": "b", "cron": "0 * * * *"}
        self.put("mine", cron="0 5 * * *")
        self.file("w.yaml", self.flow_with([daily, hourly]))
        serve = self.serve("w.yaml")
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["a", "b", "mine"])
        self.assertEqual(self.get("a")["source"], str(self.path("w.yaml").resolve()))
        self.ctl("schedule", "pause", "a", "--note", "by hand")
        self.file("w.yaml", self.flow_with([daily, hourly | {"cron": "30 * * * *"}, {"name": "c", "cron": "@daily"}]))
        serve.send(signal.SIGHUP)
        world.until("b is another", lambda: self.get("b")["cron"] == "30 * * * *")
        world.until("it is all told", lambda: "1 created, 1 updated, 1 unchanged" in serve.said())
        self.assertTrue(self.get("a")["paused"], "loading the same file again has undone a pause")
        self.file("w.yaml", self.flow_with([daily | {"cron": "0 25 * * *"}]))
        serve.send(signal.SIGHUP)
        world.until("the bad file is refused", lambda: "not reloaded" in serve.said())
        self.assertIn("w.yaml:1:", serve.said())
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["a", "b", "c", "mine"])
        self.file("w.yaml", self.flow_with([daily]))
        serve.send(signal.SIGHUP)
        world.until("b and c are gone", lambda: [row["name"] for row in self.lines("schedule", "list")] == ["a", "mine"])
        serve.stop()
        # Another source does not remove them, this one does, also at its start.
        self.file("other.yaml", world.flow("v", TICK))
        self.serve("other.yaml").stop()
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["a", "mine"])
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml").stop()
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["mine"])

    def test_a_source_with_a_name(self):
        self.file("w.yaml", self.flow_with([{"name": "a", "cron": "@daily"}]))
        self.file("v.yaml", self.flow_with([{"name": "b", "cron": "@daily"}], name="v"))
        self.serve("w.yaml", "--source", "team").stop()
        self.assertEqual(self.get("a")["source"], "team")
        self.serve("v.yaml", "--source", "team").stop()
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["b"])

    def test_one_name_in_two_files(self):
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": "@daily"}]))
        self.file("v.yaml", self.flow_with([{"name": "s", "cron": "@hourly"}], name="v"))
        for words in (["check", "w.yaml", "v.yaml"], ["serve", "w.yaml", "v.yaml"]):
            text = self.error(*words, status=2)
            self.assertRegex(text, r"v\.yaml:1:\d+: schedule 's' is already there, in w\.yaml:1:\d+")

    def test_a_schedule_that_is_over_harms_no_other(self):
        self.file("w.yaml", self.flow_with([{"name": "old", "cron": "@daily", "end_at": "2020-01-01T00:00:00Z"},
                                            {"name": "new", "cron": "@daily"}]))
        serve = self.serve("w.yaml")
        self.assertIn("left out: schedule 'old'", serve.said())
        self.assertEqual([row["name"] for row in self.lines("schedule", "list")], ["new"])

    def test_run_puts_no_schedules(self):
        self.file("w.yaml", self.flow_with([{"name": "s", "cron": EVERY_SECOND}]))
        self.ctl("run", "w.yaml")
        self.assertEqual(self.lines("schedule", "list"), [])

    # ---- backfill

    def test_backfill(self):
        self.file("w.yaml", world.flow("w", TICK))
        self.serve("w.yaml")
        self.put("s", cron="0 0 * * *")
        reach = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-05T00:00:00Z"]
        days = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 5)]
        self.assertEqual(self.ctl("schedule", "backfill", "s", *reach, "--dry-run").split(), days)
        self.assertEqual(self.history("s"), [])
        lines = self.ctl("schedule", "backfill", "s", *reach, "--concurrency", "2").splitlines()
        self.assertEqual([line.split()[0] for line in lines], days)
        for line in lines:
            self.assertEqual(self.ctl("wait", line.split()[1]), "Completed\n")
        self.assertEqual(self.ctl("schedule", "backfill", "s", *reach), "", "it fired twice")
        wider = ["--from", "2025-12-31T00:00:00Z", "--to", "2026-01-05T00:00:01Z"]
        self.assertEqual([row["slot"] for row in self.lines("schedule", "backfill", "s", *wider)],
                         ["2025-12-31T00:00:00Z", "2026-01-05T00:00:00Z"])
        rows = self.history("s")
        self.assertEqual(len(rows), 6)
        self.assertEqual({(row["kind"], row["outcome"]) for row in rows}, {("backfill", "fired")})
        self.assertEqual(sorted(row["slot"] for row in rows), ["2025-12-31T00:00:00Z", *days, "2026-01-05T00:00:00Z"])
        self.assertEqual(self.lines("schedule", "stats", "s")[0]["backfilled"], 6)

    def test_a_killed_backfill_goes_on(self):
        """More slots than a page of the history has, killed again and again: the same command completes it."""
        self.file("w.yaml", world.flow("w", {"a": {"run": "true"}}))
        self.put("s", "--paused", cron="*/30 * * * *")
        command = ["schedule", "backfill", "s", "--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z"]
        for _ in range(8):
            process = self.start(*command)
            process.stdout.readline()  # it has begun, unless it has nothing left to do
            process.kill()
            process.communicate(timeout=world.PATIENCE)
        self.ctl(*command)
        slots = [row["slot"] for row in self.history("s")]
        first = instant("2026-01-01T00:00:00Z")
        self.assertEqual(slots, [text_of(first + i * 1800 * SECOND) for i in reversed(range(31 * 48))])
        self.assertEqual(self.ctl(*command, "--dry-run"), "")

    def test_backfill_of_bad_ranges(self):
        self.put("s", cron="0 0 * * *")
        cases = [("2026-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "past"), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "range"),
                 ("yesterday", "2026-01-01T00:00:00Z", "--from"), ("2026-01-01", "2026-01-02T00:00:00Z", "--from")]
        for begin, end, words in cases:
            self.assertIn(words, self.error("schedule", "backfill", "s", "--from", begin, "--to", end, status=2))
        self.error("schedule", "backfill", "s", "--from", "2026-01-01T00:00:00Z", status=2)
        self.error("schedule", "backfill", "s", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z", "--concurrency", "0",
                   status=2)


if __name__ == "__main__":
    world.main()
