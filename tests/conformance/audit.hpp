#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sql/session.hpp"

namespace cloacina::test {

/// A connection of whatever backend, to look behind the store.
class AuditedDatabase {
 public:
  virtual ~AuditedDatabase() = default;
  [[nodiscard]] virtual store::sql::Session& session() = 0;
  /// The first key of an execution after `key`.
  [[nodiscard]] virtual std::optional<std::int64_t> next_execution(std::int64_t key) = 0;
  /// `definition`, `status`, `open_leaves` or `failed` of an execution.
  [[nodiscard]] virtual std::int64_t of_execution(std::int64_t key, const std::string& column) = 0;
  /// `done`, `completed` or `failed` of a task's row.
  [[nodiscard]] virtual std::int64_t of_task(std::int64_t row, const std::string& column) = 0;
};

/// One that answers SQL.
class SqlAuditedDatabase : public AuditedDatabase {
 public:
  [[nodiscard]] virtual std::optional<std::int64_t> integer(const std::string& sql) = 0;
  std::optional<std::int64_t> next_execution(std::int64_t key) override {
    return integer("SELECT min(key) FROM cloacina_execution WHERE key > " + std::to_string(key));
  }
  std::int64_t of_execution(std::int64_t key, const std::string& column) override {
    return integer("SELECT " + column + " FROM cloacina_execution WHERE key = " + std::to_string(key)).value();
  }
  std::int64_t of_task(std::int64_t row, const std::string& column) override {
    return integer("SELECT " + column + " FROM cloacina_task WHERE id = " + std::to_string(row)).value();
  }
};

/// Counts every execution again from the states of its tasks; each difference as a sentence.
[[nodiscard]] std::vector<std::string> audit(AuditedDatabase& database);

}  // namespace cloacina::test
