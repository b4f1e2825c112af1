#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"
#include "cloacina/workflow.hpp"

namespace cloacina {

/// One problem of a workflow file.
struct FlowFileProblem {
  std::string file;
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1
  std::string text;

  [[nodiscard]] std::string to_string() const {
    return file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": " + text;
  }
};

/// What a workflow file holds. Either `problems` is empty, or `workflows` is: nothing of a bad file is used.
struct FlowFile {
  std::vector<Workflow> workflows;
  std::vector<FlowFileProblem> problems;  ///< all of them, in the order of the text
};

/// Reads YAML text. `file` names it in problems; relative folders count from `folder`.
[[nodiscard]] CLOACINA_API FlowFile parse_flow_file(std::string_view text, const std::string& file,
                                                    const std::filesystem::path& folder);
/// Reads a file of at most 4 MiB. A file that cannot be read is a problem like others.
[[nodiscard]] CLOACINA_API FlowFile read_flow_file(const std::filesystem::path& path);
/// Reads several files, or all `*.yaml` and `*.yml` of folders in name order; a workflow name that is used twice is a problem.
[[nodiscard]] CLOACINA_API FlowFile read_flow_files(const std::vector<std::filesystem::path>& paths);

}  // namespace cloacina
