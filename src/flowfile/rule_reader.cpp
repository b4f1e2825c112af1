#include "flowfile/rule_reader.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/text.hpp"
#include "flowfile/fields.hpp"

namespace cloacina::flowfile {

namespace {

const Words<Rule::Kind>& rule_words() {
  static const Words<Rule::Kind> words{{"all_succeeded", Rule::Kind::AllSucceeded},
                                       {"always", Rule::Kind::Always},
                                       {"any_failed", Rule::Kind::AnyFailed},
                                       {"all_failed", Rule::Kind::AllFailed},
                                       {"any_succeeded", Rule::Kind::AnySucceeded}};
  return words;
}

const Words<Rule::Kind>& group_words() {
  static const Words<Rule::Kind> words{{"all", Rule::Kind::All}, {"any", Rule::Kind::Any}, {"none", Rule::Kind::None}};
  return words;
}

const Words<Condition::Operator>& operator_words() {
  using Operator = Condition::Operator;
  static const Words<Operator> words{
      {"equals", Operator::Equals},      {"not_equals", Operator::NotEquals}, {"greater_than", Operator::GreaterThan},
      {"less_than", Operator::LessThan}, {"contains", Operator::Contains},    {"not_contains", Operator::NotContains},
      {"exists", Operator::Exists}};
  return words;
}

std::optional<Condition> read_task_condition(Problems& problems, const Node& node, std::vector<Mention>& tasks) {
  const Fields fields(problems, node, "a condition on a task", {"task", "is"});
  const Node* task = fields.require("task");
  const Node* is = fields.require("is");
  const auto name = task == nullptr ? std::nullopt : read_name(problems, *task, "task");
  if (name) tasks.push_back({*name, task->at});
  if (is == nullptr) return std::nullopt;
  const Words<Condition::Kind> words{{"completed", Condition::Kind::TaskCompleted},
                                     {"failed", Condition::Kind::TaskFailed},
                                     {"skipped", Condition::Kind::TaskSkipped}};
  const auto kind = read_word(problems, *is, "is", words);
  if (!name || !kind) return std::nullopt;
  Condition condition;
  condition.kind = *kind;
  condition.name = *name;
  return condition;
}

std::optional<Condition> read_context_condition(Problems& problems, const Node& node) {
  std::vector<std::string> known{"context"};
  for (const auto& [word, op] : operator_words()) known.push_back(word);
  const Fields fields(problems, node, "a condition on the context", known);
  Condition condition;
  condition.kind = Condition::Kind::Context;
  const auto key = read_text(problems, *fields.find("context"), "context");
  const Node* value = nullptr;
  std::string_view first;
  for (const auto& [word, op] : operator_words()) {
    const Node* found = fields.find(word);
    if (found == nullptr) continue;
    if (value != nullptr) {
      problems.add(fields.position(word), "a condition has one comparison; found '" + std::string(first) + "' and '" + word + "'");
      return std::nullopt;
    }
    value = found;
    first = word;
    condition.op = op;
  }
  if (value == nullptr) {
    // An unknown key was probably meant to be the comparison, and has been reported.
    if (node.entries.size() == 1) problems.add(node.at, "a condition on the context needs a comparison, such as 'equals'");
    return std::nullopt;
  }
  if (condition.op == Condition::Operator::Exists) {
    const auto exists = read_flag(problems, *value, "exists");
    if (exists == false) condition.op = Condition::Operator::NotExists;
    if (!exists || !key) return std::nullopt;
  } else {
    auto json = read_json(problems, *value);
    if (!json || !key) return std::nullopt;
    condition.value = std::move(*json);
  }
  condition.name = *key;
  return condition;
}

std::optional<Condition> read_condition(Problems& problems, const Node& node, std::vector<Mention>& tasks) {
  const auto has = [&](std::string_view key) {
    return std::any_of(node.entries.begin(), node.entries.end(), [&](const Entry& entry) { return entry.key == key; });
  };
  if (has("task") || has("is")) return read_task_condition(problems, node, tasks);
  if (has("context")) return read_context_condition(problems, node);
  problems.add(node.at, "a condition is {task: NAME, is: completed|failed|skipped} or {context: KEY, equals: VALUE}; found " +
                            (node.kind == Node::Kind::Map ? "a mapping without 'task' and 'context'" : describe(node)));
  return std::nullopt;
}

}  // namespace

RuleRead read_rule(Problems& problems, const Node& node) {
  RuleRead out;
  if (node.kind != Node::Kind::Map) {
    if (node.kind != Node::Kind::Text) {
      report_type(problems, node, "when", "a word such as always, or a rule such as {all: [{task: NAME, is: failed}]}");
    } else if (const auto kind = read_word(problems, node, "when", rule_words())) {
      out.rule.kind = *kind;
    }
    return out;
  }
  const Fields fields(problems, node, "a rule", {"all", "any", "none"});
  if (node.entries.size() != 1) {
    problems.add(node.at, "a rule has exactly one of all, any, none; found " + std::to_string(node.entries.size()) + " keys");
    return out;
  }
  for (const auto& [word, kind] : group_words()) {
    const Node* list = fields.find(word);
    if (list == nullptr) continue;
    if (list->kind != Node::Kind::List || list->items.empty()) {
      if (list->kind == Node::Kind::List) {
        problems.add(list->at, word + " needs at least one condition");
      } else {
        report_type(problems, *list, word, "a list of conditions");
      }
      continue;
    }
    out.rule.kind = kind;
    for (const Node* item : list->items) {
      if (auto condition = read_condition(problems, *item, out.tasks)) out.rule.conditions.push_back(std::move(*condition));
    }
  }
  return out;
}

}  // namespace cloacina::flowfile
