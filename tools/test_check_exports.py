#!/usr/bin/env python3
"""Shows which exported names the check lets pass and which it does not."""

import unittest

import check_exports

GOOD = [
    "0000000000001234 T cloacina::Runner::start()",
    "0000000000001234 T cloacina::Workflow::Workflow(std::shared_ptr<cloacina::core::Definition const>, std::vector<int>)",
    "0000000000001234 W cloacina::WorkflowBuilder::operator=(cloacina::WorkflowBuilder&&)",
    "0000000000001234 V typeinfo for cloacina::Error",
    "0000000000001234 V vtable for cloacina::Error",
    "0000000000001234 W int cloacina::Context::get<int>(std::basic_string_view<char>) const",
]
BAD = [
    "0000000000001234 T cloacina::engine::Engine::step(cloacina::Timestamp)",
    "0000000000001234 V vtable for cloacina::store::Store",
    "0000000000001234 T cloacina::Runner::Impl::work()",
    "0000000000001234 W cloacina::Error const& std::get<0ul, cloacina::Error>(std::tuple<cloacina::Error>&)",
    "0000000000001234 W std::vector<cloacina::Attempt>::push_back(cloacina::Attempt&&)",
    "0000000000001234 T sqlite3_open",
    "0000000000001234 u nlohmann::detail::exception::name()",
]


class Exports(unittest.TestCase):
    def test_good(self):
        self.assertEqual(check_exports.problems(GOOD), [])

    def test_bad(self):
        for line in BAD:
            with self.subTest(line=line):
                self.assertEqual(len(check_exports.problems([line])), 1)


if __name__ == "__main__":
    unittest.main()
