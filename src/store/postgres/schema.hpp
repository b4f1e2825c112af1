#pragma once

#include "cloacina/admin.hpp"
#include "store/postgres/connection.hpp"

namespace cloacina::store::postgres {

/// The version of our schema in the database; 0: none.
[[nodiscard]] int schema_state(PGconn* connection, const Target& target);
/// The version that this program writes.
[[nodiscard]] int schema_version();

/// Brings the schema up to date, one transaction a migration, each recorded, one process at a time. *Throws* Error{Conflict} when
/// the database is newer than this program.
MigrationReport migrate(const Target& target, bool dry_run);

/// Statements without parameters, outside of a pipeline. *Throws* PgError.
Result execute(PGconn* connection, const std::string& sql, const std::string& action);
/// The first column of the first row as text, or nothing.
[[nodiscard]] std::optional<std::string> text(PGconn* connection, const std::string& sql, const std::string& action);

}  // namespace cloacina::store::postgres
