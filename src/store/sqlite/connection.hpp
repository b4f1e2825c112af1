#pragma once

#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cloacina/time.hpp"

namespace cloacina::store::sqlite {

/// The one place where SQLite's result codes become ours. *Throws* Error: Unavailable for what may pass (locked, full, no access,
/// I/O), Corrupt for what is damaged or no database, Internal for a bug of ours.
[[noreturn]] void fail(sqlite3* db, int code, const std::string& action);

/// The statements of `statements.sql` by name. Parsed once a process.
[[nodiscard]] const std::unordered_map<std::string_view, std::string_view>& statements();

/// A prepared statement in use: binds, steps, reads, and is reset when it goes out of scope. Text and blobs are bound without a
/// copy: they must live until the last step.
class Use {
 public:
  Use(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { reset(); }

  template <class... Values>
  Use& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  /// Moves to the next row; false at the end.
  bool step();
  /// Runs a statement that returns no row; the number of rows it changed.
  int run();
  void reset() {
    if (statement_ != nullptr) {
      sqlite3_reset(statement_);
      stepped_ = false;
    }
  }

  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] Timestamp time(int column) const { return Timestamp{std::chrono::microseconds{integer(column)}}; }
  [[nodiscard]] std::optional<Timestamp> optional_time(int column) const;
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;

 private:
  void check(int code);
  void bind_one(int index, std::nullptr_t) { check(sqlite3_bind_null(statement_, index)); }
  void bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }
  void bind_one(int index, int value) { check(sqlite3_bind_int64(statement_, index, value)); }
  void bind_one(int index, std::uint32_t value) { check(sqlite3_bind_int64(statement_, index, value)); }
  void bind_one(int index, bool value) { check(sqlite3_bind_int64(statement_, index, value ? 1 : 0)); }
  void bind_one(int index, Timestamp value) { bind_one(index, std::int64_t{value.time_since_epoch().count()}); }
  void bind_one(int index, std::string_view value) {
    check(sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
  }
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const std::array<std::uint8_t, 16>& value) {
    check(sqlite3_bind_blob(statement_, index, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
  }
  template <class T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value) {
      bind_one(index, *value);
    } else {
      bind_one(index, nullptr);
    }
  }

  sqlite3* db_;
  sqlite3_stmt* statement_;
  bool stepped_ = false;
};

/// One connection: the handle and its prepared statements. For one thread at a time.
class Connection {
 public:
  struct Options {
    bool read_only = false;
    bool create = false;
    std::chrono::milliseconds busy_timeout{10'000};
  };
  /// *Throws* Error{Unavailable} for a file that cannot be opened, Error{Corrupt} for one that is no database.
  Connection(const std::filesystem::path& file, const Options& options);

  /// The statement `name` of `statements.sql`, prepared on first use and kept.
  [[nodiscard]] Use use(std::string_view name);
  [[nodiscard]] std::int64_t last_insert() const { return sqlite3_last_insert_rowid(db_.get()); }
  /// Statements without parameters or results.
  void execute(const std::string& sql);
  /// The first column of the first row, or nothing.
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& sql);
  [[nodiscard]] std::optional<std::string> text(const std::string& sql);
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  static int on_busy(void* self, int calls);

  std::chrono::milliseconds busy_timeout_;
  std::chrono::steady_clock::time_point busy_since_{};
  std::string file_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> prepared_;
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
