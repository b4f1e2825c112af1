#pragma once

#include <filesystem>

#include "cloacina/backup.hpp"

namespace cloacina::store::sqlite {

/// As `cloacina::backup`, of one file.
BackupReport backup_file(const std::filesystem::path& database, const std::filesystem::path& file, bool overwrite);

}  // namespace cloacina::store::sqlite
