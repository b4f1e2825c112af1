#include "cron/matcher.hpp"

#include <bit>

namespace cloacina::cron {

namespace {

/// Bits n and above / n and below. *Requires* n < 64.
constexpr std::uint64_t bits_from(int n) noexcept { return ~std::uint64_t{0} << n; }
constexpr std::uint64_t bits_to(int n) noexcept { return ~std::uint64_t{0} >> (63 - n); }
constexpr int lowest(std::uint64_t set) noexcept { return std::countr_zero(set); }
constexpr int highest(std::uint64_t set) noexcept { return 63 - std::countl_zero(set); }

struct Year {
  int number;
  bool leap;
  int weekday;  // of 1 January
  [[nodiscard]] std::size_t kind() const noexcept { return static_cast<std::size_t>(weekday + (leap ? 7 : 0)); }
};

Year year_of(int number) noexcept { return {number, is_leap(number), weekday_of(day_number({number, 1, 1}))}; }

/// Weekday of the first of a month, from that of 1 January.
int weekday_of_first(const Year& year, int month) noexcept {
  constexpr int shifts[] = {0, 3, 3, 6, 1, 4, 6, 2, 5, 0, 3, 5};
  return (year.weekday + shifts[month - 1] + (month > 2 && year.leap ? 1 : 0)) % 7;
}

std::uint32_t month_days(const Matcher& matcher, const Year& year, int month) noexcept {
  return matcher
      .days[static_cast<std::size_t>(month_length(month, year.leap) - 28)][static_cast<std::size_t>(weekday_of_first(year, month))];
}

}  // namespace

void Matcher::finish() noexcept {
  impossible = true;
  for (int weekday = 0; weekday < 7; ++weekday) {
    for (const bool leap : {false, true}) {
      const Year year{0, leap, weekday};
      std::uint32_t set = 0;
      int total = 0;
      for (int month = 1; month <= 12; ++month) {
        if ((months >> month & 1U) == 0) continue;
        const std::uint32_t matching = month_days(*this, year, month);
        if (matching != 0) set |= 1U << month;
        total += std::popcount(matching);
      }
      year_months[year.kind()] = set;
      year_days[year.kind()] = total;
    }
  }
  for (int number = year_first; number <= year_last && impossible; ++number) {
    if (has_year(number) && year_months[year_of(number).kind()] != 0) impossible = false;
  }
  times_per_day = std::int64_t{std::popcount(hours)} * std::popcount(minutes) * std::popcount(seconds);
  if (times_per_day == 0) {
    impossible = true;
    return;
  }
  first_time = (lowest(hours) * 60 + lowest(minutes)) * 60 + lowest(seconds);
  last_time = (highest(hours) * 60 + highest(minutes)) * 60 + highest(seconds);
}

std::int64_t Matcher::time_at_or_after(std::int64_t time) const noexcept {
  if (time > last_time) return -1;
  auto hour = static_cast<int>(time / 3600);
  auto minute = static_cast<int>(time / 60 % 60);
  auto second = static_cast<int>(time % 60);
  if ((hours >> hour & 1U) != 0) {
    if ((minutes >> minute & 1U) != 0) {
      if (const auto left = seconds & bits_from(second)) return (hour * 60 + minute) * 60 + lowest(left);
    }
    // Minute 59 leaves no later minute; bits_from(60) is still a defined shift and finds nothing.
    if (const auto left = minutes & bits_from(minute + 1)) return (hour * 60 + lowest(left)) * 60 + lowest(seconds);
  }
  const auto left = hours & bits_from(hour + 1);
  return left == 0 ? -1 : (lowest(left) * 60 + lowest(minutes)) * 60 + lowest(seconds);
}

std::int64_t Matcher::time_at_or_before(std::int64_t time) const noexcept {
  if (time < first_time) return -1;
  auto hour = static_cast<int>(time / 3600);
  auto minute = static_cast<int>(time / 60 % 60);
  auto second = static_cast<int>(time % 60);
  if ((hours >> hour & 1U) != 0) {
    if ((minutes >> minute & 1U) != 0) {
      if (const auto left = seconds & bits_to(second)) return (hour * 60 + minute) * 60 + highest(left);
    }
    if (const auto left = minute == 0 ? 0 : minutes & bits_to(minute - 1))
      return (hour * 60 + highest(left)) * 60 + highest(seconds);
  }
  const auto left = hour == 0 ? 0 : hours & bits_to(hour - 1);
  return left == 0 ? -1 : (highest(left) * 60 + highest(minutes)) * 60 + highest(seconds);
}

std::int64_t Matcher::times_before(std::int64_t time) const noexcept {
  const auto below = [](std::uint64_t set, int n) { return n == 0 ? 0 : std::popcount(set & bits_to(n - 1)); };
  const auto hour = static_cast<int>(time / 3600);
  const auto minute = static_cast<int>(time / 60 % 60);
  const auto second = static_cast<int>(time % 60);
  const std::int64_t per_minute = std::popcount(seconds);
  std::int64_t total = below(hours, hour) * std::popcount(minutes) * per_minute;
  if ((hours >> hour & 1U) == 0) return total;
  total += below(minutes, minute) * per_minute;
  if ((minutes >> minute & 1U) == 0) return total;
  return total + below(seconds, second);
}

LocalSecond Matcher::at_or_after(LocalSecond from) const noexcept {
  if (from < 0) from = 0;
  if (impossible || from >= local_end) return none_later;
  const std::int64_t today = from / day_seconds;
  const Date date = date_of(today);
  const Year year = year_of(date.year);

  if (has_year(date.year)) {
    const std::uint32_t later = (months & year_months[year.kind()]);
    if ((later >> date.month & 1U) != 0) {
      const std::uint32_t days_here = month_days(*this, year, date.month);
      if ((days_here >> date.day & 1U) != 0) {
        if (const auto time = time_at_or_after(from % day_seconds); time >= 0) return today * day_seconds + time;
      }
      if (const auto left = days_here & bits_from(date.day + 1))
        return (today + lowest(left) - date.day) * day_seconds + first_time;
    }
    if (const auto left = later & bits_from(date.month + 1)) {
      const int month = lowest(left);
      const int day = lowest(month_days(*this, year, month));
      return day_number({date.year, month, day}) * day_seconds + first_time;
    }
  }
  for (int number = date.year + 1; number <= year_last; ++number) {
    if (!has_year(number)) continue;
    const Year candidate = year_of(number);
    const std::uint32_t set = year_months[candidate.kind()];
    if (set == 0) continue;
    const int month = lowest(set);
    return day_number({number, month, lowest(month_days(*this, candidate, month))}) * day_seconds + first_time;
  }
  return none_later;
}

LocalSecond Matcher::at_or_before(LocalSecond from) const noexcept {
  if (from >= local_end) from = local_end - 1;
  if (impossible || from < 0) return none_earlier;
  const std::int64_t today = from / day_seconds;
  const Date date = date_of(today);
  const Year year = year_of(date.year);

  if (has_year(date.year)) {
    const std::uint32_t set = year_months[year.kind()];
    if ((set >> date.month & 1U) != 0) {
      const std::uint32_t days_here = month_days(*this, year, date.month);
      if ((days_here >> date.day & 1U) != 0) {
        if (const auto time = time_at_or_before(from % day_seconds); time >= 0) return today * day_seconds + time;
      }
      if (const auto left = days_here & bits_to(date.day - 1)) return (today + highest(left) - date.day) * day_seconds + last_time;
    }
    if (const auto left = set & bits_to(date.month - 1)) {
      const int month = highest(left);
      return day_number({date.year, month, highest(month_days(*this, year, month))}) * day_seconds + last_time;
    }
  }
  for (int number = date.year - 1; number >= year_first; --number) {
    if (!has_year(number)) continue;
    const Year candidate = year_of(number);
    const std::uint32_t set = year_months[candidate.kind()];
    if (set == 0) continue;
    const int month = highest(set);
    return day_number({number, month, highest(month_days(*this, candidate, month))}) * day_seconds + last_time;
  }
  return none_earlier;
}

std::int64_t Matcher::count_before(LocalSecond end) const noexcept {
  if (impossible || end <= 0) return 0;
  if (end > local_end) end = local_end;
  const std::int64_t today = end / day_seconds;
  const Date date = date_of(today);
  std::int64_t whole_days = 0;
  for (int number = year_first; number < date.year; ++number) {
    if (has_year(number)) whole_days += year_days[year_of(number).kind()];
  }
  if (date.year > year_last || !has_year(date.year)) return whole_days * times_per_day;
  const Year year = year_of(date.year);
  const std::uint32_t set = year_months[year.kind()];
  for (int month = 1; month < date.month; ++month) {
    if ((set >> month & 1U) != 0) whole_days += std::popcount(month_days(*this, year, month));
  }
  if ((set >> date.month & 1U) == 0) return whole_days * times_per_day;
  const std::uint32_t days_here = month_days(*this, year, date.month);
  whole_days += std::popcount(days_here & bits_to(date.day - 1));
  const bool matches_today = (days_here >> date.day & 1U) != 0;
  return whole_days * times_per_day + (matches_today ? times_before(end % day_seconds) : 0);
}

}  // namespace cloacina::cron
