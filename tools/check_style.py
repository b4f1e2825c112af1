#!/usr/bin/env python3
"""Checks what a compiler does not: leftovers, tests that are off or wait by the clock, long files, somebody's own paths.

Usage: tools/check_style.py [ROOT]
"""

import fnmatch
import pathlib
import re
import sys

import project_files

LINES_MAX = 450
# Files that may be longer, each with its reason.
LONG_FILES: dict[str, str] = {}

# The one place of each kind where a rule does not hold, with its reason.
ALLOWED: dict[tuple[str, str], str] = {
    ("src/engine/workers.cpp", ".detach()"): "a task that ignores its stop token must not hang the destructor",
    ("tests/chaos/program.cpp", "this_thread::sleep_for"): "no test, but a program like a user's",
    ("tests/chaos/load.cpp", "this_thread::sleep_until"): "the same",
}

CODE = ("*.hpp", "*.cpp", "*.h", "*.c", "*.py", "*.sh", "*.sql", "*.cmake", "CMakeLists.txt", "Makefile", ".ci/run")
CPP = ("*.hpp", "*.cpp")
TEXT = (*CODE, "*.md", "*.json", "*.yaml", "*.yml", "*.in", "*.map")
SELF = ("tools/check_style.py", "tools/test_check_style.py")

# what to look for, in which files, below which folder, what to say
RULES = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), CODE, "", "finish it, or write it down elsewhere"),
    (re.compile(r"\b(this_thread::sleep_for|this_thread::sleep_until|usleep|nanosleep|time\.sleep)\b"), (*CPP, "*.py"), "tests/",
     "a test waits for a signal or moves the clock"),
    (re.compile(r"GTEST_SKIP|DISABLED_|pytest\.mark\.skip|unittest\.skip|\.skipTest\("), (*CPP, "*.py"), "",
     "a test that does not run is no test"),
    (re.compile(r"\.detach\(\)"), CPP, "", "a thread has an owner that joins it"),
    (re.compile(r"^\s*using namespace\b"), ("*.hpp",), "", "a header does not open namespaces for those who include it"),
    (re.compile(r"(?<![\w.~*}-])/(home|root|work|workspace|farm|builds|Users)/"), TEXT, "", "the path of one machine"),
    (re.compile(r"\b[Ii]ssues? #?\d+"), TEXT, "", "say what it is about; the number means nothing to a reader"),
    (re.compile(r"\t"), ("*.hpp", "*.cpp", "*.py", "*.sql", "*.cmake", "CMakeLists.txt"), "", "spaces, not tabs"),
    (re.compile(r"[ ]+$"), CODE, "", "spaces at the end of the line"),
]


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path.rsplit("/", 1)[-1], pattern) for pattern in patterns)


def check_file(path: str, text: str) -> list[str]:
    """All violations of one file as `file:line: text: what to do`."""
    found = []
    lines = text.splitlines()
    rules = [(pattern, advice) for pattern, files, folder, advice in RULES if path.startswith(folder) and matches(path, files)]
    for number, line in enumerate(lines, 1):
        found += [f"{path}:{number}: '{match[0].strip()}': {advice}" for pattern, advice in rules
                  if (match := pattern.search(line)) and (path, match[0].strip()) not in ALLOWED]
    if matches(path, CODE) and len(lines) > LINES_MAX and path not in LONG_FILES:
        found.append(f"{path}: {len(lines)} lines: at most {LINES_MAX}, or give the reason in LONG_FILES of tools/check_style.py")
    if path.endswith(".hpp") and "#pragma once" not in text:
        found.append(f"{path}:1: a header begins with #pragma once")
    if matches(path, TEXT) and text and not text.endswith("\n"):
        found.append(f"{path}:{len(lines)}: the last line has no end")
    return found


def check(root: pathlib.Path) -> list[str]:
    files = project_files.project_files(root)
    found = [f"tools/check_style.py: LONG_FILES names {path}, which does not exist" for path in LONG_FILES if path not in files]
    for path in files:
        if matches(path, TEXT) and path not in SELF:
            found += check_file(path, (root / path).read_text(encoding="utf-8"))
    return found


def main() -> int:
    found = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else project_files.ROOT)
    print("\n".join(found) if found else "style: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
