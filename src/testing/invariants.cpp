#include "testing/invariants.hpp"

#include <algorithm>

#include "core/changes.hpp"
#include "core/merge.hpp"
#include "core/state.hpp"
#include "store/sql/session.hpp"

namespace cloacina::simulation {

using store::State;

namespace {

bool terminal(State s) { return is_terminal(store::status_of(s)); }
bool waits(State s) { return store::status_of(s) == TaskStatus::Ready; }
std::string text(TaskStatus s) { return std::string(to_string(s)); }
std::string text(const store::TaskKey& task) { return std::to_string(task.execution) + "/" + std::to_string(task.position); }

/// Stopped from outside, by a cancel or its deadline.
bool was_stopped(const ExecutionView& e) {
  return e.status == ExecutionStatus::Cancelled ||
         (e.status == ExecutionStatus::Failed && e.error && e.error->starts_with("its deadline of"));
}

}  // namespace

void Invariants::broken(std::string_view invariant, const std::string& what) {
  if (!trouble_) trouble_ = Trouble{std::string(invariant), what};
}

// ---- claims

void Invariants::opened(store::RunnerKey runner, std::optional<Timestamp> lease_until) { owners_[runner] = {false, lease_until}; }

void Invariants::died(store::RunnerKey runner) { owners_[runner].dead = true; }

void Invariants::closed(store::RunnerKey runner) {
  for (const auto& [task, claim] : claims_) {
    if (claim.owner == runner)
      broken("signed-off", "runner " + std::to_string(runner) + " signed off with task " + text(task) + " in hand");
  }
  owners_[runner].dead = true;
}

bool Invariants::holds(store::TaskKey task, std::int64_t fence) const {
  const auto it = claims_.find(task);
  return it != claims_.end() && it->second.fence == fence;
}

void Invariants::committed(const store::Batch& batch, const store::BatchResult& result) {
  if (batch.renew) owners_[batch.runner].lease_until = result.now + *batch.renew;
  take_outcomes(batch, result);
  if (batch.release_dead) {
    std::erase_if(claims_, [&](const auto& claim) {
      const auto& owner = owners_[claim.second.owner];
      return owner.lease_until ? *owner.lease_until <= result.now : owner.dead;
    });
  }
  latest_ = std::max(latest_, result.now);
  remember_delays(batch, result);
  take_claims(batch, result);
  check_queue(batch, result);
  for (std::size_t i = 0; i < batch.controls.size(); ++i) {
    const auto& control = batch.controls[i];
    if (control.kind == store::Control::Kind::Retry && result.controls[i].applied == store::Applied::Yes)
      retried_.insert(control.id);
  }
  check_changed();
}

void Invariants::take_outcomes(const store::Batch& batch, const store::BatchResult& result) {
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    if (result.outcomes[i] != store::Applied::Yes) continue;
    const auto& o = batch.outcomes[i];
    const auto claim = claims_.find(o.task);
    if (claim == claims_.end() || claim->second.fence != o.fence) {
      broken("fence",
             "an outcome of task " + text(o.task) + " with fence " + std::to_string(o.fence) + " was accepted; " +
                 (claim == claims_.end() ? "nobody holds it" : "the fence that holds is " + std::to_string(claim->second.fence)));
      continue;
    }
    claims_.erase(claim);
  }
}

void Invariants::remember_delays(const store::Batch& batch, const store::BatchResult& result) {
  using Kind = store::AttemptOutcome::Kind;
  const auto shift = result.now - batch.now;
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    const auto& o = batch.outcomes[i];
    if (result.outcomes[i] == store::Applied::Yes && (o.kind == Kind::Retry || o.kind == Kind::Deferred)) {
      not_before_[o.task] = o.retry_at + shift;
    }
  }
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    const auto& s = batch.submissions[i];
    if (result.submissions[i].applied == store::Applied::Yes && s.start_at) starts_at_[result.submissions[i].key] = *s.start_at;
  }
  for (std::size_t i = 0; i < batch.controls.size(); ++i) {
    // A retry begins anew, and at once.
    if (batch.controls[i].kind != store::Control::Kind::Retry || result.controls[i].applied != store::Applied::Yes) continue;
    for (const auto& [key, past] : past_) {
      if (past.id != batch.controls[i].id) continue;
      starts_at_.erase(key);
      not_before_.erase(not_before_.lower_bound({key, 0}), not_before_.lower_bound({key + 1, 0}));
    }
  }
}

