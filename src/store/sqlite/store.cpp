#include "store/sqlite/database.hpp"
#include "store/sqlite/schedules.hpp"
#include "store/sqlite/turn.hpp"

namespace cloacina::store::sqlite {

namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& file, const std::filesystem::path& lock_file, const OpenOptions& options,
              Definitions& definitions)
      : connection_(file, {.busy_timeout = options.busy_timeout}), definitions_(definitions), liveness_(lock_file) {
    connection_.execute(std::string("PRAGMA synchronous = ") + (options.durability == Durability::Full ? "FULL" : "NORMAL"));
    // A checkpoint copies the log back into the file and syncs both. Larger logs make it rarer; a reader pays a little for them.
    connection_.execute("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000;");
    seen_version_ = version();
  }

  BatchResult commit(const Batch& batch) override {
    Transaction transaction(connection_);
    // Who died is forgotten when what they held is released; should this fail, they are looked up anew.
    const auto seen = std::exchange(seen_version_, -1);
    auto result = Turn(connection_, definitions_, liveness_, batch).run();
    // Read inside the transaction, when nobody else can write: what we know includes all that others committed before us.
    const auto now = version();
    if (now != seen) {
      liveness_.refresh(connection_);
      result.changed_by_others = true;
    }
    transaction.commit();
    seen_version_ = now;
    return result;
  }

  DefinitionKey put_definition(const Definition& definition, Timestamp now) override {
    Transaction transaction(connection_);
    DefinitionKey key = 0;
    {
      auto use = connection_.use("definition_by_version");
      if (use.bind(definition.version).step()) key = use.integer(0);
    }
    if (key == 0) {
      connection_.use("insert_definition")
          .bind(definition.name, definition.version, definition.text, definition.only_commands, now)
          .run();
      key = connection_.last_insert();
    }
    bool current = false;
    {
      auto use = connection_.use("current_of");
      current = use.bind(definition.name).step() && use.integer(0) == key;
    }
    if (!current) {
      connection_.use("set_current").bind(definition.name, key).run();
      Batch batch;
      batch.now = now;
      Turn(connection_, definitions_, liveness_, batch).run_adoption(key);
    }
    transaction.commit();
    return key;
  }

  RunnerKey open_runner(const RunnerRecord& r) override {
    Transaction transaction(connection_);
    connection_.use("insert_runner").bind(r.id, r.name, r.host, r.pid, r.workers, r.any_commands, r.started_at).run();
    const RunnerKey key = connection_.last_insert();
    // Before the commit: a runner that others can see is never without its lock.
    liveness_.live(key);
    try {
      transaction.commit();
    } catch (...) {
      liveness_.leave(key);
      throw;
    }
    liveness_.refresh(connection_);
    return key;
  }

  void describe_runner(RunnerKey runner, std::span<const DefinitionKey> knows, int written_off) override {
    Transaction transaction(connection_);
    connection_.use("describe_runner")
        .bind(runner, Json(std::vector<DefinitionKey>(knows.begin(), knows.end())).dump(), written_off)
        .run();
    transaction.commit();
  }

  void close_runner(RunnerKey runner, Timestamp now) override {
    Transaction transaction(connection_);
    connection_.use("close_runner").bind(runner, now, 0).run();
    transaction.commit();
    liveness_.leave(runner);
  }

  bool somebody_died() override { return !liveness_.dead().empty(); }
  bool has_company() override { return liveness_.company(); }

  bool changed_by_others() override {
    const auto now = version();
    if (now == seen_version_) return false;
    seen_version_ = now;
    liveness_.refresh(connection_);
    return true;
  }

  std::vector<ContextRows> contexts(std::span<const TaskKey> tasks) override {
    std::vector<ContextRows> out;
    out.reserve(tasks.size());
    // One snapshot for all: each statement alone would take and give back its locks.
    Transaction transaction(connection_, "begin_read");
    for (const auto& task : tasks) {
      ContextRows rows;
      {
        auto use = connection_.use("input_of_execution");
        if (!use.bind(task.execution).step()) throw Error(ErrorCode::Corrupt, "a claimed task has no execution");
        rows.input = use.text(0);
      }
      auto use = connection_.use("changes_of_execution");
      use.bind(task.execution);
      while (use.step()) rows.changes.emplace_back(static_cast<Position>(use.integer(0)), use.text(1));
      out.push_back(std::move(rows));
    }
    transaction.commit();
    return out;
  }

  StoredDefinition definition(DefinitionKey key) override { return {key, definitions_.get(connection_, key)}; }

  DueSchedules due_schedules(Timestamp now, int limit) override { return {now, sqlite::due_schedules(connection_, now, limit)}; }

  std::vector<ScheduleRow> reboot_schedules(std::span<const std::string> workflows) override {
    std::vector<ScheduleRow> rows;
    for (const auto& workflow : workflows) {
      auto use = connection_.use("reboot_schedules");
      for (auto& row : read_schedules(use.bind(workflow))) rows.push_back(std::move(row));
    }
    return rows;
  }

  std::vector<ScheduleRow> schedules_of_other_zones(const std::string& zones, ScheduleKey after, int limit) override {
    auto use = connection_.use("schedules_of_other_zones");
    return read_schedules(use.bind(zones, after, limit));
  }

  std::optional<ScheduleRow> find_schedule(const std::string& name) override { return sqlite::find_schedule(connection_, name); }

  bool write_schedules(std::span<const ScheduleWrite> writes, Timestamp now) override {
    Transaction transaction(connection_);
    for (const auto& write : writes) {
      if (!apply(connection_, write, now)) return false;
    }
    transaction.commit();
    return true;
  }

  BackfillKey open_backfill(ScheduleKey schedule, Timestamp from, Timestamp to, int concurrency, Timestamp now) override {
    Transaction transaction(connection_);
    BackfillKey key = 0;
    {
      auto use = connection_.use("find_backfill");
      if (use.bind(schedule, from, to).step()) key = use.integer(0);
    }
    if (key == 0) {
      connection_.use("insert_backfill").bind(schedule, from, to, concurrency, now).run();
      key = connection_.last_insert();
    }
    transaction.commit();
    return key;
  }

  std::vector<ExecutionId> open_executions(BackfillKey backfill, int limit) override {
    std::vector<ExecutionId> ids;
    auto use = connection_.use("open_of_gate");
    use.bind(-backfill, limit);
    while (use.step()) ids.push_back(id_of(use.blob(0)));
    return ids;
  }

  int prune(Timestamp before, int limit) override {
    Transaction transaction(connection_);
    std::vector<ExecutionKey> keys;
    {
      auto use = connection_.use("prunable");
      use.bind(before, limit);
      while (use.step()) keys.push_back(use.integer(0));
    }
    int deleted = 0;
    for (const auto key : keys) {
      {
        auto use = connection_.use("has_running");
        if (use.bind(key).step()) continue;
      }
      for (const auto* name : {"delete_tasks", "delete_attempts", "delete_output", "delete_events", "delete_execution"}) {
        connection_.use(name).bind(key).run();
      }
      ++deleted;
    }
    transaction.commit();
    return deleted;
  }

 private:
  std::int64_t version() {
    auto use = connection_.use("data_version");
    return use.step() ? use.integer(0) : 0;
  }

  Connection connection_;
  Definitions& definitions_;
  Liveness liveness_;
  std::int64_t seen_version_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_store(const std::filesystem::path& file, const std::filesystem::path& lock_file,
                                  const OpenOptions& options, Definitions& definitions) {
  return std::make_unique<SqliteStore>(file, lock_file, options, definitions);
}

}  // namespace cloacina::store::sqlite
