#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/execution.hpp"
#include "cloacina/export.hpp"
#include "cloacina/log.hpp"
#include "cloacina/retention.hpp"
#include "cloacina/schedule.hpp"
#include "cloacina/transaction.hpp"
#include "cloacina/workflow.hpp"

namespace cloacina {

/// What a commit survives.
enum class Durability {
  Full,    ///< everything, a power failure included (SQLite `synchronous=FULL`, PostgreSQL `synchronous_commit` as it is set)
  Normal,  ///< the death of the process; a power failure may lose the last commits, never the database's integrity
           ///< (`synchronous=NORMAL`, `synchronous_commit=off`)
};

/// Every limit of a runner, each with its default. *Invalid values* are refused by the constructor, by the field's name.
struct RunnerOptions {
  std::string database = "sqlite:cloacina.db";  ///< `sqlite:PATH`, or `postgresql://…` as libpq takes it
  std::string tenant{};                         ///< whose schema (PostgreSQL) or sibling file (SQLite); empty: nobody's
  std::string name{};                           ///< shown by `runners`; empty: `host/pid`
  std::string actor{};                          ///< who cancels, pauses, resumes and retries through it; empty: `user@host`
  int workers = 8;                              ///< tasks that run at once, 1..4096
  int lanes = 1;                                ///< loops that write, each with a connection; more than one on PostgreSQL only
  int prefetch_max = 1'024;                     ///< short tasks claimed ahead of the workers, 0..100'000; adapts, 0 for long ones
  Durability durability = Durability::Full;
  std::chrono::milliseconds lease{15'000};  ///< how long claims stay valid without a heartbeat; >= 3 heartbeats
  std::chrono::milliseconds heartbeat{5'000};
  std::chrono::milliseconds stop_grace{10'000};    ///< from the stop token to writing the thread off
  int written_off_max = 64;                        ///< threads written off before the runner takes no more work
  std::size_t context_bytes_max = 16 << 20;        ///< of an input, and of one task's changes, as JSON
  std::size_t context_cache_bytes = 64 << 20;      ///< contexts kept at hand for tasks to come
  std::size_t inbox_max = 10'000;                  ///< submissions under way; more make callers wait
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long another program may lock the database before a call gives up
  Retention retention{};                           ///< what is kept of what has ended; everything unless it says otherwise
  bool run_stored_commands = false;                ///< also run stored workflows that have only commands, registered by others
  std::uint64_t seed = 0;                          ///< of the jitter; 0: from the system
  LogSink log{};
};

/// What `stop` left behind.
struct StopReport {
  struct Unfinished {
    ExecutionId execution;
    std::string task;
  };
  std::vector<Unfinished> unfinished;  ///< tasks that did not end in time; they are ready again
  bool threads_left = false;           ///< some of them ignored their stop token and still run
};

/// Runs workflows, and gives access to the executions of a database. Before `start` it has no thread and runs nothing: a client.
///
/// All calls are thread-safe. Two runners in one process do not meet but in the database. The destructor is `stop(0s)` and does not
/// hang: a thread that never returns is left behind.
class CLOACINA_API Runner {
 public:
  /// Opens the database and brings its schema up to date. *Throws* Error{InvalidArgument} for a bad option, Error{Unavailable} or
  /// Error{Corrupt} for the database.
  explicit Runner(RunnerOptions options = {});
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Makes a workflow known: stores its definition, and lets this runner run it. Also after `start`. The same version again changes
  /// nothing; another version of the same name is the one that later submissions use. With isolated tasks it copies the process
  /// (Isolation says what that means). *Throws* Error{Unavailable}.
  void add(const Workflow& workflow);
  /// Takes back the work of a dead predecessor and begins to run. *Throws* Error{Conflict} when started already.
  void start();
  /// Takes no new work, waits until what runs has ended or `deadline` has passed, then asks the rest to stop and gives it back:
  /// ready again, neither failed nor crashed. A call while another one waits brings that one's deadline forward and returns at
  /// once; calls after that do nothing.
  StopReport stop(std::chrono::milliseconds deadline = std::chrono::seconds{30});

  /// Submits an execution of the newest version of `workflow`; durable when it returns. `input` overrides the workflow's default
  /// input key by key. *Throws* Error{NotFound} with the nearest name, Error{InvalidArgument}, Error{Unavailable}.
  ExecutionId submit(std::string_view workflow, Json input = Json::object(), SubmitOptions options = {});
  /// All of them in one transaction, or none.
  std::vector<ExecutionId> submit_many(std::vector<Submission> submissions);
  /// Submits as a part of the caller's transaction: the execution exists if and only if that is committed, and runners notice it
  /// then. *Throws* as `submit`, and Error{InvalidArgument} when `connection` is to another database or has no transaction open.
  /// After an error the transaction is as before the call.
  ExecutionId submit_in(const UserConnection& connection, std::string_view workflow, Json input = Json::object(),
                        SubmitOptions options = {});
  /// Submits and waits.
  Execution run(std::string_view workflow, Json input = Json::object(), SubmitOptions options = {});
  /// Waits until the execution is terminal. *Throws* Error{NotFound}; Error{Timeout} when `timeout` has passed.
  Execution wait(const ExecutionId& id, std::optional<std::chrono::milliseconds> timeout = {});
  /// Called once for every execution that this runner brings to its end, after that is recorded, on a worker thread. Set it before
  /// `start`.
  void on_finished(std::function<void(const Execution&)> callback);

  /// *Throws* Error{NotFound}.
  [[nodiscard]] Execution get(const ExecutionId& id) const;
  [[nodiscard]] ExecutionPage list(const ListFilter& filter = {}) const;
  [[nodiscard]] std::vector<AttemptLog> logs(const ExecutionId& id, std::optional<std::string> task = {},
                                             std::optional<int> attempt = {}) const;
  /// The workflow that the execution is pinned to, without code.
  [[nodiscard]] Workflow workflow_of(const ExecutionId& id) const;
  /// The newest stored version of every workflow, by name, without code.
  [[nodiscard]] std::vector<Workflow> workflows() const;
  [[nodiscard]] std::vector<RunnerInfo> runners() const;

  /// Controls. *Throw* Error{NotFound}, and Error{Conflict} when the execution's status does not allow it.
  ///
  /// Cancel: no task starts any more, running ones get their stop token, the rest become Cancelled, waits return.
  void cancel(const ExecutionId& id, std::string reason = {});
  /// The status is Paused at once; what runs finishes, nothing starts.
  void pause(const ExecutionId& id, std::string reason = {});
  void resume(const ExecutionId& id);
  /// Failed and cancelled tasks, or `from`, run again in the same execution, and whatever comes after them is decided again.
  void retry(const ExecutionId& id, std::optional<std::string> from = {});

  /// The schedules of the database. Slots fire while a runner, any runner, is started on it.
  [[nodiscard]] Schedules schedules();

  /// Numbers of this runner since its start.
  struct Stats {
    std::int64_t turns = 0;      ///< commits of the loop
    std::int64_t tasks = 0;      ///< attempts that ended here
    std::int64_t submitted = 0;  ///< executions submitted here
    int running = 0;
    int written_off = 0;
    bool draining = false;  ///< a stop has reached the loop: nothing new begins
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cloacina
