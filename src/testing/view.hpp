#pragma once

#include <functional>
#include <vector>

#include "core/rules.hpp"
#include "store/memory/database.hpp"
#include "store/records.hpp"

namespace cloacina::simulation {

/// What a check looks at of an execution and its tasks.
struct ExecutionView {
  store::ExecutionKey key = 0;
  ExecutionId id;
  store::DefinitionKey definition = 0;
  ExecutionStatus status = ExecutionStatus::Pending;
  std::int64_t open_leaves = 0;
  std::int64_t failed = 0;
  bool retried = false;
  std::int64_t gate = 0;
  std::int64_t gate_max = 0;
  store::Waiting waiting = store::Waiting::No;
  std::optional<std::string> error;
};
struct TaskView {
  core::Position position = 0;
  store::State state = store::State::NotStarted;
  std::int64_t rank = 0;
  std::int64_t due_at = 0;
  std::int64_t fence = 0;
  std::int64_t number = 0;
  std::int64_t failures = 0;
  std::int64_t crashes = 0;
  core::DependencyCounts counts;
  store::RunnerKey runner = 0;
};

/// The committed rows of a database, whatever it is, behind the back of the store.
class View {
 public:
  virtual ~View() = default;
  /// Executions that may have changed since the last call.
  [[nodiscard]] virtual std::vector<store::ExecutionKey> take_changed() = 0;
  [[nodiscard]] virtual std::vector<store::ExecutionKey> executions() = 0;
  [[nodiscard]] virtual std::optional<ExecutionView> execution(store::ExecutionKey key) = 0;
  /// The rows of its tasks, by position.
  [[nodiscard]] virtual std::vector<TaskView> tasks(store::ExecutionKey key) = 0;
  /// The first ready task of a definition, in the order of claims.
  struct Queued {
    std::int64_t rank;
    std::int64_t due_at;
    std::int64_t row;
    friend auto operator<=>(const Queued&, const Queued&) = default;
  };
  [[nodiscard]] virtual std::optional<Queued> first_ready(store::DefinitionKey definition) = 0;
  /// Open executions of a gate, by key.
  struct AtGate {
    store::ExecutionKey key;
    std::int64_t gate_max;
    store::Waiting waiting;
  };
  [[nodiscard]] virtual std::vector<AtGate> open_of_gate(std::int64_t gate) = 0;
  /// Whether a runner is registered, and neither signed off nor taken for dead.
  [[nodiscard]] virtual bool is_registered(store::RunnerKey runner) = 0;
};

/// A database and the way to look behind it. The database has to be destroyed after the view.
struct SimulatedDatabase {
  std::unique_ptr<store::Database> database;
  std::unique_ptr<View> view;
  std::function<void(bool)> refuse_next_commit{};  ///< lets a commit fail at its end, where that can be had
};

/// In memory.
[[nodiscard]] SimulatedDatabase memory_database(const store::memory::Options& options);

}  // namespace cloacina::simulation
