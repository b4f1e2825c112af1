#pragma once

#include <string>
#include <vector>

#include "cloacina/flowfile.hpp"
#include "flowfile/problems.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

/// Reads `schedules` of a workflow. What is wrong is reported.
[[nodiscard]] std::vector<ScheduleEntry> read_schedules(Problems& problems, const Node& node, const std::string& workflow);

}  // namespace cloacina::flowfile
