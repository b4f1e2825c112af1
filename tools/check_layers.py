#!/usr/bin/env python3
"""Checks that every file includes only what its layer may, and every third-party header only where its owner is.

Usage: tools/check_layers.py [ROOT]
The tables below are the law; ARCHITECTURE.md says why.
"""

import fnmatch
import pathlib
import re
import sys

import project_files

# layer -> (layers it may include besides itself and include/cloacina, files that may include more: pattern -> layers)
LAYERS = {
    "core": (set(), {}),
    "cron": ({"core"}, {}),
    "os": ({"core"}, {}),
    "store": ({"core", "os"}, {"src/store/open.cpp": {"store/sqlite", "store/postgres"}}),
    "store/sql": ({"core", "store"}, {}),
    "store/sqlite": ({"core", "os", "store", "store/sql"}, {}),
    "store/memory": ({"core", "store", "store/sql"}, {}),
    "store/postgres": ({"core", "os", "store", "store/sql"}, {}),
    "engine": ({"core", "cron", "store"}, {"src/engine/lane.*": {"os"}, "src/engine/inbox.*": {"os"}, "src/engine/workers.*": {"os"}}),
    "runner": ({"core", "cron", "os", "store", "engine"}, {}),
    "testing": ({"core", "cron", "store", "store/sql", "store/memory", "engine", "runner"}, {}),
    "flowfile": ({"core", "os"}, {}),
    "cli": ({"flowfile"}, {}),
}

# header -> files that may include it; the number is how many of them may, None for any.
OWNERS = [
    ("sodium.h", ["src/core/hash.cpp"], None),
    ("sodium/*", [], None),
    ("sqlite3.h", ["src/store/sqlite/*", "tests/*", "bench/*"], None),
    ("libpq-fe.h", ["src/store/postgres/*", "tests/*", "bench/*"], None),
    ("spdlog/*", ["src/runner/*"], 1),
    ("fmt/*", ["src/runner/*"], 1),
    ("yaml-cpp/*", ["src/flowfile/yaml_tree.cpp"], None),
    ("CLI/*", ["src/cli/*"], None),
    ("nlohmann/*", ["*"], None),
    ("gtest/*", ["tests/*"], None),
    ("gmock/*", ["tests/*"], None),
    ("rapidcheck*", ["tests/*"], None),
]

# Headers of Linux and POSIX: behind the small interfaces of src/os. The command talks to a terminal and to signals.
SYSTEM_ANYWHERE = ["src/os/*", "tests/*", "bench/*"]
SYSTEM_CLI = {"unistd.h", "signal.h", "sys/ioctl.h", "termios.h", "poll.h", "pthread.h"}

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath compare
complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream
iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
cxxabi.h
""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = (".hpp", ".cpp", ".h", ".cc", ".c")


def layer_of(path: str) -> str | None:
    """The layer of a path below src/, the longest name first; None when there is none."""
    return next((name for name in sorted(LAYERS, key=len, reverse=True) if path.startswith(name + "/")), None)


def matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def check_third_party(path: str, header: str, used: dict[str, set[str]]) -> str | None:
    """What is wrong with this header of somebody else, or None. Counts in `used` the files of owners that are one file."""
    if header in STANDARD:
        return None
    for pattern, owners, files_max in OWNERS:
        if fnmatch.fnmatchcase(header, pattern):
            if path.startswith("include/") and header.startswith("nlohmann/"):
                return None
            if path.startswith("include/"):
                return "public headers may include the standard library, nlohmann/json and each other"
            if not matches(path, owners):
                return f"only {', '.join(owners) or 'nobody'} may include it"
            if files_max is not None and path.startswith("src/"):
                used.setdefault(pattern, set()).add(path)
                if len(used[pattern]) > files_max:
                    return f"one file owns {pattern}; another is {sorted(used[pattern] - {path})[0]}"
            return None
    if path.startswith("include/"):
        return "public headers may include the standard library, nlohmann/json and each other"
    if header.endswith(".h") and (matches(path, SYSTEM_ANYWHERE) or (path.startswith("src/cli/") and header in SYSTEM_CLI)):
        return None
    if header.endswith(".h"):
        return "headers of the system belong behind an interface of src/os (the C++ header of a C header is free: <cstring>)"
    return "no owner is written down for it in tools/check_layers.py"


def check_project(path: str, header: str) -> str | None:
    """What is wrong with this header of our own, or None."""
    if header.startswith("cloacina/"):
        return None
    target = layer_of(header)
    if path.startswith("include/"):
        return "public headers may include the standard library, nlohmann/json and each other"
    if path.startswith(("examples/", "tests/consumer/", "tests/compile_fail/", "tests/compile_time/")):
        return "users of the library include only <cloacina/...>"
    if path.startswith(("tests/", "bench/")):
        return "write the path from src/ or tests/" if header.startswith(".") else None
    own = layer_of(path.removeprefix("src/"))
    if own is None:
        return f"this file is in no layer; there are: {', '.join(LAYERS)}"
    if target is None:
        return f"write the path from src/, as in \"{own}/...\""
    allowed, special = LAYERS[own]
    allowed = {own} | allowed | {layer for pattern, layers in special.items() if matches(path, [pattern]) for layer in layers}
    if target in allowed:
        return None
    return f"{own} may include {', '.join(sorted(allowed))} and cloacina/"


def check(root: pathlib.Path) -> list[str]:
    """All violations as `file:line: include: what is allowed`."""
    found = []
    used: dict[str, set[str]] = {}
    for path in project_files.project_files(root):
        if not path.endswith(SOURCES) or not path.startswith(("include/", "src/", "tests/", "bench/", "examples/")):
            continue
        for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            header = match[2]
            ours = header.startswith("cloacina/") or match[1] == '"'
            problem = check_project(path, header) if ours else check_third_party(path, header, used)
            if problem:
                found.append(f"{path}:{number}: {header}: {problem}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else project_files.ROOT
    found = check(root)
    print("\n".join(found) if found else "layers: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
