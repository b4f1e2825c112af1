#pragma once

#include "cloacina/admin.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::store::sqlite {

/// What is in a database file.
struct SchemaState {
  int version = 0;       ///< of our schema; 0: none
  bool foreign = false;  ///< tables of another application and none of ours
  std::string tables;    ///< their names, for a message
};

[[nodiscard]] SchemaState schema_state(Connection& connection);
/// The version that this program writes.
[[nodiscard]] int schema_version();

/// Brings the schema up to date, one transaction a migration, each recorded. *Throws* Error{Conflict} when the file is newer than
/// this program, and, unless `adopt`, when it belongs to another application.
MigrationReport migrate(Connection& connection, const std::string& file, bool dry_run, bool adopt);

}  // namespace cloacina::store::sqlite
