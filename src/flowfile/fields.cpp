#include "flowfile/fields.hpp"

#include <algorithm>

#include "cloacina/error.hpp"
#include "core/text.hpp"

namespace cloacina::flowfile {

namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : ", ") + words[i];
  return out;
}

bool is_scalar(const Node& node) {
  return node.kind != Node::Kind::Null && node.kind != Node::Kind::List && node.kind != Node::Kind::Map;
}

std::string plain_number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value)) ? std::to_string(static_cast<std::int64_t>(value))
                                                                        : std::to_string(value);
}

}  // namespace

Fields::Fields(Problems& problems, const Node& node, std::string_view what, std::vector<std::string> known)
    : problems_(problems), node_(node), what_(what) {
  if (!is_map()) {
    problems_.add(node.at, what_ + " must be a mapping; found " + describe(node));
    return;
  }
  for (const Entry& one : node.entries) {
    if (std::find(known.begin(), known.end(), one.key) != known.end()) continue;
    std::string hint = core::suggestion(one.key, known);
    if (hint.empty()) hint = "; known are " + list_of(known);
    problems_.add(one.at, "unknown key " + core::quote(one.key) + " in " + what_ + hint);
  }
}

const Entry* Fields::entry(std::string_view key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(), [&](const Entry& one) { return one.key == key; });
  return found == node_.entries.end() ? nullptr : &*found;
}

const Node* Fields::find(std::string_view key) const {
  const Entry* found = entry(key);
  return found == nullptr ? nullptr : found->value;
}

const Node* Fields::require(std::string_view key) const {
  const Node* found = find(key);
  if (found == nullptr && is_map()) problems_.add(node_.at, what_ + " needs the key '" + std::string(key) + "'");
  return found;
}

Position Fields::position(std::string_view key) const {
  const Entry* found = entry(key);
  return found == nullptr ? node_.at : found->at;
}

void report_type(Problems& problems, const Node& node, std::string_view key, std::string_view wanted) {
  problems.add(node.at, std::string(key) + " must be " + std::string(wanted) + "; found " + describe(node));
}

void report_word(Problems& problems, Position at, std::string_view key, std::string_view text,
                 const std::vector<std::string>& words) {
  std::string hint = core::suggestion(text, words);
  if (hint.empty()) hint = "; write one of " + list_of(words);
  problems.add(at, std::string(key) + " cannot be " + core::quote(text) + hint);
}

std::optional<std::string> read_text(Problems& problems, const Node& node, std::string_view key) {
  if (node.kind != Node::Kind::Text) {
    report_type(problems, node, key, is_scalar(node) ? "a text (write it in quotes)" : "a text");
    return std::nullopt;
  }
  if (node.text.empty()) {
    problems.add(node.at, std::string(key) + " must not be empty");
    return std::nullopt;
  }
  return read_written(problems, node, key);
}

std::optional<std::string> read_written(Problems& problems, const Node& node, std::string_view key) {
  if (!is_scalar(node)) {
    report_type(problems, node, key, node.kind == Node::Kind::Null ? "a text (\"\" for an empty one)" : "a text");
    return std::nullopt;
  }
  if (node.text.find('\0') != std::string::npos) {
    problems.add(node.at, std::string(key) + " must not hold the character U+0000");
    return std::nullopt;
  }
  return node.text;
}

std::map<std::string, std::string> read_texts(Problems& problems, const Node& node, std::string_view key) {
  std::map<std::string, std::string> out;
  if (node.kind != Node::Kind::Map) {
    report_type(problems, node, key, "a mapping of texts");
    return out;
  }
  for (const Entry& entry : node.entries) {
    auto text = read_written(problems, *entry.value, std::string(key) + '.' + entry.key.substr(0, 80));
    if (text) out.emplace(entry.key, std::move(*text));
  }
  return out;
}

std::optional<std::string> read_name(Problems& problems, const Node& node, std::string_view key) {
  auto text = read_text(problems, node, key);
  if (!text || core::is_name(*text)) return text;
  problems.add(node.at, std::string(key) + " cannot be " + core::quote(*text) + ": a name is 1 to 128 of A-Z a-z 0-9 _ . -");
  return std::nullopt;
}

std::optional<bool> read_flag(Problems& problems, const Node& node, std::string_view key) {
  if (node.kind == Node::Kind::Bool) return scalar_json(node.text)->get<bool>();
  report_type(problems, node, key, "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(Problems& problems, const Node& node, std::string_view key, Range<std::int64_t> range) {
  if (node.kind == Node::Kind::Int) {
    const auto value = scalar_json(node.text);
    if (value && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX)) {
      const auto number = value->get<std::int64_t>();
      if (number >= range.least && number <= range.most) return number;
    }
  }
  report_type(problems, node, key, "a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
  return std::nullopt;
}

std::optional<double> read_number(Problems& problems, const Node& node, std::string_view key, Range<double> range) {
  if (node.kind == Node::Kind::Int || node.kind == Node::Kind::Float) {
    const auto value = scalar_json(node.text);
    if (value && value->get<double>() >= range.least && value->get<double>() <= range.most) return value->get<double>();
  }
  report_type(problems, node, key, "a number from " + plain_number(range.least) + " to " + plain_number(range.most));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(Problems& problems, const Node& node, std::string_view key,
                                                       std::chrono::milliseconds least) {
  if (node.kind == Node::Kind::Int || node.kind == Node::Kind::Float) {
    problems.add(node.at, std::string(key) + " must be a duration; found " + describe(node) +
                              ", which needs a unit: 250ms, 10s, 2m, 1h30m, 7d");
    return std::nullopt;
  }
  if (node.kind != Node::Kind::Text) {
    report_type(problems, node, key, "a duration like 250ms, 10s, 2m, 1h30m or 7d");
    return std::nullopt;
  }
  try {
    const auto value = parse_duration(node.text);
    if (value >= least) return value;
    problems.add(node.at, std::string(key) + " must be at least " + format_duration(least) + "; found " + describe(node));
  } catch (const Error& e) {
    problems.add(node.at, std::string(key) + ": " + e.what());
  }
  return std::nullopt;
}

std::optional<Timestamp> read_instant(Problems& problems, const Node& node, std::string_view key) {
  if (node.kind != Node::Kind::Text) {
    report_type(problems, node, key, "a time like 2026-03-29T01:00:00Z");
    return std::nullopt;
  }
  try {
    return parse_timestamp(node.text);
  } catch (const Error& e) {
    problems.add(node.at, std::string(key) + ": " + e.what());
  }
  return std::nullopt;
}

std::optional<Json> read_json(Problems& problems, const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return Json(nullptr);
    case Node::Kind::Text:
      return Json(node.text);
    case Node::Kind::Bool:
    case Node::Kind::Int:
    case Node::Kind::Float: {
      auto value = scalar_json(node.text);
      if (!value) problems.add(node.at, describe(node) + " cannot be kept as JSON: write it in quotes");
      return value;
    }
    case Node::Kind::List: {
      Json list = Json::array();
      for (const Node* item : node.items) {
        if (auto value = read_json(problems, *item)) list.push_back(std::move(*value));
      }
      return list;
    }
    case Node::Kind::Map:
      break;
  }
  Json object = Json::object();
  for (const Entry& entry : node.entries) {
    if (auto value = read_json(problems, *entry.value)) object[entry.key] = std::move(*value);
  }
  return object;
}

std::optional<Json> read_object(Problems& problems, const Node& node, std::string_view key) {
  if (node.kind == Node::Kind::Map) return read_json(problems, node);
  report_type(problems, node, key, "a mapping");
  return std::nullopt;
}

}  // namespace cloacina::flowfile
