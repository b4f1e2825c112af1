#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"
#include "cloacina/schedule.hpp"
#include "cloacina/workflow.hpp"

namespace cloacina {

/// One problem of a workflow file.
struct FlowFileProblem {
  std::string file;
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1, in characters
  std::string text;

  [[nodiscard]] std::string to_string() const {
    return file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": " + text;
  }
};

/// One schedule of a workflow file, and where it is written.
struct ScheduleEntry {
  Schedule schedule;  ///< with its defaults in place; of the workflow that it stands in
  std::string file;
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1, in characters
};

/// What workflow files hold. Either `problems` is empty, or the others are: nothing of a bad file is used.
struct FlowFile {
  std::vector<Workflow> workflows;         ///< in the order of the text
  std::vector<ScheduleEntry> schedules{};  ///< in the order of the text
  std::vector<FlowFileProblem> problems;   ///< all of them, in the order of the text
};

/// Reads YAML text. `file` names it in problems; relative folders count from `folder` (empty: the current one).
[[nodiscard]] CLOACINA_API FlowFile parse_flow_file(std::string_view text, const std::string& file,
                                                    const std::filesystem::path& folder);
/// Reads a file of at most 4 MiB. A file that cannot be read is a problem like others.
[[nodiscard]] CLOACINA_API FlowFile read_flow_file(const std::filesystem::path& path);
/// Reads several files, or all `*.yaml` and `*.yml` of folders in name order, without hidden ones. A file that is named twice is
/// read once; the name of a workflow or schedule that is used twice is a problem that names both places.
[[nodiscard]] CLOACINA_API FlowFile read_flow_files(const std::vector<std::filesystem::path>& paths);

}  // namespace cloacina
