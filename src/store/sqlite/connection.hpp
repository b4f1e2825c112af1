#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sql/session.hpp"

namespace cloacina::store::sqlite {

/// The one place where SQLite's result codes become ours. *Throws* Error: Unavailable for what may pass (locked, full, no access,
/// I/O), Corrupt for what is damaged or no database, Internal for a bug of ours.
[[noreturn]] void fail(sqlite3* db, int code, const std::string& action);

/// The statements of `statements.sql` by name. Parsed once a process.
[[nodiscard]] const std::map<std::string_view, std::string_view>& statements();

/// A prepared statement, run once for each row of input.
class SqliteStatement final : public sql::Statement {
 public:
  SqliteStatement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}

  void start() override;
  bool next() override;
  int finish() override;
  void let_go() override;
  [[nodiscard]] std::size_t input() const override { return input_; }

  [[nodiscard]] bool is_null(int column) const override { return sqlite3_column_type(handle(), column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const override { return sqlite3_column_int64(handle(), column); }
  [[nodiscard]] std::string_view bytes(int column) const override;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_.get(); }
  void bind_input();
  /// False when this input's answer is at its end.
  bool step();

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::size_t input_ = 0;
  bool bound_ = false;
  bool answers_ = sqlite3_column_count(handle()) > 0;
  int changed_ = 0;
  std::vector<std::size_t> changed_inputs_;
  std::size_t shown_ = 0;
};

struct CloseConnection {
  bool borrowed = false;  ///< it is the user's
  void operator()(sqlite3* db) const {
    if (!borrowed) sqlite3_close_v2(db);
  }
};

/// One connection: the handle and its prepared statements. For one thread at a time.
class Connection final : public sql::Session {
 public:
  struct Options {
    bool read_only = false;
    bool create = false;
    std::chrono::milliseconds busy_timeout{10'000};
  };
  /// *Throws* Error{Unavailable} for a file that cannot be opened, Error{Corrupt} for one that is no database.
  Connection(const std::filesystem::path& file, const Options& options);
  /// Over a connection of the user's, which stays theirs.
  explicit Connection(sqlite3* borrowed) : file_(sqlite3_db_filename(borrowed, "main")), db_(borrowed, CloseConnection{true}) {}

  /// The statement `name` of `statements.sql`, prepared on first use and kept.
  [[nodiscard]] sql::Use use(std::string_view name) override;
  /// Statements without parameters or results.
  void execute(const std::string& sql);
  /// The first column of the first row, or nothing.
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& sql);
  [[nodiscard]] std::optional<std::string> text(const std::string& sql);
  /// Copies the whole write-ahead log into the file, so that the next commit begins it anew. While it waits for those that read
  /// from the log nobody else writes. Does nothing when `patience` ends first.
  void restart_log(std::chrono::milliseconds patience) noexcept;
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  static int on_busy(void* self, int calls);

  std::chrono::milliseconds busy_timeout_{0};
  std::chrono::steady_clock::time_point busy_since_{};
  std::string file_;
  std::unique_ptr<sqlite3, CloseConnection> db_;
  std::unordered_map<std::string_view, std::unique_ptr<SqliteStatement>> prepared_;
};

/// A transaction that takes the write lock at once, or one that only reads. Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection, std::string_view begin = "begin") : connection_(connection) {
    connection_.use(begin).run();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit() { connection_.use("commit").run(); }

 private:
  Connection& connection_;
};

}  // namespace cloacina::store::sqlite
