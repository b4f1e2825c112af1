#!/usr/bin/env python3
"""Checks what the demo promises. Usage: verify.py KILLED.json FINISHED.json RESULTS_FOLDER (what `show --json` said, twice)"""

import json
import pathlib
import sys

killed, finished = (json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
results = pathlib.Path(sys.argv[3])
sys.stdout.reconfigure(encoding="utf-8", errors="replace")
wrong = 0


def check(text, right, detail=""):
    global wrong
    wrong += not right
    print(f"  {'yes' if right else 'NO '}  {text}{': ' + detail if detail else ''}")


def attempts(task, status):
    return [a for a in task["attempts"] if a["status"] == status]


tasks = {t["name"]: t for t in finished["tasks"]}
done = [t for t in tasks.values() if t["status"] == "Completed"]
check("the execution is Completed", finished["status"] == "Completed", finished["error"] or "")
check("every task ended, Completed or Skipped", all(t["status"] in ("Completed", "Skipped") for t in tasks.values()),
      f"{len(done)} and {len(tasks) - len(done)} of {len(tasks)}")
check("every completed task has exactly one Completed attempt", all(len(attempts(t, "Completed")) == 1 for t in done))
before = [t for t in killed["tasks"] if t["status"] == "Completed"]
check("what was Completed before the kill did not run again",
      all(tasks[t["name"]]["attempts"] == t["attempts"] for t in before), f"{len(before)} tasks")
cut_off = [t["name"] for t in killed["tasks"] if t["status"] == "Running"]
check("the kill met tasks that ran", bool(cut_off), ", ".join(cut_off))
check("their attempts are recorded as Crashed, and they ran once more",
      bool(cut_off) and all(len(attempts(tasks[name], "Crashed")) == 1 for name in cut_off))
check("the retry was needed", len(attempts(tasks["settled"], "Failed")) >= 1)
check("one of changed and intact ran, the other was skipped",
      sorted(tasks[name]["status"] for name in ("changed", "intact")) == ["Completed", "Skipped"])
check("what the parallel branches changed is merged", len(finished["context"]["charts"]) >= 6,
      f"{len(finished['context']['charts'])} charts")
for name in ("report.txt", "report.html"):
    check(f"{name} is there", (results / name).is_file() and (results / name).stat().st_size > 1_000)
sys.exit(1 if wrong else 0)
