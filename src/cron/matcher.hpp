#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "cron/calendar.hpp"

namespace cloacina::cron {

/// The local times that satisfy an expression, without any time zone. Which days of a month match depends only on the length of the
/// month and on the weekday of its first day: 28 sets of days, made at parse time, hold every rule about days.
struct Matcher {
  static constexpr LocalSecond none_later = std::numeric_limits<LocalSecond>::max();
  static constexpr LocalSecond none_earlier = std::numeric_limits<LocalSecond>::min();

  std::uint64_t seconds = 0;  ///< bit n = value n, here and below
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint32_t months = 0;
  std::array<std::uint64_t, 4> years{};                ///< bit n = year 1970 + n
  std::array<std::array<std::uint32_t, 7>, 4> days{};  ///< [length - 28][weekday of the 1st]
  std::array<std::uint32_t, 14> year_months{};         ///< [weekday of 1 January + 7 when leap]: months with a day
  std::array<std::int32_t, 14> year_days{};            ///< how many days such a year has
  std::int64_t times_per_day = 0;
  std::int64_t first_time = 0;  ///< second of the day
  std::int64_t last_time = 0;
  bool impossible = true;

  /// Fills what follows from the sets above `year_months`.
  void finish() noexcept;

  /// The first match at or after `from`, or none_later.
  [[nodiscard]] LocalSecond at_or_after(LocalSecond from) const noexcept;
  /// The last match at or before `from`, or none_earlier.
  [[nodiscard]] LocalSecond at_or_before(LocalSecond from) const noexcept;
  /// How many matches are earlier than `end`.
  [[nodiscard]] std::int64_t count_before(LocalSecond end) const noexcept;
  [[nodiscard]] bool matches(LocalSecond at) const noexcept { return at_or_after(at) == at; }

 private:
  [[nodiscard]] bool has_year(int year) const noexcept {
    const auto bit = static_cast<unsigned>(year - year_first);
    return (years[bit / 64] >> (bit % 64) & 1U) != 0;
  }
  [[nodiscard]] std::int64_t time_at_or_after(std::int64_t time) const noexcept;
  [[nodiscard]] std::int64_t time_at_or_before(std::int64_t time) const noexcept;
  [[nodiscard]] std::int64_t times_before(std::int64_t time) const noexcept;
};

}  // namespace cloacina::cron
