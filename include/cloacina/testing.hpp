#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/execution.hpp"
#include "cloacina/export.hpp"
#include "cloacina/schedule.hpp"
#include "cloacina/workflow.hpp"

/// For tests of your own workflows: the engine of production without threads, files, or a clock that moves by itself.
namespace cloacina {

/// How a run of a task ends in place of its own code.
struct ScriptedOutcome {
  enum class Kind {
    Success,  ///< with `changes` in the context
    Failure,  ///< with `text` as its error; the task's retry policy decides what follows
    Timeout,  ///< as if its time had run out
    Crash,    ///< its runner dies with it in hand; another one is there at once
  };
  Kind kind = Kind::Success;
  Json changes = Json::object();
  std::string text{};

  [[nodiscard]] static ScriptedOutcome success(Json changes = Json::object()) {
    return {.kind = Kind::Success, .changes = std::move(changes)};
  }
  [[nodiscard]] static ScriptedOutcome failure(std::string text) { return {.kind = Kind::Failure, .text = std::move(text)}; }
  [[nodiscard]] static ScriptedOutcome timeout() { return {.kind = Kind::Timeout}; }
  [[nodiscard]] static ScriptedOutcome crash() { return {.kind = Kind::Crash}; }
};

/// A runner that is moved by hand: a task at a time, with a clock that stands still until it is moved. Its database is in memory.
/// What tasks do happens in the calls of this object. For one thread.
class CLOACINA_API ManualRunner {
 public:
  struct Impl;

  /// The clock shows `start`; default: 2026-01-01T00:00:00Z.
  explicit ManualRunner(std::optional<Timestamp> start = {});
  ~ManualRunner();
  ManualRunner(const ManualRunner&) = delete;
  ManualRunner& operator=(const ManualRunner&) = delete;

  [[nodiscard]] Timestamp now() const;
  void add(const Workflow& workflow);
  /// The next runs of `task` end so, one after the other; after these its own code runs again. *Throws* Error{NotFound}.
  void script(std::string_view workflow, std::string_view task, std::vector<ScriptedOutcome> outcomes);

  /// *Throws* as `Runner::submit`.
  ExecutionId submit(std::string_view workflow, Json input = Json::object(), SubmitOptions options = {});
  /// Submits, and moves the clock from one thing that is due to the next until the execution has ended. *Throws* Error{Timeout}
  /// when nothing is left that could end it.
  Execution run(std::string_view workflow, Json input = Json::object(), SubmitOptions options = {});

  /// Controls, as those of `Runner`.
  void cancel(const ExecutionId& id, std::string reason = {});
  void pause(const ExecutionId& id, std::string reason = {});
  void resume(const ExecutionId& id);
  void retry(const ExecutionId& id, std::optional<std::string> from = {});

  /// What `step` has run.
  struct Step {
    ExecutionId execution;
    std::string workflow;
    std::string task;
    int attempt = 1;
  };
  /// Runs the task whose turn it is; none when no task may run now.
  std::optional<Step> step();
  /// Steps until no task may run now; what ran, in that order.
  std::vector<Step> settle();
  /// Moves the clock, forwards; nothing runs by that.
  void advance(std::chrono::microseconds time);
  /// Moves the clock to `time`, and lets everything happen that is due on the way: retries, delays, slots, waits.
  std::vector<Step> run_until(Timestamp time);
  /// The process dies; a new one is there at once. With `holding`, with the next task in hand, before it did anything.
  void crash(bool holding = false);

  /// *Throws* Error{NotFound}.
  [[nodiscard]] Execution get(const ExecutionId& id) const;
  [[nodiscard]] ExecutionPage list(const ListFilter& filter = {}) const;
  /// By the clock that is moved by hand. Not to be used after this object.
  [[nodiscard]] Schedules schedules();

 private:
  std::unique_ptr<Impl> impl_;
};

/// A time in which no runner lives: [from, to).
struct Downtime {
  Timestamp from;
  Timestamp to;
};

/// What a schedule would do from `from`, when it is put, to `to`, were nothing in its way: its slots, fired or skipped, oldest
/// first, with `fired_at` as the moment. Catch-up, window, jitter and zone count; concurrency does not. *Throws*
/// Error{InvalidArgument} as `validate`.
[[nodiscard]] CLOACINA_API std::vector<Firing> fast_forward(const Schedule& schedule, Timestamp from, Timestamp to,
                                                            const std::vector<Downtime>& down = {});

/// How to simulate.
struct SimulationOptions {
  int events = 1'000;    ///< things that happen before the faults end; then everything has to come to its end
  bool run_code = true;  ///< the tasks' own functions run; else all of them do nothing
};
/// What came of it.
struct SimulationReport {
  std::uint64_t seed = 0;
  bool passed = true;
  std::int64_t events = 0;
  std::int64_t executions = 0;
  std::int64_t crashes = 0;           ///< of runners
  std::chrono::microseconds time{0};  ///< virtual
  std::string text;                   ///< when it has not passed: what is wrong, and the shortest story found that leads to it
};
/// Runs workflows in a small world: several runners that crash, stall and lose their connection, commits that fail or whose answer
/// is lost, clocks that jump, users that submit, cancel, pause and retry. All that happens follows from `seed`. What is watched are
/// the engine's own promises (docs/simulation.md); what your tasks promise, they check themselves: what they throw is a failed
/// attempt there as anywhere. Tasks run in this thread, more than once.
[[nodiscard]] CLOACINA_API SimulationReport simulate(const std::vector<Workflow>& workflows, std::uint64_t seed,
                                                     const SimulationOptions& options = {});

}  // namespace cloacina
