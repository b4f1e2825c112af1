#pragma once

#include "store/postgres/connection.hpp"
#include "store/sql/definitions.hpp"

namespace cloacina::store::postgres {

/// A schema of a PostgreSQL database: the one that the search path of the connection begins with.
class PgDatabase final : public Database {
 public:
  PgDatabase(const std::string& url, const OpenOptions& options);

  [[nodiscard]] std::unique_ptr<Store> store() override;
  [[nodiscard]] std::unique_ptr<Reader> reader() override;
  [[nodiscard]] std::unique_ptr<ChangeWatch> watch() override;
  [[nodiscard]] std::vector<Finding> doctor() override;

 private:
  Target target_;
  sql::Definitions definitions_;
};

[[nodiscard]] MigrationReport migrate_database(const std::string& url, bool dry_run);
/// A check-up that also works on a database that cannot be opened for work.
[[nodiscard]] std::vector<Finding> doctor_database(const std::string& url);

std::unique_ptr<Store> make_store(const Target& target, sql::Definitions& definitions);
std::unique_ptr<ChangeWatch> make_watch(const Target& target);

}  // namespace cloacina::store::postgres
