#include "cloacina/admin.hpp"

#include "cloacina/error.hpp"
#include "cron/system_zones.hpp"
#include "store/store.hpp"

namespace cloacina {

MigrationReport migrate(const std::string& database, bool dry_run) { return store::migrate(database, dry_run); }

std::vector<Finding> doctor(const std::string& database) {
  auto findings = store::doctor(database);
  const auto& zones = cron::system_zones();
  const auto version = zones.version();
  const bool known = version != "unknown";
  findings.push_back({"time zones", !known && zones.names().empty(),
                      known
                          ? "time zone database " + version + " in " + zones.directory()
                          : "no version of the time zone database in " + zones.directory() + "; is the package tzdata installed?"});
  return findings;
}

std::int64_t prune(const std::string& database, std::chrono::milliseconds older_than, int batch) {
  if (older_than.count() < 0) throw Error(ErrorCode::InvalidArgument, "prune: older_than is negative");
  if (batch < 1) throw Error(ErrorCode::InvalidArgument, "prune: batch must be at least 1");
  const auto opened = store::open(database);
  const auto store = opened->store();
  const auto before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) - older_than;
  std::int64_t total = 0;
  for (int deleted = batch; deleted == batch;) {
    deleted = store->prune(before, batch);
    total += deleted;
  }
  return total;
}

}  // namespace cloacina
