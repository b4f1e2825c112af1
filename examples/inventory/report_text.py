#!/usr/bin/env python3
"""The report as text with bars, on standard output."""

import sys
import textwrap

import task

WIDTH = 40
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share):
    """A bar of up to WIDTH columns, to an eighth of a column."""
    eighths = max(1, round(share * WIDTH * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


sys.stdout.reconfigure(encoding="utf-8")
context = task.context()
print(f"Inventory of {context['host']}, {context['written_at']}\n")
print(textwrap.fill(context["headline"], 88))
for chart in context["charts"].values():
    print(f"\n{chart['title']}\n")
    largest = chart["bars"][0][1]
    labels = [label if len(label) <= 34 else "…" + label[-33:] for label, _ in chart["bars"]]
    for label, (_, value) in zip(labels, chart["bars"]):
        print(f"  {label:<34} {value:>9,.6g}  {bar(value / largest)}")
    rest = f", {chart['others']} more not shown" if chart["others"] else ""
    print(f"  {'':<34} {chart['total']:>9,.6g}  {chart['unit']} in all{rest}")
