#include <algorithm>
#include <cstdio>

#include "cron/explain_words.hpp"

namespace cloacina::cron {

namespace {

constexpr std::size_t times_max = 6;  // a longer list of times is no help
constexpr std::size_t words_max = 8;  // nor is a longer list of numbers

std::string number(int value) { return std::to_string(value); }

bool has_only_values(const Field& field) {
  return std::all_of(field.items.begin(), field.items.end(), [](const Item& item) { return item.kind == Item::Kind::Value; });
}

/// "Every minute", "Every 15 minutes".
std::string every(int step, const std::string& unit) {
  return step == 1 ? "Every " + unit : "Every " + number(step) + " " + unit + "s";
}

/// The elements as they were written: "minute 0", "minutes 10 to 20", "every 7th minute from 2 to 58".
Words written(const Field& field, FieldId id, const std::string& unit) {
  Words words;
  for (const Item& item : field.items) {
    std::vector<int> values;
    for_each_value(item, id, [&](int value) { values.push_back(value); });
    const std::string span = number(values.front()) + " to " + number(values.back());
    if (values.size() == 1) {
      words.push_back(unit + " " + number(values.front()));
    } else if (item.step > 1) {
      words.push_back("every " + ordinal(item.step) + " " + unit + " from " + span);
    } else {
      words.push_back(unit + "s " + span);
    }
  }
  return words;
}

/// Puts the three fields of a time of day into words.
class Clock {
 public:
  Clock(const Compiled& compiled, bool every_day)
      : compiled_(compiled),
        every_day_(every_day),
        seconds_(compiled, FieldId::Second),
        minutes_(compiled, FieldId::Minute),
        hours_(compiled, FieldId::Hour),
        on_the_minute_(seconds_.is(0)) {
    // A night, when no day is singled out to which its halves would belong.
    if (every_day_) join_midnight();
  }

  [[nodiscard]] TimePhrase phrase() const {
    if (const auto list = times()) return {*list, true};
    std::string text = minutes_.single() && seconds_.single() ? once_an_hour() : on_the_minute_ ? by_minute() : by_second();
    const bool has_window = text.find(':') != std::string::npos;
    return {std::move(text), has_window};
  }

 private:
  /// 22, 23, 0, 1, 2 become one stretch: night_ holds its begin and its end.
  void join_midnight() {
    const auto& list = hours_.list();
    if (hours_.size() == 24 || list.front() != 0 || list.back() != 23) return;
    std::size_t gaps = 0;
    for (std::size_t i = 1; i < list.size(); ++i) {
      if (list[i] == list[i - 1] + 1) continue;
      ++gaps;
      night_ = {list[i], list[i - 1]};
    }
    if (gaps != 1 || list.size() < 3) night_.reset();
  }

  [[nodiscard]] bool one_stretch() const { return night_ || hours_.contiguous(); }
  [[nodiscard]] int begin_hour() const { return night_ ? night_->first : hours_.first(); }
  [[nodiscard]] int end_hour() const { return night_ ? night_->second : hours_.last(); }

  [[nodiscard]] std::string time(int hour, int minute, int second) const {
    char text[32];
    const int length = on_the_minute_ ? std::snprintf(text, sizeof text, "%02d:%02d", hour, minute)
                                      : std::snprintf(text, sizeof text, "%02d:%02d:%02d", hour, minute, second);
    return {text, static_cast<std::size_t>(length)};
  }
  /// " from 09:05 to 17:55", from the first to the last occurrence of a day.
  [[nodiscard]] std::string window() const {
    return " from " + time(begin_hour(), minutes_.first(), seconds_.first()) + " to " +
           time(end_hour(), minutes_.last(), seconds_.last());
  }

  /// "At 08:00 and 18:00", when there are few and they are no series that was meant as one.
  [[nodiscard]] std::optional<std::string> times() const {
    if (seconds_.size() * minutes_.size() * hours_.size() > times_max) return std::nullopt;
    std::size_t varying = 0;
    bool series = false;
    for (const auto& [values, id] :
         {std::pair{&seconds_, FieldId::Second}, {&minutes_, FieldId::Minute}, {&hours_, FieldId::Hour}}) {
      if (values->single()) continue;
      ++varying;
      const bool night = id == FieldId::Hour && night_;
      series = series || ((values->step() || night) && !has_only_values(compiled_.field(id)));
    }
    if (varying == 1 && series) return std::nullopt;
    Words words;
    for (const int hour : hours_.list()) {
      for (const int minute : minutes_.list()) {
        for (const int second : seconds_.list()) words.push_back(time(hour, minute, second));
      }
    }
    return "At " + joined(words);
  }

  /// The distance of a series; two values are one when they were meant so, as in */30.
  [[nodiscard]] std::optional<int> step_of(const Values& values, FieldId id) const {
    const bool halves = values.size() == 2 && values.last() - values.first() == 30 && !has_only_values(compiled_.field(id));
    return halves ? std::optional(30) : values.step();
  }

  [[nodiscard]] std::string once_an_hour() const {
    if (hours_.size() == 24) {
      if (on_the_minute_ && minutes_.is(0)) return "Every hour on the hour";
      return "At minute " + number(minutes_.first()) + (on_the_minute_ ? "" : " and second " + number(seconds_.first())) +
             " of every hour";
    }
    if (night_) return "Every hour" + window();
    if (const auto step = hours_.step()) return every(*step, "hour") + window();
    return "At minute " + number(minutes_.first()) + (on_the_minute_ ? "" : " and second " + number(seconds_.first())) + of_hours();
  }

