#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cloacina/export.hpp"

namespace cloacina {

/// An instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// RFC 3339 in UTC with exactly six decimals: `2026-03-29T01:00:00.000000Z`.
[[nodiscard]] CLOACINA_API std::string format_timestamp(Timestamp at);

/// RFC 3339 in UTC without decimals: `2026-03-29T01:00:00Z`. Rounds down.
[[nodiscard]] CLOACINA_API std::string format_seconds(Timestamp at);

/// Reads RFC 3339 with an offset or `Z`, 0 to 9 decimals (those beyond six are dropped), years 0000-9999; nothing looser.
/// *Throws* Error{InvalidArgument} that quotes the text and shows the right form.
[[nodiscard]] CLOACINA_API Timestamp parse_timestamp(std::string_view text);

/// Reads a duration as the workflow file writes it: `250ms`, `10s`, `2m`, `1h30m`, `7d`; a bare number is none. Units descend, each
/// at most once. *Throws* Error{InvalidArgument} that quotes the text.
[[nodiscard]] CLOACINA_API std::chrono::milliseconds parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back: `1h30m`, `250ms`, `0s`. *Requires* a value >= 0.
[[nodiscard]] CLOACINA_API std::string format_duration(std::chrono::milliseconds value);

}  // namespace cloacina
