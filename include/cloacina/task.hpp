#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "cloacina/context.hpp"
#include "cloacina/export.hpp"
#include "cloacina/id.hpp"
#include "cloacina/time.hpp"
#include "cloacina/transaction.hpp"

namespace cloacina {

/// What was captured of an attempt's standard streams.
struct TaskOutput {
  std::string out{};           ///< the last bytes of stdout
  std::string err{};           ///< the last bytes of stderr
  bool out_truncated = false;  ///< more was written than is kept
  bool err_truncated = false;
};

/// What a running task sees: its context and who it is. Valid during the call of the task's function, for its thread.
class CLOACINA_API TaskContext {
 public:
  /// Who runs; the names stay valid during the call.
  struct Identity {
    ExecutionId execution{};
    std::string_view workflow{};
    std::string_view task{};
    int attempt = 1;         ///< counts every run of the task in this execution, from 1
    std::int64_t fence = 1;  ///< grows with every claim of the task
  };

  /// Records an outcome in a transaction of the user's.
  using Complete = std::function<void(const UserConnection&, const TaskContext&)>;
  /// How far earlier runs of this attempt have come in their waits.
  struct Waited {
    int passed = 0;                    ///< so many waits of the function are over
    int deferrals = 0;                 ///< so often it gave its worker back
    std::optional<Timestamp> since{};  ///< when it did so first
  };

  TaskContext(const Identity& identity, Context context, std::stop_token stop, Complete complete = {})
      : identity_(identity), context_(std::move(context)), stop_(std::move(stop)), complete_(std::move(complete)) {}
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  /// The context given to this task; what is set here is recorded with its outcome. A failed attempt records nothing.
  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }

  [[nodiscard]] ExecutionId execution() const noexcept { return identity_.execution; }
  [[nodiscard]] std::string_view workflow() const noexcept { return identity_.workflow; }
  [[nodiscard]] std::string_view task() const noexcept { return identity_.task; }
  [[nodiscard]] int attempt() const noexcept { return identity_.attempt; }
  /// To guard outside systems: whoever holds the largest fence they have seen for this task and execution refuses smaller ones.
  [[nodiscard]] std::int64_t fence() const noexcept { return identity_.fence; }

  /// Asked to stop at the timeout, at a cancel, when the runner stops and when its claim was lost. Return soon after.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_; }
  [[nodiscard]] bool stop_requested() const noexcept { return stop_.stop_requested(); }

  /// Completes this task as a part of the caller's transaction, with the context as it is now: what else the transaction does has
  /// been done exactly once when it is committed. Commit soon after: until then the task's execution is locked (on SQLite, the
  /// whole file). What is thrown or set in the context after the commit does not count any more; without a commit the attempt has
  /// failed.
  ///
  /// *Throws* Error{Conflict} when the claim was lost meanwhile, and then the transaction cannot be committed any more;
  /// Error{InvalidArgument} when `connection` is to another database or has no transaction open; Error{Unavailable}.
  void complete_in(const UserConnection& connection);

  /// Waits until `condition` holds, and takes nothing up meanwhile: no worker, no memory, nothing but the task's row. Also across
  /// restarts, on whichever runner is there then.
  ///
  /// When `condition()` is true, it returns. Else this run of the function ends here, without an outcome, and the function is
  /// called again **from its start** when `interval` has passed (at least a millisecond). What was set in the context by then is
  /// kept. The waits of a function are told apart by their order, so let that be the same each time: one that is over is not waited
  /// for again. What stands before a wait runs again after it; make it harmless to repeat.
  ///
  /// It is the same attempt: a wait is no failure and counts as none. The timeout counts for each run, the workflow's deadline for
  /// all of it; `waiting_since` tells how long it has been. An attempt that fails has waited for nothing: its retry begins anew.
  /// *Throws* what `condition` throws; and something that is no std::exception, to end the run: let it pass.
  void defer_until(const std::function<bool()>& condition, std::chrono::milliseconds interval);
  /// Waits for `time`, in the same way: the function runs again from its start when it has passed, and this call returns then.
  void sleep_for(std::chrono::milliseconds time);
  /// When this attempt gave its worker back for the first time; none when it has not.
  [[nodiscard]] std::optional<Timestamp> waiting_since() const noexcept { return waited_.since; }

  /// For the library itself: what earlier runs waited for, and how long this one has to.
  void set_waited(const Waited& waited) { waited_ = waited; }
  [[nodiscard]] const Waited& waited() const noexcept { return waited_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> deferred() const noexcept { return deferred_; }
  /// For the library itself: a run of this function somewhere else has given its worker back.
  void set_deferred(const Waited& waited, std::chrono::milliseconds time) {
    waited_ = waited;
    deferred_ = time;
  }

  /// Keeps `output` with this attempt, in place of what was kept before; `cloacinactl logs` shows it. Also kept when the attempt
  /// fails.
  void keep_output(TaskOutput output) { output_ = std::move(output); }
  [[nodiscard]] const TaskOutput& output() const noexcept { return output_; }
  [[nodiscard]] TaskOutput take_output() { return std::move(output_); }

 private:
  Identity identity_;
  Context context_;
  std::stop_token stop_;
  TaskOutput output_;
  Complete complete_;
  Waited waited_;
  int waits_ = 0;  // of this run so far
  std::optional<std::chrono::milliseconds> deferred_;

  [[noreturn]] void give_back(std::chrono::milliseconds time, int passed);
};

/// A task's code. It may throw anything; what it throws is the attempt's error.
using TaskFunction = std::function<void(TaskContext&)>;

}  // namespace cloacina
