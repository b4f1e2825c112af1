#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "cloacina/flowfile.hpp"
#include "fuzz/require.hpp"

namespace cloacina::fuzz {

/// Reads any bytes as a workflow file, and ends the program when the result is none that parse_flow_file may give.
inline void read_as_flow_file(std::string_view text) {
  const FlowFile first = parse_flow_file(text, "fuzz.yaml", "/fuzz");
  require(first.problems.empty() || (first.workflows.empty() && first.schedules.empty()));
  require(!first.problems.empty() || !first.workflows.empty());
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  auto last = std::pair(1, 1);
  for (const auto& problem : first.problems) {
    const auto at = std::pair(problem.line, problem.column);
    require(at >= last && problem.column >= 1 && problem.line <= lines);
    require(!problem.text.empty());
    (void)nlohmann::json(problem.text).dump();  // throws when it is not UTF-8
    last = at;
  }
  const FlowFile second = parse_flow_file(text, "fuzz.yaml", "/fuzz");
  require(first.workflows.size() == second.workflows.size() && first.problems.size() == second.problems.size());
  for (std::size_t i = 0; i < first.workflows.size(); ++i) {
    require(first.workflows[i].version() == second.workflows[i].version());
    require(!first.workflows[i].to_text().empty());
  }
}

}  // namespace cloacina::fuzz
