#!/usr/bin/env python3
"""Runs an example in an empty folder and compares what it prints. Usage: expect.py PROGRAM EXPECTED [--killed-first]

With --killed-first the program runs twice in one folder, and the first one has to die from SIGKILL.
"""

import difflib
import pathlib
import signal
import subprocess
import sys
import tempfile

program, expected = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
with tempfile.TemporaryDirectory() as folder:
    if sys.argv[3:] == ["--killed-first"]:
        first = subprocess.run([program], cwd=folder, check=False, timeout=60)
        if first.returncode != -signal.SIGKILL:
            sys.exit(f"the first run ended with {first.returncode}, not from SIGKILL")
    result = subprocess.run([program], cwd=folder, check=False, timeout=60, stdout=subprocess.PIPE, text=True)
wanted = pathlib.Path(expected).read_text(encoding="utf-8")
print(result.stdout, end="")
if result.stdout != wanted:
    sys.exit("".join(difflib.unified_diff(wanted.splitlines(True), result.stdout.splitlines(True), "expected", "printed")))
sys.exit(f"it ended with {result.returncode}" if result.returncode else 0)
