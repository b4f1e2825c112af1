#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloacina/execution.hpp"
#include "cloacina/task.hpp"
#include "core/definition.hpp"
#include "store/schedule_records.hpp"

namespace cloacina::store {

using core::Definition;
using core::Position;

/// Numbers that a database gives; they mean nothing outside of it.
using ExecutionKey = std::int64_t;  ///< grows with every submission: first come, first served
using DefinitionKey = std::int64_t;
using RunnerKey = std::int64_t;

struct TaskKey {
  ExecutionKey execution = 0;
  Position position = 0;

  friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
};

/// What the store keeps of a task's status: `TaskStatus` with the kinds of Ready told apart, since each has its own index.
enum class State {
  NotStarted = 0,  ///< most often no row at all
  Ready = 1,       ///< may be claimed
  Delayed = 2,     ///< Ready from `wake_at` on
  Held = 3,        ///< Ready, but the execution is paused
  Running = 4,
  Completed = 5,
  Failed = 6,
  Skipped = 7,
  Cancelled = 8,
  LastChance = 9,  ///< Ready after so many crashes that one more is the end: runs only when no other such task does
};

[[nodiscard]] constexpr TaskStatus status_of(State state) {
  switch (state) {
    case State::NotStarted:
      return TaskStatus::NotStarted;
    case State::Ready:
    case State::Delayed:
    case State::Held:
    case State::LastChance:
      return TaskStatus::Ready;
    case State::Running:
      return TaskStatus::Running;
    case State::Completed:
      return TaskStatus::Completed;
    case State::Failed:
      return TaskStatus::Failed;
    case State::Skipped:
      return TaskStatus::Skipped;
    case State::Cancelled:
      return TaskStatus::Cancelled;
  }
  return TaskStatus::NotStarted;
}

/// What became of one part of a batch.
enum class Applied {
  Yes,
  Stale,      ///< somebody else holds the claim by now; nothing was changed
  Duplicate,  ///< it was there already
  NotFound,
  Conflict,  ///< the status does not allow it
};

/// How an attempt ended, with the fence of its claim.
struct AttemptOutcome {
  enum class Kind {
    Completed,
    Failed,     ///< for good
    Retry,      ///< failed, runs again at `retry_at`
    Cancelled,  ///< stopped because of a cancel
    Returned,   ///< given back: neither a failure nor a crash
    Deferred,   ///< waits until `retry_at`, then the same run goes on
  };
  TaskKey task;
  std::int64_t fence = 0;
  int number = 1;  ///< of the run, as claimed
  Kind kind = Kind::Completed;
  bool began = true;  ///< Returned only: false when no user code ran, so that the run does not count
  Timestamp started_at{};
  Timestamp finished_at{};
  Timestamp retry_at{};     ///< Retry, Deferred
  std::string deferred;     ///< Deferred: what it keeps meanwhile
  std::string changes;      ///< Completed: core::changes_to_text
  std::string error;        ///< Failed, Retry, Cancelled
  std::optional<int> exit;  ///< of a command
  TaskOutput output;
};

struct NewExecution {
  ExecutionId id;
  DefinitionKey definition = 0;
  int priority = 0;
  std::optional<std::string> key;
  Timestamp submitted_at{};
  std::optional<Timestamp> start_at;
  std::string input = "{}";  ///< a JSON object

  // Of a schedule only.
  ScheduleKey schedule = 0;
  std::optional<Timestamp> slot{};
  std::int64_t gate = 0;
  int gate_max = 0;
  Waiting waiting = Waiting::No;
};

struct Control {
  enum class Kind { Cancel, Pause, Resume, Retry };
  Kind kind = Kind::Cancel;
  ExecutionId id;
  std::string reason;               ///< Cancel, Pause
  std::optional<std::string> from;  ///< Retry: this task and its descendants
  std::string actor{};              ///< who wants it
};

/// A request for up to `limit` tasks, in the order: priority, then due time, then first come.
struct ClaimRequest {
  RunnerKey runner = 0;
  int limit = 0;
  std::vector<DefinitionKey> definitions;  ///< sorted; only tasks of these
  bool any_commands = false;               ///< also of every definition that has only commands
  bool last_chance = true;                 ///< may hold one task more that is on its last chance
};

/// A claim somebody believes to hold.
struct Held {
  TaskKey task;
  std::int64_t fence = 0;

