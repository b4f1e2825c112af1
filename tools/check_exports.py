#!/usr/bin/env python3
"""Checks what a shared library exports: names of the public namespace, and nothing of the layers inside or of other libraries.

Usage: tools/check_exports.py [--nm NM] LIBRARY
"""

import argparse
import re
import subprocess
import sys

INTERNAL = re.compile(r"cloacina::(?:core|cron|store|os|engine|runner|flowfile|package|server|cli)::")
# What the compiler makes for a public class; the name of the class follows.
GENERATED = re.compile(r"^(?:(?:non-)?virtual thunk to |typeinfo name for |typeinfo for |vtable for |VTT for )")


def plain_name(symbol: str) -> str:
    """The qualified name in a demangled symbol: without template arguments, parameters and the return type of templates."""
    name = GENERATED.sub("", symbol)
    while True:
        shorter = re.sub(r"(?<!operator)<[^<>]*>", "", name)
        if shorter == name:
            break
        name = shorter
    name = name.split("(", 1)[0]
    return name if "operator" in name else name.rsplit(" ", 1)[-1]


def problems(lines: list[str]) -> list[str]:
    """`lines` as `nm -DC --defined-only` prints them."""
    found = []
    for line in lines:
        symbol = re.sub(r"^[0-9a-f]*\s*[A-Za-z]\s+", "", line).strip()
        name = plain_name(symbol)
        if not name.startswith("cloacina::") or INTERNAL.match(name):
            found.append(f"{symbol}: not of the public namespace; it must not be marked with CLOACINA_API")
        elif re.search(r"::Impl(::|$)", name):
            found.append(f"{symbol}: the inside of a class; define it as `struct CLOACINA_HIDDEN Class::Impl {{`")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", default="nm")
    parser.add_argument("library")
    arguments = parser.parse_args()
    lines = subprocess.run([arguments.nm, "-DC", "--defined-only", arguments.library], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    found = problems(lines)
    for problem in found:
        print(f"{arguments.library}: {problem}")
    print(f"{len(lines)} exported names, {len(found)} of them wrong")
    return 1 if found or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
