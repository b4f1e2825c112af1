// An execution that has ended, and goes on.
#include <algorithm>

#include "core/text.hpp"
#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

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
    auto use = session_.use("tasks_of_execution");
    use.bind(e.key);
    while (use.step()) {
      (void)task_at(d, use.integer(0));
      auto& row = rows[static_cast<std::size_t>(use.integer(0))];
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
      session_.use("insert_attempt")
          .bind(row_of({e.key, t}), row.number, static_cast<int>(AttemptStatus::Completed), row.runner, row.fence, row.started_at,
                row.finished_at, nullptr, d.tasks[t].command.is_null() ? std::nullopt : std::optional(0))
          .defer();
    }
    session_.use("reset_task")
        .bind(row_of({e.key, t}), e.definition_key, -e.priority, e.due_at, counts[t].done, counts[t].completed, counts[t].failed)
        .defer();
    if (!waits) advance_.decide(e, t, counts[t]);
  }
  session_.use("reopen_execution").bind(e.key, e.open_leaves, e.failed, now_).defer();
  event(e, from, "retried", c.from ? "from " + *c.from : "", c.actor);
  return {Applied::Yes, ExecutionStatus::Running, {}};
}

}  // namespace cloacina::store::sql
