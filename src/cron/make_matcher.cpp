#include <algorithm>

#include "cron/fields.hpp"

namespace cloacina::cron {

namespace {

std::uint64_t set_of(const Field& field, FieldId id) {
  std::uint64_t set = 0;
  for (const Item& item : field.items) for_each_value(item, id, [&](int value) { set |= std::uint64_t{1} << value; });
  return set;
}

/// One shape of a month.
struct MonthShape {
  int length;
  int weekday_of_first;
  [[nodiscard]] int weekday(int day) const { return (weekday_of_first + day - 1) % 7; }
};

constexpr int sunday = 0;
constexpr int saturday = 6;

/// The weekday nearest to `day` that does not leave the month; 0 when the month has no such day.
int nearest_weekday(const MonthShape& month, int day) {
  if (day > month.length) return 0;
  const int weekday = month.weekday(day);
  if (weekday == saturday) return day > 1 ? day - 1 : day + 2;
  if (weekday == sunday) return day < month.length ? day + 1 : day - 2;
  return day;
}

int last_weekday(const MonthShape& month) {
  int day = month.length;
  while (month.weekday(day) == sunday || month.weekday(day) == saturday) --day;
  return day;
}

bool by_day_of_month(const Field& field, const MonthShape& month, int day) {
  for (const Item& item : field.items) {
    if (item.kind == Item::Kind::Last && day == month.length - item.first) return true;
    if (item.kind == Item::Kind::NearestWeekday && day == nearest_weekday(month, item.first)) return true;
    if (item.kind == Item::Kind::LastWeekday && day == last_weekday(month)) return true;
  }
  return false;
}

bool by_day_of_week(const Field& field, const MonthShape& month, int day) {
  const int weekday = month.weekday(day);
  for (const Item& item : field.items) {
    if (item.kind == Item::Kind::NthOfMonth && weekday == item.first && (day - 1) / 7 + 1 == item.last) return true;
    if (item.kind == Item::Kind::LastOfMonth && weekday == item.first && day + 7 > month.length) return true;
  }
  return false;
}

/// Days that fall on one of the weekdays of `set`.
std::uint32_t days_of_week(const MonthShape& month, std::uint64_t set) {
  constexpr std::uint32_t every_seventh = 1U | 1U << 7 | 1U << 14 | 1U << 21 | 1U << 28;
  std::uint32_t days = 0;
  for (int day = 1; day <= 7; ++day) {
    if ((set >> month.weekday(day) & 1U) != 0) days |= every_seventh << day;
  }
  return days;
}

/// Whether the field has items that depend on the month, not on the day's number or weekday alone.
bool has_special(const Field& field) {
  return std::any_of(field.items.begin(), field.items.end(), [](const Item& item) {
    return item.kind != Item::Kind::Any && item.kind != Item::Kind::Value && item.kind != Item::Kind::Range;
  });
}

}  // namespace

Matcher make_matcher(const Compiled& compiled) {
  const auto set = [&](FieldId id) { return set_of(compiled.field(id), id); };
  Matcher matcher;
  matcher.seconds = set(FieldId::Second);
  matcher.minutes = set(FieldId::Minute);
  matcher.hours = static_cast<std::uint32_t>(set(FieldId::Hour));
  matcher.months = static_cast<std::uint32_t>(set(FieldId::Month));
  for (const Item& item : compiled.field(FieldId::Year).items) {
    for_each_value(item, FieldId::Year, [&](int value) {
      const auto bit = static_cast<unsigned>(value - year_first);
      matcher.years[bit / 64] |= std::uint64_t{1} << (bit % 64);
    });
  }

  const Field& of_month = compiled.field(FieldId::DayOfMonth);
  const Field& of_week = compiled.field(FieldId::DayOfWeek);
  const std::uint64_t month_set = set(FieldId::DayOfMonth);
  const std::uint64_t week_set = set(FieldId::DayOfWeek);
  const bool either = of_month.restricted && of_week.restricted && !of_week.conjunct;
  const bool special = has_special(of_month) || has_special(of_week);
  for (int length = 28; length <= 31; ++length) {
    const auto all = static_cast<std::uint32_t>((std::uint64_t{2} << length) - 2);
    for (int first = 0; first < 7; ++first) {
      const MonthShape month{length, first};
      auto a = static_cast<std::uint32_t>(month_set) & all;
      auto b = days_of_week(month, week_set) & all;
      for (int day = 1; special && day <= length; ++day) {
        if (by_day_of_month(of_month, month, day)) a |= 1U << day;
        if (by_day_of_week(of_week, month, day)) b |= 1U << day;
      }
      // A field that is not restricted holds every day, so that "and" leaves the other one.
      matcher.days[static_cast<std::size_t>(length - 28)][static_cast<std::size_t>(first)] = either ? a | b : a & b;
    }
  }
  matcher.finish();
  return matcher;
}

}  // namespace cloacina::cron
