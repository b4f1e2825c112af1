#include "cli/days.hpp"

#include <array>
#include <cstdio>

namespace cloacina::cli {

namespace {

using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;

constexpr std::array weekdays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                            "July",    "August",   "September", "October", "November", "December"};
/// No zone is further from UTC.
constexpr std::chrono::hours offset_max{26};

std::string two_digits(long value) {
  char text[24];
  std::snprintf(text, sizeof text, "%02ld", value);
  return text;
}

}  // namespace

std::string day_text(local_days day) {
  const std::chrono::year_month_day date{day};
  return std::to_string(static_cast<int>(date.year())) + "-" + two_digits(static_cast<unsigned>(date.month())) + "-" +
         two_digits(static_cast<unsigned>(date.day()));
}

std::string clock_text(local_seconds at) {
  const std::chrono::hh_mm_ss time{at - floor<std::chrono::days>(at)};
  std::string text = two_digits(time.hours().count()) + ":" + two_digits(time.minutes().count());
  if (time.seconds().count() != 0) text += ":" + two_digits(time.seconds().count());
  return text;
}

std::string long_day_text(local_days day) {
  const std::chrono::year_month_day date{day};
  return std::string(weekdays.at(std::chrono::weekday(day).c_encoding())) + ", " +
         std::to_string(static_cast<unsigned>(date.day())) + " " + months.at(static_cast<unsigned>(date.month()) - 1) + " " +
         std::to_string(static_cast<int>(date.year()));
}

Timestamp begin_of(const TimeZone& zone, local_days day) {
  const Timestamp utc{day.time_since_epoch()};
  // Before `low` it is an earlier day, at `high` it is this one or a later one.
  Timestamp low = utc - offset_max;
  Timestamp high = utc + offset_max;
  while (high - low > std::chrono::seconds{1}) {
    const Timestamp middle = floor<std::chrono::seconds>(low + (high - low) / 2);
    (zone.local(middle) >= day ? high : low) = middle;
  }
  return high;
}

}  // namespace cloacina::cli
