#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/flowfile.hpp"
#include "flowfile/yaml_error.hpp"

namespace cloacina::flowfile {

/// A name that must be unique in everything that is loaded together, and where it is written.
struct NamePlace {
  std::string name;
  std::string file;
  Position at;  ///< columns in characters
};

/// What is read of one file, with what is needed to compare it with others.
struct LoadedFile {
  FlowFile content;
  std::vector<NamePlace> workflows;
  std::vector<NamePlace> schedules;
};

struct ReadOptions {
  std::string file;              ///< as problems name it
  std::filesystem::path folder;  ///< where relative folders start
};

/// Reads the text of one file.
[[nodiscard]] LoadedFile load_text(std::string_view text, const ReadOptions& options);

}  // namespace cloacina::flowfile
