#include "store/memory/database.hpp"

#include <algorithm>

#include "cloacina/error.hpp"
#include "store/memory/doctor.hpp"
#include "store/sql/reader.hpp"
#include "store/sql/store.hpp"

namespace cloacina::store::memory {

namespace {

/// A runner lives while its Store does, or while its lease lasts.
class MemoryLiveness final : public sql::Liveness {
 public:
  explicit MemoryLiveness(Shared& shared) : shared_(shared) {}

  std::vector<RunnerKey> find_dead(sql::Session& /*session*/, Timestamp now) override {
    latest = now;
    std::vector<RunnerKey> out;
    for (const auto key : shared_.contents.runners.open.places()) {
      if (is_dead(key, now)) out.push_back(key);
    }
    return out;
  }
  void forget(RunnerKey /*runner*/) override {}
  [[nodiscard]] std::string_view sign_of_death() const override {
    return shared_.leases ? "its lease has ended" : "its process has ended";
  }

  [[nodiscard]] bool is_dead(RunnerKey runner, Timestamp now) const {
    if (!shared_.leases) return !shared_.living.contains(runner);
    const auto* row = shared_.contents.runners.find(runner);
    return row == nullptr || row->lease_until.value_or(0) <= now.time_since_epoch().count();
  }

  std::set<RunnerKey> own;
  Timestamp latest{};  ///< the clock, when it was last told

 private:
  Shared& shared_;
};

/// A connection, and who lives: they have to be there before the store that works with them.
struct Parts {
  explicit Parts(std::shared_ptr<Shared> shared) : session(std::move(shared)), runners(session.shared()) {}

  MemorySession session;
  MemoryLiveness runners;
};

class MemoryStore final : private Parts, public sql::SqlStore {
 public:
  MemoryStore(std::shared_ptr<Shared> shared, const Options& options, sql::Definitions& definitions)
      : Parts(std::move(shared)),
        SqlStore(session, definitions, runners),
        lease_(options.lease),
        clock_(options.clock),
        seen_(session.commits_of_others()) {}
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;
  ~MemoryStore() override {
    session.roll_back();
    for (const auto runner : runners.own) {
      session.shared().living.erase(runner);
      if (session.shared().writer == nullptr && lease_) end_lease(runner);
    }
  }

  BatchResult commit(const Batch& batch) override {
    Transaction transaction(session);
    const Timestamp now = clock(batch.now);
    runners.latest = now;
    try {
      sql::Turn turn(session, definitions_, runners, batch, now - batch.now);
      turn.run([&] { return now; });
      auto result = turn.result();
      result.changed_by_others = session.commits_of_others() != seen_;
      transaction.commit();
      seen_ = session.commits_of_others();
      return result;
    } catch (...) {
      definitions_.forget();
      throw;
    }
  }

  RunnerKey open_runner(const RunnerRecord& r) override {
    Transaction transaction(session);
    RunnerKey key = 0;
    {
      auto use = session.use("insert_runner");
      use.bind(r.id, r.name, r.host, r.pid, r.workers, r.any_commands, r.started_at).step();
      key = use.integer(0);
    }
    if (lease_) {
      const auto now = clock(r.started_at).time_since_epoch().count();
      session.shared().contents.runners.change(key, [&](RunnerRow& row) {
        row.heartbeat_at = now;
        row.lease_until = now + std::chrono::microseconds{*lease_}.count();
      });
    }
    transaction.commit();
    session.shared().living.insert(key);
    runners.own.insert(key);
    return key;
  }

