#!/usr/bin/env python3
"""Turns lines `VALUE<tab>LABEL` on standard input into a chart of the context. Usage: chart.py NAME TITLE UNIT"""

import sys

import task

name, title, unit = sys.argv[1:]
counts = {}
for line in sys.stdin:
    value, label = line.rstrip("\n").split("\t", 1)
    counts[label] = counts.get(label, 0) + float(value)
entry = task.chart(name, title, unit, counts)
task.change({"charts": entry})
print(f"{title}: {entry[name]['bars'][0][0]} comes first")
