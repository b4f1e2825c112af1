#!/usr/bin/env python3
"""Runs the tests of a preset with ctest and prints what came of it, ending in `N passed, N failed`.

Usage: tools/run_tests.py PRESET [--jobs N] [-- CTEST_ARGUMENTS...]
Fails when a test failed, was skipped or did not run, and when there was none. The JUnit file is build/PRESET/tests.xml.
"""

import argparse
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree

import test_summary


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("preset")
    parser.add_argument("--jobs", default="2")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments = parser.parse_args(sys.argv[1:split])

    root = pathlib.Path(__file__).resolve().parent.parent
    junit = root / "build" / arguments.preset / "tests.xml"
    junit.unlink(missing_ok=True)
    started = time.monotonic()
    command = ["ctest", "--preset", arguments.preset, "-j", arguments.jobs, "--output-junit", str(junit), *sys.argv[split + 1:]]
    status = subprocess.run(command, cwd=root, check=False).returncode

    try:
        summary = test_summary.read(str(junit))
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        summary = test_summary.Summary(failures=[f"ctest left no result: {error}"])
    if status != 0 and not summary.failures:
        summary.failures.append(f"ctest ended with status {status}")
    print(f"\nTests of '{arguments.preset}': {time.monotonic() - started:.0f} s. The slowest:")
    for seconds, name in summary.slowest:
        print(f"  {seconds:7.2f} s  {name}")
    for failure in summary.failures:
        print(f"FAILED  {failure}")
    print(summary.line, flush=True)
    return 0 if summary.ok else 1


if __name__ == "__main__":
    sys.exit(main())
