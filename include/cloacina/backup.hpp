#pragma once

#include <cstdint>
#include <string>

#include "cloacina/export.hpp"

namespace cloacina {

struct BackupOptions {
  bool overwrite = false;  ///< a file that is there is replaced, when the new one is whole
  std::string tenant{};    ///< whose file; empty: nobody's
};

/// What a backup has written.
struct BackupReport {
  std::uint64_t bytes = 0;  ///< size of the file
};

/// Copies a SQLite database into `file` as it is at one instant, while runners go on writing: every execution whose submission had
/// returned by then is in it. The copy is checked, is on the disk when this returns, and appears under its name whole or not at
/// all.
///
/// *Throws* Error{NotFound} when there is no database; Error{Conflict} when `file` is there and may not be replaced;
/// Error{InvalidArgument} for a place that is none, and on PostgreSQL, with the command that makes a backup there; Error{Corrupt}
/// when the database is damaged; Error{Unavailable}, as for a full disk. After an error `file` is as it was.
CLOACINA_API BackupReport backup(const std::string& database, const std::string& file, const BackupOptions& options = {});

}  // namespace cloacina
