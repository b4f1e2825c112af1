#pragma once

#include <span>
#include <unordered_map>

#include "cloacina/error.hpp"
#include "store/memory/contents.hpp"
#include "store/sql/session.hpp"

namespace cloacina::store::memory {

class MemorySession;

/// One row of input of a statement on its way through the statement's function: what it takes, and where it answers.
class Call {
 public:
  [[nodiscard]] Contents& db() const { return *db_; }
  [[nodiscard]] MemorySession& session() const { return *session_; }

  [[nodiscard]] bool is_null(std::size_t i) const { return at(i).kind == sql::Value::Kind::Null; }
  [[nodiscard]] Integer integer(std::size_t i) const { return at(i).integer; }
  [[nodiscard]] std::string text(std::size_t i) const { return std::string(at(i).bytes); }
  [[nodiscard]] IdBytes id(std::size_t i) const;
  [[nodiscard]] MaybeInteger maybe_integer(std::size_t i) const { return is_null(i) ? std::nullopt : std::optional(at(i).integer); }
  [[nodiscard]] MaybeText maybe_text(std::size_t i) const { return is_null(i) ? std::nullopt : std::optional(text(i)); }

  /// A row of the answer.
  template <class... Columns>
  void answer(const Columns&... columns) {
    begin_row();
    (add(columns), ...);
  }
  /// For statements without an answer: so many rows were changed.
  void changed(int rows = 1) { changed_ += rows; }
  void changed_if(bool done) { changed_ += done ? 1 : 0; }

 private:
  friend class MemoryStatement;
  struct Cell {
    bool null = true;
    Integer integer = 0;
    std::size_t offset = 0;  // into bytes_
    std::size_t length = 0;
  };
  struct Row {
    std::size_t input;
    std::size_t first;  // of its cells
  };

  [[nodiscard]] const sql::Value& at(std::size_t i) const {
    if (i < input_.size()) return input_[i];
    throw Error(ErrorCode::Internal, "a statement was given " + std::to_string(input_.size()) + " values, and reads more");
  }
  void begin_row() { rows_.push_back({input_index_, cells_.size()}); }
  void add(Integer value) { cells_.push_back({false, value, 0, 0}); }
  void add(int value) { add(Integer{value}); }
  void add(bool value) { add(Integer{value ? 1 : 0}); }
  void add(std::nullptr_t) { cells_.push_back({}); }
  void add(std::string_view value);
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(const IdBytes& value) { add(std::string_view(reinterpret_cast<const char*>(value.data()), value.size())); }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      add(nullptr);
    }
  }

  Contents* db_ = nullptr;
  MemorySession* session_ = nullptr;
  std::span<const sql::Value> input_;
  std::size_t input_index_ = 0;
  int changed_ = 0;
  std::vector<Cell> cells_;
  std::vector<Row> rows_;
  std::string bytes_;  // a copy: rows may change before the answer is read
};

/// What a named statement does.
struct Named {
  std::string_view name;
  void (*run)(Call&);
};

/// All statements, by what they are about.
[[nodiscard]] std::span<const Named> execution_statements();
[[nodiscard]] std::span<const Named> task_statements();
[[nodiscard]] std::span<const Named> reading_statements();
[[nodiscard]] std::span<const Named> runner_statements();
[[nodiscard]] std::span<const Named> schedule_statements();
[[nodiscard]] std::span<const Named> gate_statements();

/// A statement over tables in memory. Runs as soon as it is sent.
class MemoryStatement final : public sql::Statement {
 public:
  MemoryStatement(Contents& db, MemorySession& session, void (*run)(Call&));

  void start() override;
  bool next() override;
  int finish() override;
  void let_go() override {}
  [[nodiscard]] std::size_t input() const override;
  [[nodiscard]] bool is_null(int column) const override { return cell(column).null; }
  [[nodiscard]] std::int64_t integer(int column) const override { return cell(column).integer; }
  [[nodiscard]] std::string_view bytes(int column) const override;

 private:
  [[nodiscard]] const Call::Cell& cell(int column) const {
    return call_.cells_[call_.rows_[shown_ - 1].first + static_cast<std::size_t>(column)];
  }

  void (*run_)(Call&);
  Call call_;
  std::size_t shown_ = 0;
};

}  // namespace cloacina::store::memory
