#pragma once

#include <chrono>
#include <cstdint>

namespace cloacina::cron {

/// Seconds of a wall clock since 1970-01-01T00:00:00 of that clock.
using LocalSecond = std::int64_t;
/// Seconds since 1970-01-01T00:00:00Z.
using UtcSecond = std::int64_t;

inline constexpr std::int64_t day_seconds = 86'400;
inline constexpr int year_first = 1970;
inline constexpr int year_last = 2199;

struct Date {
  int year = 0;
  int month = 0;  ///< 1-12
  int day = 0;    ///< 1-31
};

/// Proleptic Gregorian date of a day number (0 = 1970-01-01).
[[nodiscard]] constexpr Date date_of(std::int64_t day_number) noexcept {
  const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{day_number}}};
  return {static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day()))};
}

[[nodiscard]] constexpr std::int64_t day_number(Date date) noexcept {
  const std::chrono::year_month_day ymd{std::chrono::year{date.year}, std::chrono::month{static_cast<unsigned>(date.month)},
                                        std::chrono::day{static_cast<unsigned>(date.day)}};
  return std::chrono::sys_days{ymd}.time_since_epoch().count();
}

[[nodiscard]] constexpr bool is_leap(int year) noexcept { return std::chrono::year{year}.is_leap(); }

[[nodiscard]] constexpr int month_length(int month, bool leap) noexcept {
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap ? 29 : lengths[month - 1];
}

/// 0 = Sunday. *Requires* a day not before 1970-01-01.
[[nodiscard]] constexpr int weekday_of(std::int64_t day_number) noexcept { return static_cast<int>((day_number + 4) % 7); }

/// The first local second after the last year that has occurrences.
inline constexpr LocalSecond local_end = day_number({year_last + 1, 1, 1}) * day_seconds;

/// Division that rounds down also for negative values.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) noexcept {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace cloacina::cron
