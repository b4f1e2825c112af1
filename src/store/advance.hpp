#pragma once

#include <deque>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "core/rules.hpp"
#include "store/records.hpp"

namespace cloacina::store {

/// An execution that the current transaction touches, as read and as it will be written.
struct Touched {
  ExecutionKey key = 0;
  ExecutionId id;
  DefinitionKey definition_key = 0;
  std::shared_ptr<const Definition> definition;
  ExecutionStatus status = ExecutionStatus::Pending;
  int priority = 0;
  Timestamp due_at{};
  std::int64_t open_leaves = 0;
  std::int64_t failed = 0;  ///< tasks that ended Failed
  bool retried = false;     ///< rows of tasks that lie ahead may exist
  bool started = false;     ///< one of its tasks was claimed before
  std::optional<std::string> error;
  std::optional<Timestamp> start_at;  ///< submitted in this transaction, to begin later
  std::int64_t gate = 0;              ///< 0: none
  Waiting waiting = Waiting::No;
  bool dirty = false;
  bool finished_now = false;
};

/// The rows that Advance reads and writes; a backend's half of it.
class AdvancePort {
 public:
  struct Delta {
    Touched* execution;
    Position task;
    core::DependencyCounts add;
  };
  struct Counted {
    core::DependencyCounts counts;
    State state = State::NotStarted;
  };
  struct Skip {
    Touched* execution;
    Position task;
    std::string reason;
  };
  virtual ~AdvancePort() = default;
  /// Adds to the counters of tasks, making rows where there are none; returns each row as it is now, in the same order.
  virtual std::vector<Counted> add_counts(std::span<const Delta> deltas) = 0;
  virtual void skip(std::span<const Skip> skips) = 0;
  virtual TaskStatus task_status(const Touched& execution, Position task) = 0;
  /// The context behind these tasks, from what is written so far.
  virtual ContextValues context(const Touched& execution, std::span<const Position> heads) = 0;
  /// Failed tasks and, of those that recover, the Completed ones.
  struct Outcome {
    std::vector<std::pair<Position, std::string>> failed;  ///< with their errors
    std::vector<Position> recovered;
  };
  virtual Outcome outcome(const Touched& execution) = 0;
};

/// What follows when tasks end: counters of dependants, rules, skips that cascade, the end of executions. The same for every
/// backend.
class Advance {
 public:
  struct Ready {
    Touched* execution;
    Position task;
  };

  explicit Advance(AdvancePort& port) : port_(port) {}

  /// A new execution: its roots are decided.
  void start(Touched& execution);
  /// A task became terminal. *Requires* that its row says so.
  void ended(Touched& execution, Position task, TaskStatus status);
  /// Works until nothing more follows. Tasks that may run now are in `take_ready`, in the order in which they became so.
  void run();
  [[nodiscard]] std::vector<Ready> take_ready() { return std::exchange(ready_, {}); }
  /// Decides a task all of whose dependencies are terminal.
  void decide(Touched& execution, Position task, const core::DependencyCounts& counts);
  /// Ends an execution if all of its leaves have ended.
  void finish_if_done(Touched& execution);

 private:
  struct Ended {
    Touched* execution;
    Position task;
    bool completed;
    bool failure_reaches;  ///< Failed, or Skipped below a failure
  };

  void wave(const std::vector<Ended>& ended);
  void finish(Touched& execution);

  AdvancePort& port_;
  std::vector<Ended> ended_;
  std::vector<AdvancePort::Skip> skips_;
  std::vector<Ready> ready_;
};

}  // namespace cloacina::store
