#include "cron/system_zones.hpp"

#include <atomic>
#include <mutex>

namespace cloacina::cron {

namespace {

std::atomic<int>& generation() {
  static std::atomic<int> count{0};
  return count;
}

}  // namespace

const ZoneDatabase& system_zones() {
  static const ZoneDatabase zones = ZoneDatabase::system();
  return zones;
}

int refresh_system_zones() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (!system_zones().refresh().empty()) ++generation();
  return generation();
}

std::string system_zones_state() {
  const int seen = generation();
  return system_zones().version() + (seen == 0 ? "" : "+" + std::to_string(seen));
}

}  // namespace cloacina::cron
