#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "engine/contexts.hpp"
#include "testing/view.hpp"

namespace cloacina::simulation {

/// What always holds, whatever happens.
struct Invariant {
  std::string_view name;
  std::string_view sentence;
};

inline constexpr std::array invariants{
    Invariant{"fence", "No outcome is accepted without the fence of a claim that still holds."},
    Invariant{"one-claim", "A task is claimed by one runner at a time, and each claim has a larger fence."},
    Invariant{"one-end", "A task and an execution that have ended stay as they ended, unless somebody retries the execution."},
    Invariant{"dependencies", "A task is decided only when all of its dependencies are terminal."},
    Invariant{"rule", "A task that may run has a rule that is true, one that is skipped has a rule that is false."},
    Invariant{"nothing-left",
              "An execution that has ended has no task that waits, and, unless it was stopped, none that is not terminal."},
    Invariant{"not-stuck", "An execution that is open has a task that is ready or runs, or waits for its gate or its workflow."},
    Invariant{"held", "The ready tasks of a paused execution are held, and no others."},
    Invariant{"counters", "Counters equal what they count."},
    Invariant{"outcome",
              "An execution is Completed when every failure is handled by a completed descendant that recovers, else Failed."},
    Invariant{"delay", "A task that waits for a time does not run before it, by the latest clock that was seen."},
    Invariant{"attempts", "No task fails more often than its policy allows, or crashes more often than it may."},
    Invariant{"gate", "No execution waits at a gate that has room for it."},
    Invariant{"order", "Claims take the queue from its head: nobody overtakes."},
    Invariant{"idle-hands", "A runner with room left leaves no ready task behind that it knows."},
    Invariant{"acknowledged", "What a caller was told is stored: a submission that was answered is there, once."},
    Invariant{"context", "A task is given its ancestors' changes over the input, as they are stored."},
    Invariant{"own-claims", "A runner starts only what it has claimed, and knows of at most one run of a task at a time."},
    Invariant{"watched", "A runner knows of everything that its threads run, so that it can ask it to stop and write it off."},
    Invariant{"signed-off", "A runner that signs off holds nothing any more."},
    Invariant{"slots",
              "Every slot of a schedule has fired once or is part of one skipped run, for a reason that its policies give."},
    Invariant{"ends", "When faults end, everything ends within a bounded time: nobody starves."},
    Invariant{"no-error", "The engine and the store throw nothing but what they say."},
};

/// A broken invariant.
struct Trouble {
  std::string invariant;  ///< its name
  std::string what;
};

/// Checks the rows of a database against the invariants, and against what its commits have said. The first trouble is kept.
class Invariants {
 public:
  using Definitions = std::function<std::shared_ptr<const core::Definition>(store::DefinitionKey)>;
  using Contexts = std::function<store::ContextRows(store::TaskKey)>;

  Invariants(View& view, Definitions definitions, Contexts contexts)
      : view_(view), definition_(std::move(definitions)), contexts_(std::move(contexts)) {}

  [[nodiscard]] const std::optional<Trouble>& trouble() const { return trouble_; }
  void broken(std::string_view invariant, const std::string& what);

  /// A runner is registered; with leases, until `lease_until` by the clock that decides.
  void opened(store::RunnerKey runner, std::optional<Timestamp> lease_until);
  /// It is dead from now on.
  void died(store::RunnerKey runner);
  /// It has signed off.
  void closed(store::RunnerKey runner);

  /// What a commit has really done.
  void committed(const store::Batch& batch, const store::BatchResult& result);
  /// Checks the executions that were changed since the last call.
  void check_changed();
  void check_all();
  /// As the executions' rows were when they were checked last; none: it was deleted.
  [[nodiscard]] bool is_there(store::ExecutionKey key) const { return past_.contains(key); }
  [[nodiscard]] std::int64_t checks() const { return checks_; }
  /// The context that a claimed task is given. Only where the claim holds: others may have changed what it was made of.
  void check_context(store::TaskKey task, std::int64_t fence, engine::LazyContext& given);
  /// Whether a claim is still the task's own.
  [[nodiscard]] bool holds(store::TaskKey task, std::int64_t fence) const;

 private:
  struct Owner {
    bool dead = false;
    std::optional<Timestamp> lease_until;
  };
  struct Claim {
    std::int64_t fence = 0;
    store::RunnerKey owner = 0;
  };
  /// An execution as it was.
  struct Past {
    ExecutionId id;
    ExecutionStatus status = ExecutionStatus::Pending;
    std::vector<TaskView> tasks;
  };
  /// An execution as it is.
  struct Present {
    ExecutionView execution;
    std::shared_ptr<const core::Definition> definition;
    std::vector<TaskView> tasks;  ///< by position, also those without a row
    std::vector<bool> has_row;
    std::vector<core::DependencyCounts> counts;  ///< counted anew
  };

  void take_outcomes(const store::Batch& batch, const store::BatchResult& result);
  void remember_delays(const store::Batch& batch, const store::BatchResult& result);
  void take_claims(const store::Batch& batch, const store::BatchResult& result);
  void check_queue(const store::Batch& batch, const store::BatchResult& result);
  void check(store::ExecutionKey key);
  [[nodiscard]] Present read(const ExecutionView& execution);
  void check_past(const Present& now, const Past& before);
  void check_decisions(const Present& now, const Past* before);
  void check_end(const Present& now);
  void check_open(const Present& now);
  void check_counters(const Present& now);
  void check_gates();
  [[nodiscard]] std::string name(const Present& now, core::Position task) const;

  View& view_;
  Definitions definition_;
  Contexts contexts_;
  std::optional<Trouble> trouble_;
  std::map<store::RunnerKey, Owner> owners_;
  std::map<store::TaskKey, Claim> claims_;              // that hold
  std::map<store::TaskKey, std::int64_t> fences_;       // the largest of each
  std::map<store::TaskKey, Timestamp> not_before_;      // of tasks that wait for a time
  std::map<store::ExecutionKey, Timestamp> starts_at_;  // of executions that were submitted for later
  Timestamp latest_{};
  std::unordered_map<store::ExecutionKey, Past> past_;
  std::set<ExecutionId> retried_;  // since they were checked
  std::set<std::int64_t> gates_;   // of executions that were changed
  std::int64_t checks_ = 0;
};

}  // namespace cloacina::simulation
