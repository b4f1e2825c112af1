#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "cloacina/context.hpp"
#include "cloacina/export.hpp"
#include "cloacina/id.hpp"
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
};

/// A task's code. It may throw anything; what it throws is the attempt's error.
using TaskFunction = std::function<void(TaskContext&)>;

}  // namespace cloacina
