#include "store/sql/store.hpp"

#include "store/sql/reader.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/liveness.hpp"
#include "store/sqlite/log_keeper.hpp"

namespace cloacina::store::sqlite {

namespace {

/// A connection and its runners' locks: they have to be there before the store that works with them.
struct Parts {
  Parts(const std::filesystem::path& file, const std::filesystem::path& lock_file, const OpenOptions& options)
      : connection(file, {.busy_timeout = options.busy_timeout}), locks(lock_file) {}

  Connection connection;
  LogKeeper log{connection};
  LockLiveness locks;
};

std::int64_t version(sql::Session& session) {
  auto use = session.use("data_version");
  return use.step() ? use.integer(0) : 0;
}

class SqliteStore final : private Parts, public sql::SqlStore {
 public:
  SqliteStore(const std::filesystem::path& file, const std::filesystem::path& lock_file, const OpenOptions& options,
              sql::Definitions& definitions)
      : Parts(file, lock_file, options), SqlStore(connection, definitions, locks) {
    connection.execute(std::string("PRAGMA synchronous = ") + (options.durability == Durability::Full ? "FULL" : "NORMAL"));
    connection.execute("PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000;");
    seen_version_ = version(connection);
  }

  BatchResult commit(const Batch& batch) override {
    Transaction transaction(connection);
    // Who died is forgotten when what they held is released; should this fail, they are looked up anew.
    const auto seen = std::exchange(seen_version_, -1);
    try {
      sql::Turn turn(connection, definitions_, locks, batch);
      turn.run([&] { return batch.now; });
      auto result = turn.result();
      // Read inside the transaction, when nobody else can write: what we know includes all that others committed before us.
      const auto now = version(connection);
      if (now != seen) {
        locks.refresh(connection);
        result.changed_by_others = true;
      }
      transaction.commit();
      seen_version_ = now;
      return result;
    } catch (...) {
      definitions_.forget();
      throw;
    }
  }

  RunnerKey open_runner(const RunnerRecord& r) override {
    Transaction transaction(connection);
    RunnerKey key = 0;
    {
      auto use = connection.use("insert_runner");
      use.bind(r.id, r.name, r.host, r.pid, r.workers, r.any_commands, r.started_at).step();
      key = use.integer(0);
    }
    // Before the commit: a runner that others can see is never without its lock.
    locks.live(key);
    try {
      transaction.commit();
    } catch (...) {
      locks.leave(key);
      throw;
    }
    locks.refresh(connection);
    return key;
  }

  void close_runner(RunnerKey runner, Timestamp now) override {
    Transaction transaction(connection);
    connection.use("close_runner").bind(runner, now, 0).run();
    transaction.commit();
    locks.leave(runner);
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> lease() const override { return std::nullopt; }
  bool somebody_died() override { return locks.somebody_died(); }
  void tell_others() override {}  // who looks at the log has seen them
  [[nodiscard]] std::int64_t writer() const override { return 0; }
  bool has_company() override { return locks.company(); }

  bool changed_by_others() override {
    const auto now = version(connection);
    if (now == seen_version_) return false;
    seen_version_ = now;
    locks.refresh(connection);
    return true;
  }

  std::vector<ContextRows> contexts(std::span<const TaskKey> tasks) override {
    // One snapshot for all: each statement alone would take and give back its locks.
    Transaction transaction(connection, "begin_read");
    auto out = SqlStore::contexts(tasks);
    transaction.commit();
    return out;
  }

 private:
  bool transact(const std::function<bool()>& work) override {
    Transaction transaction(connection);
    try {
      if (!work()) return false;
      transaction.commit();
      return true;
    } catch (...) {
      definitions_.forget();
      throw;
    }
  }
  Timestamp clock(Timestamp now) override { return now; }

  std::int64_t seen_version_ = 0;
};

/// A reader asks the locks who lives.
class SqliteSurroundings final : public sql::Surroundings {
 public:
  explicit SqliteSurroundings(const std::filesystem::path& lock_file) : locks_(lock_file) {}

  bool lives(RunnerKey runner, std::optional<Timestamp> /*lease_until*/) override { return locks_.is_locked(runner); }
  bool changed_by_others(sql::Session& session) override {
    const auto now = version(session);
    return std::exchange(seen_version_, now) != now;
  }

 private:
  os::LockFile locks_;
  std::int64_t seen_version_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_store(const std::filesystem::path& file, const std::filesystem::path& lock_file,
                                  const OpenOptions& options, sql::Definitions& definitions) {
  return std::make_unique<SqliteStore>(file, lock_file, options, definitions);
}

std::unique_ptr<Reader> make_reader(const std::filesystem::path& file, const std::filesystem::path& lock_file,
                                    const OpenOptions& options, sql::Definitions& definitions) {
  auto connection = std::make_unique<Connection>(file, Connection::Options{.busy_timeout = options.busy_timeout});
  connection->execute("PRAGMA query_only = 1; PRAGMA cache_size = -4000;");
  return sql::make_reader(std::move(connection), std::make_unique<SqliteSurroundings>(lock_file), definitions);
}

}  // namespace cloacina::store::sqlite
