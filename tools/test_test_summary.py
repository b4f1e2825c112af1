#!/usr/bin/env python3
"""Shows that a run with a failed, a skipped, a disabled or no test at all does not count as passed."""

import pathlib
import tempfile
import unittest

import test_summary

PASSED = '<testcase name="a" time="0.5" status="run"/>'
FAILED = '<testcase name="b" time="2" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="c" time="0" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>'
DISABLED = '<testcase name="d" time="0" status="disabled"/>'


class Summary(unittest.TestCase):
    def read(self, *cases):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tests.xml"
            path.write_text(f'<?xml version="1.0"?><testsuite name="x">{"".join(cases)}</testsuite>', encoding="utf-8")
            return test_summary.read(str(path))

    def test_cases(self):
        for cases, passed, failed in [
            ([PASSED], 1, 0),
            ([PASSED, FAILED], 1, 1),
            ([PASSED, SKIPPED], 1, 1),
            ([PASSED, DISABLED], 1, 1),
            ([], 0, 1),
        ]:
            with self.subTest(cases=cases):
                summary = self.read(*cases)
                self.assertEqual(summary.line, f"{passed} passed, {failed} failed")
                self.assertEqual(summary.ok, failed == 0)

    def test_slowest_first(self):
        self.assertEqual([name for _, name in self.read(PASSED, FAILED, SKIPPED).slowest], ["b", "a", "c"])


if __name__ == "__main__":
    unittest.main()
