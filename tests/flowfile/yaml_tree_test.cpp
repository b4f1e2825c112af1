#include "flowfile/yaml_tree.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloacina::flowfile {
namespace {

/// `KIND LINE:COLUMN TEXT` of each value, keys with their place before their value; what the tests compare.
std::string show(const Node& node) {
  const auto place = [](Position at) { return std::to_string(at.line) + ':' + std::to_string(at.column); };
  std::string out = place(node.at);
  switch (node.kind) {
    case Node::Kind::Null:
      return out + " null";
    case Node::Kind::Bool:
      return out + " bool " + node.text;
    case Node::Kind::Int:
      return out + " int " + node.text;
    case Node::Kind::Float:
      return out + " float " + node.text;
    case Node::Kind::Text:
      return out + " text " + node.text;
    case Node::Kind::List:
      out += " [";
      for (const Node* item : node.items) out += show(*item) + ";";
      return out + "]";
    case Node::Kind::Map:
      break;
  }
  out += " {";
  for (const Entry& entry : node.entries) out += place(entry.at) + " " + entry.key + "=" + show(*entry.value) + ";";
  return out + "}";
}

std::string read(std::string_view text) {
  try {
    const Document document = read_yaml(text);
    std::string out = show(*document.root);
    for (const auto& [at, problem] : document.problems) {
      out += " !" + std::to_string(at.line) + ':' + std::to_string(at.column) + ": " + problem;
    }
    return out;
  } catch (const YamlError& e) {
    return std::to_string(e.at().line) + ':' + std::to_string(e.at().column) + ": " + e.what();
  }
}

TEST(YamlTree, KeepsPlacesKindsAndOrder) {
  const struct {
    const char* text;
    const char* tree;
  } cases[] = {
      {"b: 1\na: x", "1:1 {1:1 b=1:4 int 1;2:1 a=2:4 text x;}"},
      {"a: '1'\nb: \"true\"", "1:1 {1:1 a=1:4 text 1;2:1 b=2:4 text true;}"},
      {"a: on\nb: ~", "1:1 {1:1 a=1:4 text on;2:1 b=2:4 null;}"},
      // The place of a value that is missing is that of its key.
      {"a:\nb:\n  c:\n", "1:1 {1:1 a=1:1 null;2:1 b=3:3 {3:3 c=3:3 null;};}"},
      {"- 1.5\n- [x, .inf]", "1:1 [1:3 float 1.5;2:3 [2:4 text x;2:7 float .inf;];]"},
      {"a: &x [1]\nb: *x", "1:1 {1:1 a=1:4 [1:8 int 1;];2:1 b=1:4 [1:8 int 1;];}"},
      {"&k a: 1\nb: *k", "1:1 {1:1 a=1:7 int 1;2:1 b=1:1 text a;}"},
      {"a: &k x\n*k : 1", "1:1 {1:1 a=1:4 text x;2:1 x=2:6 int 1;}"},
      {"a: |\n  x\n  y\n", "1:1 {1:1 a=1:4 text x\ny\n;}"},
      {"a: !!str 5\nb: !!float 5\nc: ! 5", "1:1 {1:1 a=1:4 text 5;2:1 b=2:4 float 5;3:1 c=3:4 text 5;}"},
      {"<<: 1", "1:1 {1:1 <<=1:5 int 1;}"},
      {"---\na: 1\n...\n", "2:1 {2:1 a=2:4 int 1;}"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.text), c.tree) << c.text;
}

TEST(YamlTree, ReportsWhatWeDoNotTakeAndReadsOn) {
  const struct {
    const char* text;
    const char* tree;
  } cases[] = {
      {"a: 1\nb: 2\na: 3", "1:1 {1:1 a=1:4 int 1;2:1 b=2:4 int 2;} !3:1: the key 'a' is already there, in line 1"},
      {"5: x\na: 1", "1:1 {2:1 a=2:4 int 1;} !1:1: a key must be a text, and this one is the number 5: write it in quotes"},
      {"true: x", "1:1 {} !1:1: a key must be a text, and this one is the truth value true: write it in quotes"},
      {"~: x", "1:1 {} !1:1: a key must be a text, and this one is nothing"},
      {"[a]: x\nb: 1", "1:1 {2:1 b=2:4 int 1;} !1:1: a key must be a text, and this one is a list"},
      {"? {a: 1}\n: x\nb: 1", "1:1 {3:1 b=3:4 int 1;} !1:3: a key must be a text, and this one is a mapping"},
      {"a: !x 1", "1:1 {1:1 a=1:4 text 1;} !1:4: unknown tag '!x'"},
      {"a: !!binary aGk=", "1:1 {1:1 a=1:4 text aGk=;} !1:4: unknown tag 'tag:yaml.org,2002:binary'"},
      {"a: !!int x", "1:1 {1:1 a=1:4 text x;} !1:4: 'x' is not what its tag says, !!int"},
      {"a: !!map [x]", "1:1 {1:1 a=1:4 [1:11 text x;];} !1:4: a list is not what its tag says, !!map"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.text), c.tree) << c.text;
}

TEST(YamlTree, RefusesWhatIsNoYaml) {
  const std::string nul("a: \0b", 5);
  const struct {
    std::string_view text;
    const char* error;
  } cases[] = {
      {"", "1:1: empty: there is no document"},
      {"# only\n\n", "1:1: empty: there is no document"},
      {"a: 1\n---\nb: 2\n", "2:1: text behind the end of the document: a workflow file is one document"},
      {"{a: 1} b", "1:8: text behind the end of the document: a workflow file is one document"},
      {"a: [1, 2", "1:1: not YAML: end of sequence flow not found"},
      {"a: b: c", "1:5: not YAML: illegal map value"},
      {"a:\n\tb: 1\n", "2:3: not YAML: illegal map value (this line is indented with a tab; YAML takes spaces)"},
      {"cron: * * * * *", "1:8: not YAML: alias not found after * (a text that begins with * needs quotes)"},
      {"cron: @daily", "1:7: not YAML: unknown token (a text that begins with @ needs quotes)"},
      {"a: *b", "1:4: not YAML: the referenced anchor is not defined (a text that begins with * needs quotes)"},
      {"a: \"\\q\"", "1:7: not YAML: unknown escape character: q"},
      {"a: \"\\\u00e9\"", "1:7: not YAML: unknown escape character: \ufffd"},  // one byte of two
      {"%YAML 2.0\n---\na: 1", "1:1: not YAML: YAML major version too large"},
      {"a: &x [*x]", "1:8: this alias stands for something that it is a part of"},
      {nul, "1:4: not a text: control character U+0000"},
      {"a: \x07", "1:4: not a text: control character U+0007"},
      {"a: 1\rb: 2", "1:5: not a text: control character U+000D"},
      {"a: 1\nb: \xff", "2:4: not a text: not UTF-8 at byte 0xFF"},
      {"a: \xc0\xaf", "1:4: not a text: not UTF-8 at byte 0xC0"},
      {"a: \xed\xa0\x80", "1:4: not a text: not UTF-8 at byte 0xED"},
      {"a: \xf4\x90\x80\x80", "1:4: not a text: not UTF-8 at byte 0xF4"},
      {"a: \xe2\x82", "1:4: not a text: not UTF-8 at byte 0xE2"},
      {"\xff\xfe"
       "a",
       "1:1: not a text: not UTF-8 at byte 0xFF"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.text), c.error) << c.text;
}

TEST(YamlTree, CountsLevelsValuesAndTextWithAliasesExpanded) {
  const auto levels = [](int n) {
    return std::string(static_cast<std::size_t>(n), '[') + std::string(static_cast<std::size_t>(n), ']');
  };
  EXPECT_EQ(read_yaml(levels(64)).root->levels, 64);
  EXPECT_EQ(read(levels(65)), "1:65: more than 64 levels of lists and mappings");
  EXPECT_EQ(read("[&a " + levels(40) + ", [[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]"),
            "1:111: more than 64 levels of lists and mappings");

  EXPECT_EQ(read_yaml("[a, {b: c, d: [e]}]").root->values, 6U);
  EXPECT_EQ(read_yaml("[&a [x, x], *a, *a]").root->values, 10U);
  std::string many;
  for (int i = 0; i < 99'999; ++i) many += "- 1\n";
  EXPECT_EQ(read_yaml(many).root->values, 100'000U);
  EXPECT_EQ(read(many + "- 1\n"), "100000:3: more than 100,000 values (an alias counts as all that it stands for)");

  EXPECT_EQ(read_yaml("{ab: c, d: &x efg, h: *x}").root->text_bytes, 11U);
  std::string text = "a: &a " + std::string(3'000'000, 'x') + "\nb: [*a, *a, *a, *a, *a]";
  EXPECT_EQ(read(text), "2:21: more than 16 MiB of text (an alias counts as all that it stands for)");
}

}  // namespace
}  // namespace cloacina::flowfile
