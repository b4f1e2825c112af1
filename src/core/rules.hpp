#pragma once

#include <functional>

#include "cloacina/execution.hpp"
#include "core/definition.hpp"

namespace cloacina::core {

/// How the dependencies of a task ended. Counted as they become terminal, so that no rule needs a scan.
struct DependencyCounts {
  std::int64_t done = 0;  ///< terminal
  std::int64_t completed = 0;
  std::int64_t failed = 0;  ///< Failed, or skipped below a failure
};

/// Whether the rule needs more than the counts: the statuses of named ancestors, or the context.
[[nodiscard]] bool needs_statuses(const Rule& rule);
[[nodiscard]] bool needs_context(const Rule& rule);

/// Whether a task with these dependencies runs; false: it is skipped. Asks for statuses and the context only when the rule needs
/// them. *Requires* that all dependencies are terminal (counts.done equals their number).
[[nodiscard]] bool decide(const TaskDefinition& task, const DependencyCounts& counts,
                          const std::function<TaskStatus(const std::string&)>& status_of, const std::function<Context()>& context);

/// One condition on a context's value (cli.md, 1).
[[nodiscard]] bool holds(const Condition& condition, const Json* value);

/// Why a task was skipped, for people.
[[nodiscard]] std::string skip_reason(const TaskDefinition& task, const DependencyCounts& counts);

}  // namespace cloacina::core
