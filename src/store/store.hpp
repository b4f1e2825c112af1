#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cloacina/admin.hpp"
#include "cloacina/runner.hpp"
#include "cloacina/transaction.hpp"
#include "store/records.hpp"

namespace cloacina::store {

/// A connection that writes. For one thread at a time; a lane owns one. No method leaves a transaction open.
///
/// *Throws*, everywhere: Error{Unavailable} when the database is locked for longer than the busy timeout, full or out of reach, and
/// nothing was applied; Error{Corrupt} when stored data cannot be read.
class Store {
 public:
  virtual ~Store() = default;

  /// Applies `batch` atomically and durably. What was refused because somebody was first comes back as a value.
  virtual BatchResult commit(const Batch& batch) = 0;

  /// Stores a definition unless its version is there, and makes it the workflow's current one.
  virtual DefinitionKey put_definition(const Definition& definition, Timestamp now) = 0;

  /// Registers a live runner; it lives until `close_runner` or until this object's process dies.
  virtual RunnerKey open_runner(const RunnerRecord& runner) = 0;
  virtual void describe_runner(RunnerKey runner, std::span<const DefinitionKey> knows, int written_off) = 0;
  virtual void close_runner(RunnerKey runner, Timestamp now) = 0;

  /// How long a runner lives without `Batch::renew`; none where the backend sees by itself who lives.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> lease() const = 0;
  /// Whether a runner is known to have died with work in hand. Costs a query at most.
  [[nodiscard]] virtual bool somebody_died() = 0;
  /// Whether other runners live, whose death has to be noticed.
  [[nodiscard]] virtual bool has_company() = 0;
  /// Tells others of commits that they have not been told of yet: many share a word. Before a pause.
  virtual void tell_others() = 0;
  /// What tells the hints of this connection from those of others; 0 where nothing does.
  [[nodiscard]] virtual std::int64_t writer() const = 0;
  /// Whether another connection changed the database since the last call or the last commit of this one.
  [[nodiscard]] virtual bool changed_by_others() = 0;

  /// The rows that make up the contexts of claimed tasks: inputs, and the changes of all ancestors.
  [[nodiscard]] virtual std::vector<ContextRows> contexts(std::span<const TaskKey> tasks) = 0;
  [[nodiscard]] virtual StoredDefinition definition(DefinitionKey key) = 0;

  /// Up to `limit` schedules with `next_run_at` <= `now` (or the database's clock), half of them the longest overdue and half the
  /// latest, so that a long catch-up holds up nobody.
  [[nodiscard]] virtual DueSchedules due_schedules(Timestamp now, int limit) = 0;
  /// `@reboot` schedules of these workflows.
  [[nodiscard]] virtual std::vector<ScheduleRow> reboot_schedules(std::span<const std::string> workflows) = 0;
  /// Schedules, by key from `after` on, whose next slot was computed with another version of the zone database.
  [[nodiscard]] virtual std::vector<ScheduleRow> schedules_of_other_zones(const std::string& zones, ScheduleKey after,
                                                                          int limit) = 0;
  [[nodiscard]] virtual std::optional<ScheduleRow> find_schedule(const std::string& name) = 0;
  /// Applies all, or nothing when one of the rows is not as it was read, or when a name is taken; false then.
  [[nodiscard]] virtual bool write_schedules(std::span<const ScheduleWrite> writes, Timestamp now) = 0;
  /// The backfill of that range, made when there is none.
  [[nodiscard]] virtual BackfillKey open_backfill(ScheduleKey schedule, Timestamp from, Timestamp to, int concurrency,
                                                  Timestamp now) = 0;
  /// Executions of a backfill that are not terminal, at most `limit`.
  [[nodiscard]] virtual std::vector<ExecutionId> open_executions(BackfillKey backfill, int limit) = 0;

  /// Deletes executions that have ended, with all that belongs to them, unless one of their tasks still runs.
  virtual Pruned prune(const PruneScan& scan) = 0;
  /// As the other, from the first key on.
  int prune(Timestamp before, int limit) { return prune(PruneScan{.before = before, .limit = limit}).deleted; }
  /// Deletes entries of the ledger that were made before `scan.before`, but of each schedule the latest: its cursor alone says
  /// which slots may fire.
  virtual Pruned prune_firings(const PruneScan& scan) = 0;
  /// The key of the newest execution that has ended, not counting `skip` newer ones.
  [[nodiscard]] virtual std::optional<ExecutionKey> newest_ended(std::int64_t skip) = 0;
};

/// A connection that reads, and never waits for the writer. For one thread at a time.
class Reader {
 public:
  virtual ~Reader() = default;

  /// The current version of a workflow.
  [[nodiscard]] virtual std::optional<StoredDefinition> find_definition(const std::string& workflow) = 0;
  [[nodiscard]] virtual std::vector<StoredDefinition> current_definitions() = 0;
  [[nodiscard]] virtual std::optional<StoredDefinition> definition_of(const ExecutionId& id) = 0;

