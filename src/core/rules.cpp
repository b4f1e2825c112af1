#include "core/rules.hpp"

#include <algorithm>

#include "core/definition_json.hpp"

namespace cloacina::core {

namespace {

bool is_context(const Condition& c) { return c.kind == Condition::Kind::Context; }

bool contains(const Json& value, const Json& wanted) {
  if (value.is_string() && wanted.is_string()) {
    return value.get_ref<const std::string&>().find(wanted.get_ref<const std::string&>()) != std::string::npos;
  }
  return value.is_array() && std::find(value.begin(), value.end(), wanted) != value.end();
}

}  // namespace

bool needs_statuses(const Rule& rule) {
  return std::any_of(rule.conditions.begin(), rule.conditions.end(), [](const auto& c) { return !is_context(c); });
}

bool needs_context(const Rule& rule) { return std::any_of(rule.conditions.begin(), rule.conditions.end(), is_context); }

bool holds(const Condition& c, const Json* value) {
  using Op = Condition::Operator;
  switch (c.op) {
    case Op::Exists:
      return value != nullptr;
    case Op::NotExists:
      return value == nullptr;
    case Op::Equals:
      return value != nullptr && *value == c.value;
    case Op::NotEquals:
      return value == nullptr || *value != c.value;
    case Op::GreaterThan:
      return value != nullptr && value->is_number() && c.value.is_number() && *value > c.value;
    case Op::LessThan:
      return value != nullptr && value->is_number() && c.value.is_number() && *value < c.value;
    case Op::Contains:
      return value != nullptr && contains(*value, c.value);
    case Op::NotContains:
      return value == nullptr || !contains(*value, c.value);
  }
  return false;
}

bool decide(const TaskDefinition& task, const DependencyCounts& counts,
            const std::function<TaskStatus(const std::string&)>& status_of, const std::function<Context()>& context) {
  const auto all = static_cast<std::int64_t>(task.after.size());
  switch (task.rule.kind) {
    case Rule::Kind::AllSucceeded:
      return counts.completed == all;
    case Rule::Kind::Always:
      return true;
    case Rule::Kind::AnyFailed:
      return counts.failed > 0;
    case Rule::Kind::AllFailed:
      return all > 0 && counts.failed == all;
    case Rule::Kind::AnySucceeded:
      return counts.completed > 0;
    default:
      break;
  }
  const Context given = needs_context(task.rule) ? context() : Context{};
  const auto is_true = [&](const Condition& c) {
    switch (c.kind) {
      case Condition::Kind::TaskCompleted:
        return status_of(c.name) == TaskStatus::Completed;
      case Condition::Kind::TaskFailed:
        return status_of(c.name) == TaskStatus::Failed;
      case Condition::Kind::TaskSkipped:
        return status_of(c.name) == TaskStatus::Skipped;
      case Condition::Kind::Context:
        return holds(c, given.find(c.name));
    }
    return false;
  };
  const auto& conditions = task.rule.conditions;
  switch (task.rule.kind) {
    case Rule::Kind::All:
      return std::all_of(conditions.begin(), conditions.end(), is_true);
    case Rule::Kind::Any:
      return std::any_of(conditions.begin(), conditions.end(), is_true);
    default:
      return std::none_of(conditions.begin(), conditions.end(), is_true);
  }
}

std::string skip_reason(const TaskDefinition& task, const DependencyCounts& counts) {
  const auto all = static_cast<std::int64_t>(task.after.size());
  if (task.rule.kind == Rule::Kind::AllSucceeded) {
    return std::to_string(all - counts.completed) + " of " + std::to_string(all) + " dependencies did not complete" +
           (counts.failed > 0 ? ", because of a failure" : "");
  }
  return "its rule '" +
         (task.rule.conditions.empty() && task.rule.kind < Rule::Kind::All
              ? std::string(word_of(task.rule.kind))
              : to_json(task.rule).dump(-1, ' ', false, Json::error_handler_t::replace)) +
         "' was false";
}

}  // namespace cloacina::core