void Invariants::take_claims(const store::Batch& batch, const store::BatchResult& result) {
  for (const auto& c : result.claimed) {
    const auto held = claims_.find(c.task);
    auto& largest = fences_[c.task];
    if (held != claims_.end()) {
      broken("one-claim", "task " + text(c.task) + " is claimed by runner " + std::to_string(batch.runner) + " while runner " +
                              std::to_string(held->second.owner) + " holds it");
    }
    if (c.fence <= largest) {
      broken("one-claim",
             "task " + text(c.task) + " is claimed with fence " + std::to_string(c.fence) + " after " + std::to_string(largest));
    }
    largest = c.fence;
    Timestamp due = Timestamp::min();
    if (const auto it = not_before_.find(c.task); it != not_before_.end()) due = it->second;
    if (const auto it = starts_at_.find(c.task.execution); it != starts_at_.end()) due = std::max(due, it->second);
    if (due > latest_)
      broken("delay",
             "task " + text(c.task) + " is claimed at " + format_timestamp(latest_) + " and waits until " + format_timestamp(due));
    not_before_.erase(c.task);
    claims_[c.task] = {c.fence, batch.runner};
  }
}

void Invariants::check_queue(const store::Batch& batch, const store::BatchResult& result) {
  if (!batch.claim || batch.claim->limit <= 0 || !view_.is_registered(batch.claim->runner)) return;
  std::optional<View::Queued> last;
  for (const auto& c : result.claimed) {
    if (c.last_chance) continue;
    for (const auto& t : view_.tasks(c.task.execution)) {
      if (t.position == c.task.position)
        last = std::max(last.value_or(View::Queued{t.rank, t.due_at, 0}), {t.rank, t.due_at, store::sql::row_of(c.task)});
    }
  }
  for (const auto definition : batch.claim->definitions) {
    const auto left = view_.first_ready(definition);
    if (!left) continue;
    const auto task = text(store::sql::task_of(left->row));
    if (static_cast<int>(result.claimed.size()) < batch.claim->limit) {
      broken("idle-hands", "task " + task + " is ready, and runner " + std::to_string(batch.runner) + " claimed " +
                               std::to_string(result.claimed.size()) + " where it had room for " +
                               std::to_string(batch.claim->limit));
    } else if (last && *left < *last) {
      broken("order", "task " + task + " is ready and was overtaken by " + text(store::sql::task_of(last->row)));
    }
  }
}

void Invariants::check_context(store::TaskKey task, std::int64_t fence, engine::LazyContext& given) {
  if (trouble_ || !holds(task, fence)) return;
  const auto definition = definition_(view_.execution(task.execution)->definition);
  const auto stored = engine::LazyContext::of_rows(definition, definition->tasks[task.position].after, contexts_(task));
  const Json has = core::json_of(*given.get());
  const Json should = core::json_of(*stored->get());
  if (has != should) broken("context", "task " + text(task) + " is given " + has.dump() + " where " + should.dump() + " is stored");
}

// ---- rows

void Invariants::check_changed() {
  for (const auto key : view_.take_changed()) check(key);
  check_gates();
}

void Invariants::check_all() {
  (void)view_.take_changed();
  for (const auto key : view_.executions()) check(key);
  check_gates();
}

std::string Invariants::name(const Present& now, core::Position task) const {
  return "task '" + now.definition->tasks[task].name + "' of execution " + std::to_string(now.execution.key) + " (" +
         std::string(to_string(now.execution.status)) + ")";
}

void Invariants::check(store::ExecutionKey key) {
  if (trouble_) return;
  ++checks_;
  const auto execution = view_.execution(key);
  if (!execution) {
    past_.erase(key);
    fences_.erase(fences_.lower_bound({key, 0}), fences_.lower_bound({key + 1, 0}));
    return;
  }
  auto now = read(*execution);
  const auto before = past_.find(key);
  if (before != past_.end() && before->second.id == execution->id) {
    check_past(now, before->second);
    check_decisions(now, &before->second);
  } else {
    check_decisions(now, nullptr);
  }
  if (is_terminal(execution->status)) {
    check_end(now);
  } else {
    check_open(now);
    check_counters(now);
  }
  if (execution->gate != 0) gates_.insert(execution->gate);
  past_[key] = {execution->id, execution->status, std::move(now.tasks)};
}

