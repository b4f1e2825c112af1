#!/usr/bin/env python3
"""Shows that check_docs finds what it looks for."""

import pathlib
import tempfile
import unittest

import check_docs


class CheckDocs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def check(self):
        return check_docs.check(self.root, None)

    def test_accepts_what_exists(self):
        self.write("README.md", "# Two words\n[a](docs/a.md#the-house) [b](#two-words) `docs/a.md` [c](https://example.org/x)\n"
                                "```\n[no](link.md)\n```\n")
        self.write("docs/a.md", "## The house\n[up](../README.md)\n")
        self.assertEqual(self.check(), [])

    def test_finds_a_link_that_leads_nowhere(self):
        self.write("README.md", "text\n[a](docs/a.md)\n")
        self.assertEqual(self.check(), ["README.md:2: the link docs/a.md leads nowhere"])

    def test_finds_a_heading_that_is_not_there(self):
        self.write("README.md", "[a](docs/a.md#other)\n")
        self.write("docs/a.md", "# The house\n```\n# other\n```\n")
        self.assertEqual(self.check(), ["README.md:1: docs/a.md has no heading #other"])

    def test_finds_a_path_that_is_not_there(self):
        self.write("README.md", "see `src/core/gone.cpp`\n")
        self.assertEqual(self.check(), ["README.md:1: there is no src/core/gone.cpp"])

    def test_finds_code_that_is_not_the_file(self):
        self.write("README.md", "<!-- file: a.cpp -->\n```cpp\nint a;\n```\n")
        self.write("a.cpp", "int a;\n")
        self.assertEqual(self.check(), [])
        self.write("a.cpp", "int b;\n")
        self.assertEqual(self.check(), ["README.md: the code is not what a.cpp holds"])

    def test_reads_tests_from_the_last_column(self):
        text = "| promise | test |\n|---|---|\n| `not_this` | `A.B`, `example.first` |\nnor `this`\n"
        self.assertEqual(check_docs.named_tests(text), [(3, "A.B"), (3, "example.first")])

    def test_finds_a_mistake_without_a_row_or_a_test(self):
        names = [f"C{i}" for i in range(1, 39)] + [f"R{i}" for i in range(1, 44)]
        rows = {name: f"| {name} | what | why | `A.B` |" for name in names}
        rows["R41"] = "R41 is about something that is not built."
        self.write("docs/known-mistakes.md", "\n".join(rows.values()) + "\n")
        self.assertEqual(self.check(), [])
        rows["C1"] = "| C1 | what | why | no test |"
        rows["C2"] = rows["C3"]
        self.write("docs/known-mistakes.md", "\n".join(rows.values()) + "\n")
        self.assertEqual(self.check(), ["docs/known-mistakes.md:1: C1 names no test",
                                        "docs/known-mistakes.md: C2 has 0 rows, not one",
                                        "docs/known-mistakes.md: C3 has 2 rows, not one"])


if __name__ == "__main__":
    unittest.main()
