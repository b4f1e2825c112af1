#pragma once

#include "cloacina/time_zone.hpp"

namespace cloacina::cron {

/// The system's zones as this process has loaded them: a cache of immutable data that all runners may share.
[[nodiscard]] const ZoneDatabase& system_zones();
/// Looks whether the database on disk is another one (one stat for each zone in use) and takes that. A number that grows when rules
/// have changed. Thread-safe.
[[nodiscard]] int refresh_system_zones();

}  // namespace cloacina::cron
