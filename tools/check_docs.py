#!/usr/bin/env python3
"""Checks that the documentation tells of things that exist.

* A relative link leads to a file, and its #anchor to a heading of it.
* A path in backticks that begins with a folder of this project exists.
* A code block after `<!-- file: PATH -->` is that file, word for word.
* docs/known-mistakes.md has one row for each of the mistakes C1 to C38 and R1 to R43, and a test in each, but for those of parts that are
  not built: they are named in a sentence.
* With --build FOLDER: every test that the tables of docs/guarantees.md and docs/known-mistakes.md name in their last column is one that
  ctest knows.

Usage: tools/check_docs.py [--build FOLDER] [ROOT]
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

import project_files

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$")
PATH = re.compile(r"`((?:include|src|tests|bench|examples|docs|cmake|tools)/[\w./-]+)`")
QUOTED_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^(```|~~~)")
GUARANTEES = "docs/guarantees.md"
MISTAKES = "docs/known-mistakes.md"
MISTAKES_MAX = {"C": 38, "R": 43}
NOT_BUILT = {"R34", "R35", "R36", "R41"}


def without_code(text: str) -> list[tuple[int, str]]:
    """Numbered lines outside of code blocks."""
    lines, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            lines.append((number, line))
    return lines


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for _, line in without_code(text):
        if match := HEADING.match(line):
            words = re.sub(r"[^\w\- ]", "", match[1].lower()).replace(" ", "-")
            found.add(words)
    return found


def check_links(root: pathlib.Path, page: str, text: str) -> list[str]:
    found = []
    folder = (root / page).parent
    for number, line in without_code(text):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (folder / path) if path else root / page
            if not file.exists():
                found.append(f"{page}:{number}: the link {target} leads nowhere")
            elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
                found.append(f"{page}:{number}: {path or 'this page'} has no heading #{anchor}")
        found += [f"{page}:{number}: there is no {path}" for path in PATH.findall(line) if not (root / path).exists()]
    return found


def check_quotes(root: pathlib.Path, page: str, text: str) -> list[str]:
    found = []
    for path, quoted in QUOTED_FILE.findall(text):
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != quoted:
            found.append(f"{page}: the code is not what {path} holds")
    return found


def named_tests(text: str) -> list[tuple[int, str]]:
    """Names in backticks in the last column of the tables."""
    names = []
    for number, line in without_code(text):
        cells = line.strip().strip("|").split("|")
        if line.startswith("|") and len(cells) > 1:
            names += [(number, name) for name in re.findall(r"`([^`]+)`", cells[-1])]
    return names


def check_mistakes(text: str) -> list[str]:
    """Every mistake has its row, and every row a test."""
    found, rows = [], []
    tested = {number for number, _ in named_tests(text)}
    for number, line in without_code(text):
        if match := re.match(r"\|\s*([CR]\d+)\s*\|", line):
            rows.append(match[1])
            if number not in tested:
                found.append(f"{MISTAKES}:{number}: {match[1]} names no test")
    for mistake in (f"{kind}{i}" for kind, last in MISTAKES_MAX.items() for i in range(1, last + 1)):
        if mistake in NOT_BUILT and re.search(rf"\b{mistake}\b", text):
            continue
        if rows.count(mistake) != 1:
            found.append(f"{MISTAKES}: {mistake} has {rows.count(mistake)} rows, not one")
    return found


def known_tests(build: str) -> set[str]:
    """The names that ctest lists, those with parameters also without them."""
    out = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True).stdout
    names = {test["name"] for test in json.loads(out)["tests"]}
    return names | {re.sub(r"^[^/.]+/", "", name).split("/")[0] for name in names}


def check(root: pathlib.Path, build: str | None) -> list[str]:
    found = []
    pages = [path for path in project_files.project_files(root) if path.endswith(".md")]
    for page in pages:
        text = (root / page).read_text(encoding="utf-8")
        found += check_links(root, page, text) + check_quotes(root, page, text)
    if MISTAKES in pages:
        found += check_mistakes((root / MISTAKES).read_text(encoding="utf-8"))
    if build:
        known = known_tests(build)
        for page in (GUARANTEES, MISTAKES):
            names = named_tests((root / page).read_text(encoding="utf-8"))
            if not names:
                found.append(f"{page}: names no test")
            found += [f"{page}:{number}: there is no test {name}" for number, name in names if name not in known]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", help="a build folder with tests")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=project_files.ROOT)
    arguments = parser.parse_args()
    found = check(arguments.root, arguments.build)
    print("\n".join(found) if found else "docs: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
