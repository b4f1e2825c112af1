#include "cloacina/admin.hpp"

#include <algorithm>

#include "cloacina/error.hpp"
#include "core/tenant_name.hpp"
#include "core/text.hpp"
#include "cron/system_zones.hpp"
#include "store/store.hpp"

namespace cloacina {

MigrationReport migrate(const std::string& database, bool dry_run, const std::string& tenant) {
  return store::migrate(database, dry_run, tenant);
}

std::vector<Finding> doctor(const std::string& database, const std::string& tenant) {
  auto findings = store::doctor(database, tenant);
  const auto& zones = cron::system_zones();
  const auto version = zones.version();
  const bool known = version != "unknown";
  findings.push_back({"time zones", !known && zones.names().empty(),
                      known
                          ? "time zone database " + version + " in " + zones.directory()
                          : "no version of the time zone database in " + zones.directory() + "; is the package tzdata installed?"});
  return findings;
}

std::int64_t prune(const std::string& database, std::chrono::milliseconds older_than, int batch, const std::string& tenant) {
  if (older_than.count() < 0) throw Error(ErrorCode::InvalidArgument, "prune: older_than is negative");
  if (batch < 1) throw Error(ErrorCode::InvalidArgument, "prune: batch must be at least 1");
  const auto opened = store::open(database, {.tenant = tenant});
  const auto store = opened->store();
  const auto before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) - older_than;
  std::int64_t total = 0;
  for (int deleted = batch; deleted == batch;) {
    deleted = store->prune(before, batch);
    total += deleted;
  }
  return total;
}

void check_tenant_name(std::string_view name) { core::check_tenant_name(name); }

std::optional<TenantLogin> create_tenant(const std::string& database, const std::string& name, bool login,
                                         const std::string& password) {
  core::check_tenant_name(name);
  return store::create_tenant(database, name, login, password);
}

std::vector<std::string> list_tenants(const std::string& database) { return store::list_tenants(database); }

void remove_tenant(const std::string& database, const std::string& name) {
  core::check_tenant_name(name);
  const auto names = store::list_tenants(database);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw Error(ErrorCode::NotFound, "there is no tenant '" + name + "'" + core::suggestion(name, names));
  }
  {
    const auto opened = store::open(database, {.tenant = name});
    for (const auto& runner : opened->reader()->runners()) {
      if (!runner.alive) continue;
      throw Error(ErrorCode::Conflict, "tenant '" + name + "' is in use: runner " + runner.name + " lives on it; stop it first");
    }
  }
  store::remove_tenant(database, name);
}

}  // namespace cloacina
