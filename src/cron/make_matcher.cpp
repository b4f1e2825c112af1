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

bool by_day_of_month(const Field& field, std::uint64_t plain, const MonthShape& month, int day) {
  if ((plain >> day & 1U) != 0) return true;
  for (const Item& item : field.items) {
    if (item.kind == Item::Kind::Last && day == month.length - item.first) return true;
    if (item.kind == Item::Kind::NearestWeekday && day == nearest_weekday(month, item.first)) return true;
    if (item.kind == Item::Kind::LastWeekday && day == last_weekday(month)) return true;
  }
  return false;
}

bool by_day_of_week(const Field& field, std::uint64_t plain, const MonthShape& month, int day) {
  const int weekday = month.weekday(day);
  if ((plain >> weekday & 1U) != 0) return true;
  for (const Item& item : field.items) {
    if (item.kind == Item::Kind::NthOfMonth && weekday == item.first && (day - 1) / 7 + 1 == item.last) return true;
    if (item.kind == Item::Kind::LastOfMonth && weekday == item.first && day + 7 > month.length) return true;
  }
  return false;
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
  for (int length = 28; length <= 31; ++length) {
    for (int first = 0; first < 7; ++first) {
      const MonthShape month{length, first};
      std::uint32_t days = 0;
      for (int day = 1; day <= length; ++day) {
        const bool a = by_day_of_month(of_month, month_set, month, day);
        const bool b = by_day_of_week(of_week, week_set, month, day);
        // A field that is not restricted holds every day, so that "and" leaves the other one.
        if (either ? a || b : a && b) days |= 1U << day;
      }
      matcher.days[static_cast<std::size_t>(length - 28)][static_cast<std::size_t>(first)] = days;
    }
  }
  matcher.finish();
  return matcher;
}

}  // namespace cloacina::cron
