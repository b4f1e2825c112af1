#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/flowfile.hpp"
#include "flowfile/problems.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

/// One workflow of a file.
struct WorkflowRead {
  std::string name;                  ///< empty when there is no valid one
  Position at;                       ///< of the name
  std::optional<Workflow> workflow;  ///< none when anything of it was reported
  std::vector<ScheduleEntry> schedules;
};

/// Reads one element of `workflows`. `folder` is the file's.
[[nodiscard]] WorkflowRead read_workflow(Problems& problems, const Node& node, const std::filesystem::path& folder);

}  // namespace cloacina::flowfile