  friend bool operator==(const Held&, const Held&) = default;
};

/// An event beside the tasks' outcomes, kept with the execution.
struct NewEvent {
  ExecutionKey execution = 0;
  std::optional<Position> task;
  std::string kind;
  std::string detail;
};

/// What one turn of the engine changes. Applied in the order of the members, in one transaction.
struct Batch {
  Timestamp now{};  ///< the caller's clock, by which its times are; a backend may go by its own
  std::vector<AttemptOutcome> outcomes;
  std::vector<NewExecution> submissions;  ///< ids made by the client: repeating a batch is harmless
  std::vector<Control> controls;
  std::vector<NewEvent> events;
  std::vector<ScheduleTurn> schedules;
  std::vector<ExtraFiring> firings;
  RunnerKey runner = 0;                              ///< whose turn it is; 0: a client without a loop
  std::optional<std::chrono::microseconds> renew{};  ///< the lease of `runner`, by so much from now; where there are leases
  bool release_dead = false;                         ///< give back what dead runners hold
  bool timers = false;                               ///< wake what is due: delays, retries, deadlines
  std::vector<Held> check;                           ///< which of these are still to be run?
  std::optional<ClaimRequest> claim;
};

/// Whether all that `batch` does is to renew a lease. A store may answer such a one with `now`, `next_death` and `lease_lost`
/// alone.
[[nodiscard]] inline bool only_renews(const Batch& batch) {
  return batch.renew && batch.outcomes.empty() && batch.submissions.empty() && batch.controls.empty() && batch.events.empty() &&
         batch.schedules.empty() && batch.firings.empty() && !batch.release_dead && !batch.timers && batch.check.empty() &&
         !batch.claim;
}

struct SubmitResult {
  Applied applied = Applied::Yes;  ///< Yes or Duplicate
  ExecutionId id;                  ///< of the execution that exists now
  ExecutionKey key = 0;
};

struct ControlResult {
  Applied applied = Applied::Yes;
  ExecutionStatus status = ExecutionStatus::Pending;  ///< found
  std::string text;                                   ///< why not
};

struct ClaimedTask {
  TaskKey task;
  ExecutionId id;
  DefinitionKey definition = 0;
  std::int64_t fence = 0;
  int number = 1;    ///< of this run
  int failures = 0;  ///< attempts that failed before, crashes not counted
  bool last_chance = false;
  bool retried = false;  ///< its execution had ended before and was retried
  std::string deferred;  ///< what the run keeps that goes on; empty when it is a new one

  [[nodiscard]] Held claim() const { return {task, fence}; }
};

struct FinishedExecution {
  ExecutionKey key = 0;
  ExecutionId id;
  ExecutionStatus status = ExecutionStatus::Completed;
};

/// A task that ended Failed without an attempt's outcome: quarantined.
struct Quarantined {
  TaskKey task;
  ExecutionId id;
  DefinitionKey definition = 0;
  std::string error;
};

struct BatchResult {
  Timestamp now{};                ///< by the clock that decides; times here are by it
  std::vector<Applied> outcomes;  ///< as many as the batch has, like the next two
  std::vector<SubmitResult> submissions;
  std::vector<ControlResult> controls;
  std::vector<Applied> schedules;     ///< Yes or Stale
  std::vector<SubmitResult> firings;  ///< Duplicate: the slot has fired before
  std::vector<ClaimedTask> claimed;   ///< in the order in which to run them
  std::vector<FinishedExecution> finished;
  std::vector<Held> lost;  ///< claims to stop: cancelled, past a deadline, or taken by another
  std::vector<Quarantined> quarantined;
  std::optional<Timestamp> next_due;    ///< when `timers` has work again, as far as known
  std::optional<Timestamp> next_slot;   ///< when a schedule is due; known when the batch had `timers` or schedules
  std::optional<Timestamp> next_death;  ///< when the first lease of another runner ends; known when the batch had `renew`
  bool changed_by_others = false;       ///< another connection committed since the last batch
  int released = 0;                     ///< tasks taken back from dead runners
  bool lease_lost = false;              ///< the lease that was renewed had run out: what is held has to be checked
  bool left_ready = false;              ///< there is work, now or later, that this batch made or found and did not claim
};

struct StoredDefinition {
  DefinitionKey key = 0;
  std::shared_ptr<const Definition> definition;
};

/// A look at a stretch of what was kept, in the order of its keys, for what may go: a long table is gone through in short steps.
struct PruneScan {
  Timestamp before{};                ///< what ended before
  std::uint32_t statuses = 0x38;     ///< bit n: of ExecutionStatus n, if that is terminal
  std::int64_t after = 0;            ///< keys greater than this one,
  std::int64_t through = INT64_MAX;  ///< up to this one
  int limit = 500;                   ///< so many rows
};
struct Pruned {
  int deleted = 0;
  std::optional<std::int64_t> next{};  ///< the `after` of the next step; none: nothing is left to look at
};

struct RunnerRecord {
  std::string id;  ///< UUID
  std::string name;
  std::string host;
  int pid = 0;
  int workers = 0;
  bool any_commands = false;
  Timestamp started_at{};
};

/// The stored form of what a context is made of.
struct ContextRows {
  std::string input;
  std::vector<std::pair<Position, std::string>> changes;
};

}  // namespace cloacina::store
