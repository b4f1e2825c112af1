#include "cloacina/admin.hpp"

#include <algorithm>

#include "cloacina/error.hpp"
#include "core/tenant_name.hpp"
#include "core/text.hpp"
#include "cron/system_zones.hpp"
#include "runner/clock.hpp"
#include "runner/examine_schedules.hpp"
#include "runner/pruning.hpp"
#include "store/store.hpp"

namespace cloacina {

MigrationReport migrate(const std::string& database, bool dry_run, const std::string& tenant) {
  return store::migrate(database, dry_run, tenant);
}

std::vector<Finding> doctor(const std::string& database, const std::string& tenant) {
  auto findings = store::doctor(database, tenant);
  const bool readable = std::none_of(findings.begin(), findings.end(), [](const Finding& f) {
    return f.problem && (f.check == "file" || f.check == "schema" || f.check == "database" || f.check == "integrity");
  });
  if (readable) {
    try {
      const auto opened = store::open(database, {.tenant = tenant});
      for (auto& finding : runner::examine_schedules(*opened->reader())) findings.push_back(std::move(finding));
    } catch (const Error& error) {
      findings.push_back({"schedules", true, error.what()});
    }
  }
  const auto& zones = cron::system_zones();
  const auto version = zones.version();
  const bool known = version != "unknown";
  findings.push_back({"time zones", !known && zones.names().empty(),
                      known
                          ? "time zone database " + version + " in " + zones.directory()
                          : "no version of the time zone database in " + zones.directory() + "; is the package tzdata installed?"});
  return findings;
}

PruneReport prune(const std::string& database, const Retention& retention, const std::string& tenant) {
  constexpr int batch = 500;
  runner::check(retention, "prune");
  const auto opened = store::open(database, {.tenant = tenant});
  return runner::prune(*opened->store(), retention, runner::utc_now(), batch, [](int) { return true; });
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
