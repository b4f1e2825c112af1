#!/usr/bin/env python3
"""Prints what it costs to compile a user's file with one workflow, against including nlohmann/json alone. Fails only if one does not compile.

Usage: run.py --include FOLDER --compiler CXX
Target: at most twice. CPU seconds of the faster of two runs, compiled in full (-O1).
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile

JSON = "#include <nlohmann/json.hpp>\nint main() { return nlohmann::json::parse(\"{}\").size() == 0 ? 0 : 1; }\n"
WORKFLOW = pathlib.Path(__file__).resolve().parent / "one_workflow.cpp"
RUNS = 2


def cpu_seconds(command: list[str]) -> float:
    def children() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = children()
    subprocess.run(command, check=True)
    return children() - before


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", required=True)
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        json = pathlib.Path(folder) / "json.cpp"
        json.write_text(JSON, encoding="utf-8")
        out = str(pathlib.Path(folder) / "out.o")
        best = {}
        for name, source in [("nlohmann/json alone", json), ("one workflow", WORKFLOW)]:
            command = [arguments.compiler, "-std=c++20", "-O1", "-I", arguments.include, "-c", str(source), "-o", out]
            best[name] = min(cpu_seconds(command) for _ in range(RUNS))
            print(f"{name:20} {best[name]:6.2f} s")
    base, ours = best.values()
    print(f"ratio {ours / base:.2f} (target: at most 2)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
