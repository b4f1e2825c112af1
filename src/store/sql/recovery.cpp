// What nobody reports: runners that died, times that came, claims that were lost.
#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

void Turn::renew() {
  auto use = session_.use("renew_lease");
  use.bind(batch_.runner, now_, now_ + *batch_.renew);
  // It had run out: somebody may have taken what this runner held.
  result_.lease_lost = !use.step() || use.integer(0) != 0;
}

void Turn::release_dead() {
  for (const RunnerKey runner : liveness_.find_dead(session_, now_)) {
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
  const auto read = [&] {
    rows.clear();
    auto use = session_.use("running_of_runner");
    use.bind(runner);
    while (use.step()) {
      rows.push_back({task_of(use.integer(0)), use.integer(1), use.integer(2), use.integer(3), use.optional_time(4)});
    }
  };
  read();
  std::vector<ExecutionKey> executions;
  for (const auto& row : rows) executions.push_back(row.task.execution);
  load(executions, Locked::Skip);
  // Again: what ended before its execution was locked is no more to be taken back.
  if (!rows.empty()) read();
  const auto name_of = [&](RunnerKey key) {
    auto use = session_.use("runner_name");
    return use.bind(key).step() ? std::string(use.text(0)) : std::string();
  };
  const auto name = name_of(runner);
  const auto seen_by = rows.empty() ? std::string() : name_of(batch_.runner);
  const std::string died = "runner " + name + " died while it ran: " + std::string(liveness_.sign_of_death());
  auto attempts = session_.use("insert_attempt");
  auto ends = session_.use("end_task");
  auto requeues = session_.use("requeue_task");
  std::vector<std::string> errors;
  errors.reserve(rows.size());
  bool all = true;
  for (const auto& row : rows) {
    auto* found = touched(row.task.execution);
    if (found == nullptr) {
      // Others work on it; the next turn sees to it.
      all = false;
      continue;
    }
    auto& e = *found;
    const auto& task = task_at(*e.definition, row.task.position);
    const std::int64_t crashes = row.crashes + 1;
    const std::int64_t id = row_of(row.task);
    ++result_.released;
    attempts.add(id, row.number, static_cast<int>(AttemptStatus::Crashed), runner, row.fence, row.started_at, now_, died, nullptr);
    if (is_terminal(e.status)) {
      ends.add(id, row.fence, static_cast<int>(State::Cancelled), row.started_at, now_, died, 0, 1);
      continue;
    }
    if (crashes >= task.max_crashes) {
      const auto& error =
          errors.emplace_back("quarantined after " + std::to_string(crashes) + (crashes == 1 ? " crash: " : " crashes: ") + died);
      ends.add(id, row.fence, static_cast<int>(State::Failed), row.started_at, now_, error, 0, 1);
      event(e, row.task.position, "quarantined", error, seen_by);
      result_.quarantined.push_back({row.task, e.id, e.definition_key, error});
      advance_.ended(e, row.task.position, TaskStatus::Failed);
      continue;
    }
    const State state = e.status == ExecutionStatus::Paused             ? State::Held
                        : is_last_chance(e, row.task.position, crashes) ? State::LastChance
                                                                        : State::Ready;
    requeues.add(id, row.fence, static_cast<int>(state), e.due_at, nullptr, 0, 1, 0, died, nullptr);
    event(e, row.task.position, "recovered", died, seen_by);
    result_.left_ready = true;
  }
  attempts.defer();
  ends.defer();
  requeues.defer();
  if (all) session_.use("close_runner").bind(runner, now_, 1).defer();
}

void Turn::wake() {
  constexpr int most = 1'000;                               // a turn stays short; what is left is due at once again
  std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // and how often each crashed
  {
    auto use = session_.use("wake_delayed");
    use.bind(now_, most);
    while (use.step()) rows.emplace_back(use.integer(0), use.integer(1));
  }
  auto use = session_.use("wake_task");
  for (const auto& [row, crashes] : rows) {
    bool last = false;
    if (crashes > 0) {
      const TaskKey task = task_of(row);
      auto peek = session_.use("peek_execution");
      if (!peek.bind(task.execution).step()) continue;
      const auto definition = definitions_.get(session_, peek.integer(1));
      last = crashes >= task_at(*definition, task.position).max_crashes - 1;
    }
    use.add(row, static_cast<int>(last ? State::LastChance : State::Ready));
    result_.left_ready = true;
  }
  use.defer();
}

void Turn::expire() {
  std::vector<ExecutionKey> keys;
  {
    auto use = session_.use("past_deadline");
    use.bind(now_);
    while (use.step()) keys.push_back(use.integer(0));
  }
  if (keys.empty()) return;
  settle();
  flush_candidates();
  load(keys, Locked::Skip);
  for (const auto key : keys) {
    auto* found = touched(key);
    if (found == nullptr || is_terminal(found->status)) continue;
    auto& e = *found;
    e.status = ExecutionStatus::Failed;
    e.error = "its deadline of " + format_duration(e.definition->deadline.value_or(std::chrono::milliseconds{0})) + " has passed";
    stop_tasks(e);
    event(e, {}, "deadline", *e.error);
  }
}

Use Turn::ask_check() {
  auto use = session_.use("check_claim");
  for (const auto& held : batch_.check) use.add(row_of(held.task), held.fence);
  if (!use.empty()) use.send();
  return use;
}

void Turn::check(Use& asked) {
  if (batch_.check.empty()) return;
  std::vector<bool> ours(batch_.check.size(), false);
  while (asked.step()) ours[asked.input()] = true;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!ours[i]) result_.lost.push_back(batch_.check[i]);
  }
}

}  // namespace cloacina::store::sql
