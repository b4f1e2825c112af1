#pragma once

#include "cloacina/backup.hpp"

namespace cloacina::store {

/// As `cloacina::backup`; the tenant's name is checked.
BackupReport backup(const std::string& url, const std::string& file, const BackupOptions& options);

}  // namespace cloacina::store
