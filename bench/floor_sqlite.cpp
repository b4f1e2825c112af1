// Floors: the minimal statements on a SQLite file.
#include <sqlite3.h>

#include <ctime>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

std::int64_t now_us() { return static_cast<std::int64_t>(std::time(nullptr)) * 1'000'000; }

class File {
 public:
  explicit File(const std::string& file) {
    sqlite3_open(file.c_str(), &db_);
    execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000; PRAGMA synchronous = FULL");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { sqlite3_close(db_); }
  void execute(const char* sql) { sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }
  [[nodiscard]] sqlite3* db() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(const File& file, const char* sql) {
    sqlite3_prepare_v3(file.db(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  template <class... V>
  Statement& bind(V... v) {
    int i = 0;
    (sqlite3_bind_int64(statement_, ++i, v), ...);
    return *this;
  }
  bool step() { return sqlite3_step(statement_) == SQLITE_ROW; }
  void run() {
    while (step()) {
    }
    sqlite3_reset(statement_);
  }
  [[nodiscard]] std::int64_t integer() const { return sqlite3_column_int64(statement_, 0); }
  void reset() { sqlite3_reset(statement_); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

double floor_minimal_sqlite(const std::string& name, int batch, int executions) {
  File file(name);
  file.execute(
      "CREATE TABLE run (id INTEGER PRIMARY KEY, status INT, created INT, finished INT);"
      "CREATE TABLE task (id INTEGER PRIMARY KEY, run INT, status INT, started INT, finished INT);"
      "CREATE INDEX task_ready ON task (id) WHERE status = 1");
  Statement begin(file, "BEGIN IMMEDIATE");
  Statement commit(file, "COMMIT");
  Statement add_run(file, "INSERT INTO run (id, status, created) VALUES (?1, 1, ?2)");
  Statement add_task(file, "INSERT INTO task (id, run, status) VALUES (?1, ?1 / 3, ?2)");
  Statement claim(
      file,
      "UPDATE task SET status = 2, started = ?1 WHERE id IN (SELECT id FROM task WHERE status = 1 ORDER BY id LIMIT ?2) "
      "RETURNING id");
  Statement done(file, "UPDATE task SET status = 3, finished = ?1 WHERE id = ?2 AND status = 2");
  Statement ready(file, "UPDATE task SET status = 1 WHERE id = ?1");
  Statement finish(file, "UPDATE run SET status = 3, finished = ?1 WHERE id = ?2");
  begin.run();
  for (int i = 0; i < executions; ++i) {
    add_run.bind(i, now_us()).run();
    for (int p = 0; p < 3; ++p) add_task.bind(3 * i + p, p == 0 ? 1 : 0).run();
  }
  commit.run();
  const Stopwatch watch;
  std::vector<std::int64_t> ids;
  do {
    begin.run();
    for (const auto id : ids) {
      done.bind(now_us(), id).run();
      if (id % 3 == 2) {
        finish.bind(now_us(), id / 3).run();
      } else {
        ready.bind(id + 1).run();
      }
    }
    ids.clear();
    claim.bind(now_us(), batch);
    while (claim.step()) ids.push_back(claim.integer());
    claim.reset();
    commit.run();
  } while (!ids.empty());
  return 3.0 * executions / watch.seconds();
}

std::vector<double> floor_commit_ms_sqlite(const std::string& name, int count) {
  File file(name);
  file.execute("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, at INT)");
  Statement begin(file, "BEGIN IMMEDIATE");
  Statement commit(file, "COMMIT");
  Statement insert(file, "INSERT INTO floor (at) VALUES (?1)");
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    const Stopwatch watch;
    begin.run();
    insert.bind(now_us()).run();
    commit.run();
    out.push_back(watch.seconds() * 1e3);
  }
  return out;
}

}  // namespace cloacina::bench
