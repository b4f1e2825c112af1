#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flowfile/yaml_error.hpp"
#include "flowfile/yaml_scalar.hpp"

namespace cloacina::flowfile {

inline constexpr std::size_t yaml_values_max = 100'000;  ///< an alias counts as all that it stands for
inline constexpr int yaml_levels_max = 64;               ///< of lists and mappings inside each other

struct Node;

/// Texts and keys in all, an alias counted as all that it stands for: 2 KiB of file must not become gigabytes of command lines.
inline constexpr std::size_t yaml_text_bytes_max = std::size_t{16} * 1024 * 1024;

/// One key of a mapping and its value.
struct Entry {
  std::string key;
  Position at;  ///< of the key
  const Node* value = nullptr;
};

/// A value of the document. An alias is the node that it stands for, shared.
struct Node {
  enum class Kind { Null, Bool, Int, Float, Text, List, Map };
  Kind kind = Kind::Null;
  Position at;
  std::string text;                ///< scalars: what is written, without quotes and escapes; empty for every spelling of null
  std::vector<const Node*> items;  ///< List
  std::vector<Entry> entries;      ///< Map, in the order of the text; no key twice
  std::size_t values = 1;          ///< this one and those inside
  std::size_t text_bytes = 0;      ///< of the texts and keys inside, aliases included
  int levels = 0;                  ///< of lists and mappings, this one counted
};

/// Owns the nodes.
struct Document {
  std::deque<Node> nodes;
  const Node* root = nullptr;
  /// What we do not take, and could leave out: duplicate keys, keys that are no text, tags other than those of the core schema.
  std::vector<std::pair<Position, std::string>> problems;
};

/// Reads the one document of `text`, columns in bytes. *Throws* YamlError for what is no YAML, for no document or several, for more
/// than the limits, and for an alias inside its own anchor.
[[nodiscard]] Document read_yaml(std::string_view text);

/// What `node` is, for an error message: "the number 30", "a list", "nothing".
[[nodiscard]] std::string describe(const Node& node);

}  // namespace cloacina::flowfile
