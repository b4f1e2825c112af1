#include <ctime>

#include "harness.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::bench {

namespace {

using store::sqlite::Connection;

Connection prepare(const std::string& file, bool full = true) {
  Connection db(file, {.create = true});
  db.execute(std::string(
                 "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000; PRAGMA synchronous = ") +
             (full ? "FULL" : "NORMAL"));
  return db;
}

class Statement {
 public:
  Statement(Connection& db, const char* sql) : db_(db) {
    sqlite3_prepare_v3(db.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  template <class... V>
  void run(const V&... v) {
    store::sqlite::Use(db_.handle(), statement_).bind(v...).run();
  }
  sqlite3_stmt* raw() { return statement_; }

 private:
  Connection& db_;
  sqlite3_stmt* statement_ = nullptr;
};

std::int64_t now_us() { return static_cast<std::int64_t>(std::time(nullptr)) * 1'000'000; }

std::array<std::uint8_t, 16> id_of(int i) {
  std::array<std::uint8_t, 16> id{};
  for (std::size_t k = 0; k < 4; ++k) id[k] = static_cast<std::uint8_t>(static_cast<unsigned>(i) >> (24 - 8 * k));
  return id;
}

void insert_execution(Connection& db, int i) {
  db.use("insert_execution").bind(id_of(i), 1, 1, 0, 0, nullptr, now_us(), now_us(), nullptr, nullptr, 1, "{}").run();
}

}  // namespace

double floor_minimal(const std::string& file, int batch, int executions) {
  auto db = prepare(file);
  db.execute(
      "CREATE TABLE run (id INTEGER PRIMARY KEY, status INT, created INT, finished INT);"
      "CREATE TABLE task (id INTEGER PRIMARY KEY, run INT, status INT, started INT, finished INT);"
      "CREATE INDEX task_ready ON task (id) WHERE status = 1");
  Statement begin(db, "BEGIN IMMEDIATE");
  Statement commit(db, "COMMIT");
  Statement add_run(db, "INSERT INTO run (id, status, created) VALUES (?1, 1, ?2)");
  Statement add_task(db, "INSERT INTO task (id, run, status) VALUES (?1, ?1 / 3, ?2)");
  Statement claim(
      db,
      "UPDATE task SET status = 2, started = ?1 WHERE id IN (SELECT id FROM task WHERE status = 1 ORDER BY id LIMIT ?2) "
      "RETURNING id");
  Statement done(db, "UPDATE task SET status = 3, finished = ?1 WHERE id = ?2 AND status = 2");
  Statement ready(db, "UPDATE task SET status = 1 WHERE id = ?1");
  Statement finish(db, "UPDATE run SET status = 3, finished = ?1 WHERE id = ?2");
  begin.run();
  for (int i = 0; i < executions; ++i) {
    add_run.run(i, now_us());
    for (int p = 0; p < 3; ++p) add_task.run(3 * i + p, p == 0 ? 1 : 0);
  }
  commit.run();
  const Stopwatch watch;
  std::vector<std::int64_t> ids;
  for (;;) {
    begin.run();
    for (const auto id : ids) {
      done.run(now_us(), id);
      if (id % 3 == 2) {
        finish.run(now_us(), id / 3);
      } else {
        ready.run(id + 1);
      }
    }
    ids.clear();
    store::sqlite::Use use(db.handle(), claim.raw());
    use.bind(now_us(), batch);
    while (use.step()) ids.push_back(use.integer(0));
    use.reset();
    commit.run();
    if (ids.empty()) break;
  }
  return 3.0 * executions / watch.seconds();
}

double floor_own_statements(const std::string& file, int batch, int executions, int tasks, bool full) {
  auto db = prepare(file, full);
  store::sqlite::migrate(db, file, false, false);
  db.use("begin").run();
  for (int i = 0; i < executions; ++i) {
    insert_execution(db, i);
    db.use("queue_task").bind(std::int64_t{i + 1} << 16, 1, 1, 0, now_us(), nullptr).run();
  }
  db.use("commit").run();
  const Stopwatch watch;
  struct Claimed {
    std::int64_t row;
    std::int64_t fence;
  };
  std::vector<Claimed> held;
  for (bool more = true; more;) {
    std::vector<std::int64_t> next;
    db.use("begin").run();
    for (const auto& [row, fence] : held) {
      db.use("complete_task").bind(row, fence, now_us(), now_us(), nullptr).run();
      {
        auto use = db.use("load_execution");
        use.bind(row >> 16).step();
      }
      if ((row & 0xffff) == tasks - 1) {
        db.use("save_execution").bind(row >> 16, 3, 0, 0, nullptr, now_us()).run();
      } else {
        next.push_back(row + 1);
      }
    }
    held.clear();
    for (const auto row : next) {
      db.use("claim_first").bind(row, 1, 0, now_us(), 1, now_us()).run();
      held.push_back({row, 1});
    }
    if (const int room = batch - static_cast<int>(held.size()); room > 0) {
      std::vector<std::int64_t> rows;
      {
        auto use = db.use("ready");
        use.bind(1, room);
        while (use.step()) rows.push_back(use.integer(0));
      }
      for (const auto row : rows) {
        {
          auto use = db.use("load_execution");
          use.bind(row >> 16).step();
        }
        auto use = db.use("claim_queued");
        use.bind(row, 1, now_us()).step();
        held.push_back({row, use.integer(0)});
        use.reset();
        db.use("start_execution").bind(row >> 16, now_us()).run();
      }
    }
    db.use("commit").run();
    more = !held.empty();
  }
  return 1.0 * executions * tasks / watch.seconds();
}

double floor_own_submit(const std::string& file, int batch, int executions) {
  auto db = prepare(file);
  store::sqlite::migrate(db, file, false, false);
  const Stopwatch watch;
  for (int i = 0; i < executions;) {
    db.use("begin").run();
    for (int k = 0; k < batch && i < executions; ++k, ++i) {
      {
        auto use = db.use("find_execution");
        use.bind(id_of(i)).step();
      }
      insert_execution(db, i);
      db.use("queue_task").bind(std::int64_t{i + 1} << 16, 1, 1, 0, now_us(), nullptr).run();
    }
    db.use("commit").run();
  }
  return executions / watch.seconds();
}

double floor_own_firings_ms(const std::string& file, int count, int batch) {
  auto db = prepare(file);
  store::sqlite::migrate(db, file, false, false);
  const std::string text(200, 'x');
  db.use("begin").run();
  for (int i = 0; i < count; ++i) {
    db.use("insert_schedule").bind(id_of(i), "s" + std::to_string(i), "w", text, "", "{}", "", 0, 0, "", now_us(), now_us()).run();
  }
  db.use("commit").run();
  const Stopwatch watch;
  for (int i = 0; i < count;) {
    db.use("begin").run();
    for (int k = 0; k < batch && i < count; ++k, ++i) {
      db.use("turn_schedule").bind(i + 1, 1, 0, "{}", "", now_us() + 1, now_us(), nullptr).run();
      db.use("insert_firing").bind(i + 1, now_us(), 0, 0, nullptr, now_us(), 1, now_us(), now_us(), id_of(i), nullptr).run();
      db.use("insert_scheduled")
          .bind(id_of(i), 1, 1, 0, now_us(), now_us(), nullptr, 1, text, i + 1, now_us(), std::int64_t{i + 1}, 0, 0)
          .run();
      const std::int64_t key = db.last_insert();
      db.use("claim_first").bind(key << 16, 1, 0, now_us(), 1, now_us()).run();
      db.use("start_execution").bind(key, now_us()).run();
    }
    db.use("commit").run();
  }
  return watch.seconds() * 1e3;
}

std::vector<double> floor_commit_ms(const std::string& file, int count) {
  auto db = prepare(file);
  db.execute("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, at INT)");
  Statement begin(db, "BEGIN IMMEDIATE");
  Statement commit(db, "COMMIT");
  Statement insert(db, "INSERT INTO floor (at) VALUES (?1)");
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    const Stopwatch watch;
    begin.run();
    insert.run(now_us());
    commit.run();
    out.push_back(watch.seconds() * 1e3);
  }
  return out;
}

}  // namespace cloacina::bench
