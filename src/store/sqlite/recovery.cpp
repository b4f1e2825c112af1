#include "store/sqlite/turn.hpp"

namespace cloacina::store::sqlite {

void Turn::release_dead() {
  liveness_.refresh(connection_);
  for (const RunnerKey runner : liveness_.dead()) {
    release(runner);
    liveness_.forget(runner);
  }
}

void Turn::release(RunnerKey runner) {
  struct Row {
    TaskKey task;
    std::int64_t fence;
    std::int64_t number;
    std::int64_t crashes;
    std::optional<Timestamp> started_at;
  };
  std::vector<Row> rows;
  {
    auto use = connection_.use("running_of_runner");
    use.bind(runner);
    while (use.step())
      rows.push_back({task_of(use.integer(0)), use.integer(1), use.integer(2), use.integer(3), use.optional_time(4)});
  }
  std::string name;
  {
    auto use = connection_.use("runner_name");
    if (use.bind(runner).step()) name = use.text(0);
  }
  const std::string died = "runner " + name + " died while it ran";
  for (const auto& row : rows) {
    auto& e = touch(row.task.execution);
    const auto& task = e.definition->tasks[row.task.position];
    const std::int64_t crashes = row.crashes + 1;
    const std::int64_t id = row_of(row.task);
    ++result_.released;
    connection_.use("insert_attempt")
        .bind(id, row.number, static_cast<int>(AttemptStatus::Crashed), runner, row.fence, row.started_at, batch_.now, died,
              nullptr)
        .run();
    if (is_terminal(e.status)) {
      connection_.use("end_task")
          .bind(id, row.fence, static_cast<int>(State::Cancelled), row.started_at, batch_.now, died, 0, 1)
          .run();
      continue;
    }
    if (crashes >= task.max_crashes) {
      const std::string error = "quarantined after " + std::to_string(crashes) + (crashes == 1 ? " crash: " : " crashes: ") + died;
      connection_.use("end_task")
          .bind(id, row.fence, static_cast<int>(State::Failed), row.started_at, batch_.now, error, 0, 1)
          .run();
      event(e, row.task.position, "quarantined", error);
      result_.quarantined.push_back({row.task, e.id, e.definition_key, error});
      advance_.ended(e, row.task.position, TaskStatus::Failed);
      continue;
    }
    const State state = e.status == ExecutionStatus::Paused             ? State::Held
                        : is_last_chance(e, row.task.position, crashes) ? State::LastChance
                                                                        : State::Ready;
    connection_.use("requeue_task").bind(id, row.fence, static_cast<int>(state), e.due_at, nullptr, 0, 1, 0, died).run();
    event(e, row.task.position, "recovered", died);
  }
  connection_.use("close_runner").bind(runner, batch_.now, 1).run();
}

void Turn::wake() {
  constexpr int most = 1'000;                               // a turn stays short; what is left is due at once again
  std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // and how often each crashed
  {
    auto use = connection_.use("wake_delayed");
    use.bind(batch_.now, most);
    while (use.step()) rows.emplace_back(use.integer(0), use.integer(1));
  }
  for (const auto& [row, crashes] : rows) {
    const TaskKey task = task_of(row);
    const bool last = crashes > 0 && is_last_chance(touch(task.execution), task.position, crashes);
    connection_.use("wake_task").bind(row, static_cast<int>(last ? State::LastChance : State::Ready)).run();
  }
}

void Turn::expire() {
  std::vector<ExecutionKey> keys;
  {
    auto use = connection_.use("past_deadline");
    use.bind(batch_.now);
    while (use.step()) keys.push_back(use.integer(0));
  }
  if (keys.empty()) return;
  settle();
  flush_candidates();
  for (const auto key : keys) {
    auto& e = touch(key);
    if (is_terminal(e.status)) continue;
    e.status = ExecutionStatus::Failed;
    e.error = "its deadline of " + format_duration(e.definition->deadline.value_or(std::chrono::milliseconds{0})) + " has passed";
    stop_tasks(e);
    event(e, {}, "deadline", *e.error);
  }
}

void Turn::check() {
  for (const auto& held : batch_.check) {
    auto use = connection_.use("load_task");
    const bool ours =
        use.bind(row_of(held.task)).step() && static_cast<State>(use.integer(0)) == State::Running && use.integer(1) == held.fence;
    use.reset();
    if (!ours || is_terminal(touch(held.task.execution).status)) result_.lost.push_back(held);
  }
}

}  // namespace cloacina::store::sqlite
