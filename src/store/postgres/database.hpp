#pragma once

#include "store/postgres/connection.hpp"
#include "store/sql/definitions.hpp"

namespace cloacina::store::postgres {

/// A schema of a PostgreSQL database: a tenant's, or the one that the search path of the connection begins with.
class PgDatabase final : public Database {
 public:
  PgDatabase(const std::string& url, const OpenOptions& options);

  [[nodiscard]] std::unique_ptr<Store> store() override;
  [[nodiscard]] std::unique_ptr<Reader> reader() override;
  [[nodiscard]] std::unique_ptr<ChangeWatch> watch() override;
  [[nodiscard]] std::vector<Finding> doctor() override;
  BatchResult apply_in(const UserConnection& connection, const Batch& batch) override;

 private:
  Target target_;
  sql::Definitions definitions_;
  std::string schema_;    ///< where our tables are,
  std::string path_;      ///< as the search path names it,
  std::string identity_;  ///< and what tells them from those of another database
};

/// A check-up that also works on a database that cannot be opened for work.
[[nodiscard]] std::vector<Finding> doctor_database(const Target& target);

/// As the functions of these names in `cloacina::store`.
std::optional<TenantLogin> create_tenant(const Target& database, const std::string& name, bool login, const std::string& password);
[[nodiscard]] std::vector<std::string> list_tenants(const Target& database);
void remove_tenant(const Target& database, const std::string& name);

std::unique_ptr<Store> make_store(const Target& target, sql::Definitions& definitions);
std::unique_ptr<ChangeWatch> make_watch(const Target& target);

}  // namespace cloacina::store::postgres
