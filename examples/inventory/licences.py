"""Counts the licences named in the packages' copyright files, as many as its time allows."""

import glob
import random
import re
import time

import task

SECONDS = 3.0

NAMES = [("GPL-3", r"\bGPL-3|General Public License.{0,40}version 3"), ("GPL-2", r"\bGPL-2|General Public License.{0,40}version 2"),
         ("LGPL", r"\bLGPL|Lesser General Public|Library General Public"), ("BSD", r"\bBSD-|Redistribution and use in source and binary"),
         ("MIT/Expat", r"\bExpat\b|\bMIT\b|Permission is hereby granted, free of charge"), ("Apache-2.0", r"Apache-2|Apache License"),
         ("Artistic", r"\bArtistic"), ("public domain", r"[Pp]ublic[ -][Dd]omain"), ("MPL", r"\bMPL-|Mozilla Public License"),
         ("GFDL", r"\bGFDL|Free Documentation License"), ("ISC", r"\bISC\b"), ("zlib", r"\b[Zz]lib license|\bZlib\b")]

compiled = [(name, re.compile(pattern, re.DOTALL)) for name, pattern in NAMES]
counts = {}
looked_at = 0
paths = sorted(glob.glob("/usr/share/doc/*/copyright"))
random.Random(1).shuffle(paths)
until = time.monotonic() + SECONDS
for path in paths:
    if time.monotonic() > until:
        break
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(200_000)
    except OSError:
        continue
    looked_at += 1
    for name in [name for name, pattern in compiled if pattern.search(text)] or ["another"]:
        counts[name] = counts.get(name, 0) + 1
# A machine may have been installed without documentation.
charts = task.chart("licences", "Licences that packages name", "mentions", counts) if counts else {}
task.change({"charts": charts})
print(f"{looked_at} copyright files read")
