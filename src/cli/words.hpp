#pragma once

#include "cli/console.hpp"
#include "cloacina/execution.hpp"

/// How executions are put into words for people.
namespace cloacina::cli {

[[nodiscard]] Color color_of(ExecutionStatus status);
[[nodiscard]] Color color_of(TaskStatus status);
/// One column: `✓`, `✗`, …
[[nodiscard]] std::string_view sign_of(TaskStatus status);
/// From the first start to the end, or to `now`; empty before the start.
[[nodiscard]] std::string duration_of(const Execution& execution, Timestamp now);
/// Of the last attempt; empty when the task never started.
[[nodiscard]] std::string duration_of(const TaskState& task, Timestamp now);
/// What there is to say about a task beside its status: attempts, when it runs next, why it failed or was skipped.
[[nodiscard]] std::string remark_on(const TaskState& task, Timestamp now);
/// The status, and whether nobody can run it.
[[nodiscard]] std::string status_of(const Execution& execution);

/// Who to blame, on `err`: for a failed execution its error, and what its tasks say.
void explain(Console& console, const Execution& execution);

}  // namespace cloacina::cli
