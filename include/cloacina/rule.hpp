#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/export.hpp"

namespace cloacina {

/// One condition of a trigger rule: the outcome of an ancestor, or a value of the task's context.
struct Condition {
  enum class Kind { TaskCompleted, TaskFailed, TaskSkipped, Context };
  enum class Operator { Equals, NotEquals, GreaterThan, LessThan, Contains, NotContains, Exists, NotExists };
  Kind kind = Kind::TaskCompleted;
  std::string name;                ///< the task's name, or the context's key
  Operator op = Operator::Exists;  ///< Context only
  Json value;                      ///< Context only, not for Exists and NotExists
};

/// Whether a task runs or is skipped, decided once, when all of its dependencies are terminal. The default is `all_succeeded`. A
/// rule replaces the default; nothing else decides.
///
/// In `any_failed` and `all_failed` a dependency counts as failed when it ended Failed, or was skipped because something above it
/// failed: an alarm behind a skipped step still hears of the failure that skipped it.
struct Rule {
  enum class Kind { AllSucceeded, Always, AnyFailed, AllFailed, AnySucceeded, All, Any, None };
  Kind kind = Kind::AllSucceeded;
  std::vector<Condition> conditions{};  ///< for All, Any, None; an empty All or None is true, an empty Any false
};

inline Rule all_succeeded() { return {}; }
inline Rule always() { return {Rule::Kind::Always}; }
inline Rule any_failed() { return {Rule::Kind::AnyFailed}; }
inline Rule all_failed() { return {Rule::Kind::AllFailed}; }
inline Rule any_succeeded() { return {Rule::Kind::AnySucceeded}; }
inline Rule all_of(std::vector<Condition> conditions) { return {Rule::Kind::All, std::move(conditions)}; }
inline Rule any_of(std::vector<Condition> conditions) { return {Rule::Kind::Any, std::move(conditions)}; }
inline Rule none_of(std::vector<Condition> conditions) { return {Rule::Kind::None, std::move(conditions)}; }

/// Conditions on an ancestor's status.
inline Condition completed(std::string task) { return {Condition::Kind::TaskCompleted, std::move(task), {}, {}}; }
inline Condition failed(std::string task) { return {Condition::Kind::TaskFailed, std::move(task), {}, {}}; }
inline Condition skipped(std::string task) { return {Condition::Kind::TaskSkipped, std::move(task), {}, {}}; }

/// Conditions on the task's context: `context_value("total").greater_than(100)`. An absent key is not equal to and does not contain
/// anything; an order between things that are not both numbers is false; `contains` looks for a part of a string or an element of
/// an array.
struct ContextKey {
  std::string key;
  [[nodiscard]] Condition equals(Json v) const { return make(Condition::Operator::Equals, std::move(v)); }
  [[nodiscard]] Condition not_equals(Json v) const { return make(Condition::Operator::NotEquals, std::move(v)); }
  [[nodiscard]] Condition greater_than(Json v) const { return make(Condition::Operator::GreaterThan, std::move(v)); }
  [[nodiscard]] Condition less_than(Json v) const { return make(Condition::Operator::LessThan, std::move(v)); }
  [[nodiscard]] Condition contains(Json v) const { return make(Condition::Operator::Contains, std::move(v)); }
  [[nodiscard]] Condition not_contains(Json v) const { return make(Condition::Operator::NotContains, std::move(v)); }
  [[nodiscard]] Condition exists() const { return make(Condition::Operator::Exists, {}); }
  [[nodiscard]] Condition not_exists() const { return make(Condition::Operator::NotExists, {}); }

 private:
  [[nodiscard]] Condition make(Condition::Operator op, Json v) const { return {Condition::Kind::Context, key, op, std::move(v)}; }
};
inline ContextKey context_value(std::string key) { return {std::move(key)}; }

}  // namespace cloacina
