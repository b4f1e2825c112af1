#pragma once

#include <string>

#include "cloacina/time_zone.hpp"

namespace cloacina::cron {

/// The system's zones as this process has loaded them: a cache of immutable data that all runners may share.
[[nodiscard]] const ZoneDatabase& system_zones();
/// Looks whether the database on disk is another one (one stat for each zone in use) and takes that. A number that grows when rules
/// have changed. Thread-safe.
[[nodiscard]] int refresh_system_zones();
/// Tells one state of the rules from another: the version, and how often this process has seen them change. The version alone does
/// not: a package manager replaces file after file, and not every database has one.
[[nodiscard]] std::string system_zones_state();

}  // namespace cloacina::cron
