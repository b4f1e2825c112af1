#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cron/calendar.hpp"

namespace cloacina::cron {

/// From `begin` on, local time is UTC plus `offset` seconds.
struct Transition {
  UtcSecond begin = 0;
  std::int32_t offset = 0;

  friend bool operator==(const Transition&, const Transition&) = default;
};

/// The offsets of a zone over 1970-2199 and a little beyond: the first entry begins before all time, and neighbours differ in their
/// offset.
using Offsets = std::vector<Transition>;

/// Begin of the first entry.
inline constexpr UtcSecond beginning_of_time = std::int64_t{-1} << 53;

/// Reads a compiled time zone (TZif version 1 to 4, RFC 9636), including the rule for the future in its footer. `name` is for the
/// text of the error. *Throws* Error{Corrupt}.
///
/// We read the files ourselves because Howard Hinnant's library over the system's database ignores that footer: its last summer
/// time is 2037's, it knows no version, and it cannot load one zone anew.
[[nodiscard]] Offsets read_tzif(std::string_view bytes, std::string_view name);

/// Appends what a POSIX TZ string ("CET-1CEST,M3.5.0,M10.5.0/3") says about the time after the last entry. *Throws* Error{Corrupt}.
void append_posix_rule(Offsets& offsets, std::string_view rule, std::string_view name);

}  // namespace cloacina::cron
