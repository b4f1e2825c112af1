#pragma once

#include <stdexcept>
#include <string>

namespace cloacina::flowfile {

/// A place in a workflow file. Columns count bytes while a file is read; what the user sees counts characters.
struct Position {
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1

  friend auto operator<=>(const Position&, const Position&) = default;
};

/// The text is no YAML, or more of it than is allowed.
class YamlError : public std::runtime_error {
 public:
  YamlError(Position at, const std::string& text) : std::runtime_error(text), at_(at) {}
  [[nodiscard]] Position at() const noexcept { return at_; }

 private:
  Position at_;
};

}  // namespace cloacina::flowfile
