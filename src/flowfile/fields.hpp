#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/time.hpp"
#include "flowfile/problems.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

/// The known keys of one mapping. Unknown keys are problems as soon as it is made.
class Fields {
 public:
  /// `what` names the thing with its article: "a task". A node that is no mapping is a problem, and then has no key.
  Fields(Problems& problems, const Node& node, std::string_view what, std::vector<std::string> known);

  [[nodiscard]] bool is_map() const noexcept { return node_.kind == Node::Kind::Map; }
  [[nodiscard]] const Node& node() const noexcept { return node_; }
  [[nodiscard]] const Node* find(std::string_view key) const;
  /// As find; a missing key is a problem of the mapping.
  [[nodiscard]] const Node* require(std::string_view key) const;
  /// Of the key, or of the mapping when it is not there.
  [[nodiscard]] Position position(std::string_view key) const;

 private:
  [[nodiscard]] const Entry* entry(std::string_view key) const;

  Problems& problems_;
  const Node& node_;
  std::string what_;
};

/// The readers below give the value of `node`, or nullopt after reporting what is wrong with it. `key` names it in the text.
/// Adds "`key` must be `wanted`; found …".
void report_type(Problems& problems, const Node& node, std::string_view key, std::string_view wanted);

/// A text that is not empty and has no NUL.
[[nodiscard]] std::optional<std::string> read_text(Problems& problems, const Node& node, std::string_view key);
/// Any scalar but null, as it is written: `1.10` stays `1.10`. A text with a NUL is a problem: no program can be given one.
[[nodiscard]] std::optional<std::string> read_written(Problems& problems, const Node& node, std::string_view key);
/// A mapping of scalars as they are written.
[[nodiscard]] std::map<std::string, std::string> read_texts(Problems& problems, const Node& node, std::string_view key);
/// A name of a task, workflow or schedule: `[A-Za-z0-9_.-]{1,128}`.
[[nodiscard]] std::optional<std::string> read_name(Problems& problems, const Node& node, std::string_view key);
[[nodiscard]] std::optional<bool> read_flag(Problems& problems, const Node& node, std::string_view key);

template <class T>
struct Range {
  T least;
  T most;
};
[[nodiscard]] std::optional<std::int64_t> read_integer(Problems& problems, const Node& node, std::string_view key,
                                                       Range<std::int64_t> range);
[[nodiscard]] std::optional<double> read_number(Problems& problems, const Node& node, std::string_view key, Range<double> range);
[[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(Problems& problems, const Node& node, std::string_view key,
                                                                     std::chrono::milliseconds least);
[[nodiscard]] std::optional<Timestamp> read_instant(Problems& problems, const Node& node, std::string_view key);
/// Any value. Numbers that JSON does not have are problems.
[[nodiscard]] std::optional<Json> read_json(Problems& problems, const Node& node);
/// A mapping, as a JSON object.
[[nodiscard]] std::optional<Json> read_object(Problems& problems, const Node& node, std::string_view key);

/// Reports that `text` is none of `words`.
void report_word(Problems& problems, Position at, std::string_view key, std::string_view text,
                 const std::vector<std::string>& words);

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

/// One of a few words.
template <class T>
[[nodiscard]] std::optional<T> read_word(Problems& problems, const Node& node, std::string_view key, const Words<T>& words) {
  std::vector<std::string> known;
  for (const auto& [word, value] : words) {
    if (node.kind == Node::Kind::Text && node.text == word) return value;
    known.push_back(word);
  }
  if (node.kind == Node::Kind::Text) {
    report_word(problems, node.at, key, node.text, known);
  } else {
    std::string wanted = "one of";
    for (std::size_t i = 0; i < known.size(); ++i) wanted += (i == 0 ? " " : ", ") + known[i];
    report_type(problems, node, key, wanted);
  }
  return std::nullopt;
}

}  // namespace cloacina::flowfile
