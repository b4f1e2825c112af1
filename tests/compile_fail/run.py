#!/usr/bin/env python3
"""Compiles the snippets of cases/ that must compile, and those that must not: their first error has to be the library's own sentence.

Usage: run.py --include FOLDER --compiler CXX [--compiler CXX...]
The first line of a snippet says what must come of it: `// compiles`, or `// fails: SENTENCE`.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).resolve().parent / "cases"


def precompile(compiler: str, include: str, folder: pathlib.Path) -> list[str]:
    """Precompiles the library's header, so that each snippet costs its own lines only; gives the arguments that use it."""
    flags = ["-std=c++20", "-I", include]
    header = folder / "all.hpp"
    header.write_text("#include <cloacina/cloacina.hpp>\n", encoding="utf-8")
    clang = "clang" in pathlib.Path(compiler).name
    out = folder / ("all.pch" if clang else "all.hpp.gch")
    subprocess.run([compiler, *flags, "-x", "c++-header", str(header), "-o", str(out)], check=True)
    return [*flags, *(["-include-pch", str(out)] if clang else ["-include", str(header)])]


def problem(compiler: str, flags: list[str], case: pathlib.Path) -> str | None:
    """What is wrong with how this compiler takes this snippet, or None."""
    expected = case.read_text(encoding="utf-8").splitlines()[0].removeprefix("// ")
    run = subprocess.run([compiler, *flags, "-fsyntax-only", str(case)], capture_output=True, text=True, check=False)
    if expected == "compiles":
        return None if run.returncode == 0 else f"does not compile:\n{run.stderr}"
    if not expected.startswith("fails: "):
        return "its first line says neither `// compiles` nor `// fails: SENTENCE`"
    if run.returncode == 0:
        return "compiles, and must not"
    errors = re.findall(r"error: (.*)", run.stderr)
    if not errors or expected.removeprefix("fails: ") not in errors[0]:
        return f"its first error is not the library's sentence:\n{run.stderr}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", required=True)
    parser.add_argument("--compiler", action="append", required=True)
    arguments = parser.parse_args()
    cases = sorted(CASES.glob("*.cpp"))
    bad = 0
    for compiler in arguments.compiler:
        with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
            flags = precompile(compiler, arguments.include, pathlib.Path(folder))
            for case, text in zip(cases, pool.map(lambda c: problem(compiler, flags, c), cases)):
                print(f"{compiler}: {case.stem}: {text or 'as expected'}")
                bad += text is not None
    print(f"{len(cases)} snippets, {len(arguments.compiler)} compilers, {bad} not as expected")
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