  /// Whole, with tasks, attempts, events and the context. Whoever knows its key has it sooner.
  [[nodiscard]] virtual std::optional<Execution> get(const ExecutionId& id, ExecutionKey known = 0) = 0;
  [[nodiscard]] virtual std::optional<ExecutionStatus> status(const ExecutionId& id) = 0;
  [[nodiscard]] virtual ExecutionPage list(const ListFilter& filter) = 0;
  [[nodiscard]] virtual std::vector<AttemptLog> logs(const ExecutionId& id, const std::optional<std::string>& task,
                                                     std::optional<int> attempt) = 0;
  [[nodiscard]] virtual std::vector<RunnerInfo> runners() = 0;

  [[nodiscard]] virtual std::optional<ScheduleRow> find_schedule(const std::string& name) = 0;
  [[nodiscard]] virtual std::vector<std::string> schedule_names(int limit) = 0;
  [[nodiscard]] virtual std::vector<ScheduleRow> list_schedules(const ScheduleFilter& filter) = 0;
  /// The newest firing, with the status of its execution if it is kept.
  struct LastFiring {
    Firing firing;
    Timestamp due_at{};
    std::optional<ExecutionStatus> status;
  };
  [[nodiscard]] virtual std::optional<LastFiring> last_firing(ScheduleKey schedule) = 0;
  [[nodiscard]] virtual FiringPage firings(ScheduleKey schedule, const FiringFilter& filter) = 0;
  /// What its owners did to it, newest first.
  [[nodiscard]] virtual std::vector<Event> schedule_events(ScheduleKey schedule, int limit) = 0;
  /// The last time that a schedule of this name was removed.
  [[nodiscard]] virtual std::optional<Event> schedule_removal(const std::string& name) = 0;
  /// Slots of [from, to) that have fired.
  [[nodiscard]] virtual std::vector<Timestamp> fired_slots(ScheduleKey schedule, Timestamp from, Timestamp to) = 0;
  [[nodiscard]] virtual ScheduleStats schedule_stats(ScheduleKey schedule, Timestamp since) = 0;
  [[nodiscard]] virtual bool changed_by_others() = 0;
};

/// Tells that another process may have written; a hint, not the truth.
class ChangeWatch {
 public:
  virtual ~ChangeWatch() = default;
  /// To poll for reading; -1 when hints are not to be had.
  [[nodiscard]] virtual int fd() const = 0;
  /// Whether something happened since the last call; hints of the writer `except` do not count (see Store::writer).
  virtual bool drain(std::int64_t except = 0) = 0;
  /// Whether a hint may come before what it tells of can be seen; then it has to be followed by more looks than one (see Settling).
  [[nodiscard]] virtual bool hints_early() const = 0;
};

struct OpenOptions {
  Durability durability = Durability::Full;
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long a statement may wait for others
  std::chrono::milliseconds lease{15'000};         ///< how long a runner lives without a heartbeat, where there are leases
  std::string tenant{};                            ///< a tenant's name, checked; empty: none
  bool callers_clock = false;                      ///< for tests: what is due is decided by the caller's clock, not the server's
};

/// A database: hands out connections. Thread-safe. Connections must not outlive it.
class Database {
 public:
  virtual ~Database() = default;
  [[nodiscard]] virtual std::unique_ptr<Store> store() = 0;
  [[nodiscard]] virtual std::unique_ptr<Reader> reader() = 0;
  [[nodiscard]] virtual std::unique_ptr<ChangeWatch> watch() = 0;
  [[nodiscard]] virtual std::vector<Finding> doctor() = 0;
  /// As `Store::commit`, but as a part of the transaction that is open on a connection of the user's, who commits it. *Throws*
  /// Error{InvalidArgument} when the connection is to another database, or has no transaction open; after an error nothing was
  /// done. When an outcome is stale, makes it impossible to commit the transaction, and *throws* Error{Conflict}.
  virtual BatchResult apply_in(const UserConnection& connection, const Batch& batch) = 0;
};

/// Opens the database that `url` names and brings its schema up to date. *Throws* Error{InvalidArgument} for a URL that is none.
[[nodiscard]] std::unique_ptr<Database> open(const std::string& url, const OpenOptions& options = {});
/// As the functions of the same names in `cloacina`; what they say of a name is said already.
MigrationReport migrate(const std::string& url, bool dry_run, const std::string& tenant = {});
[[nodiscard]] std::vector<Finding> doctor(const std::string& url, const std::string& tenant = {});
std::optional<TenantLogin> create_tenant(const std::string& url, const std::string& name, bool login, const std::string& password);
[[nodiscard]] std::vector<std::string> list_tenants(const std::string& url);
void remove_tenant(const std::string& url, const std::string& name);

}  // namespace cloacina::store
