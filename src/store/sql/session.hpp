#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloacina/time.hpp"
#include "store/records.hpp"

namespace cloacina::store::sql {

/// A value on its way to a statement. Text and blobs are not copied: they must live until the statement has run.
struct Value {
  enum class Kind : std::uint8_t { Null, Integer, Text, Blob };

  Kind kind = Kind::Null;
  std::int64_t integer = 0;
  std::string_view bytes{};
};

/// A backend's half of a named statement: takes rows of input, answers with rows of output.
class Statement {
 public:
  virtual ~Statement() = default;

  /// Sends what is in `values`: `rows` rows, one after the other. The answer is waited for at `next` or `finish`. One that answers
  /// with columns may run no sooner than it is asked for them.
  virtual void start() = 0;
  /// Moves to the next row of the answer; false at the end. A statement that answers with no columns has a row for each input that
  /// changed something.
  virtual bool next() = 0;
  /// Runs to the end; the number of rows that were changed.
  virtual int finish() = 0;
  /// Nobody looks at the answer any more; an error still comes out, with a later statement or the commit.
  virtual void let_go() = 0;
  /// Which row of the input the current row answers.
  [[nodiscard]] virtual std::size_t input() const = 0;

  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string_view bytes(int column) const = 0;

  std::vector<Value> values;
  std::size_t rows = 0;
};

/// A statement in use, for one row of input (`bind`) or many (`add`).
class Use {
 public:
  explicit Use(Statement& statement) : statement_(&statement) {
    statement_->values.clear();
    statement_->rows = 0;
  }
  Use(Use&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)), started_(other.started_) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (statement_ != nullptr) statement_->let_go();
  }

  template <class... Values>
  Use& bind(const Values&... values) {
    statement_->values.clear();
    statement_->rows = 0;
    return add(values...);
  }
  template <class... Values>
  Use& add(const Values&... values) {
    (push(values), ...);
    ++statement_->rows;
    return *this;
  }
  [[nodiscard]] bool empty() const { return statement_->rows == 0; }

  /// Moves to the next row; false at the end.
  bool step() {
    start();
    return statement_->next();
  }
  /// Runs a statement whose answer does not matter; the number of rows it changed.
  int run() {
    start();
    return statement_->finish();
  }
  /// As `run`, but need not have happened before the next statement that is waited for. Nothing when there is no input.
  void defer() {
    if (!empty()) start();
  }
  /// Sends it; the answer is waited for at the first `step`.
  Use& send() {
    start();
    return *this;
  }
  [[nodiscard]] std::size_t input() const { return statement_->input(); }

  [[nodiscard]] bool is_null(int column) const { return statement_->is_null(column); }
  [[nodiscard]] std::int64_t integer(int column) const { return statement_->integer(column); }
  [[nodiscard]] std::string_view text(int column) const { return statement_->bytes(column); }
  [[nodiscard]] std::string_view blob(int column) const { return statement_->bytes(column); }
  [[nodiscard]] Timestamp time(int column) const { return Timestamp{std::chrono::microseconds{integer(column)}}; }
  [[nodiscard]] std::optional<Timestamp> optional_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(std::string(text(column)));
  }

 private:
  void start() {
    if (std::exchange(started_, true)) return;
    if (statement_->rows == 0) statement_->rows = 1;  // one without parameters
    statement_->start();
  }
  void push(std::nullptr_t) { statement_->values.push_back({}); }
  void push(std::int64_t value) { statement_->values.push_back({Value::Kind::Integer, value, {}}); }
  void push(int value) { push(std::int64_t{value}); }
  void push(std::uint32_t value) { push(std::int64_t{value}); }
  void push(bool value) { push(std::int64_t{value ? 1 : 0}); }
  void push(Timestamp value) { push(std::int64_t{value.time_since_epoch().count()}); }
  void push(std::string_view value) { statement_->values.push_back({Value::Kind::Text, 0, value}); }
  void push(const std::string& value) { push(std::string_view(value)); }
  void push(const char* value) { push(std::string_view(value)); }
  void push(const std::array<std::uint8_t, 16>& value) {
    statement_->values.push_back({Value::Kind::Blob, 0, {reinterpret_cast<const char*>(value.data()), value.size()}});
  }
  template <class T>
  void push(const std::optional<T>& value) {
    if (value) {
      push(*value);
    } else {
      push(nullptr);
    }
  }

  Statement* statement_;
  bool started_ = false;
};

/// One connection to a database, as the shared part of the backends sees it: named statements. For one thread at a time.
class Session {
 public:
  virtual ~Session() = default;
  /// The statement `name` of the backend's `statements.sql`.
  [[nodiscard]] virtual Use use(std::string_view name) = 0;
  /// Lets the server work on what was deferred, without waiting for it.
  virtual void push() {}
  /// After an error: no transaction is open any more.
  virtual void abandon() noexcept {}
};

/// A read transaction: one snapshot for several statements.
class Snapshot {
 public:
  explicit Snapshot(Session& session) : session_(session) { session_.use("begin_read").bind().defer(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() {
    try {
      session_.use("rollback").bind().defer();
      session_.push();
    } catch (const std::exception&) {
      // The connection is gone, and the snapshot with it; the next one is to begin anew.
      session_.abandon();
    }
  }

 private:
  Session& session_;
};

/// Where the row of a task lies.
[[nodiscard]] constexpr std::int64_t row_of(TaskKey task) { return (task.execution << 16) | task.position; }
[[nodiscard]] constexpr TaskKey task_of(std::int64_t row) { return {row >> 16, static_cast<Position>(row & 0xffff)}; }

/// *Requires* the 16 bytes that are stored.
[[nodiscard]] ExecutionId id_of(std::string_view bytes);

}  // namespace cloacina::store::sql
