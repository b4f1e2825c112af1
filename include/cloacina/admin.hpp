#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"
#include "cloacina/retention.hpp"

namespace cloacina {

/// What a migration does or did.
struct MigrationReport {
  int from = 0;                      ///< schema version found; 0: an empty database
  int to = 0;                        ///< schema version of this program
  std::vector<std::string> applied;  ///< names of the migrations, in order
  /// SQL that an administrator has to run before, because this user may not; a dry run tells.
  std::vector<std::string> needs;
};

/// Brings the schema of `database` up to date; with `dry_run` only says what it would do. *Throws* Error{Conflict} when the
/// database is of a newer version than this program, Error{Corrupt} when it is no database of ours, Error{Unavailable}.
CLOACINA_API MigrationReport migrate(const std::string& database, bool dry_run = false, const std::string& tenant = {});

/// One thing that a check-up found.
struct Finding {
  std::string check;  ///< `schema`, `integrity`, `consistency`, `clock`, `stranded`, `backlog`, `runners`, …
  bool problem = false;
  std::string text;  ///< a sentence for a person
};

/// Looks at the database without changing it: schema version, integrity, contradictions among its rows, clock, stranded work, the
/// oldest ready task, dead runners, schedules.
[[nodiscard]] CLOACINA_API std::vector<Finding> doctor(const std::string& database, const std::string& tenant = {});

/// Deletes what `retention` does not keep, in short transactions that do not hold up the loop. *Throws* Error{InvalidArgument},
/// Error{Unavailable}.
///
/// A schedule never fires a slot again because its history is gone. A backfill over slots whose history is gone fires them.
CLOACINA_API PruneReport prune(const std::string& database, const Retention& retention, const std::string& tenant = {});

/// Who may use a tenant's schema of a PostgreSQL database.
struct TenantLogin {
  std::string role;      ///< `cloacina_NAME`
  std::string password;  ///< nowhere else to be had
};

/// Checks the name of a tenant: 1 to 48 lower-case letters, digits and underscores, a letter first, and none of the database's own
/// names. *Throws* Error{InvalidArgument} that says what is wrong with it.
CLOACINA_API void check_tenant_name(std::string_view name);
/// Makes a tenant: a schema of `database` on PostgreSQL, a file beside it on SQLite, with the tables in it. With `login` also a
/// role that can log in, owns that schema, and can use nothing else; its password is made here unless one is given. *Throws*
/// Error{Conflict} when there is one of that name; Error{Unavailable} with the statement that an administrator has to run when this
/// user may not make schemas or roles; Error{InvalidArgument} for a name that is none, and for a login on SQLite.
CLOACINA_API std::optional<TenantLogin> create_tenant(const std::string& database, const std::string& name, bool login = false,
                                                      const std::string& password = {});
/// The tenants of `database` by name.
[[nodiscard]] CLOACINA_API std::vector<std::string> list_tenants(const std::string& database);
/// Deletes a tenant with everything in it, and its role. *Throws* Error{NotFound}; Error{Conflict} while a runner lives on it.
CLOACINA_API void remove_tenant(const std::string& database, const std::string& name);

}  // namespace cloacina
