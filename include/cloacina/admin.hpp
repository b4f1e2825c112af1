#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/export.hpp"

namespace cloacina {

/// What a migration does or did.
struct MigrationReport {
  int from = 0;                      ///< schema version found; 0: an empty database
  int to = 0;                        ///< schema version of this program
  std::vector<std::string> applied;  ///< names of the migrations, in order
};

/// Brings the schema of `database` up to date; with `dry_run` only says what it would do. *Throws* Error{Conflict} when the
/// database is of a newer version than this program, Error{Corrupt} when it is no database of ours, Error{Unavailable}.
CLOACINA_API MigrationReport migrate(const std::string& database, bool dry_run = false);

/// One thing that a check-up found.
struct Finding {
  std::string check;  ///< `schema`, `integrity`, `clock`, `stranded`, `backlog`, `runners`, …
  bool problem = false;
  std::string text;  ///< a sentence for a person
};

/// Looks at the database without changing it: schema version, integrity, clock, stranded work, the oldest ready task, dead runners.
[[nodiscard]] CLOACINA_API std::vector<Finding> doctor(const std::string& database);

/// Deletes executions that ended before now - `older_than`, in batches of `batch` that do not hold up the loop; returns how many.
CLOACINA_API std::int64_t prune(const std::string& database, std::chrono::milliseconds older_than, int batch = 500);

}  // namespace cloacina
