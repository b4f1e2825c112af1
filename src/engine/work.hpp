#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stop_token>

#include "cloacina/workflow.hpp"
#include "engine/contexts.hpp"
#include "store/records.hpp"

namespace cloacina::engine {

using Steady = std::chrono::steady_clock::time_point;

/// `time` after `start`; never, when the clock does not reach that far.
[[nodiscard]] inline Steady after(Steady start, std::chrono::milliseconds time) {
  return time < std::chrono::floor<std::chrono::milliseconds>(Steady::max() - start) ? start + time : Steady::max();
}

/// The two clocks of a turn. Only what is stored uses the first; every wait and timeout uses the second, which never jumps.
struct Now {
  Timestamp utc{};
  Steady steady{};
};

/// Why a task was asked to stop.
enum class StopReason { None, Timeout, Cancelled, Halted, LeaseLost };

/// Outcomes that user code records in transactions of its own. For any thread.
class UserTransactions {
 public:
  virtual ~UserTransactions() = default;
  /// *Throws* as `store::Database::apply_in`.
  virtual store::BatchResult apply_in(const UserConnection& connection, const store::Batch& batch) = 0;
  /// Whether the database has this run of the task as completed. *Throws* Error when it cannot be asked.
  [[nodiscard]] virtual bool is_completed(const store::ClaimedTask& claimed) = 0;
};

/// A claimed task on its way through a worker. Shared by the loop and one worker.
struct WorkItem {
  WorkItem(const store::ClaimedTask& task, Workflow flow) : claimed(task), workflow(std::move(flow)) {}

  const store::ClaimedTask claimed;
  const Workflow workflow;
  std::shared_ptr<LazyContext> context{};
  std::size_t context_bytes_max = 0;
  double random = 0;  ///< [0, 1), for the jitter of a retry
  std::stop_source stop{};
  std::shared_ptr<UserTransactions> transactions{};
  /// Set by the loop before the stop token is requested.
  std::atomic<StopReason> reason{StopReason::None};
  /// When user code began, in ticks of the steady clock; 0: not yet. Written by the worker.
  std::atomic<std::int64_t> began{0};

  [[nodiscard]] const core::TaskDefinition& task() const { return workflow.definition().tasks[claimed.task.position]; }
  [[nodiscard]] const Workflow::Code& code() const { return workflow.code(claimed.task.position); }
};

/// What a worker reports.
struct WorkDone {
  std::shared_ptr<WorkItem> item;
  Timestamp started_at{};
  Timestamp finished_at{};
  bool began = true;            ///< false: given back unstarted
  bool judged_by_loop = false;  ///< the verdict on a thread that was written off
  std::optional<Failure> failure;
  std::optional<std::chrono::milliseconds> retry_after;  ///< of a failure; none: it was the last attempt
  std::optional<int> exit;                               ///< of a command
  std::shared_ptr<const ContextValues> changes;          ///< success only
  std::string changes_text;
  TaskOutput output;
  std::optional<std::chrono::milliseconds> deferred;  ///< it waits so long, and its run goes on then
  std::string deferred_text;                          ///< what it keeps meanwhile
  bool completed_in = false;                          ///< in a transaction of the user's, which is committed
  std::vector<store::FinishedExecution> finished;     ///< by that transaction
};

/// Runs the task's code in this thread. Everything that user code may throw is caught here, and only here.
[[nodiscard]] WorkDone perform(std::shared_ptr<WorkItem> item);

/// What user code threw in another process: `failure_of` takes it as it is.
struct RelayedFailure final : std::exception {
  explicit RelayedFailure(Failure f) : failure(std::move(f)) {}
  [[nodiscard]] const char* what() const noexcept override { return failure.error.c_str(); }
  Failure failure;
};

/// What user code threw, with a text that can be stored: valid UTF-8 of bounded size.
[[nodiscard]] Failure failure_of(const std::exception_ptr& thrown);

/// The failure of an attempt that was asked to stop at its timeout.
[[nodiscard]] Failure timed_out(const WorkItem& item);

/// Decides whether a failed attempt runs again. May call user code: the policy's own functions.
void judge(WorkDone& done);
/// Whether `judge` would call user code.
[[nodiscard]] bool has_own_functions(const RetryPolicy& policy);

}  // namespace cloacina::engine
