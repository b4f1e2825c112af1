#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"
#include "cloacina/time.hpp"

namespace cloacina {

namespace cron {
struct ZoneData;
class ZoneCache;
}  // namespace cron

/// The rules of one time zone, as they were when it was loaded. A cheap value: copies share immutable data, so that one object may
/// be used by any number of threads.
class CLOACINA_API TimeZone {
 public:
  /// UTC, which needs no database.
  TimeZone();
  explicit TimeZone(std::shared_ptr<const cron::ZoneData> data);

  [[nodiscard]] const std::string& name() const noexcept;
  /// Local time minus UTC at `at`.
  [[nodiscard]] std::chrono::seconds offset_at(Timestamp at) const noexcept;
  /// The zone's wall clock at `at`, rounded down to the second.
  [[nodiscard]] std::chrono::local_seconds local(Timestamp at) const noexcept;
  /// RFC 3339 with the zone's offset, rounded down to the second: `2026-03-29T03:00:00+02:00`. An offset with seconds, as some
  /// zones had before 1972, shows them: `+00:44:30`.
  [[nodiscard]] std::string format(Timestamp at) const;

  [[nodiscard]] const cron::ZoneData& data() const noexcept { return *data_; }

  /// Equal name and equal rules: two loads around an update of the database compare equal where the zone did not change.
  friend CLOACINA_API bool operator==(const TimeZone& a, const TimeZone& b) noexcept;

 private:
  std::shared_ptr<const cron::ZoneData> data_;
};

/// A directory of compiled time zones (TZif, RFC 9636), as every Unix has one. A handle: copies share one cache of loaded zones.
/// Thread-safe.
class CLOACINA_API ZoneDatabase {
 public:
  /// The system's database: the directory in the environment variable `TZDIR`, else the first that exists of `/usr/share/zoneinfo`,
  /// `/usr/lib/zoneinfo`, `/usr/share/lib/zoneinfo` and `/etc/zoneinfo`. Never throws for a missing database: `UTC` works without.
  [[nodiscard]] static ZoneDatabase system();
  explicit ZoneDatabase(std::string directory);

  /// The zone of that name, in the database's own letter case, links included. Names are loaded once. *Throws*
  /// Error{InvalidArgument} with the likely name when there is none (`Europe/Berln`: "did you mean Europe/Berlin?"), Error{Corrupt}
  /// when its file is damaged.
  [[nodiscard]] TimeZone zone(std::string_view name) const;

  /// Every name that `zone` takes, sorted. Walks the directory.
  [[nodiscard]] std::vector<std::string> names() const;

  /// The version on disk, e.g. "2026f"; "unknown" where the database does not say.
  [[nodiscard]] std::string version() const;

  [[nodiscard]] const std::string& directory() const noexcept;

  /// Looks whether the files of the loaded zones changed (one stat each) and loads those anew. Returns the names of the zones whose
  /// rules are now others, which cannot be loaded any more, or which were asked for in vain and are there now: the next
  /// `zone(name)` gives the new rules or throws. `TimeZone` values handed out earlier stay as they are.
  [[nodiscard]] std::vector<std::string> refresh() const;

 private:
  std::shared_ptr<cron::ZoneCache> cache_;
};

}  // namespace cloacina
