#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloacina/flowfile.hpp"

namespace cloacina::test {

/// Each problem of `text` as `LINE:COLUMN: message`.
inline std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& problem : parse_flow_file(text, "f", "/flows").problems) out.push_back(problem.to_string().substr(2));
  return out;
}

/// A file with one workflow `w` whose tasks are `tasks`, a flow mapping in line 3 that begins in column 11.
inline std::string with_tasks(std::string_view tasks) {
  return "cloacina: 1\nworkflows:\n- {tasks: " + std::string(tasks) + ", name: w}\n";
}

/// As with_tasks, for one task `a` whose keys besides `run` are `keys`; they begin in column 24.
inline std::string with_keys(std::string_view keys) { return with_tasks("{a: {run: x, " + std::string(keys) + "}}"); }

/// The definition of the only workflow of `text`, which must be good.
inline Json definition_of(std::string_view text) {
  const FlowFile file = parse_flow_file(text, "f", "/flows");
  if (file.workflows.size() != 1) return Json(file.problems.empty() ? "no workflow" : file.problems.front().to_string());
  return file.workflows.front().to_json();
}

/// The definition of the task `a` of with_keys.
inline Json task_of(std::string_view keys) {
  const Json definition = definition_of(with_keys(keys));
  return definition.is_object() ? definition.at("tasks").at(0) : definition;
}

}  // namespace cloacina::test
