#include "store/advance.hpp"

#include <algorithm>

namespace cloacina::store {

void Advance::start(Touched& e) {
  for (const Position root : e.definition->roots) decide(e, root, {});
}

void Advance::ended(Touched& e, Position task, TaskStatus status) {
  if (status == TaskStatus::Failed) {
    ++e.failed;
    e.dirty = true;
  }
  ended_.push_back({&e, task, status == TaskStatus::Completed, status == TaskStatus::Failed});
}

void Advance::decide(Touched& e, Position task, const core::DependencyCounts& counts) {
  const auto& definition = e.definition->tasks[task];
  const bool runs = core::decide(
      definition, counts, [&](const std::string& name) { return port_.task_status(e, *e.definition->find(name)); },
      [&] { return Context(std::make_shared<const ContextValues>(port_.context(e, definition.after))); });
  if (runs) {
    ready_.push_back({&e, task});
  } else {
    skips_.push_back({&e, task, core::skip_reason(definition, counts)});
    ended_.push_back({&e, task, false, counts.failed > 0});
  }
}

void Advance::run() {
  while (!ended_.empty()) {
    if (!skips_.empty()) port_.skip(std::exchange(skips_, {}));
    wave(std::exchange(ended_, {}));
  }
}

void Advance::wave(const std::vector<Ended>& ended) {
  std::vector<AdvancePort::Delta> deltas;
  std::map<TaskKey, std::size_t> index;
  struct Alone {
    Touched* execution;
    Position task;
    core::DependencyCounts counts;
  };
  std::vector<Alone> alone;
  std::vector<Touched*> with_leaves;
  for (const auto& end : ended) {
    auto& e = *end.execution;
    const core::DependencyCounts one{1, end.completed ? 1 : 0, end.failure_reaches ? 1 : 0};
    if (e.definition->is_leaf(end.task)) {
      --e.open_leaves;
      e.dirty = true;
      with_leaves.push_back(&e);
      continue;
    }
    for (const Position child : e.definition->dependents[end.task]) {
      // A child with one parent needs no counter; only a retry may have left a row of it.
      if (e.definition->tasks[child].after.size() == 1 && !e.retried) {
        alone.push_back({&e, child, one});
        continue;
      }
      const auto [it, fresh] = index.try_emplace({e.key, child}, deltas.size());
      if (fresh) {
        deltas.push_back({&e, child, one});
      } else {
        auto& add = deltas[it->second].add;
        add.done += 1;
        add.completed += one.completed;
        add.failed += one.failed;
      }
    }
  }
  for (const auto& a : alone) decide(*a.execution, a.task, a.counts);
  if (!deltas.empty()) {
    // By execution and position: lanes that touch the same rows lock them in one order.
    std::sort(deltas.begin(), deltas.end(), [](const auto& a, const auto& b) {
      return std::pair(a.execution->key, a.task) < std::pair(b.execution->key, b.task);
    });
    const auto counted = port_.add_counts(deltas);
    for (std::size_t i = 0; i < deltas.size(); ++i) {
      const auto all = static_cast<std::int64_t>(deltas[i].execution->definition->tasks[deltas[i].task].after.size());
      if (counted[i].state == State::NotStarted && counted[i].counts.done == all) {
        decide(*deltas[i].execution, deltas[i].task, counted[i].counts);
      }
    }
  }
  if (!skips_.empty()) port_.skip(std::exchange(skips_, {}));
  for (Touched* e : with_leaves) finish_if_done(*e);
}

void Advance::finish_if_done(Touched& e) {
  if (e.open_leaves == 0 && !is_terminal(e.status)) finish(e);
}

void Advance::finish(Touched& e) {
  e.dirty = true;
  e.finished_now = true;
  e.status = ExecutionStatus::Completed;
  if (e.failed == 0) return;
  // A failure is handled by a completed descendant that is declared to recover, and by nothing else.
  const auto outcome = port_.outcome(e);
  std::vector<bool> handled(e.definition->tasks.size(), false);
  for (const Position r : outcome.recovered) {
    const auto above = core::ancestors(*e.definition, r);
    for (std::size_t i = 0; i < handled.size(); ++i) handled[i] = handled[i] || above[i];
  }
  std::optional<Position> first;
  for (const auto& [task, error] : outcome.failed) {
    if (handled[task] || (first && e.definition->rank[*first] < e.definition->rank[task])) continue;
    first = task;
    e.error = "task '" + e.definition->tasks[task].name + "' failed: " + error;
  }
  if (first) e.status = ExecutionStatus::Failed;
}

}  // namespace cloacina::store
