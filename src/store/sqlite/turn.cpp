#include "store/sqlite/turn.hpp"

#include "core/changes.hpp"
#include "core/merge.hpp"

namespace cloacina::store::sqlite {

BatchResult Turn::run() {
  for (const auto& outcome : batch_.outcomes) result_.outcomes.push_back(apply(outcome));
  for (const auto& submission : batch_.submissions) result_.submissions.push_back(submit(submission));
  settle();
  for (const auto& e : batch_.events) {
    connection_.use("insert_event").bind(e.execution, batch_.now, e.task, e.kind, e.detail).run();
  }
  if (!batch_.controls.empty()) {
    // A control acts on rows; what is at hand must be among them.
    flush_candidates();
    for (const auto& c : batch_.controls) {
      result_.controls.push_back(control(c));
      // The next one may be about the same execution: a cancel has to find what a retry made ready.
      settle();
      flush_candidates();
    }
  }
  if (!batch_.schedules.empty() || !batch_.firings.empty()) {
    // Who is open is told by rows.
    save();
    for (const auto& t : batch_.schedules) result_.schedules.push_back(turn_schedule(t));
    for (const auto& f : batch_.firings) result_.firings.push_back(fire_extra(f));
  }
  if (batch_.release_dead) release_dead();
  if (batch_.timers) {
    wake();
    expire();
  }
  do {
    settle();
    save();
  } while (open_gates());
  if (batch_.claim) claim();
  flush_candidates();
  save();
  check();
  if (batch_.timers || batch_.runner != 0) {
    auto wake_at = connection_.use("next_wake");
    if (wake_at.step()) result_.next_due = wake_at.optional_time(0);
    auto deadline = connection_.use("next_deadline");
    if (deadline.step() && !deadline.is_null(0)) {
      result_.next_due = std::min(result_.next_due.value_or(deadline.time(0)), deadline.time(0));
    }
  }
  if (batch_.timers || !batch_.schedules.empty() || !batch_.firings.empty()) {
    auto slot = connection_.use("next_slot");
    if (slot.step()) result_.next_slot = slot.optional_time(0);
  }
  return std::move(result_);
}

void Turn::run_adoption(DefinitionKey definition) {
  adopt(definition);
  do {
    settle();
    save();
  } while (open_gates());
  flush_candidates();
  save();
}

Touched& Turn::touch(ExecutionKey key) {
  const auto [it, fresh] = touched_.try_emplace(key);
  auto& e = it->second;
  if (!fresh) return e;
  auto use = connection_.use("load_execution");
  if (!use.bind(key).step()) {
    touched_.erase(it);
    throw Error(ErrorCode::Corrupt, "the database has tasks of an execution that is not there (" + std::to_string(key) + ")");
  }
  e.key = key;
  e.id = id_of(use.blob(0));
  e.definition_key = use.integer(1);
  e.status = static_cast<ExecutionStatus>(use.integer(2));
  e.priority = static_cast<int>(use.integer(3));
  e.due_at = use.time(4);
  e.open_leaves = use.integer(5);
  e.failed = use.integer(6);
  e.retried = use.integer(7) != 0;
  e.error = use.optional_text(8);
  e.started = use.integer(9) != 0;
  e.gate = use.integer(10);
  e.waiting = static_cast<Waiting>(use.integer(11));
  e.definition = definitions_.get(connection_, e.definition_key);
  return e;
}

void Turn::settle() {
  advance_.run();
  for (const auto& ready : advance_.take_ready()) {
    auto& e = *ready.execution;
    const bool has_row = e.retried || e.definition->tasks[ready.task].after.size() > 1;
    candidates_.push_back({-e.priority, e.due_at, {e.key, ready.task}, &e, has_row});
    if (e.status == ExecutionStatus::Paused) {
      queue(candidates_.back(), State::Held, {});
      candidates_.pop_back();
    } else if (e.start_at) {
      queue(candidates_.back(), State::Delayed, e.start_at);
      candidates_.pop_back();
    }
  }
}

void Turn::flush_candidates() {
  for (const auto& c : candidates_) queue(c, State::Ready, {});
  candidates_.clear();
}

void Turn::save() {
  for (auto& [key, e] : touched_) {
    if (!e.dirty) continue;
    const bool ended = is_terminal(e.status);
    connection_.use("save_execution")
        .bind(key, static_cast<int>(e.status), e.open_leaves, e.failed, e.error, ended ? std::optional(batch_.now) : std::nullopt)
        .run();
    e.dirty = false;
    if (!std::exchange(e.finished_now, false)) continue;
    result_.finished.push_back({key, e.id, e.status});
    if (e.gate != 0) gates_.insert(e.gate);
  }
}

void Turn::event(const Touched& e, std::optional<Position> task, std::string_view kind, std::string_view detail) {
  connection_.use("insert_event").bind(e.key, batch_.now, task, kind, detail).run();
}

bool Turn::is_last_chance(const Touched& e, Position task, std::int64_t crashes) {
  return crashes > 0 && crashes >= e.definition->tasks[task].max_crashes - 1;
}

Applied Turn::apply(const AttemptOutcome& o) {
  using Kind = AttemptOutcome::Kind;
  const std::int64_t row = row_of(o.task);
  if (o.kind == Kind::Completed) {
    auto use = connection_.use("complete_task");
    use.bind(row, o.fence, o.started_at, o.finished_at,
             o.changes.empty() ? std::nullopt : std::optional<std::string_view>(o.changes));
    if (use.run() == 0) return Applied::Stale;
    keep_output(o);
    auto& e = touch(o.task.execution);
    if (!is_terminal(e.status)) advance_.ended(e, o.task.position, TaskStatus::Completed);
    return Applied::Yes;
  }
  auto found = connection_.use("load_task");
  if (!found.bind(row).step() || static_cast<State>(found.integer(0)) != State::Running || found.integer(1) != o.fence) {
    return Applied::Stale;
  }
  const std::int64_t crashes = found.integer(2);
  found.reset();
  auto& e = touch(o.task.execution);
  if (is_terminal(e.status)) {
    // Cancelled or past its deadline: whatever was to come of the task, it ends here.
    const bool failed = o.kind == Kind::Failed;
    end(o, failed ? State::Failed : State::Cancelled,
        failed || o.kind == Kind::Retry ? AttemptStatus::Failed : AttemptStatus::Cancelled);
    return Applied::Yes;
  }
  if (o.kind == Kind::Failed) {
    end(o, State::Failed, AttemptStatus::Failed);
    advance_.ended(e, o.task.position, TaskStatus::Failed);
  } else {
    requeue(o, e, crashes);
  }
  return Applied::Yes;
}

void Turn::end(const AttemptOutcome& o, State state, AttemptStatus status) {
  connection_.use("end_task")
      .bind(row_of(o.task), o.fence, static_cast<int>(state), o.started_at, o.finished_at, o.error, state == State::Failed ? 1 : 0,
            0)
      .run();
  keep_attempt(o, status);
  keep_output(o);
}

void Turn::requeue(const AttemptOutcome& o, const Touched& e, std::int64_t crashes) {
  const bool is_retry = o.kind == AttemptOutcome::Kind::Retry;
  const bool waits = is_retry && o.retry_at > batch_.now;
  const State state = e.status == ExecutionStatus::Paused           ? State::Held
                      : waits                                       ? State::Delayed
                      : is_last_chance(e, o.task.position, crashes) ? State::LastChance
                                                                    : State::Ready;
  const bool counts = is_retry || o.began;
  connection_.use("requeue_task")
      .bind(row_of(o.task), o.fence, static_cast<int>(state), is_retry ? o.retry_at : e.due_at,
            waits ? std::optional(o.retry_at) : std::nullopt, is_retry ? 1 : 0, 0, counts ? 0 : 1,
            is_retry ? std::optional<std::string_view>(o.error) : std::nullopt)
      .run();
  if (counts) {
    keep_attempt(o, is_retry ? AttemptStatus::Failed : AttemptStatus::Cancelled);
    keep_output(o);
  }
}

void Turn::keep_attempt(const AttemptOutcome& o, AttemptStatus status) {
  connection_.use("insert_attempt")
      .bind(row_of(o.task), o.number, static_cast<int>(status), batch_.runner, o.fence, o.started_at, o.finished_at,
            o.error.empty() ? std::nullopt : std::optional<std::string_view>(o.error), o.exit)
      .run();
}

void Turn::keep_output(const AttemptOutcome& o) {
  const auto keep = [&](int stream, std::string_view text, bool truncated) {
    if (!text.empty()) connection_.use("insert_output").bind(row_of(o.task), o.number, stream, text, truncated).run();
  };
  keep(1, o.output.out, o.output.out_truncated);
  keep(2, o.output.err, o.output.err_truncated);
}

SubmitResult Turn::submit(const NewExecution& s) {
  if (s.key) {
    auto use = connection_.use("find_unique_key");
    if (use.bind(*s.key).step()) {
      return {Applied::Duplicate, id_of(use.blob(1)), use.integer(0)};
    }
  }
  {
    auto use = connection_.use("find_execution");
    if (use.bind(s.id.bytes()).step()) return {Applied::Duplicate, s.id, use.integer(0)};
  }
  const auto definition = definitions_.get(connection_, s.definition);
  const Timestamp due_at = std::max(s.start_at.value_or(s.submitted_at), s.submitted_at);
  std::optional<Timestamp> deadline;
  if (definition->deadline) deadline = due_at + *definition->deadline;
  connection_.use("insert_execution")
      .bind(s.id.bytes(), workflow_key(definition->name), s.definition, 0, s.priority, s.key, s.submitted_at, due_at, nullptr,
            deadline, static_cast<std::int64_t>(definition->leaves.size()), s.input)
      .run();
  const ExecutionKey key = connection_.last_insert();
  auto& e = touched_[key];
  e.key = key;
  e.id = s.id;
  e.definition_key = s.definition;
  e.definition = definition;
  e.priority = s.priority;
  e.due_at = due_at;
  if (s.start_at && *s.start_at > batch_.now) e.start_at = s.start_at;
  e.open_leaves = static_cast<std::int64_t>(definition->leaves.size());
  advance_.start(e);
  return {Applied::Yes, s.id, key};
}

std::vector<AdvancePort::Counted> Turn::add_counts(std::span<const Delta> deltas) {
  std::vector<Counted> out;
  out.reserve(deltas.size());
  for (const auto& d : deltas) {
    const auto& e = *d.execution;
    auto use = connection_.use("count_dependency");
    use.bind(row_of({e.key, d.task}), e.definition_key, -e.priority, e.due_at, d.add.done, d.add.completed, d.add.failed).step();
    out.push_back({{use.integer(0), use.integer(1), use.integer(2)}, static_cast<State>(use.integer(3))});
  }
  return out;
}

void Turn::skip(std::span<const Skip> skips) {
  for (const auto& s : skips) {
    const auto& e = *s.execution;
    connection_.use("skip_task").bind(row_of({e.key, s.task}), e.definition_key, -e.priority, e.due_at, s.reason, batch_.now).run();
  }
}

TaskStatus Turn::task_status(const Touched& e, Position task) {
  auto use = connection_.use("load_task");
  return use.bind(row_of({e.key, task})).step() ? status_of(static_cast<State>(use.integer(0))) : TaskStatus::NotStarted;
}

ContextValues Turn::context(const Touched& e, std::span<const Position> heads) {
  core::ChangesByTask changes;
  {
    auto use = connection_.use("changes_of_execution");
    use.bind(e.key);
    while (use.step()) {
      changes.emplace(static_cast<Position>(use.integer(0)),
                      std::make_shared<const ContextValues>(core::changes_from_text(use.text(1))));
    }
  }
  auto use = connection_.use("input_of_execution");
  if (!use.bind(e.key).step()) throw Error(ErrorCode::Corrupt, "execution " + e.id.to_string() + " has no input");
  return core::merge(*e.definition, core::values_from_text(use.text(0)), heads, changes);
}

AdvancePort::Outcome Turn::outcome(const Touched& e) {
  Outcome out;
  auto use = connection_.use("outcome_of_execution");
  use.bind(e.key);
  while (use.step()) {
    const auto task = static_cast<Position>(use.integer(0));
    if (static_cast<State>(use.integer(1)) == State::Failed) {
      out.failed.emplace_back(task, use.text(2));
    } else if (e.definition->tasks[task].recovers) {
      out.recovered.push_back(task);
    }
  }
  return out;
}

}  // namespace cloacina::store::sqlite
