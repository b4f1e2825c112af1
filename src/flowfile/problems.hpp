#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloacina/flowfile.hpp"
#include "flowfile/yaml_error.hpp"

namespace cloacina::flowfile {

/// Collects what is wrong with one file.
class Problems {
 public:
  void add(Position at, std::string text) { found_.emplace_back(at, std::move(text)); }
  [[nodiscard]] bool empty() const noexcept { return found_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return found_.size(); }

  /// In the order of the text, none twice (what an alias stands for is read once for each alias), columns in characters of `text`.
  [[nodiscard]] std::vector<FlowFileProblem> report(const std::string& file, std::string_view text) const;

 private:
  std::vector<std::pair<Position, std::string>> found_;
};

}  // namespace cloacina::flowfile
