#include "cloacina/admin.hpp"

#include "cloacina/error.hpp"
#include "store/store.hpp"

namespace cloacina {

MigrationReport migrate(const std::string& database, bool dry_run) { return store::migrate(database, dry_run); }

std::vector<Finding> doctor(const std::string& database) { return store::doctor(database); }

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
