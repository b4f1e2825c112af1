"""`cron next`, `check` and `explain`: the contract that scripts rely on, without a database."""

import datetime
import json
import os
import pathlib
import pty
import re
import shlex
import subprocess
import time

import world

NEXT_SPRING = ["cron", "next", "30 2 * * *", "--zone", "Europe/Berlin", "--after", "2026-03-28T12:00:00Z"]
NEXT_AUTUMN = ["cron", "next", "30 2 * * *", "--zone", "Europe/Berlin", "--after", "2026-10-24T12:00:00Z"]


class Cron(world.World):
    def next(self, expression, *arguments, after="2026-01-01T00:00:00Z"):
        return self.ctl("cron", "next", expression, "--after", after, *arguments).splitlines()

    def on_a_terminal(self, *arguments):
        """What the command writes when a person looks."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([world.CTL, *arguments], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=follower,
                                   stderr=follower)
        self.processes.append(process)
        os.close(follower)
        written = b""
        try:
            while block := os.read(leader, 65536):
                written += block
        except OSError:
            pass  # that is how a terminal ends
        os.close(leader)
        self.assertEqual(process.wait(world.PATIENCE), 0)
        return written.decode().replace("\r\n", "\n").splitlines()


class Next(Cron):
    def test_instants_in_utc(self):
        self.assertEqual(self.ctl(*NEXT_SPRING), "2026-03-29T01:00:00Z\n")
        self.assertEqual(self.next("0 2 * * *", "--count", "3"), ["2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-03T02:00:00Z"])
        self.assertEqual(os.listdir(self.folder), [], "no database is made")

    def test_options_stand_anywhere(self):
        expected = "2026-03-29T01:00:00Z\n"
        self.assertEqual(self.ctl("cron", "--json", *NEXT_SPRING[1:])[:1], "{")
        self.assertEqual(self.ctl("--database", "sqlite:nowhere/at/all.db", *NEXT_SPRING), expected)
        self.assertEqual(self.ctl("cron", "next", *NEXT_SPRING[3:], NEXT_SPRING[2]), expected)

    def test_from_now(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        at = datetime.datetime.fromisoformat(self.ctl("cron", "next", "* * * * * *").strip().replace("Z", "+00:00"))
        self.assertGreater(at, now)
        self.assertLess(at - now, datetime.timedelta(seconds=world.PATIENCE))

    def test_after_and_before_are_exclusive(self):
        self.assertEqual(self.next("0 * * * *", after="2026-01-01T00:00:00Z"), ["2026-01-01T01:00:00Z"])
        self.assertEqual(self.next("0 * * * *", after="2026-01-01T00:59:59.999999Z"), ["2026-01-01T01:00:00Z"])
        self.assertEqual(self.next("0 * * * *", "--before", "2026-01-01T02:00:00Z", "--count", "9"), ["2026-01-01T01:00:00Z"])
        self.assertEqual(self.next("0 * * * *", "--before", "2026-01-01T02:00:00.000001Z", "--count", "9"),
                         ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"])
        self.assertEqual(self.next("0 * * * *", "--before", "2026-01-01T01:00:00Z"), ["none"])
        self.assertEqual(self.next("0 * * * *", "--before", "2025-01-01T01:00:00Z"), ["none"])
        self.assertEqual(self.next("0 2 * * *", "--zone", "Asia/Kolkata", after="2026-01-01T02:00:00+05:30"), ["2026-01-01T20:30:00Z"])

    def test_none(self):
        self.assertEqual(self.next("@reboot"), ["none"])
        self.assertEqual(self.next("0 0 31 2 *"), ["none"])
        self.assertEqual(self.next("0 0 0 1 1 * 2020"), ["none"])
        self.assertEqual(self.next("0 0 0 1 1 * 2020-2027", "--count", "5"), ["2027-01-01T00:00:00Z"])
        self.assertEqual(self.ctl("cron", "next", "@reboot", "--json"), "")

    def test_the_end_of_time(self):
        self.assertEqual(self.next("59 59 23 31 12 * 2199"), ["2199-12-31T23:59:59Z"])
        self.assertEqual(self.next("* * * * *", after="2199-12-31T23:59:00Z"), ["none"])
        self.assertEqual(self.next("0 3 * 7 *", "--zone", "Europe/Berlin", after="2199-06-30T12:00:00Z"), ["2199-07-01T01:00:00Z"])
        self.assertEqual(self.next("0 * * * *", after="9999-12-31T23:59:59Z"), ["none"])
        self.assertEqual(self.next("* * * * *", after="0001-01-01T00:00:00Z"), ["1970-01-01T00:00:00Z"])

    def test_every(self):
        self.assertEqual(self.next("@every 90s", "--dialect", "extended", "--count", "2"), ["2026-01-01T00:01:30Z", "2026-01-01T00:03:00Z"])
        self.assertEqual(self.next("@every 1500ms", "--dialect", "extended", "--count", "2"),
                         ["2026-01-01T00:00:01.500000Z", "2026-01-01T00:00:03Z"])
        self.assertEqual(self.next("@every 1d", "--dialect", "extended", "--zone", "Europe/Berlin", after="2026-03-28T12:00:00Z"),
                         ["2026-03-29T12:00:00Z"])
        self.assertRegex(self.ctl("cron", "next", "@every 90s", "--dialect", "extended"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$")

    def test_hashed_by_name(self):
        one = self.next("H H * * *", "--dialect", "extended", "--name", "nightly")
        self.assertEqual(one, self.next("H H * * *", "--dialect", "extended", "--name", "nightly"))
        self.assertNotEqual(one, self.next("H H * * *", "--dialect", "extended"))

    def test_dialects(self):
        self.assertEqual(self.next("0 22-2 * * *", "--dialect", "extended"), ["2026-01-01T01:00:00Z"])
        self.error("cron", "next", "0 22-2 * * *", status=2)
        self.assertEqual(self.next("0 0 * * *", "--dialect", "ocps"), ["2026-01-02T00:00:00Z"])

    def test_many_are_fast(self):
        start = time.monotonic()
        lines = self.next("* * * * * *", "--zone", "Europe/Berlin", "--count", "10000", after="2026-03-29T00:00:00Z")
        self.assertEqual(len(lines), 10000)
        self.assertEqual(lines[-1], "2026-03-29T02:46:40Z")
        self.assertEqual(lines, sorted(set(lines)))
        self.assertLess(time.monotonic() - start, 5, "milliseconds, on any machine")

    def test_a_closed_pipe_is_no_error(self):
        process = self.start("cron", "next", "* * * * * *", "--count", "1000000000000", "--local", "--after", "1970-01-01T00:00:00Z")
        self.assertEqual(process.stdout.readline(), b"1970-01-01T00:00:01Z  1970-01-01T00:00:01+00:00\n")
        process.stdout.close()
        self.assertEqual(process.wait(world.PATIENCE), 0)
        self.assertEqual(process.stderr.read(), b"")


class Transitions(Cron):
    def test_a_pipe_sees_instants_only(self):
        for policy in ("next_valid", "shift", "skip"):
            for line in self.ctl(*NEXT_SPRING, "--gap", policy, "--count", "5").splitlines():
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_berlin_gap(self):
        self.assertEqual(self.ctl(*NEXT_SPRING, "--local", "--count", "2"),
                         "2026-03-29T01:00:00Z  2026-03-29T03:00:00+02:00  02:30 does not exist that day: moved to 03:00\n"
                         "2026-03-30T00:30:00Z  2026-03-30T02:30:00+02:00\n")
        self.assertEqual(self.ctl(*NEXT_SPRING, "--local", "--gap", "shift"),
                         "2026-03-29T01:30:00Z  2026-03-29T03:30:00+02:00  02:30 does not exist that day: moved to 03:30\n")
        self.assertEqual(self.ctl(*NEXT_SPRING, "--local", "--gap", "skip"),
                         "skipped               2026-03-29T02:30:00        02:30 does not exist that day\n"
                         "2026-03-30T00:30:00Z  2026-03-30T02:30:00+02:00\n")
        self.assertEqual(self.next("0,30 2,3 * * *", "--zone", "Europe/Berlin", "--local", after="2026-03-28T12:00:00Z"),
                         ["2026-03-29T01:00:00Z  2026-03-29T03:00:00+02:00  02:00 and 02:30 do not exist that day: merged with 03:00"])
        self.assertEqual(self.next("*/15 * * * *", "--zone", "Europe/Berlin", "--local", after="2026-03-29T00:45:00Z"),
                         ["skipped               2026-03-29T02:00:00        02:00 to 02:45 (4 times) do not exist that day",
                          "2026-03-29T01:00:00Z  2026-03-29T03:00:00+02:00"])

    def test_berlin_overlap(self):
        first = "2026-10-25T00:30:00Z  2026-10-25T02:30:00+02:00  02:30 comes twice that day: the first pass"
        second = "2026-10-25T01:30:00Z  2026-10-25T02:30:00+01:00  02:30 comes twice that day: the second pass"
        after = "2026-10-26T01:30:00Z  2026-10-26T02:30:00+01:00"
        no_first = "skipped               2026-10-25T02:30:00+02:00  02:30 comes twice that day: only the second pass fires"
        no_second = "skipped               2026-10-25T02:30:00+01:00  02:30 comes twice that day: only the first pass fires"
        for policy, expected in {"automatic": [first, no_second, after], "first": [first, no_second, after],
                                 "second": [no_first, second, after], "both": [first, second]}.items():
            self.assertEqual(self.ctl(*NEXT_AUTUMN, "--local", "--count", "2", "--overlap", policy).splitlines(), expected)
        lines = self.next("0,30 * * * *", "--zone", "Europe/Berlin", "--count", "4", after="2026-10-25T00:00:00Z")
        self.assertEqual(lines, ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"])

    def test_half_an_hour(self):
        zone = ["--zone", "Australia/Lord_Howe"]
        self.assertEqual(self.next("15 2 * * *", *zone, "--local", after="2026-10-03T00:00:00Z"),
                         ["2026-10-03T15:30:00Z  2026-10-04T02:30:00+11:00  02:15 does not exist that day: moved to 02:30"])
        self.assertEqual(self.next("15 2 * * *", *zone, "--gap", "shift", after="2026-10-03T00:00:00Z"), ["2026-10-03T15:45:00Z"])
        self.assertEqual(self.next("45 1 * * *", *zone, "--overlap", "both", "--count", "3", after="2026-04-04T00:00:00Z"),
                         ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-05T15:15:00Z"])

    def test_two_hours(self):
        zone = ["--zone", "Antarctica/Troll"]
        self.assertEqual(self.next("30 2 * * *", *zone, "--local", after="2026-03-28T12:00:00Z"),
                         ["2026-03-29T01:00:00Z  2026-03-29T03:00:00+02:00  02:30 does not exist that day: moved to 03:00"])
        self.assertEqual(self.next("30 2 * * *", *zone, "--gap", "shift", after="2026-03-28T12:00:00Z"), ["2026-03-29T02:30:00Z"])
        self.assertEqual(self.next("30 2 * * *", *zone, "--overlap", "both", "--count", "2", after="2026-10-24T12:00:00Z"),
                         ["2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"])

    def test_a_skipped_day(self):
        zone = ["--zone", "Pacific/Apia", "--local"]
        self.assertEqual(self.next("0 12 * * *", *zone, after="2011-12-29T23:00:00Z"),
                         ["2011-12-30T10:00:00Z  2011-12-31T00:00:00+14:00  2011-12-30 12:00 does not exist: moved to 2011-12-31 00:00"])
        self.assertEqual(self.next("0 12 * * *", *zone, "--gap", "skip", after="2011-12-29T23:00:00Z"),
                         ["skipped               2011-12-30T12:00:00        2011-12-30 does not exist in Pacific/Apia",
                          "2011-12-30T22:00:00Z  2011-12-31T12:00:00+14:00"])

    def test_midnight(self):
        self.assertEqual(self.next("0 0 * * *", "--zone", "America/Sao_Paulo", "--local", after="2017-10-14T12:00:00Z"),
                         ["2017-10-15T03:00:00Z  2017-10-15T01:00:00-02:00  00:00 does not exist that day: moved to 01:00"])

    def test_skipped_and_nothing_else(self):
        arguments = ["--zone", "Europe/Berlin", "--gap", "skip"]
        self.assertEqual(self.next("0 30 2 29 3 * 2026", *arguments, "--local"),
                         ["skipped               2026-03-29T02:30:00        02:30 does not exist that day", "none"])
        self.assertEqual(self.next("0 30 2 29 3 * 2026", *arguments), ["none"])
        self.assertEqual(self.next("0 30 2 29 3 * 2026", *arguments, "--local", "--before", "2026-03-29T01:00:00Z"), ["none"])

    def test_a_terminal_sees_why(self):
        self.assertEqual(self.on_a_terminal(*NEXT_SPRING), ["2026-03-29T01:00:00Z  02:30 does not exist that day: moved to 03:00"])
        self.assertEqual(self.on_a_terminal(*NEXT_SPRING, "--gap", "skip"),
                         ["skipped               2026-03-29T02:30:00  02:30 does not exist that day", "2026-03-30T00:30:00Z"])
        self.assertEqual(self.on_a_terminal("cron", "next", "0 0 31 2 *"),
                         ["none", "cloacinactl: there is no such date between 1970 and 2199"])

    def test_json(self):
        moved = {"transition": "2026-03-29T01:00:00Z", "first": "2026-03-29T02:30:00", "last": "2026-03-29T02:30:00", "count": 1}
        self.assertEqual(self.lines(*NEXT_SPRING), [{"slot": "2026-03-29T01:00:00Z", "local": "2026-03-29T03:00:00+02:00",
                                                     "kind": "after_gap", "moved": moved}])
        self.assertEqual(self.lines(*NEXT_SPRING, "--gap", "skip", "--local")[0], {"skipped": {"cause": "gap", **moved}})
        self.assertEqual(len(self.lines(*NEXT_SPRING, "--gap", "skip")), 1)
        self.assertEqual([o["kind"] for o in self.lines(*NEXT_AUTUMN, "--overlap", "both", "--count", "3")],
                         ["first_pass", "second_pass", "regular"])


class Check(Cron):
    def test_valid(self):
        for expression in ("* * * * *", "0 0 31 2 *", "@daily", "0 0 * * FRI#L", "*/5 * * * * * 2027"):
            self.assertEqual(self.ctl("cron", "check", expression), "valid\n")
        self.assertEqual(self.ctl("cron", "check", "H * * * *", "--dialect", "extended", "--zone", "Asia/Calcutta"), "valid\n")
        self.assertIn("never fires", self.raw("cron", "check", "0 0 31 2 *").stderr)

    def test_invalid(self):
        error = self.error("cron", "check", "0 2,25 * * *", status=2)
        self.assertEqual(error, "cloacinactl: cron expression '0 2,25 * * *': hour field, position 5: found '25'; the value is out of range; "
                                "write 0-23\n  0 2,25 * * *\n      ^~\n")
        self.assertTrue(self.error("cron", "check", "0/15 * * * *", status=2).endswith(
            "write 0-59/15 or */15, or use the extended dialect\n  0/15 * * * *\n  ^~~~\nIt is valid with --dialect extended.\n"))
        for expression in ("", " ", "* * * *", "* * * * * * * *", "x", "@Daily", "@every 5s", "*\n* * * *", "é * * * *", "* * * * MON-",
                           "60 * * * *", "* * * * 1-5#2", "-1 * * * *", "[* * * * *]", "*" * 5000, "%s", "* * * * {}"):
            for command in ("check", "next", "explain"):
                done = self.raw("cron", command, expression)
                self.assertEqual((done.returncode, done.stdout), (2, ""), expression)
                self.assertTrue(done.stderr.startswith("cloacinactl: cron expression '"), done.stderr)

    def test_json(self):
        self.assertEqual(self.lines("cron", "check", "* * * * *"), [{"valid": True, "error": None, "field": None, "position": None}])
        done = self.raw("cron", "check", "0 2,25 * * *", "--json")
        self.assertEqual(done.returncode, 2)
        found = json.loads(done.stdout)
        self.assertEqual((found["valid"], found["field"], found["position"]), (False, "hour", 5))
        self.assertIn("found '25'", found["error"])

    def test_zones(self):
        for zone, said in {"Europe/Berln": "did you mean Europe/Berlin?", "europe/berlin": "did you mean Europe/Berlin?", "": "does not exist",
                           "Nowhere/Land": "does not exist", "localtime": "does not exist", "posix/Europe/Berlin": "Europe/Berlin?",
                           "right/UTC": "does not exist", "../../etc/passwd": "does not exist", "+02:00": "write Etc/GMT-2",
                           "/etc/localtime": "does not exist"}.items():
            for command in ("check", "next", "explain"):
                error = self.error("cron", command, "* * * * *", "--zone", zone, status=2)
                self.assertIn(said, error)
                self.assertIn("--zone: ", error)

    def test_a_damaged_zone_is_no_database_problem(self):
        (self.folder / "zones").mkdir()
        self.file("zones/Bad", b"TZif2" + bytes(10))
        self.env["TZDIR"] = str(self.folder / "zones")
        self.assertIn("--zone: ", self.error("cron", "next", "* * * * *", "--zone", "Bad", status=2))
        self.env["TZDIR"] = str(self.folder / "nowhere")
        self.assertEqual(self.next("0 0 * * *"), ["2026-01-02T00:00:00Z"], "UTC needs no database")
        self.assertIn("install the package tzdata", self.error("cron", "next", "* * * * *", "--zone", "Europe/Berlin", status=2))


class Explain(Cron):
    def test_sentences(self):
        self.assertEqual(self.ctl("cron", "explain", "*/15 9-17 * * MON-FRI"), "Every 15 minutes from 09:00 to 17:45, Monday to Friday.\n")
        self.assertEqual(self.ctl("cron", "explain", "0 2 * * *", "--zone", "Europe/Berlin"), "At 02:00 every day, Europe/Berlin time.\n")
        self.assertEqual(self.ctl("cron", "explain", "@every 90s", "--dialect", "extended"),
                         "Every 90 seconds, counted from the schedule's start.\n")
        self.assertEqual(self.lines("cron", "explain", "@reboot"), [{"expression": "@reboot", "sentence": "Once each time a runner starts."}])


class Mistakes(Cron):
    def test_options(self):
        for option, value, said in (("--count", "0", "from 1"), ("--count", "-1", "from 1"), ("--count", "1.5", "from 1"), ("--count", "", "from 1"),
                                    ("--count", "ten", "from 1"), ("--count", "9" * 30, "from 1"), ("--after", "tomorrow", "RFC 3339"),
                                    ("--after", "2026-01-01", "RFC 3339"), ("--after", "2026-01-01T00:00:00", "RFC 3339"),
                                    ("--before", "2026-02-30T00:00:00Z", "RFC 3339"), ("--before", "", "RFC 3339"),
                                    ("--gap", "Skip", "next_valid, shift, skip"), ("--gap", "", "next_valid, shift, skip"),
                                    ("--overlap", "never", "automatic, first, second, both"), ("--dialect", "quartz", "ocps, extended")):
            error = self.error("cron", "next", "* * * * *", option, value, status=2)
            self.assertIn(f"{option}: ", error)
            self.assertIn(said, error)
            self.assertIn(f"'{value}'", error)

    def test_words(self):
        for arguments in (["cron"], ["cron", "next"], ["cron", "check"], ["cron", "explain"], ["cron", "frobnicate", "* * * * *"],
                          ["cron", "next", "* * * * *", "--frob"], ["cron", "next", "* * * * *", "--count"],
                          ["cron", "explain", "* * * * *", "--count", "3"], ["cron", "check", "* * * * *", "--gap", "skip"]):
            self.assertIn("--help", self.error(*arguments, status=2))
        self.assertIn("in quotes", self.error("cron", "next", "0", "2", "*", "*", "*", status=2))
        # The name of a command is no command here.
        self.assertIn("found 1 field", self.error("cron", "next", "list", status=2))

    def test_help(self):
        self.assertRegex(self.ctl("--help"), r"(?m)^  cron +\S")
        text = self.ctl("cron", "--help")
        for word in ("next", "check", "explain"):
            self.assertRegex(text, rf"(?m)^  {word} +\S")
            self.assertIn(f"cloacinactl cron {word}", self.ctl("cron", word, "--help"))
        text = self.ctl("cron", "next", "--help")
        for option in ("--zone", "--after", "--before", "--count", "--dialect", "--gap", "--overlap", "--local", "--name"):
            self.assertRegex(text, rf"(?m)^  {option} ")


class Documentation(Cron):
    """What docs/cron-expressions.md shows is what the command says."""

    def test_every_command_of_the_page(self):
        page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "cron-expressions.md"
        shown = 0
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for words, expected in re.findall(r"^\$ cloacinactl (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                done = self.raw(*shlex.split(words))
                self.assertEqual(done.stdout + done.stderr, expected, words)
                shown += 1
        self.assertGreater(shown, 15)


if __name__ == "__main__":
    world.main()
