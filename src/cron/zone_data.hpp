#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cron/tzif.hpp"

namespace cloacina::cron {

/// A span of UTC with one offset, over which local times either all exist once, or all belong to the same pass of an overlap.
struct Piece {
  UtcSecond begin = 0;
  UtcSecond end = 0;
  std::int32_t offset = 0;
  bool has_earlier = false;  ///< its local times also exist at an earlier instant
  bool has_later = false;
  std::uint32_t gaps_from = 0;  ///< the first gap that is not before `begin`
};

/// Local times [local_begin, local_end) that do not exist, because the clock jumped over them at `instant`.
struct Gap {
  UtcSecond instant = 0;
  LocalSecond local_begin = 0;
  LocalSecond local_end = 0;
  std::int32_t offset_before = 0;  ///< a local time minus this is as long after `instant` as it lay after the gap's begin
};

/// A zone, prepared for searches: sorted arrays, no virtual calls, no locks.
struct ZoneData {
  std::string name;
  Offsets offsets;
  std::vector<Piece> pieces;  ///< contiguous, from before to after all time
  std::vector<Gap> gaps;
  std::int64_t gap_seconds_max = 0;

  ZoneData(std::string zone_name, Offsets zone_offsets);

  /// Index of the piece that contains `at`.
  [[nodiscard]] std::size_t piece_at(UtcSecond at) const noexcept;
};

/// The zone that every program has.
[[nodiscard]] std::shared_ptr<const ZoneData> make_utc();

}  // namespace cloacina::cron
