#!/usr/bin/env python3
"""Shows what changes in an execution. Usage: watch.py CLOACINACTL ID [--until-completed N]

Ends with 0 when the execution is Completed, or when N of its tasks are and others run; else with 1.
"""

import json
import os
import shutil
import subprocess
import sys
import time

SECONDS_MAX = 100
MARKS = {"Completed": ("32", "✔"), "Failed": ("31", "✘"), "Skipped": ("2", "–"), "Cancelled": ("31", "✘"), "Retry": ("33", "↻"),
         "Crashed": ("31", "✘"), "Running": ("36", "▸")}

command, execution = sys.argv[1:3]
enough = int(sys.argv[4]) if sys.argv[3:4] == ["--until-completed"] else None
terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
colour = terminal and not os.environ.get("NO_COLOR")
sys.stdout.reconfigure(encoding="utf-8", errors="replace")
began = time.monotonic()


def show():
    return json.loads(subprocess.run([command, "show", execution, "--json"], check=True, capture_output=True).stdout)


def seconds(attempt):
    """How long an attempt took, by the database's times."""
    def parse(text):
        return int(text[11:13]) * 3600 + int(text[14:16]) * 60 + float(text[17:].rstrip("Z"))
    return (parse(attempt["finished_at"]) - parse(attempt["started_at"])) % 86_400


def line(kind, task, text):
    code, mark = MARKS[kind]
    if terminal:
        print("\r\033[K", end="")
    mark = f"\033[{code}m{mark}\033[0m" if colour else mark
    print(f"  {time.monotonic() - began:5.1f} s  {mark} {task:<10} {text}".rstrip(), flush=True)


def report(task, told):
    """Prints what was not told yet of one task."""
    name = task["name"]
    for attempt in task["attempts"]:
        key = (name, attempt["number"])
        if attempt["status"] == told.get(key):
            continue
        told[key] = attempt["status"]
        if attempt["status"] == "Running":
            line("Running", name, "runs" if attempt["number"] == 1 else f"runs, attempt {attempt['number']}")
        elif attempt["status"] == "Completed":
            line("Completed", name, f"{seconds(attempt):.1f} s")
        elif attempt["status"] == "Failed":
            line("Failed" if task["status"] == "Failed" else "Retry", name, attempt["error"] or "failed")
        else:
            line(attempt["status"] if attempt["status"] in MARKS else "Failed", name, attempt["error"] or attempt["status"])
    if task["status"] == "Skipped" and told.get(name) != "Skipped":
        told[name] = "Skipped"
        line("Skipped", name, "skipped: its rule is not met")


def status_line(tasks):
    """On a terminal, one line that is painted over and over."""
    ended = sum(t["status"] in ("Completed", "Skipped", "Failed", "Cancelled") for t in tasks)
    running = [t["name"] for t in tasks if t["status"] == "Running"]
    width = 24
    bar = "━" * (width * ended // len(tasks))
    text = f"  {bar:<{width}} {ended}/{len(tasks)}  {', '.join(running)}"
    print("\r\033[K" + text[: shutil.get_terminal_size().columns - 1], end="", flush=True)


told = {}
if enough is None:
    # What ended before is known; only what the new runner does is told. Attempts that crashed are news.
    for t in show()["tasks"]:
        told.update({(t["name"], a["number"]): a["status"] for a in t["attempts"] if a["status"] in ("Completed", "Failed")})
        if t["status"] == "Skipped":
            told[t["name"]] = "Skipped"
while time.monotonic() - began < SECONDS_MAX:
    state = show()
    for each in state["tasks"]:
        report(each, told)
    if terminal:
        status_line(state["tasks"])
    completed = sum(t["status"] == "Completed" for t in state["tasks"])
    running = any(t["status"] == "Running" for t in state["tasks"])
    ended = state["status"] in ("Completed", "Failed", "Cancelled")
    if ended or (enough is not None and completed >= enough and running):
        if terminal:
            print("\r\033[K", end="")
        if ended:
            print(f"\n  {state['status']}" + (f": {state['error']}" if state["error"] else ""))
        sys.exit(0 if state["status"] == "Completed" or not ended else 1)
    time.sleep(0.1)
sys.exit(f"watch: execution {execution} took longer than {SECONDS_MAX} s")
