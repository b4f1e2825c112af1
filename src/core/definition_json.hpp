#pragma once

#include "cloacina/command.hpp"
#include "core/definition.hpp"

namespace cloacina::core {

[[nodiscard]] Json to_json(const RetryPolicy& policy);
[[nodiscard]] RetryPolicy retry_from_json(const Json& json);
/// As the workflow file writes it: a word, or `{"all": […]}`.
[[nodiscard]] Json to_json(const Rule& rule);
[[nodiscard]] Rule rule_from_json(const Json& json);
[[nodiscard]] Json to_json(const Command& command);
[[nodiscard]] Command command_from_json(const Json& json);

/// The word of the workflow file for a rule that has one.
[[nodiscard]] std::string_view word_of(Rule::Kind kind);
/// The key of the workflow file, e.g. `greater_than`.
[[nodiscard]] std::string_view word_of(Condition::Operator op);

}  // namespace cloacina::core
