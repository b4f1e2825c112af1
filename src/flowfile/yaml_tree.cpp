#include "flowfile/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <istream>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/text.hpp"
#include "flowfile/utf8.hpp"
#include "flowfile/yaml_input.hpp"

namespace cloacina::flowfile {

namespace {

constexpr std::string_view core_tags = "tag:yaml.org,2002:";
constexpr std::array<std::string_view, 7> core_tag_names{"null", "bool", "int", "float", "str", "seq", "map"};

Position position(const YAML::Mark& mark) { return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1}; }

Node::Kind node_kind(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::Null:
      return Node::Kind::Null;
    case ScalarKind::Bool:
      return Node::Kind::Bool;
    case ScalarKind::Int:
      return Node::Kind::Int;
    case ScalarKind::Float:
      return Node::Kind::Float;
    case ScalarKind::Text:
      break;
  }
  return Node::Kind::Text;
}

/// The kind that the scanner's tag gives to a scalar: `?` stands for a plain one, `!` for a quoted one. nullopt: the tag is not of
/// the core schema, or not of this text.
std::optional<Node::Kind> tagged_kind(const std::string& tag, const std::string& text) {
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return Node::Kind::Text;
  const Node::Kind kind = node_kind(scalar_kind(text));
  if (tag == "?") return kind;
  const auto is = [&](std::string_view name) { return tag.starts_with(core_tags) && tag.substr(core_tags.size()) == name; };
  if (is("float") && kind == Node::Kind::Int) return Node::Kind::Float;
  const bool same = (is("null") && kind == Node::Kind::Null) || (is("bool") && kind == Node::Kind::Bool) ||
                    (is("int") && kind == Node::Kind::Int) || (is("float") && kind == Node::Kind::Float);
  return same ? std::optional(kind) : std::nullopt;
}