  void close_runner(RunnerKey runner, Timestamp now) override {
    transact([&] {
      session.use("close_runner").bind(runner, now, 0).run();
      return true;
    });
    session.shared().living.erase(runner);
    runners.own.erase(runner);
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> lease() const override { return lease_; }
  bool somebody_died() override {
    const auto& open = session.shared().contents.runners.open.places();
    return std::any_of(open.begin(), open.end(), [&](RunnerKey r) { return runners.is_dead(r, runners.latest); });
  }
  void tell_others() override {}  // who looks has seen them
  [[nodiscard]] std::int64_t writer() const override { return 0; }
  bool has_company() override {
    const auto& open = session.shared().contents.runners.open.places();
    return std::any_of(open.begin(), open.end(), [&](RunnerKey r) { return !runners.own.contains(r); });
  }
  bool changed_by_others() override { return std::exchange(seen_, session.commits_of_others()) != session.commits_of_others(); }

 private:
  bool transact(const std::function<bool()>& work) override {
    Transaction transaction(session);
    try {
      if (!work()) return false;
      transaction.commit();
      return true;
    } catch (...) {
      definitions_.forget();
      throw;
    }
  }
  Timestamp clock(Timestamp now) override { return clock_ ? clock_() : now; }

  void end_lease(RunnerKey runner) {
    Transaction transaction(session);
    session.shared().contents.runners.change(runner, [](RunnerRow& row) { row.lease_until = 0; });
    transaction.commit();
  }

  std::optional<std::chrono::milliseconds> lease_;
  std::function<Timestamp()> clock_;
  std::int64_t seen_;
};

class MemorySurroundings final : public sql::Surroundings {
 public:
  explicit MemorySurroundings(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  /// Nobody tells a reader the time: a lease holds until somebody has seen that it ended.
  bool lives(RunnerKey runner, std::optional<Timestamp> lease_until) override {
    return shared_->leases ? lease_until.value_or(Timestamp{}) > Timestamp{} : shared_->living.contains(runner);
  }
  bool changed_by_others(sql::Session& /*session*/) override { return std::exchange(seen_, shared_->commits) != shared_->commits; }

 private:
  std::shared_ptr<Shared> shared_;
  std::int64_t seen_ = 0;
};

class MemoryWatch final : public ChangeWatch {
 public:
  explicit MemoryWatch(std::shared_ptr<Shared> shared) : shared_(std::move(shared)), seen_(shared_->commits) {}
  [[nodiscard]] int fd() const override { return -1; }
  bool drain(std::int64_t /*except*/) override { return std::exchange(seen_, shared_->commits) != shared_->commits; }
  [[nodiscard]] bool hints_early() const override { return false; }

 private:
  std::shared_ptr<Shared> shared_;
  std::int64_t seen_;
};

}  // namespace

MemoryDatabase::MemoryDatabase(const Options& options) : options_(options), shared_(std::make_shared<Shared>()) {
  shared_->leases = options.lease.has_value();
  shared_->keeps_changes = options.keeps_changes;
}

std::unique_ptr<Store> MemoryDatabase::store() { return std::make_unique<MemoryStore>(shared_, options_, definitions_); }

std::unique_ptr<Reader> MemoryDatabase::reader() {
  return sql::make_reader(session(), std::make_unique<MemorySurroundings>(shared_), definitions_);
}

std::unique_ptr<ChangeWatch> MemoryDatabase::watch() { return std::make_unique<MemoryWatch>(shared_); }

std::vector<Finding> MemoryDatabase::doctor() {
  MemorySurroundings surroundings(shared_);
  return examine(shared_->contents, [&](RunnerKey runner) {
    const auto until = shared_->contents.runners.find(runner)->lease_until;
    return surroundings.lives(runner, until ? std::optional(Timestamp{std::chrono::microseconds{*until}}) : std::nullopt);
  });
}

BatchResult MemoryDatabase::apply_in(const UserConnection& /*connection*/, const Batch& /*batch*/) {
  throw Error(ErrorCode::InvalidArgument, "a database in memory has no connections but those of its runners");
}

std::unique_ptr<MemoryDatabase> MemoryDatabase::again() const {
  auto other = std::make_unique<MemoryDatabase>(options_);
  other->shared_ = shared_;
  return other;
}

std::unique_ptr<MemoryDatabase> open(const Options& options) { return std::make_unique<MemoryDatabase>(options); }

}  // namespace cloacina::store::memory
