#pragma once

#include "cloacina/admin.hpp"
#include "store/postgres/connection.hpp"

namespace cloacina::store::postgres {

/// A connection for statements without parameters, outside of a pipeline.
class PlainSession {
 public:
  explicit PlainSession(const Target& target) : target_(target), link_(connect(target)) {}

  /// Several statements, separated by `;`, are one transaction. *Throws* PgError.
  Result execute(const std::string& sql, const std::string& action);
  /// The first column of the first row as text, or nothing.
  [[nodiscard]] std::optional<std::string> text(const std::string& sql, const std::string& action);
  [[nodiscard]] PGconn* handle() const { return link_.handle.get(); }
  [[nodiscard]] bool pooled() const { return link_.pooled; }
  [[nodiscard]] const Target& target() const { return target_; }

 private:
  Target target_;
  Link link_;
};

/// The version of our schema in the database; 0: none. *Throws* Error{NotFound} when there is no such tenant.
[[nodiscard]] int schema_state(PlainSession& session);
/// The version that this program writes.
[[nodiscard]] int schema_version();
/// What has to be there before our tables can be made, as SQL for an administrator; empty when all is there.
[[nodiscard]] std::vector<std::string> needs(PlainSession& session);

/// Brings the schema up to date, one transaction a migration, each recorded, one process at a time. *Throws* Error{Conflict} when
/// the database is newer than this program, Error{Unavailable} with the statements to run when this user may not.
MigrationReport migrate(PlainSession& session, bool dry_run);
/// The same inside a transaction of the caller's, in the schema that its search path begins with.
void migrate_in(PlainSession& session, const std::string& action);

}  // namespace cloacina::store::postgres
