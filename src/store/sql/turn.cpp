#include "store/sql/turn.hpp"

#include <algorithm>

#include "core/changes.hpp"
#include "core/merge.hpp"

namespace cloacina::store::sql {

void Turn::run(const std::function<Timestamp()>& clock) {
  load(to_lock(), Locked::Wait, [&] {
    // They need not wait for the time: what has happened is recorded by what is known of the clock.
    send_completions();
    send_submissions();
    if (may_ask_ahead()) ask_for_claims();
    now_ = result_.now = clock();
    shift_ = now_ - batch_.now;
  });
  if (batch_.renew) renew();
  apply_outcomes();
  submit_all();
  settle();
  if (!batch_.events.empty()) {
    auto events = session_.use("insert_event");
    for (const auto& e : batch_.events) events.add(e.execution, now_, e.task, e.kind, e.detail, "");
    events.defer();
  }
  if (!batch_.controls.empty()) apply_controls();
  if (batch_.release_dead) release_dead();
  if (batch_.timers) expire();
  // Who is open is told by rows.
  settle();
  save();
  lock_gates();
  apply_schedules();
  do {
    settle();
    save();
  } while (open_gates());
  // From here on nothing waits for others.
  if (batch_.timers) wake();
  if (batch_.claim) claim();
  flush_candidates();
  save();
  auto held = ask_check();
  look_ahead();
  finish_claims();
  check(held);
}

void Turn::run_adoption(Timestamp now, DefinitionKey definition) {
  now_ = now;
  adopt(definition);
  do {
    settle();
    save();
  } while (open_gates());
  flush_candidates();
  save();
}

std::vector<ExecutionKey> Turn::to_lock() {
  std::vector<ExecutionKey> keys;
  for (const auto& o : batch_.outcomes) keys.push_back(o.task.execution);
  if (!batch_.controls.empty()) {
    control_keys_.resize(batch_.controls.size());
    auto use = session_.use("find_execution");
    for (const auto& c : batch_.controls) use.add(c.id.bytes());
    while (use.step()) {
      control_keys_[use.input()] = use.integer(0);
      keys.push_back(use.integer(0));
    }
  }
  for (const auto& t : batch_.schedules) {
    if (t.concurrency != Concurrency::Replace || t.fire.empty()) continue;
    // When the schedule's turn is still ours to take, nobody has added to these since.
    auto use = session_.use("open_keys_of_gate");
    use.bind(t.key, 0);
    while (use.step()) keys.push_back(use.integer(0));
  }
  return keys;
}

void Turn::load(std::vector<ExecutionKey> keys, Locked others, const std::function<void()>& meanwhile) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::erase_if(keys, [&](ExecutionKey key) { return touched_.contains(key); });
  auto use = session_.use(others == Locked::Wait ? "load_execution" : "load_free_execution");
  for (const auto key : keys) use.add(key);
  use.defer();
  if (meanwhile) meanwhile();
  if (keys.empty()) return;
  std::vector<Touched*> loaded;
  while (use.step()) {
    const ExecutionKey key = keys[use.input()];
    auto& e = touched_[key];
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
    loaded.push_back(&e);
    // Whoever wanted to let it begin meanwhile has left that to us.
    if (e.waiting == Waiting::Gate && !is_terminal(e.status)) gates_.insert(e.gate);
  }
  for (auto* e : loaded) e->definition = definitions_.get(session_, e->definition_key);
}

Touched* Turn::touched(ExecutionKey key) {
  const auto it = touched_.find(key);
  return it == touched_.end() ? nullptr : &it->second;
}

Touched& Turn::touch(ExecutionKey key) {
  if (auto* e = touched(key)) return *e;
  load({key}, Locked::Wait);
  if (auto* e = touched(key)) return *e;
  throw Error(ErrorCode::Corrupt, "the database has tasks of an execution that is not there (" + std::to_string(key) + ")");
}

void Turn::settle() {
  advance_.run();
  std::vector<Candidate> held;
  auto delayed = session_.use("queue_task");
  for (const auto& ready : advance_.take_ready()) {
    auto& e = *ready.execution;
    const bool has_row = e.retried || e.definition->tasks[ready.task].after.size() > 1;
    const Candidate candidate{-e.priority, e.due_at, {e.key, ready.task}, &e, has_row};
    if (e.status == ExecutionStatus::Paused) {
      held.push_back(candidate);
    } else if (e.start_at) {
      delayed.add(row_of(candidate.task), static_cast<int>(State::Delayed), e.definition_key, candidate.rank, candidate.due_at,
                  e.start_at);
    } else {
      candidates_.push_back(candidate);
    }
  }
  if (!delayed.empty()) result_.left_ready = true;
  delayed.defer();
  queue(held, State::Held);
}

