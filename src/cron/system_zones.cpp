#include "cron/system_zones.hpp"

#include <mutex>

namespace cloacina::cron {

const ZoneDatabase& system_zones() {
  static const ZoneDatabase zones = ZoneDatabase::system();
  return zones;
}

int refresh_system_zones() {
  static std::mutex mutex;
  static int generation = 0;
  const std::lock_guard lock(mutex);
  if (!system_zones().refresh().empty()) ++generation;
  return generation;
}

}  // namespace cloacina::cron
