#include <algorithm>
#include <cstdio>

#include "cron/fields.hpp"

namespace cloacina {

namespace cron {
namespace {

using Kind = Item::Kind;
using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 13> month_names{"",     "January", "February",  "March",   "April",    "May",     "June",
                                                       "July", "August",  "September", "October", "November", "December"};
constexpr std::array<std::string_view, 8> day_names{"Sunday",   "Monday", "Tuesday",  "Wednesday",
                                                    "Thursday", "Friday", "Saturday", "Sunday"};

std::string number(int value) { return std::to_string(value); }

/// "1st", "22nd", "13th".
std::string ordinal(int value) {
  const int tens = value % 100;
  const int ones = value % 10;
  const bool teen = tens >= 11 && tens <= 13;
  return number(value) + (teen || ones == 0 || ones > 3 ? "th" : ones == 1 ? "st" : ones == 2 ? "nd" : "rd");
}

/// "a", "a and b", "a, b and c".
std::string joined(const Words& words, std::string_view last_link = " and ") {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_link : std::string_view(", ");
    text += words[i];
  }
  return text;
}

std::string clock_time(int hour, int minute, int second, bool with_second) {
  char text[32];
  const int length = with_second ? std::snprintf(text, sizeof text, "%02d:%02d:%02d", hour, minute, second)
                                 : std::snprintf(text, sizeof text, "%02d:%02d", hour, minute);
  return {text, static_cast<std::size_t>(length)};
}

bool is_every(const Item& item) { return item.kind == Kind::Any && item.step == 1; }
bool is_every(const Field& field) {
  return std::any_of(field.items.begin(), field.items.end(), [](const Item& i) { return is_every(i); });
}
bool has_only_values(const Field& field) {
  return std::all_of(field.items.begin(), field.items.end(), [](const Item& item) { return item.kind == Kind::Value; });
}

std::vector<int> sorted_values(const Field& field) {
  std::vector<int> values;
  for (const Item& item : field.items) values.push_back(item.first);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// "5", "10 to 20", "every 5th from 10 to 40": the elements of a field that `name` gives words to.
template <typename Name>
Words words_of(const Field& field, FieldId id, const Name& name) {
  const FieldSpec& spec = spec_of(id);
  if (has_only_values(field)) {
    Words words;
    for (const int value : sorted_values(field)) words.push_back(name(value));
    return words;
  }
  Words words;
  for (const Item& item : field.items) {
    const bool any = item.kind == Kind::Any;
    const int first = any ? spec.first : item.first;
    const int last = any ? spec.last : item.last;
    if (item.kind == Kind::Value || (item.kind == Kind::Range && first == last)) {
      words.push_back(name(first));
    } else if (item.step > 1) {
      words.push_back("every " + ordinal(item.step) + " from " + name(first) + " to " + name(last));
    } else {
      words.push_back(name(first) + " to " + name(last));
    }
  }
  return words;
}

/// "every 7th " when the field is one stepped element.
std::optional<std::string> single_step(const Field& field) {
  if (field.items.size() != 1 || field.items[0].step == 1) return std::nullopt;
  const Item& item = field.items[0];
  if (item.kind == Kind::Any || item.first != item.last) return "every " + ordinal(item.step) + " ";
  return std::nullopt;
}

/// " from 0 to 59": the span of a single element.
template <typename Name>
std::string span_of(const Field& field, FieldId id, const Name& name) {
  const Item& item = field.items[0];
  const bool any = item.kind == Kind::Any;
  return " from " + name(any ? spec_of(id).first : item.first) + " to " + name(any ? spec_of(id).last : item.last);
}

/// Seconds and minutes at the beginning of the sentence: "Every 15 minutes", "At minutes 0 and 30".
std::string leading(const Field& field, FieldId id, std::string_view unit) {
  const std::string name(unit);
  if (is_every(field)) return "Every " + name;
  if (field.items.size() == 1 && field.items[0].kind == Kind::Any && 60 % field.items[0].step == 0) {
    return "Every " + number(field.items[0].step) + " " + name + "s";
  }
  if (const auto stepped = single_step(field)) return "At " + *stepped + name + span_of(field, id, number);
  const Words words = words_of(field, id, number);
  const bool one = words.size() == 1 && words[0].size() <= 2;
  return "At " + name + (one ? " " : "s ") + joined(words);
}

std::string hours_phrase(const Field& hours, bool lead_is_point) {
  if (is_every(hours)) return lead_is_point ? " of every hour" : "";
  if (hours.items.size() == 1 && hours.items[0].step == 1 && hours.items[0].kind != Kind::Any) {
    const Item& item = hours.items[0];
    const int last = item.kind == Kind::Range ? item.last : item.first;
    return (lead_is_point ? " of each hour from " : " from ") + clock_time(item.first, 0, 0, false) + " to " +
           clock_time(last, 59, 0, false);
  }
  if (const auto stepped = single_step(hours)) {
    return (lead_is_point ? " of " : " in ") + *stepped + "hour" + span_of(hours, FieldId::Hour, number);
  }
  return (lead_is_point ? " of the hours " : " in the hours ") + joined(words_of(hours, FieldId::Hour, number));
}

struct TimePhrase {
  std::string text;
  bool is_list = false;  ///< "At 02:00": wants "every day" after it
};

TimePhrase time_phrase(const Compiled& compiled) {
  constexpr std::size_t times_max = 6;
  const Field& seconds = compiled.field(FieldId::Second);
  const Field& minutes = compiled.field(FieldId::Minute);
  const Field& hours = compiled.field(FieldId::Hour);
  const bool on_the_minute = has_only_values(seconds) && sorted_values(seconds) == std::vector<int>{0};

  if (has_only_values(seconds) && has_only_values(minutes) && has_only_values(hours)) {
    Words times;
    for (const int hour : sorted_values(hours)) {
      for (const int minute : sorted_values(minutes)) {
        for (const int second : sorted_values(seconds)) times.push_back(clock_time(hour, minute, second, !on_the_minute));
      }
    }
    if (times.size() <= times_max) return {"At " + joined(times), true};
  }
  std::string text = on_the_minute ? leading(minutes, FieldId::Minute, "minute") : leading(seconds, FieldId::Second, "second");
  bool lead_is_point = text.starts_with("At ");
  if (!on_the_minute) {
    if (!is_every(minutes)) {
      const Words words = words_of(minutes, FieldId::Minute, number);
      const bool one = words.size() == 1 && words[0].size() <= 2;
      text += lead_is_point ? " of" : " in";
      if (const auto stepped = single_step(minutes)) {
        text += " " + *stepped + "minute" + span_of(minutes, FieldId::Minute, number);
      } else {
        text += (one ? " minute " : " minutes ") + joined(words);
      }
      lead_is_point = true;
    } else if (lead_is_point) {
      text += " of every minute";
      lead_is_point = false;
    }
  }
  return {text + hours_phrase(hours, lead_is_point), false};
}

std::string month_words(const Field& months) {
  return joined(
      words_of(months, FieldId::Month, [](int month) { return std::string(month_names[static_cast<std::size_t>(month)]); }));
}

std::string the(int day) { return "the " + ordinal(day); }

Words day_of_month_words(const Field& field) {
  if (has_only_values(field)) {
    Words words;
    for (const int day : sorted_values(field)) words.push_back(the(day));
    return words;
  }
  Words words;
  for (const Item& item : field.items) {
    switch (item.kind) {
      case Kind::Any:
      case Kind::Range: {
        const int first = item.kind == Kind::Any ? 1 : item.first;
        const int last = item.kind == Kind::Any ? 31 : item.last;
        if (item.kind == Kind::Any && item.step == 1) {
          words.push_back("every day");
        } else if (item.step > 1) {
          words.push_back("every " + ordinal(item.step) + " day from " + the(first) + " to " + the(last));
        } else {
          words.push_back(first == last ? the(first) : the(first) + " to " + the(last));
        }
        break;
      }
      case Kind::Last:
        words.push_back(item.first == 0   ? "the last day"
                        : item.first == 1 ? "the day before the last"
                                          : "the day " + number(item.first) + " days before the last");
        break;
      case Kind::NearestWeekday:
        words.push_back("the weekday nearest to " + the(item.first));
        break;
      case Kind::LastWeekday:
        words.push_back("the last weekday");
        break;
      default:
        words.push_back(the(item.first));
    }
  }
  return words;
}

struct WeekPhrase {
  Words words;            ///< "Monday", "Monday to Friday", "the 2nd Friday"
  bool of_month = false;  ///< an element counts inside the month
  bool all_named = true;  ///< only single days
};

WeekPhrase day_of_week_words(const Field& field) {
  const auto name = [](int day) { return std::string(day_names[static_cast<std::size_t>(day)]); };
  WeekPhrase phrase;
  for (const Item& item : field.items) {
    switch (item.kind) {
      case Kind::NthOfMonth:
        phrase.words.push_back("the " + ordinal(item.last) + " " + name(item.first));
        phrase.of_month = true;
        break;
      case Kind::LastOfMonth:
        phrase.words.push_back("the last " + name(item.first));
        phrase.of_month = true;
        break;
      case Kind::Range:
      case Kind::Any: {
        const int first = item.kind == Kind::Any ? 0 : item.first;
        const int last = item.kind == Kind::Any ? 6 : item.last;
        const int end = first > last ? last + 7 : last;
        if (item.step == 1 && end - first > 1) {
          phrase.words.push_back(name(first) + " to " + name(last));
          phrase.all_named = false;
        } else {
          for (int day = first; day <= end; day += item.step) phrase.words.push_back(name(day % 7));
        }
        break;
      }
      default:
        phrase.words.push_back(name(item.first));
    }
  }
  return phrase;
}

std::string days_phrase(const Compiled& compiled, bool after_times) {
  const Field& of_month = compiled.field(FieldId::DayOfMonth);
  const Field& of_week = compiled.field(FieldId::DayOfWeek);
  const Field& months = compiled.field(FieldId::Month);
  const std::string of_months = is_every(months) ? " of every month" : " of " + month_words(months);
  const std::string in_months = is_every(months) ? "" : " in " + month_words(months);

  if (!of_month.restricted && !of_week.restricted) return (after_times ? " every day" : "") + in_months;
  std::string by_month;
  if (of_month.restricted) by_month = " on " + joined(day_of_month_words(of_month)) + of_months;
  if (!of_week.restricted) return by_month;

  const WeekPhrase week = day_of_week_words(of_week);
  if (of_month.restricted && of_week.conjunct) {
    Words days = week.words;
    if (!week.of_month && week.all_named) {
      for (std::string& day : days) day.insert(0, "a ");
    }
    return by_month + (week.all_named ? ", if that is " : ", if that is one of ") + joined(days, " or ");
  }
  std::string by_week = " on " + std::string(!week.of_month && week.all_named ? "every " : "") + joined(week.words);
  by_week += week.of_month ? of_months : in_months;
  return by_month.empty() ? by_week : by_month + ", and also" + by_week;
}

std::string years_phrase(const Compiled& compiled) {
  const Field& years = compiled.field(FieldId::Year);
  if (is_every(years)) return "";
  return " in " + joined(words_of(years, FieldId::Year, number));
}

std::string every_phrase(std::chrono::milliseconds every) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 5> units{
      {{86'400'000, "day"}, {3'600'000, "hour"}, {60'000, "minute"}, {1'000, "second"}, {1, "millisecond"}}};
  Words words;
  std::int64_t left = every.count();
  for (const auto& [size, unit] : units) {
    const std::int64_t count = left / size;
    left %= size;
    if (count > 0) words.push_back(std::to_string(count) + " " + std::string(unit) + (count == 1 ? "" : "s"));
  }
  return "Every " + joined(words) + " of elapsed time.";
}

}  // namespace
}  // namespace cron

std::string CronExpression::explain() const {
  using namespace cron;
  const Compiled& compiled = *compiled_;
  if (compiled.reboot) return "Once at each start of a runner.";
  if (compiled.every) return every_phrase(*compiled.every);
  const TimePhrase time = time_phrase(compiled);
  std::string sentence = time.text + days_phrase(compiled, time.is_list) + years_phrase(compiled) + ".";
  if (is_impossible()) sentence += " It never fires: there is no such date between 1970 and 2199.";
  return sentence;
}

}  // namespace cloacina
