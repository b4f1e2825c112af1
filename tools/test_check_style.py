#!/usr/bin/env python3
"""Shows that each rule of the style check finds what it is for, and leaves alone what it is not."""

import unittest

import check_style

# file, a line that must be found
BAD = [
    ("src/core/a.cpp", "// TODO: later"),
    ("tools/a.sh", "# FIXME"),
    ("tests/unit/a.cpp", "std::this_thread::sleep_for(1s);"),
    ("tests/e2e/a.py", "time.sleep(1)"),
    ("tests/unit/a.cpp", "GTEST_SKIP();"),
    ("tests/unit/a.cpp", "TEST(Suite, DISABLED_Case) {}"),
    ("src/engine/a.cpp", "std::thread(work).detach();"),
    ("include/cloacina/a.hpp", "using namespace std;"),
    ("README.md", "see /home/me/cloacina"),
    ("docs/a.md", "as issue 12 says"),
    ("src/core/a.cpp", "int a;\t"),
    ("src/core/a.cpp", "int a; "),
]
GOOD = [
    ("src/core/a.cpp", "auto path = make_temporary(\"cloacina-XXXXXX\");"),
    ("src/engine/a.cpp", "std::this_thread::sleep_for(1s);"),
    ("src/core/a.cpp", "using namespace std::chrono_literals;"),
    ("tests/e2e/a.cpp", "run({\"sleep\", \"100\"});"),
    ("docs/a.md", "/var/lib/dpkg/status, $HOME/work/a, ../work/a"),
    ("Makefile", "\techo yes"),
]


def check(path, line):
    return check_style.check_file(path, ("#pragma once\n" if path.endswith(".hpp") else "") + line + "\n")


class Style(unittest.TestCase):
    def test_bad_lines(self):
        for path, line in BAD:
            with self.subTest(path=path, line=line):
                found = check(path, line)
                self.assertGreaterEqual(len(found), 1)
                self.assertTrue(found[0].startswith(f"{path}:"), found)

    def test_good_lines(self):
        for path, line in GOOD:
            with self.subTest(path=path, line=line):
                self.assertEqual(check(path, line), [])

    def test_length(self):
        self.assertEqual(check_style.check_file("src/core/a.cpp", "\n" * check_style.LINES_MAX), [])
        self.assertEqual(len(check_style.check_file("src/core/a.cpp", "\n" * (check_style.LINES_MAX + 1))), 1)

    def test_header_guard_and_last_line(self):
        self.assertEqual(len(check_style.check_file("src/core/a.hpp", "int a;\n")), 1)
        self.assertEqual(len(check_style.check_file("src/core/a.cpp", "int a;")), 1)


if __name__ == "__main__":
    unittest.main()