Invariants::Present Invariants::read(const ExecutionView& execution) {
  Present now{execution, definition_(execution.definition), {}, {}, {}};
  const auto& d = *now.definition;
  const auto rows = view_.tasks(execution.key);
  now.tasks.resize(d.tasks.size());
  now.has_row.resize(d.tasks.size());
  now.counts.resize(d.tasks.size());
  for (std::size_t i = 0; i < d.tasks.size(); ++i) now.tasks[i].position = static_cast<core::Position>(i);
  for (const auto& row : rows) {
    if (row.position >= d.tasks.size()) {
      broken("not-stuck", "execution " + std::to_string(execution.key) + " has a row for a task that its workflow has not");
      continue;
    }
    now.tasks[row.position] = row;
    now.has_row[row.position] = true;
  }
  std::vector<bool> failure_reaches(d.tasks.size(), false);
  for (const auto t : d.order) {
    for (const auto parent : d.tasks[t].after) {
      const State above = now.tasks[parent].state;
      now.counts[t].done += terminal(above) ? 1 : 0;
      now.counts[t].completed += above == State::Completed ? 1 : 0;
      now.counts[t].failed += failure_reaches[parent] ? 1 : 0;
    }
    const State state = now.tasks[t].state;
    failure_reaches[t] = state == State::Failed || (state == State::Skipped && now.counts[t].failed > 0);
  }
  return now;
}

void Invariants::check_past(const Present& now, const Past& before) {
  const auto& e = now.execution;
  const bool retried = retried_.erase(e.id) > 0;
  if (is_terminal(before.status) && e.status != before.status && !retried) {
    broken("one-end", "execution " + std::to_string(e.key) + " was " + std::string(to_string(before.status)) + " and is " +
                          std::string(to_string(e.status)));
  }
  for (std::size_t i = 0; i < now.tasks.size() && i < before.tasks.size(); ++i) {
    const auto from = store::status_of(before.tasks[i].state);
    const auto to = store::status_of(now.tasks[i].state);
    if (is_terminal(from) && from != to && !retried) {
      broken("one-end", name(now, static_cast<core::Position>(i)) + " was " + text(from) + " and is " + text(to));
    }
    if (now.tasks[i].fence < before.tasks[i].fence) {
      broken("one-claim", name(now, static_cast<core::Position>(i)) + " has a smaller fence than before");
    }
  }
}

void Invariants::check_decisions(const Present& now, const Past* before) {
  const auto& d = *now.definition;
  for (std::size_t i = 0; i < now.tasks.size(); ++i) {
    const auto& t = now.tasks[i];
    const auto& task = d.tasks[i];
    if (t.failures > task.retry.max_attempts || t.crashes > task.max_crashes) {
      broken("attempts", name(now, t.position) + " has failed " + std::to_string(t.failures) + " times and crashed " +
                             std::to_string(t.crashes) + " times");
    }
    if (t.state == State::NotStarted || t.state == State::Cancelled) continue;
    const bool fresh = before == nullptr || i >= before->tasks.size() || before->tasks[i].state == State::NotStarted ||
                       before->tasks[i].state == State::Cancelled;
    if (now.counts[i].done != static_cast<std::int64_t>(task.after.size())) {
      broken("dependencies", name(now, t.position) + " is " + text(store::status_of(t.state)) + ", and " +
                                 std::to_string(task.after.size() - static_cast<std::size_t>(now.counts[i].done)) +
                                 " of its dependencies are not terminal");
      continue;
    }
    if (!fresh) continue;
    const bool runs = core::decide(
        task, now.counts[i], [&](const std::string& other) { return store::status_of(now.tasks[*d.find(other)].state); },
        [&] {
          auto rows = contexts_({now.execution.key, t.position});
          core::ChangesByTask changes;
          for (const auto& [position, stored] : rows.changes) {
            changes.emplace(position, std::make_shared<const ContextValues>(core::changes_from_text(stored)));
          }
          return Context(
              std::make_shared<const ContextValues>(core::merge(d, core::values_from_text(rows.input), task.after, changes)));
        });
    if (runs == (t.state == State::Skipped)) {
      broken("rule",
             name(now, t.position) + " is " + text(store::status_of(t.state)) + ", and its rule says " + (runs ? "run" : "skip"));
    }
  }
}

