#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

ControlResult refused(const Touched& e, const std::string& text) {
  return {Applied::Conflict, e.status, "execution " + e.id.to_string() + " is " + std::string(to_string(e.status)) + text};
}

void Turn::apply_controls() {
  // A control acts on rows; what is at hand must be among them.
  flush_candidates();
  for (const auto& c : batch_.controls) {
    result_.controls.push_back(control(c));
    // The next one may be about the same execution: a cancel has to find what a retry made ready.
    settle();
    flush_candidates();
  }
}

ControlResult Turn::control(const Control& c) {
  auto& key = control_keys_[result_.controls.size()];
  if (!key) {
    // Submitted by this batch, perhaps.
    auto use = session_.use("find_execution");
    if (!use.bind(c.id.bytes()).step()) return {Applied::NotFound, {}, "there is no execution " + c.id.to_string()};
    key = use.integer(0);
  }
  auto& e = touch(*key);
  switch (c.kind) {
    case Control::Kind::Cancel:
      return cancel(e, c);
    case Control::Kind::Pause:
      return pause(e, c);
    case Control::Kind::Resume:
      return resume(e, c);
    case Control::Kind::Retry:
      return retry(e, c);
  }
  return {};
}

void Turn::stop_tasks(Touched& e) {
  session_.use("cancel_waiting_tasks").bind(e.key, now_).defer();
  auto use = session_.use("running_of_execution");
  use.bind(e.key);
  while (use.step()) result_.lost.push_back({task_of(use.integer(0)), use.integer(1)});
  e.dirty = true;
  e.finished_now = true;
}

ControlResult Turn::cancel(Touched& e, const Control& c) {
  if (is_terminal(e.status)) return refused(e, " and cannot be cancelled");
  const auto before = e.status;
  e.status = ExecutionStatus::Cancelled;
  e.error = c.reason.empty() ? "cancelled" : "cancelled: " + c.reason;
  stop_tasks(e);
  event(e, {}, "cancelled", c.reason, c.actor);
  return {Applied::Yes, before, {}};
}

ControlResult Turn::pause(Touched& e, const Control& c) {
  if (is_terminal(e.status)) return refused(e, " and cannot be paused");
  if (e.status == ExecutionStatus::Paused) return refused(e, " already");
  const auto before = e.status;
  e.status = ExecutionStatus::Paused;
  session_.use("pause_execution").bind(e.key, c.reason).defer();
  session_.use("hold_tasks").bind(e.key).defer();
  event(e, {}, "paused", c.reason, c.actor);
  return {Applied::Yes, before, {}};
}

ControlResult Turn::resume(Touched& e, const Control& c) {
  if (e.status != ExecutionStatus::Paused) return refused(e, ", not paused");
  e.status = e.started ? ExecutionStatus::Running : ExecutionStatus::Pending;
  session_.use("resume_execution").bind(e.key, static_cast<int>(e.status)).defer();
  struct Row {
    TaskKey task;
    State state;
    std::optional<Timestamp> wake_at;
  };
  std::vector<Row> rows;
  {
    auto use = session_.use("tasks_of_execution");
    use.bind(e.key);
    while (use.step()) {
      if (static_cast<State>(use.integer(1)) != State::Held) continue;
      const auto position = static_cast<Position>(use.integer(0));
      const std::int64_t crashes = use.integer(5);
      auto wake_at = use.optional_time(9);
      if (wake_at && *wake_at <= now_) wake_at.reset();
      const bool last = is_last_chance(e, position, crashes);
      rows.push_back({{e.key, position}, wake_at ? State::Delayed : last ? State::LastChance : State::Ready, wake_at});
    }
  }
  auto release = session_.use("release_held");
  for (const auto& row : rows) release.add(row_of(row.task), static_cast<int>(row.state), row.wake_at);
  release.defer();
  result_.left_ready = result_.left_ready || !rows.empty();
  event(e, {}, "resumed", "", c.actor);
  return {Applied::Yes, ExecutionStatus::Paused, {}};
}

}  // namespace cloacina::store::sql
