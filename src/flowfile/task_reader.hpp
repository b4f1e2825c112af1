#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "cloacina/command.hpp"
#include "cloacina/retry.hpp"
#include "cloacina/rule.hpp"
#include "flowfile/graph_check.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

/// One task of a file. Its command has what the task itself says; the workflow's environment and folder are added later.
struct TaskRead {
  TaskLinks links;
  std::string description;
  Command command;
  Rule rule;
  std::optional<RetryPolicy> retry;
  std::optional<std::chrono::milliseconds> timeout;
  int max_crashes = 3;
  bool recovers = false;
};

/// Reads the task of `entry`. `folder` is the file's. Parts that are wrong are reported and left out.
[[nodiscard]] TaskRead read_task(Problems& problems, const Entry& entry, const std::filesystem::path& folder);

/// Reads `env`: names and values.
[[nodiscard]] std::map<std::string, std::string> read_env(Problems& problems, const Node& node);

/// Reads `cwd`: a folder, relative to the file's, made absolute. Whether it exists shows when the task runs.
[[nodiscard]] std::filesystem::path read_cwd(Problems& problems, const Node& node, const std::filesystem::path& folder);

}  // namespace cloacina::flowfile
