#!/usr/bin/env python3
"""Checks the ledger of a schedule of every STEP seconds, `schedule history NAME --json` on standard input. Usage: ledger.py STEP DOWN

Every slot between the first and the last must be there once, fired, with an execution of its own; DOWN of them, one after the other, must
have fired late, after the runner was back.
"""

import datetime
import json
import sys

step, down = datetime.timedelta(seconds=int(sys.argv[1])), int(sys.argv[2])


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


rows = sorted((json.loads(line) for line in sys.stdin), key=lambda row: row["slot"])
slots = [instant(row["slot"]) for row in rows]
late = [row for row, slot in zip(rows, slots) if instant(row["fired_at"]) - slot >= step / 2]
wrong = []
if slots != [slots[0] + i * step for i in range(len(slots))]:
    wrong.append("a slot is missing or there twice")
if {(row["outcome"], row["kind"], row["count"]) for row in rows} != {("fired", "slot", 1)}:
    wrong.append("not all slots fired by themselves")
if len({row["execution"] for row in rows}) != len(rows):
    wrong.append("an execution stands for two slots")
if len(late) < down:
    wrong.append(f"only {len(late)} slots were made up for")
print("\n".join(wrong) if wrong else f"{len(rows)} slots, each fired once; {len(late)} of them were made up for")
sys.exit(1 if wrong else 0)
