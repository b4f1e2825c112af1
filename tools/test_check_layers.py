#!/usr/bin/env python3
"""Feeds the layer check trees that are in order and trees that are not."""

import pathlib
import tempfile
import unittest

import check_layers

GOOD = [
    ("include/cloacina/a.hpp", "#include <nlohmann/json.hpp>\n#include <string>\n#include \"cloacina/b.hpp\""),
    ("src/core/hash.cpp", "#include <sodium.h>"),
    ("src/cron/a.cpp", "#include \"core/a.hpp\"\n#include \"cron/b.hpp\""),
    ("src/os/file_lock.cpp", "#include <sys/file.h>\n#include <fcntl.h>"),
    ("src/store/open.cpp", "#include \"store/sqlite/open.hpp\"\n#include \"store/postgres/open.hpp\""),
    ("src/store/sqlite/a.cpp", "#include <sqlite3.h>\n#include \"store/store.hpp\"\n#include \"os/lock.hpp\""),
    ("src/engine/lane.cpp", "#include \"os/wake.hpp\"\n#include \"store/store.hpp\"\n#include <thread>"),
    ("src/runner/runner.cpp", "#include \"engine/lane.hpp\"\n#include \"os/host.hpp\"\n#include \"cloacina/flowfile.hpp\""),
    ("src/runner/log.cpp", "#include <spdlog/spdlog.h>\n#include <spdlog/sinks/stdout_sinks.h>"),
    ("src/flowfile/yaml_tree.cpp", "#include <yaml-cpp/yaml.h>\n#include \"core/text.hpp\"\n#include \"os/process.hpp\""),
    ("src/cli/main.cpp", "#include <CLI/CLI.hpp>\n#include <unistd.h>\n#include \"cli/exit.hpp\""),
    ("tests/unit/a.cpp", "#include <gtest/gtest.h>\n#include <sqlite3.h>\n#include \"engine/engine.hpp\""),
    ("examples/first.cpp", "#include <cloacina/cloacina.hpp>"),
]

# file, what it includes, part of the message
BAD = [
    ("include/cloacina/a.hpp", "<sqlite3.h>", "public headers may include"),
    ("include/cloacina/a.hpp", "<unistd.h>", "public headers may include"),
    ("include/cloacina/a.hpp", "\"core/hash.hpp\"", "public headers may include"),
    ("src/core/a.cpp", "\"store/store.hpp\"", "core may include core and cloacina/"),
    ("src/core/a.cpp", "\"os/lock.hpp\"", "core may include core and cloacina/"),
    ("src/core/a.cpp", "<sodium.h>", "only src/core/hash.cpp"),
    ("src/core/a.cpp", "<unistd.h>", "belong behind an interface of src/os"),
    ("src/cron/a.cpp", "\"engine/engine.hpp\"", "cron may include core, cron"),
    ("src/os/a.cpp", "\"store/store.hpp\"", "os may include core, os"),
    ("src/store/a.cpp", "\"store/sqlite/db.hpp\"", "store may include core, os, store and"),
    ("src/store/a.cpp", "<sqlite3.h>", "only src/store/sqlite/*"),
    ("src/store/sqlite/a.cpp", "\"store/postgres/db.hpp\"", "store/sqlite may include"),
    ("src/store/postgres/a.cpp", "\"store/sqlite/db.hpp\"", "store/postgres may include"),
    ("src/store/postgres/a.cpp", "<sqlite3.h>", "only src/store/sqlite/*"),
    ("src/store/sqlite/a.cpp", "<libpq-fe.h>", "only src/store/postgres/*"),
    ("src/store/sql/a.cpp", "\"store/sqlite/db.hpp\"", "store/sql may include"),
    ("src/store/sql/a.cpp", "<libpq-fe.h>", "only src/store/postgres/*"),
    ("src/engine/engine.cpp", "\"os/wake.hpp\"", "engine may include core, cron, engine, store"),
    ("src/engine/lane.cpp", "\"store/sqlite/db.hpp\"", "engine may include"),
    ("src/engine/engine.cpp", "\"runner/runner.hpp\"", "engine may include"),
    ("src/runner/a.cpp", "\"store/sqlite/db.hpp\"", "runner may include"),
    ("src/flowfile/a.cpp", "<yaml-cpp/yaml.h>", "only src/flowfile/yaml_tree.cpp"),
    ("src/flowfile/a.cpp", "\"engine/engine.hpp\"", "flowfile may include"),
    ("src/cli/a.cpp", "\"store/store.hpp\"", "cli may include cli, flowfile"),
    ("src/cli/a.cpp", "<sys/epoll.h>", "belong behind an interface of src/os"),
    ("src/runner/a.cpp", "<CLI/CLI.hpp>", "only src/cli/*"),
    ("src/core/a.cpp", "\"hash.hpp\"", "write the path from src/"),
    ("src/core/a.cpp", "\"../cron/a.hpp\"", "write the path from src/"),
    ("src/core/a.cpp", "<boost/asio.hpp>", "no owner is written down"),
    ("src/stray/a.cpp", "\"core/a.hpp\"", "this file is in no layer"),
    ("examples/a.cpp", "\"core/a.hpp\"", "users of the library"),
    ("tests/consumer/main.cpp", "\"engine/engine.hpp\"", "users of the library"),
]


def check(*files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n", encoding="utf-8")
        return check_layers.check(root)


class Layers(unittest.TestCase):
    def test_a_tree_in_order(self):
        self.assertEqual(check(*GOOD), [])

    def test_each_violation_is_named(self):
        for name, header, message in BAD:
            with self.subTest(file=name, header=header):
                found = check((name, f"#pragma once\n\n  # include {header}"))
                self.assertEqual(len(found), 1, found)
                self.assertIn(f"{name}:3: {header[1:-1]}: ", found[0])
                self.assertIn(message, found[0])

    def test_one_file_owns_the_logger(self):
        found = check(*[(f"src/runner/{name}.cpp", "#include <spdlog/spdlog.h>") for name in "ab"])
        self.assertEqual(len(found), 1, found)
        self.assertIn("src/runner/b.cpp:1", found[0])
        self.assertIn("one file owns", found[0])


if __name__ == "__main__":
    unittest.main()