void Turn::flush_candidates() {
  queue(candidates_, State::Ready);
  if (!candidates_.empty()) result_.left_ready = true;
  candidates_.clear();
}

void Turn::queue(std::span<const Candidate> candidates, State state) {
  auto use = session_.use("queue_task");
  for (const auto& c : candidates) {
    use.add(row_of(c.task), static_cast<int>(state), c.execution->definition_key, c.rank, c.due_at, nullptr);
  }
  use.defer();
}

void Turn::save() {
  auto use = session_.use("save_execution");
  for (auto& [key, e] : touched_) {
    if (!e.dirty) continue;
    const bool ended = is_terminal(e.status);
    use.add(key, static_cast<int>(e.status), e.open_leaves, e.failed, e.error, ended ? std::optional(now_) : std::nullopt);
    e.dirty = false;
    if (!std::exchange(e.finished_now, false)) continue;
    result_.finished.push_back({key, e.id, e.status});
    if (e.gate != 0) gates_.insert(e.gate);
  }
  use.defer();
}

void Turn::event(const Touched& e, std::optional<Position> task, std::string_view kind, std::string_view detail,
                 std::string_view actor) {
  session_.use("insert_event").bind(e.key, now_, task, kind, detail, actor).defer();
}

void Turn::look_ahead() {
  const auto ask = [&](std::optional<Use>& use, const char* name) -> Use& { return use.emplace(session_.use(name)); };
  if (batch_.timers || batch_.runner != 0) {
    ask(ahead_.wake_at, "next_wake").send();
    ask(ahead_.deadline, "next_deadline").send();
  }
  if (batch_.timers || !batch_.schedules.empty() || !batch_.firings.empty()) ask(ahead_.slot, "next_slot").send();
  if (batch_.renew) ask(ahead_.death, "next_death").bind(batch_.runner).send();
}

BatchResult Turn::result() {
  const auto read = [](std::optional<Use>& use) { return use && use->step() ? use->optional_time(0) : std::nullopt; };
  result_.next_due = read(ahead_.wake_at);
  if (const auto deadline = read(ahead_.deadline)) result_.next_due = std::min(result_.next_due.value_or(*deadline), *deadline);
  result_.next_slot = read(ahead_.slot);
  result_.next_death = read(ahead_.death);
  return std::move(result_);
}

BatchResult Turn::result_without_answers() {
  result_.next_due = result_.next_slot = result_.next_death = now_;
  return std::move(result_);
}

// ---- what Advance asks for

std::vector<AdvancePort::Counted> Turn::add_counts(std::span<const Delta> deltas) {
  std::vector<Counted> out(deltas.size());
  auto use = session_.use("count_dependency");
  for (const auto& d : deltas) {
    const auto& e = *d.execution;
    use.add(row_of({e.key, d.task}), e.definition_key, -e.priority, e.due_at, d.add.done, d.add.completed, d.add.failed);
  }
  while (use.step()) {
    out[use.input()] = {{use.integer(0), use.integer(1), use.integer(2)}, static_cast<State>(use.integer(3))};
  }
  return out;
}

void Turn::skip(std::span<const Skip> skips) {
  auto use = session_.use("skip_task");
  for (const auto& s : skips) {
    const auto& e = *s.execution;
    use.add(row_of({e.key, s.task}), e.definition_key, -e.priority, e.due_at, s.reason, now_);
  }
  use.defer();
}

TaskStatus Turn::task_status(const Touched& e, Position task) {
  auto use = session_.use("load_task");
  return use.bind(row_of({e.key, task})).step() ? status_of(static_cast<State>(use.integer(0))) : TaskStatus::NotStarted;
}

ContextValues Turn::context(const Touched& e, std::span<const Position> heads) {
  core::ChangesByTask changes;
  {
    auto use = session_.use("changes_of_execution");
    use.bind(e.key);
    while (use.step()) {
      changes.emplace(static_cast<Position>(use.integer(0)),
                      std::make_shared<const ContextValues>(core::changes_from_text(use.text(1))));
    }
  }
  auto use = session_.use("input_of_execution");
  if (!use.bind(e.key).step()) throw Error(ErrorCode::Corrupt, "execution " + e.id.to_string() + " has no input");
  return core::merge(*e.definition, core::values_from_text(use.text(0)), heads, changes);
}

AdvancePort::Outcome Turn::outcome(const Touched& e) {
  Outcome out;
  auto use = session_.use("outcome_of_execution");
  use.bind(e.key);
  while (use.step()) {
    const auto task = static_cast<Position>(use.integer(0));
    if (static_cast<State>(use.integer(1)) == State::Failed) {
      out.failed.emplace_back(task, use.text(2));
    } else if (task_at(*e.definition, task).recovers) {
      out.recovered.push_back(task);
    }
  }
  return out;
}

}  // namespace cloacina::store::sql