/// Builds the tree from the scanner's events, and stops it at the first one that is too much.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(MeteredInput& input) : input_(input) {}

  [[nodiscard]] Document take() { return std::move(document_); }
  [[nodiscard]] bool done() const { return document_.root != nullptr; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (done()) throw YamlError(position(mark), "text behind the end of the document: a workflow file is one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Position at = position(mark);
    // The mark of a value that is not there is that of whatever comes next.
    if (wants_value() && open_.back().node->entries.back().at.line != at.line) at = open_.back().node->entries.back().at;
    scalar(at, anchor, Node::Kind::Null, {});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    const Position at = position(mark);
    const auto kind = tagged_kind(tag, text);
    if (!kind) refuse_tag(at, tag, core::quote(text));
    scalar(at, anchor, kind.value_or(Node::Kind::Text), kind == Node::Kind::Null ? std::string{} : text);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position at = position(mark);
    input_.progressed(at);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YamlError(at, "this alias stands for something that it is a part of");
    const Node& node = *found->second;
    count(at, node.values, node.text_bytes);
    if (static_cast<int>(open_.size()) + node.levels > yaml_levels_max) refuse_depth(at);
    attach(at, node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(position(mark), tag, anchor, Node::Kind::List);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(position(mark), tag, anchor, Node::Kind::Map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node* node;
    YAML::anchor_t anchor;
    std::size_t values_before;
    std::size_t text_bytes_before;
    bool has_key = false;      ///< Map: the last entry waits for its value
    bool drops_entry = false;  ///< Map: that entry was reported, and goes with its value
    // Of each key. Ordered, not hashed: names chosen to collide cannot slow it down.
    std::map<std::string, int> lines{};
  };

  void report(Position at, std::string text) { document_.problems.emplace_back(at, std::move(text)); }

  void refuse_tag(Position at, const std::string& tag, const std::string& what) {
    const bool known =
        tag.starts_with(core_tags) && std::count(core_tag_names.begin(), core_tag_names.end(), tag.substr(core_tags.size())) != 0;
    report(at, known ? what + " is not what its tag says, !!" + tag.substr(core_tags.size()) : "unknown tag " + core::quote(tag));
  }

  [[noreturn]] static void refuse_depth(Position at) { throw YamlError(at, "more than 64 levels of lists and mappings"); }

  [[nodiscard]] bool wants_key() const {
    return !open_.empty() && open_.back().node->kind == Node::Kind::Map && !open_.back().has_key;
  }

  [[nodiscard]] bool wants_value() const {
    return !open_.empty() && open_.back().node->kind == Node::Kind::Map && open_.back().has_key;
  }

  void count(Position at, std::size_t values, std::size_t text_bytes) {
    values_ += values;
    text_bytes_ += text_bytes;
    if (values_ > yaml_values_max) throw YamlError(at, "more than 100,000 values (an alias counts as all that it stands for)");
    if (text_bytes_ > yaml_text_bytes_max) {
      throw YamlError(at, "more than 16 MiB of text (an alias counts as all that it stands for)");
    }
  }

  void scalar(Position at, YAML::anchor_t anchor, Node::Kind kind, std::string text) {
    input_.progressed(at);
    count(at, 1, text.size());
    Node& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.at = at;
    node.text_bytes = text.size();
    node.text = std::move(text);
    if (anchor != 0) anchors_[anchor] = &node;
    attach(at, node);
  }

  void take_key(Position at, const Node& node) {
    Open& map = open_.back();
    map.has_key = true;
    map.drops_entry = true;
    if (node.kind != Node::Kind::Text) {
      const bool scalar = node.kind != Node::Kind::Null && node.levels == 0;
      report(at, "a key must be a text, and this one is " + describe(node) + (scalar ? ": write it in quotes" : ""));
    } else if (const auto [first, inserted] = map.lines.emplace(node.text, at.line); !inserted) {
      report(at, "the key " + core::quote(node.text) + " is already there, in line " + std::to_string(first->second));
    } else {
      map.drops_entry = false;
    }
    map.node->entries.push_back({node.text, at, nullptr});
  }

  void attach(Position at, const Node& node) {
    if (open_.empty()) {
      document_.root = &node;
      return;
    }
    if (wants_key()) {
      // A key is no value; its text counts.
      if (node.levels == 0) --values_;
      return take_key(at, node);
    }
    Open& parent = open_.back();
    parent.node->levels = std::max(parent.node->levels, node.levels + 1);
    if (parent.node->kind == Node::Kind::List) {
      parent.node->items.push_back(&node);
      return;
    }
    parent.node->entries.back().value = &node;
    if (parent.drops_entry) parent.node->entries.pop_back();
    parent.has_key = false;
  }

  void open(Position at, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    input_.progressed(at);
    if (tag != "?" && tag != "!" && tag != (kind == Node::Kind::List ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map")) {
      refuse_tag(at, tag, kind == Node::Kind::List ? "a list" : "a mapping");
    }
    if (static_cast<int>(open_.size()) >= yaml_levels_max) refuse_depth(at);
    open_.push_back({nullptr, anchor, values_, text_bytes_});
    count(at, 1, 0);
    Node& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.at = at;
    node.levels = 1;
    open_.back().node = &node;
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    closed.node->values = values_ - closed.values_before;
    closed.node->text_bytes = text_bytes_ - closed.text_bytes_before;
    // Only now: an alias inside would have no end.
    if (closed.anchor != 0) anchors_[closed.anchor] = closed.node;
    attach(closed.node->at, *closed.node);
  }

  MeteredInput& input_;
  Document document_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
  std::size_t values_ = 0;
  std::size_t text_bytes_ = 0;
};

/// What people run into: `cron: * * * * *` and `cron: @daily` are no texts without quotes, and tabs do not indent.
std::string hint(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 0) return {};
  const auto at = static_cast<std::size_t>(mark.pos);
  const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const auto indent = text.substr(line, text.find_first_not_of(" \t", line) - line);
  if (indent.find('\t') != std::string_view::npos) return " (this line is indented with a tab; YAML takes spaces)";
  for (const std::size_t place : {at, at - 1}) {
    if (place <= line || place >= text.size() || std::string_view("*&@`%!").find(text[place]) == std::string_view::npos) continue;
    return std::string(" (a text that begins with ") + text[place] + " needs quotes)";
  }
  return {};
}

}  // namespace

Document read_yaml(std::string_view text) {
  check_input(text);
  MeteredInput input(text);
  TreeBuilder builder(input);
  try {
    std::istream stream(&input);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.done()) throw YamlError({}, "empty: there is no document");
    // A second document calls the builder, which refuses it.
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    const Position at = position(e.mark);
    throw YamlError(at, "not YAML: " + printable(e.msg) + hint(text, e.mark));
  } catch (const YamlError&) {
    throw;
  } catch (const std::exception& e) {
    throw YamlError({}, std::string("not YAML: ") + e.what());
  }
  return builder.take();
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Bool:
      return "the truth value " + node.text;
    case Node::Kind::Int:
    case Node::Kind::Float:
      return "the number " + node.text;
    case Node::Kind::Text:
      return "the text " + core::quote(node.text);
    case Node::Kind::List:
      return "a list";
    case Node::Kind::Map:
      break;
  }
  return "a mapping";
}

}  // namespace cloacina::flowfile
