#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/export.hpp"
#include "cloacina/id.hpp"
#include "cloacina/time.hpp"

namespace cloacina {

enum class ExecutionStatus { Pending, Running, Paused, Completed, Failed, Cancelled };
/// A task that waits for its retry, for a delay or in its own code is Ready with a `run_at` in the future.
enum class TaskStatus { NotStarted, Ready, Running, Completed, Failed, Skipped, Cancelled };
enum class AttemptStatus { Running, Completed, Failed, Cancelled, Crashed };

/// The enumerator's name, as on the command line and in JSON.
[[nodiscard]] CLOACINA_API std::string_view to_string(ExecutionStatus status);
[[nodiscard]] CLOACINA_API std::string_view to_string(TaskStatus status);
[[nodiscard]] CLOACINA_API std::string_view to_string(AttemptStatus status);
/// *Throws* Error{InvalidArgument} that lists the names there are.
[[nodiscard]] CLOACINA_API ExecutionStatus parse_execution_status(std::string_view name);
[[nodiscard]] constexpr bool is_terminal(ExecutionStatus s) { return s >= ExecutionStatus::Completed; }
[[nodiscard]] constexpr bool is_terminal(TaskStatus s) { return s >= TaskStatus::Completed; }

/// One run of one task inside an execution.
struct Attempt {
  int number = 1;  ///< counts every run of the task
  AttemptStatus status = AttemptStatus::Running;
  std::string runner;      ///< its name and process, `host/4711`
  std::int64_t fence = 0;  ///< of the claim
  Timestamp started_at{};
  std::optional<Timestamp> finished_at;
  std::optional<std::string> error;
  std::optional<int> exit;  ///< a command's exit status; none after a signal, a timeout or a crash
};

/// One task of an execution.
struct TaskState {
  std::string name;
  TaskStatus status = TaskStatus::NotStarted;
  std::vector<std::string> after;
  std::optional<Timestamp> run_at;      ///< Ready: when it may start, when that is later than now
  std::optional<Timestamp> started_at;  ///< of the last attempt
  std::optional<Timestamp> finished_at;
  std::optional<std::string> error;  ///< Failed: of the last attempt; Skipped: the reason
  int crashes = 0;
  int deferrals = 0;              ///< how often it gave its worker back, to wait in its own code
  std::vector<Attempt> attempts;  ///< oldest first
};

/// Something that happened to an execution beside its tasks' outcomes: a cancel, a pause, a recovery, a quarantine.
struct Event {
  Timestamp at{};
  std::string kind;  ///< `cancelled`, `paused`, `resumed`, `retried`, `recovered`, `quarantined`, `callback_failed`, …
  std::optional<std::string> task;
  std::string detail;
  std::string actor{};  ///< who did it: `RunnerOptions::actor`, or the name of the runner that saw it; empty where nobody did
};

/// One run of a workflow. `list` leaves `tasks`, `context` and `events` empty.
struct Execution {
  ExecutionId id;
  std::string workflow;
  std::string version;
  ExecutionStatus status = ExecutionStatus::Pending;
  int priority = 0;
  std::optional<std::string> key;
  Timestamp submitted_at{};
  Timestamp due_at{};  ///< when it was or is allowed to start
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  std::optional<std::string> schedule;  ///< the name of the schedule that started it
  std::optional<Timestamp> slot;
  Json input;
  Json context;  ///< the final context: the input with the changes of all tasks so far, merged over the leaves
  std::optional<std::string> error;
  std::optional<std::string> pause_reason;
  bool stranded = false;         ///< not terminal, and no live runner knows its workflow's version
  bool waiting = false;          ///< due, and waits for earlier executions of its schedule or backfill to end
  std::vector<TaskState> tasks;  ///< in the order of declaration
  std::vector<Event> events;

  /// The task's state. *Throws* Error{NotFound}.
  [[nodiscard]] CLOACINA_API const TaskState& task(std::string_view name) const;
  [[nodiscard]] bool completed() const noexcept { return status == ExecutionStatus::Completed; }
};

/// What an attempt wrote to one of its streams.
struct AttemptLog {
  std::string task;
  int attempt = 1;
  std::string stream;  ///< `stdout` or `stderr`
  std::string text;
  bool truncated = false;  ///< more was written than is kept; `text` is the end
};

/// How to submit an execution.
struct SubmitOptions {
  std::optional<std::string> key{};  ///< unique among all executions of the database: the same key again gives the same execution
  int priority = 0;                  ///< a higher one goes first; -1'000'000..1'000'000
  std::optional<Timestamp> start_at{};  ///< not before this instant
};

struct Submission {
  std::string workflow;
  Json input = Json::object();
  SubmitOptions options{};
  std::optional<ExecutionId> id{};  ///< made here when absent; submitting one id twice gives one execution
};

struct ListFilter {
  std::optional<std::string> workflow{};
  std::optional<ExecutionStatus> status{};
  std::optional<Timestamp> since{};   ///< submitted at or after
  std::optional<std::string> page{};  ///< `ExecutionPage::next` of the page before
  std::size_t limit = 100;            ///< 1..1'000
};

struct ExecutionPage {
  std::vector<Execution> executions;  ///< newest first
  std::optional<std::string> next;    ///< for `ListFilter::page`; none at the end
};

/// A runner as the database knows it.
struct RunnerInfo {
  std::string id;    ///< UUID
  std::string name;  ///< `host/4711` unless named
  std::string host;
  int pid = 0;
  bool alive = false;
  Timestamp started_at{};
  Timestamp heartbeat_at{};
  int workers = 0;
  int written_off = 0;                 ///< threads whose task ignored its stop token
  std::vector<std::string> workflows;  ///< `name version`, what it can run
  bool runs_stored_commands = false;   ///< also any stored workflow that has only commands
  std::vector<std::string> holds;      ///< `execution task`, what it has claimed
};

}  // namespace cloacina
