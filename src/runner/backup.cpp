#include "store/backup.hpp"

#include "core/tenant_name.hpp"

namespace cloacina {

BackupReport backup(const std::string& database, const std::string& file, const BackupOptions& options) {
  if (!options.tenant.empty()) core::check_tenant_name(options.tenant);
  return store::backup(database, file, options);
}

}  // namespace cloacina
