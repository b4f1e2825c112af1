"""What tests of schedules share."""

import datetime
import time

import world

SECOND = datetime.timedelta(seconds=1)
EVERY_SECOND = "* * * * * *"
TICK = {"a": {"run": 'echo "$CTX_scheduled_time" >> ticks'}}


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def let_pass(seconds):
    end = time.monotonic() + seconds
    world.until("the moment has come", lambda: time.monotonic() >= end)


class ScheduleWorld(world.World):
    def put(self, name, *options, workflow="w", cron=EVERY_SECOND, status=0):
        return self.ctl("schedule", "put", name, "--workflow", workflow, "--cron", cron, *options, status=status)

    def get(self, name):
        return self.lines("schedule", "get", name)[0]

    def history(self, name, *options):
        """Newest first."""
        return self.lines("schedule", "history", name, "--limit", "100000", *options)

    def ledger(self, name):
        """slot -> its row, for a schedule of every second; a slot that is there twice fails."""
        slots = {}
        for row in self.history(name):
            if row["kind"] == "run_now":
                continue
            first, last = instant(row["slot"]), instant(row["through"])
            self.assertEqual((last - first) // SECOND + 1, row["count"], row)
            for i in range(row["count"]):
                slot = text_of(first + i * SECOND)
                self.assertNotIn(slot, slots, f"{slot} is there twice: {row} and {slots.get(slot)}")
                slots[slot] = row
        return slots

    def assert_complete(self, slots):
        """Every second between the first and the last is there, fired or skipped with a reason, and no execution is there twice."""
        order = sorted(slots)
        first, last = instant(order[0]), instant(order[-1])
        self.assertEqual(order, [text_of(first + i * SECOND) for i in range((last - first) // SECOND + 1)])
        executions = [row["execution"] for row in slots.values() if row["outcome"] == "fired"]
        self.assertEqual(len(executions), len(set(executions)))
        for row in slots.values():
            self.assertEqual((row["outcome"] == "skipped"), row["reason"] is not None, row)
            self.assertEqual((row["outcome"] == "fired"), row["execution"] is not None, row)

    def until_fired(self, name, count):
        world.until(f"{name} has fired {count} times", lambda: len(self.history(name, "--outcome", "fired")) >= count)

    def flow_with(self, schedules, name="w", tasks=None):
        return world.flow(name, tasks or TICK, schedules=schedules)
