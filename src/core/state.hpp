#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cloacina/execution.hpp"

namespace cloacina::core {

template <class Status>
struct Transition {
  Status from;
  Status to;
  std::string_view why;
};

/// Every change of a task's status that there is; anything else is a bug. The diagram in docs/states.md is made of this table.
inline constexpr std::array<Transition<TaskStatus>, 16> task_transitions{{
    {TaskStatus::NotStarted, TaskStatus::Ready, "dependencies terminal, rule true"},
    {TaskStatus::NotStarted, TaskStatus::Skipped, "dependencies terminal, rule false"},
    {TaskStatus::NotStarted, TaskStatus::Cancelled, "execution cancelled or past its deadline"},
    {TaskStatus::Ready, TaskStatus::Running, "claimed"},
    {TaskStatus::Ready, TaskStatus::Cancelled, "execution cancelled or past its deadline"},
    {TaskStatus::Running, TaskStatus::Completed, "attempt succeeded"},
    {TaskStatus::Running, TaskStatus::Failed, "last attempt failed, or quarantined"},
    {TaskStatus::Running, TaskStatus::Cancelled, "attempt stopped by a cancel"},
    {TaskStatus::Running, TaskStatus::Ready, "retry, runner stopped, or runner died"},
    {TaskStatus::Completed, TaskStatus::NotStarted, "retry from here or above"},
    {TaskStatus::Failed, TaskStatus::NotStarted, "retry"},
    {TaskStatus::Failed, TaskStatus::Ready, "retry"},
    {TaskStatus::Skipped, TaskStatus::NotStarted, "retry"},
    {TaskStatus::Cancelled, TaskStatus::NotStarted, "retry"},
    {TaskStatus::Cancelled, TaskStatus::Ready, "retry"},
    {TaskStatus::Completed, TaskStatus::Ready, "retry from here"},
}};

inline constexpr std::array<Transition<ExecutionStatus>, 16> execution_transitions{{
    {ExecutionStatus::Pending, ExecutionStatus::Running, "first task claimed"},
    {ExecutionStatus::Pending, ExecutionStatus::Paused, "pause"},
    {ExecutionStatus::Pending, ExecutionStatus::Cancelled, "cancel"},
    {ExecutionStatus::Pending, ExecutionStatus::Failed, "past its deadline"},
    {ExecutionStatus::Running, ExecutionStatus::Paused, "pause"},
    {ExecutionStatus::Running, ExecutionStatus::Completed, "all tasks terminal"},
    {ExecutionStatus::Running, ExecutionStatus::Failed, "all tasks terminal, one Failed and not recovered; or past its deadline"},
    {ExecutionStatus::Running, ExecutionStatus::Cancelled, "cancel"},
    {ExecutionStatus::Paused, ExecutionStatus::Running, "resume"},
    {ExecutionStatus::Paused, ExecutionStatus::Pending, "resume before the first task"},
    {ExecutionStatus::Paused, ExecutionStatus::Completed, "what ran when it was paused was all there was"},
    {ExecutionStatus::Paused, ExecutionStatus::Failed, "as Completed, with a failure; or past its deadline"},
    {ExecutionStatus::Paused, ExecutionStatus::Cancelled, "cancel"},
    {ExecutionStatus::Completed, ExecutionStatus::Running, "retry from a task"},
    {ExecutionStatus::Failed, ExecutionStatus::Running, "retry"},
    {ExecutionStatus::Cancelled, ExecutionStatus::Running, "retry"},
}};

template <class Table, class Status>
[[nodiscard]] constexpr bool allowed(const Table& table, Status from, Status to) {
  for (const auto& t : table) {
    if (t.from == from && t.to == to) return true;
  }
  return false;
}

/// The tables as Mermaid state diagrams, for the documentation.
[[nodiscard]] std::string task_diagram();
[[nodiscard]] std::string execution_diagram();

}  // namespace cloacina::core
