#include <algorithm>

#include "core/text.hpp"
#include "store/sqlite/turn.hpp"

namespace cloacina::store::sqlite {

namespace {

ControlResult refused(const Touched& e, const std::string& text) {
  return {Applied::Conflict, e.status, "execution " + e.id.to_string() + " is " + std::string(to_string(e.status)) + text};
}

}  // namespace

ControlResult Turn::control(const Control& c) {
  ExecutionKey key = 0;
  {
    auto use = connection_.use("find_execution");
    if (!use.bind(c.id.bytes()).step()) return {Applied::NotFound, {}, "there is no execution " + c.id.to_string()};
    key = use.integer(0);
  }
  auto& e = touch(key);
  switch (c.kind) {
    case Control::Kind::Cancel:
      return cancel(e, c.reason);
    case Control::Kind::Pause:
      return pause(e, c.reason);
    case Control::Kind::Resume:
      return resume(e);
    case Control::Kind::Retry:
      return retry(e, c);
  }
  return {};
}

void Turn::stop_tasks(Touched& e) {
  connection_.use("cancel_waiting_tasks").bind(e.key, batch_.now).run();
  auto use = connection_.use("running_of_execution");
  use.bind(e.key);
  while (use.step()) result_.lost.push_back({task_of(use.integer(0)), use.integer(1)});
  e.dirty = true;
  e.finished_now = true;
}

ControlResult Turn::cancel(Touched& e, const std::string& reason) {
  if (is_terminal(e.status)) return refused(e, " and cannot be cancelled");
  const auto before = e.status;
  e.status = ExecutionStatus::Cancelled;
  e.error = reason.empty() ? "cancelled" : "cancelled: " + reason;
  stop_tasks(e);
  event(e, {}, "cancelled", reason);
  return {Applied::Yes, before, {}};
}

ControlResult Turn::pause(Touched& e, const std::string& reason) {
  if (is_terminal(e.status)) return refused(e, " and cannot be paused");
  if (e.status == ExecutionStatus::Paused) return refused(e, " already");
  const auto before = e.status;
  e.status = ExecutionStatus::Paused;
  connection_.use("pause_execution").bind(e.key, reason).run();
  connection_.use("hold_tasks").bind(e.key).run();
  event(e, {}, "paused", reason);
  return {Applied::Yes, before, {}};
}

ControlResult Turn::resume(Touched& e) {
  if (e.status != ExecutionStatus::Paused) return refused(e, ", not paused");
  e.status = e.started ? ExecutionStatus::Running : ExecutionStatus::Pending;
  connection_.use("resume_execution").bind(e.key, static_cast<int>(e.status)).run();
  struct Row {
    TaskKey task;
    State state;
    std::optional<Timestamp> wake_at;
  };
  std::vector<Row> rows;
  {
    auto use = connection_.use("tasks_of_execution");
    use.bind(e.key);
    while (use.step()) {
      if (static_cast<State>(use.integer(1)) != State::Held) continue;
      const auto position = static_cast<Position>(use.integer(0));
      const std::int64_t crashes = use.integer(5);
      auto wake_at = use.optional_time(9);
      if (wake_at && *wake_at <= batch_.now) wake_at.reset();
      const bool last = is_last_chance(e, position, crashes);
      rows.push_back({{e.key, position}, wake_at ? State::Delayed : last ? State::LastChance : State::Ready, wake_at});
    }
  }
  for (const auto& row : rows)
    connection_.use("release_held").bind(row_of(row.task), static_cast<int>(row.state), row.wake_at).run();
  event(e, {}, "resumed", "");
  return {Applied::Yes, ExecutionStatus::Paused, {}};
}

ControlResult Turn::retry(Touched& e, const Control& c) {
  if (!is_terminal(e.status)) return refused(e, "; only one that has ended can be retried");
  const auto& d = *e.definition;
  struct Row {
    State state = State::Cancelled;  // no row in a terminal execution: cancelled before it was reached
    std::int64_t number = 0;
    std::int64_t fence = 0;
    std::optional<std::int64_t> runner;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
  };
  std::vector<Row> rows(d.tasks.size());
  {
    auto use = connection_.use("tasks_of_execution");
    use.bind(e.key);
    while (use.step()) {
      auto& row = rows.at(static_cast<std::size_t>(use.integer(0)));
      row = {static_cast<State>(use.integer(1)), use.integer(3), use.integer(2), {}, use.optional_time(7), use.optional_time(8)};
      if (!use.is_null(6)) row.runner = use.integer(6);
      if (row.state == State::Running) return refused(e, ", and some of its tasks are still stopping; try again when they have");
      if (row.state == State::NotStarted) row.state = State::Cancelled;
    }
  }
  // What comes after a task that runs again is decided again: otherwise a cleanup would miss the new run, an alarm would stand for
  // a failure that is no more, and nothing behind them would end the execution.
  std::vector<bool> again(d.tasks.size(), false);
  std::optional<Position> from;
  if (c.from) {
    from = d.find(*c.from);
    if (!from) {
      std::vector<std::string> names;
      for (const auto& t : d.tasks) names.push_back(t.name);
      return {Applied::NotFound, e.status,
              "execution " + e.id.to_string() + " has no task " + core::quote(*c.from) + core::suggestion(*c.from, names)};
    }
    again[*from] = true;
  }
  for (const Position t : d.order) {
    // An execution that goes on has no cancelled task: it would end as if that one had been done.
    const bool seed = rows[t].state == State::Cancelled || (!from && rows[t].state == State::Failed);
    again[t] =
        again[t] || seed || std::any_of(d.tasks[t].after.begin(), d.tasks[t].after.end(), [&](Position p) { return again[p]; });
  }
  if (std::none_of(again.begin(), again.end(), [](bool x) { return x; })) return refused(e, ", and there is nothing to retry");

  e.status = ExecutionStatus::Running;
  e.retried = true;
  e.started = true;
  e.error.reset();
  e.failed = 0;
  e.open_leaves = 0;
  std::vector<bool> failure_reaches(d.tasks.size(), false);
  std::vector<core::DependencyCounts> counts(d.tasks.size());
  for (const Position t : d.order) {
    auto& row = rows[t];
    bool waits = false;
    for (const Position parent : d.tasks[t].after) {
      failure_reaches[t] = failure_reaches[t] || failure_reaches[parent];
      if (again[parent]) {
        waits = true;
        continue;
      }
      counts[t].done += 1;
      counts[t].completed += rows[parent].state == State::Completed ? 1 : 0;
      counts[t].failed += failure_reaches[parent] ? 1 : 0;
    }
    failure_reaches[t] = row.state == State::Failed || (row.state != State::Completed && failure_reaches[t]);
    if (!again[t]) {
      if (row.state == State::Failed) ++e.failed;
      continue;
    }
    failure_reaches[t] = false;
    if (d.is_leaf(t)) ++e.open_leaves;
    if (row.state == State::Completed && row.number > 0) {
      // The row tells of the last run only; what it told so far goes to the attempts.
      connection_.use("insert_attempt")
          .bind(row_of({e.key, t}), row.number, static_cast<int>(AttemptStatus::Completed), row.runner, row.fence, row.started_at,
                row.finished_at, nullptr, d.tasks[t].command.is_null() ? std::nullopt : std::optional(0))
          .run();
    }
    connection_.use("reset_task")
        .bind(row_of({e.key, t}), e.definition_key, -e.priority, e.due_at, counts[t].done, counts[t].completed, counts[t].failed)
        .run();
    if (!waits) advance_.decide(e, t, counts[t]);
  }
  connection_.use("reopen_execution").bind(e.key, e.open_leaves, e.failed, batch_.now).run();
  event(e, from, "retried", c.from ? "from " + *c.from : "");
  return {Applied::Yes, ExecutionStatus::Running, {}};
}

}  // namespace cloacina::store::sqlite
