// What attempts ended as.
#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

using Kind = AttemptOutcome::Kind;

void Turn::apply_outcomes() {
  if (batch_.outcomes.empty()) return;
  std::vector<Applied> applied(batch_.outcomes.size(), Applied::Stale);
  complete(applied);
  apply_others(applied);
  start_late();
  result_.outcomes = std::move(applied);
}

void Turn::send_completions() {
  if (batch_.outcomes.empty()) return;
  completions_.emplace(session_.use("complete_task"));
  for (std::size_t i = 0; i < batch_.outcomes.size(); ++i) {
    const auto& o = batch_.outcomes[i];
    if (o.kind != Kind::Completed) continue;
    completed_.push_back(i);
    completions_->add(row_of(o.task), o.fence, shifted(o.started_at), shifted(o.finished_at),
                      o.changes.empty() ? std::nullopt : std::optional<std::string_view>(o.changes));
  }
  if (!completed_.empty()) completions_->send();
}

void Turn::complete(std::vector<Applied>& applied) {
  if (completed_.empty()) return;
  while (completions_->step()) applied[completed_[completions_->input()]] = Applied::Yes;
  completions_.reset();
  for (const auto i : completed_) {
    if (applied[i] != Applied::Yes) continue;
    const auto& o = batch_.outcomes[i];
    keep_output(o);
    auto& e = touch(o.task.execution);
    if (!is_terminal(e.status)) advance_.ended(e, o.task.position, TaskStatus::Completed);
  }
}

void Turn::apply_others(std::vector<Applied>& applied) {
  std::vector<std::size_t> which;
  auto found = session_.use("load_task");
  for (std::size_t i = 0; i < batch_.outcomes.size(); ++i) {
    if (batch_.outcomes[i].kind == Kind::Completed) continue;
    which.push_back(i);
    found.add(row_of(batch_.outcomes[i].task));
  }
  if (which.empty()) return;
  auto ends = session_.use("end_task");
  auto requeues = session_.use("requeue_task");
  std::set<TaskKey> seen;
  while (found.step()) {
    const std::size_t i = which[found.input()];
    const auto& o = batch_.outcomes[i];
    if (static_cast<State>(found.integer(0)) != State::Running || found.integer(1) != o.fence || !seen.insert(o.task).second) {
      continue;
    }
    applied[i] = Applied::Yes;
    const auto end = [&](State state, AttemptStatus status) {
      ends.add(row_of(o.task), o.fence, static_cast<int>(state), shifted(o.started_at), shifted(o.finished_at), o.error,
               state == State::Failed ? 1 : 0, 0);
      keep_attempt(o, status);
      keep_output(o);
    };
    auto& e = touch(o.task.execution);
    if (is_terminal(e.status)) {
      // Cancelled or past its deadline: whatever was to come of the task, it ends here.
      const bool failed = o.kind == Kind::Failed;
      end(failed ? State::Failed : State::Cancelled,
          failed || o.kind == Kind::Retry ? AttemptStatus::Failed : AttemptStatus::Cancelled);
    } else if (o.kind == Kind::Failed) {
      end(State::Failed, AttemptStatus::Failed);
      advance_.ended(e, o.task.position, TaskStatus::Failed);
    } else {
      requeue(o, e, found.integer(2), requeues);
    }
  }
  ends.defer();
  requeues.defer();
}

void Turn::start_late() {
  // Whoever claimed its first task could not mark it as begun, because others worked on it.
  auto use = session_.use("start_execution");
  for (const auto& o : batch_.outcomes) {
    auto* e = touched(o.task.execution);
    if (e == nullptr || e->status != ExecutionStatus::Pending) continue;
    e->status = ExecutionStatus::Running;
    e->started = true;
    use.add(e->key, shifted(o.started_at));
  }
  use.defer();
}

bool Turn::is_last_chance(const Touched& e, Position task, std::int64_t crashes) {
  return crashes > 0 && crashes >= e.definition->tasks[task].max_crashes - 1;
}

void Turn::requeue(const AttemptOutcome& o, const Touched& e, std::int64_t crashes, Use& requeues) {
  const bool is_retry = o.kind == Kind::Retry;
  const bool is_deferred = o.kind == Kind::Deferred;
  const bool later = is_retry || is_deferred;
  const Timestamp retry_at = shifted(o.retry_at);
  const bool waits = later && retry_at > now_;
  const State state = e.status == ExecutionStatus::Paused           ? State::Held
                      : waits                                       ? State::Delayed
                      : is_last_chance(e, o.task.position, crashes) ? State::LastChance
                                                                    : State::Ready;
  const bool counts = is_retry || (o.began && !is_deferred);
  // A retry begins anew; what is given back goes on where it was.
  std::optional<std::string_view> kept;
  if (later) kept = o.deferred;
  requeues.add(row_of(o.task), o.fence, static_cast<int>(state), later ? retry_at : e.due_at,
               waits ? std::optional(retry_at) : std::nullopt, is_retry ? 1 : 0, 0, counts ? 0 : 1,
               is_retry ? std::optional<std::string_view>(o.error) : std::nullopt, kept);
  result_.left_ready = result_.left_ready || state == State::Ready;
  if (counts) {
    keep_attempt(o, is_retry ? AttemptStatus::Failed : AttemptStatus::Cancelled);
    keep_output(o);
  } else if (is_deferred) {
    keep_output(o);
  }
}

void Turn::keep_attempt(const AttemptOutcome& o, AttemptStatus status) {
  session_.use("insert_attempt")
      .bind(row_of(o.task), o.number, static_cast<int>(status), batch_.runner, o.fence, shifted(o.started_at),
            shifted(o.finished_at), o.error.empty() ? std::nullopt : std::optional<std::string_view>(o.error), o.exit)
      .defer();
}

void Turn::keep_output(const AttemptOutcome& o) {
  const auto keep = [&](int stream, std::string_view text, bool truncated) {
    if (!text.empty()) session_.use("insert_output").bind(row_of(o.task), o.number, stream, text, truncated).defer();
  };
  keep(1, o.output.out, o.output.out_truncated);
  keep(2, o.output.err, o.output.err_truncated);
}

}  // namespace cloacina::store::sql