void Invariants::check_end(const Present& now) {
  const auto& e = now.execution;
  const auto& d = *now.definition;
  const bool stopped = was_stopped(e);
  for (const auto& t : now.tasks) {
    if (waits(t.state) || (!stopped && !terminal(t.state))) {
      broken("nothing-left", name(now, t.position) + " is " + text(store::status_of(t.state)));
    }
  }
  if (stopped) return;
  std::vector<bool> handled(d.tasks.size(), false);
  for (const auto& t : now.tasks) {
    if (t.state != State::Completed || !d.tasks[t.position].recovers) continue;
    const auto above = core::ancestors(d, t.position);
    for (std::size_t i = 0; i < handled.size(); ++i) handled[i] = handled[i] || above[i];
  }
  const bool failed = std::any_of(now.tasks.begin(), now.tasks.end(),
                                  [&](const auto& t) { return t.state == State::Failed && !handled[t.position]; });
  if (failed != (e.status == ExecutionStatus::Failed)) {
    broken("outcome", "execution " + std::to_string(e.key) + " is " + std::string(to_string(e.status)) +
                          (failed ? ", with a failure that nothing handles" : ", without such a failure"));
  }
}

void Invariants::check_open(const Present& now) {
  const auto& e = now.execution;
  const bool any =
      std::any_of(now.tasks.begin(), now.tasks.end(), [](const auto& t) { return waits(t.state) || t.state == State::Running; });
  if (e.waiting != store::Waiting::No) {
    if (std::find(now.has_row.begin(), now.has_row.end(), true) != now.has_row.end()) {
      broken("not-stuck", "execution " + std::to_string(e.key) + " waits, and has tasks");
    }
    return;
  }
  if (!any)
    broken("not-stuck",
           "execution " + std::to_string(e.key) + " is " + std::string(to_string(e.status)) + ", and none of its tasks can go on");
  const bool paused = e.status == ExecutionStatus::Paused;
  for (const auto& t : now.tasks) {
    if (waits(t.state) && (t.state == State::Held) != paused) {
      broken("held", name(now, t.position) + (paused ? " is not held" : " is held"));
    }
  }
}

void Invariants::check_counters(const Present& now) {
  const auto& d = *now.definition;
  const auto& e = now.execution;
  const auto differ = [&](const std::string& what, std::int64_t stored, std::int64_t counted) {
    if (stored == counted) return;
    broken("counters", "execution " + std::to_string(e.key) + ": " + what + " is stored as " + std::to_string(stored) +
                           " and counts " + std::to_string(counted));
  };
  std::int64_t open_leaves = 0;
  std::int64_t failed = 0;
  for (const auto& t : now.tasks) {
    open_leaves += d.is_leaf(t.position) && !terminal(t.state) ? 1 : 0;
    failed += t.state == State::Failed ? 1 : 0;
    // A task with one parent has no need of counters.
    if (t.state != State::NotStarted || !now.has_row[t.position] || d.tasks[t.position].after.size() < 2) continue;
    const auto& task = d.tasks[t.position].name;
    differ("done of " + task, t.counts.done, now.counts[t.position].done);
    differ("completed of " + task, t.counts.completed, now.counts[t.position].completed);
    differ("failed of " + task, t.counts.failed, now.counts[t.position].failed);
  }
  differ("open_leaves", e.open_leaves, open_leaves);
  differ("failed", e.failed, failed);
}

void Invariants::check_gates() {
  for (const auto gate : std::exchange(gates_, {})) {
    std::int64_t begun = 0;
    std::optional<View::AtGate> first;
    std::optional<View::AtGate> waiting;
    for (const auto& e : view_.open_of_gate(gate)) {
      if (e.waiting != store::Waiting::No && !waiting) waiting = e;
      if (e.waiting == store::Waiting::No && e.gate_max == 1 && waiting) {
        broken("gate", "execution " + std::to_string(e.key) + " has begun, and " + std::to_string(waiting->key) +
                           " before it at gate " + std::to_string(gate) + " has not");
      }
      // One that nobody knows yet keeps its place.
      if (e.waiting == store::Waiting::No || (e.waiting == store::Waiting::Workflow && !first)) ++begun;
      if (e.waiting == store::Waiting::Gate && !first) first = e;
    }
    if (first && (first->gate_max == 0 || begun < first->gate_max)) {
      broken("gate", "execution " + std::to_string(first->key) + " waits at gate " + std::to_string(gate) + ", where " +
                         std::to_string(begun) + " of " + std::to_string(first->gate_max) + " have begun");
    }
  }
}

}  // namespace cloacina::simulation
