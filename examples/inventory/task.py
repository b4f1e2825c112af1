"""What the tasks of this example share: the context on standard input, changes of it in the file CLOACINA_OUTPUT, whole files or none."""

import json
import os
import pathlib
import sys

CHART_ROWS = 10


def context():
    """The task's context; read it once."""
    return json.load(sys.stdin)


def change(values):
    """Sets these keys of the context, if the task succeeds."""
    pathlib.Path(os.environ["CLOACINA_OUTPUT"]).write_text(json.dumps(values), encoding="utf-8")


def write_lines(path, lines):
    """A whole file or none: a task may be killed at any moment, and then runs again."""
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.replace(new, path)


def plain(value):
    """A whole number as such, others to one decimal."""
    return int(value) if value == int(value) else round(value, 1)


def chart(name, title, unit, counts):
    """An entry for the object `charts`: the largest values first, the rest added up."""
    rows = sorted(((value, label) for label, value in counts.items() if value > 0), key=lambda row: (-row[0], row[1]))
    top, rest = rows[:CHART_ROWS], rows[CHART_ROWS:]
    if not top:
        sys.exit(f"{name}: nothing to show")
    total = plain(sum(value for value, _ in rows))
    return {name: {"title": title, "unit": unit, "total": total, "others": len(rest),
                   "bars": [[label, plain(value)] for value, label in top]}}
