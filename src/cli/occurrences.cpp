#include "cli/occurrences.hpp"

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

std::string remark_on(const CronRule& rule, Timestamp occurrence) {
  switch (rule.kind(occurrence)) {
    case OccurrenceKind::Regular:
      return {};
    case OccurrenceKind::AfterGap:
      return "moved: its local time does not exist on this day (gap " + std::string(to_string(rule.gap)) + ")";
    case OccurrenceKind::FirstPass:
      return "the first of two times that the clock shows this";
    case OccurrenceKind::SecondPass:
      return "the second of two times that the clock shows this";
  }
  return {};
}

std::string remark_on(const CronRule& rule, const SuppressedTimes& suppressed) {
  std::string text = day_text(floor<std::chrono::days>(suppressed.first)) + " " + clock_text(suppressed.first);
  if (suppressed.count > 1) {
    text += " to " + clock_text(suppressed.last) + ", " + std::to_string(suppressed.count) + " times,";
  }
  if (suppressed.cause == SuppressedTimes::Cause::Gap) {
    return text + " does not fire: the clock skips it" +
           (rule.expression.is_interval_like() ? "" : " (gap " + std::string(to_string(rule.gap)) + ")");
  }
  return text + " fires once: the clock shows it twice (overlap " + std::string(to_string(rule.overlap)) + ")";
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
