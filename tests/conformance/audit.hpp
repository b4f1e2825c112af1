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
  [[nodiscard]] virtual std::optional<std::int64_t> integer(const std::string& sql) = 0;
};

/// Counts every execution again from the states of its tasks; each difference as a sentence.
[[nodiscard]] std::vector<std::string> audit(AuditedDatabase& database);

}  // namespace cloacina::test