  [[nodiscard]] std::string by_minute() const {
    const auto step = step_of(minutes_, FieldId::Minute);
    if (!step) return "At " + listed(minutes_, FieldId::Minute, "minute") + of_hours();
    // The last of one hour and the first of the next are as far apart: a series that the hours do not interrupt.
    const bool goes_on = minutes_.first() + 60 - minutes_.last() == *step;
    const std::string lead = every(*step, "minute");
    if (goes_on && minutes_.first() == 0 && hours_.size() == 24) return lead;
    const bool all_day = hours_.size() == 24;
    if (!all_day && (hours_.single() || (goes_on && one_stretch()))) return lead + window();
    if (goes_on && minutes_.first() == 0) return lead + of_hours(" in ");
    return lead + " from minute " + number(minutes_.first()) + " to minute " + number(minutes_.last()) + of_hours();
  }

  [[nodiscard]] std::string by_second() const {
    const auto step = step_of(seconds_, FieldId::Second);
    const bool flows = step && seconds_.first() == 0 && 60 - seconds_.last() == *step;
    const bool every_minute = minutes_.size() == 60;
    if (flows) {
      const std::string lead = every(*step, "second");
      if (every_minute && hours_.size() == 24) return lead;
      if ((every_minute && one_stretch()) || (hours_.single() && minutes_.contiguous())) return lead + window();
      return lead + (every_minute ? of_hours(" in ") : of_minutes(" in ") + of_hours());
    }
    std::string lead =
        step ? every(*step, "second") + " from second " + number(seconds_.first()) + " to second " + number(seconds_.last())
             : "At " + listed(seconds_, FieldId::Second, "second");
    if (!every_minute) return lead + of_minutes() + of_hours();
    lead += " of every minute";
    if (hours_.size() == 24) return lead;
    return lead + (one_stretch() ? " from " + hour_begin(begin_hour()) + " to " + hour_end(end_hour()) : of_hours());
  }

  /// "minute 5", "minutes 0 and 30", "minutes 1 to 4 and 7".
  [[nodiscard]] std::string listed(const Values& values, FieldId id, const std::string& unit) const {
    if (values.single()) return unit + " " + number(values.first());
    Words words = values.words(number);
    if (words.size() > words_max && compiled_.field(id).items.size() < words.size()) {
      return joined(written(compiled_.field(id), id, unit));
    }
    return unit + "s " + joined(words);
  }

  [[nodiscard]] std::string of_minutes(const std::string& of = " of ") const {
    const auto step = minutes_.step();
    if (step && *step > 1 && minutes_.size() > times_max) {
      return of + "every " + ordinal(*step) + " minute from " + number(minutes_.first()) + " to " + number(minutes_.last());
    }
    return of + listed(minutes_, FieldId::Minute, "minute");
  }

  static std::string hour_begin(int hour) { return (hour < 10 ? "0" : "") + number(hour) + ":00"; }
  static std::string hour_end(int hour) { return (hour < 10 ? "0" : "") + number(hour) + ":59"; }

  [[nodiscard]] std::string of_hours(const std::string& of = " of ") const {
    if (hours_.size() == 24) return of + "every hour";
    if (hours_.single()) return " between " + hour_begin(hours_.first()) + " and " + hour_end(hours_.first());
    if (night_) return of + "every hour from " + number(begin_hour()) + " to " + number(end_hour());
    if (const auto step = hours_.step()) {
      return of + "every " + (*step == 1 ? "" : ordinal(*step) + " ") + "hour from " + number(hours_.first()) + " to " +
             number(hours_.last());
    }
    return of + "the " + listed(hours_, FieldId::Hour, "hour");
  }

  const Compiled& compiled_;
  bool every_day_;
  Values seconds_;
  Values minutes_;
  Values hours_;
  bool on_the_minute_;
  std::optional<std::pair<int, int>> night_;
};

}  // namespace

std::string ordinal(int value) {
  const int tens = value % 100;
  const int ones = value % 10;
  const bool teen = tens >= 11 && tens <= 13;
  return number(value) + (teen || ones == 0 || ones > 3 ? "th" : ones == 1 ? "st" : ones == 2 ? "nd" : "rd");
}

std::string joined(const Words& words, std::string_view last_link) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_link : std::string_view(", ");
    text += words[i];
  }
  return text;
}

Values::Values(const Compiled& compiled, FieldId id) {
  for (const Item& item : compiled.field(id).items) {
    for_each_value(item, id, [&](int value) { values_.push_back(id == FieldId::DayOfWeek && value == 0 ? 7 : value); });
  }
  std::sort(values_.begin(), values_.end());
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
}

std::optional<int> Values::step() const {
  if (size() < 3) return std::nullopt;
  const int step = values_[1] - values_[0];
  for (std::size_t i = 2; i < values_.size(); ++i) {
    if (values_[i] - values_[i - 1] != step) return std::nullopt;
  }
  return step;
}

std::vector<std::pair<int, int>> Values::stretches() const {
  std::vector<std::pair<int, int>> result;
  for (std::size_t i = 0; i < values_.size();) {
    std::size_t end = i;
    while (end + 1 < values_.size() && values_[end + 1] == values_[end] + 1) ++end;
    if (end - i >= 2) {
      result.emplace_back(values_[i], values_[end]);
      i = end + 1;
    } else {
      result.emplace_back(values_[i], values_[i]);
      ++i;
    }
  }
  return result;
}

TimePhrase time_phrase(const Compiled& compiled, bool every_day) { return Clock(compiled, every_day).phrase(); }

}  // namespace cloacina::cron
