#pragma once

#include <array>
#include <cstddef>
#include <streambuf>
#include <string_view>
#include <vector>

#include "flowfile/yaml_error.hpp"

namespace cloacina::flowfile {

/// The largest workflow file.
inline constexpr std::size_t file_bytes_max = std::size_t{4} * 1024 * 1024;

/// The place of a byte of `text`.
[[nodiscard]] Position position_of(std::string_view text, std::size_t offset);

/// Turns byte columns into character columns. *Requires* `positions` sorted, each inside `text` or right behind it.
void count_characters(std::string_view text, std::vector<Position>& positions);

/// *Throws* YamlError unless `text` is at most 4 MiB of UTF-8 without control characters other than tab and line ends.
void check_input(std::string_view text);

/// Feeds the scanner, and stops it when it collects tokens without end.
///
/// The scanner of yaml-cpp hands nothing on while it cannot know whether what it reads is the key of a mapping: for a flow
/// collection that is until its closing bracket. 4 MiB of brackets would become a gigabyte of tokens before the first event tells
/// us how deep they are. Each token takes a mark of punctuation, so marks since the last event bound the memory. A single text may
/// be as long as the file: only its punctuation counts.
class MeteredInput : public std::streambuf {
 public:
  static constexpr std::size_t marks_max = 600'000;

  explicit MeteredInput(std::string_view text) : text_(text) {}

  /// The scanner handed something on that lies at `at`.
  void progressed(Position at) {
    marks_ = 0;
    last_ = at;
  }

 protected:
  /// *Throws* YamlError when the marks are too many.
  int_type underflow() override;

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t marks_ = 0;
  Position last_;
  std::array<char, 2048> chunk_;
};

}  // namespace cloacina::flowfile
