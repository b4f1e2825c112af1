#include <algorithm>
#include <array>

#include "cron/explain_words.hpp"

namespace cloacina {

namespace cron {
namespace {

using Kind = Item::Kind;

constexpr std::array<std::string_view, 13> month_names{"",     "January", "February",  "March",   "April",    "May",     "June",
                                                       "July", "August",  "September", "October", "November", "December"};
constexpr std::array<std::string_view, 8> day_names{"Sunday",   "Monday", "Tuesday",  "Wednesday",
                                                    "Thursday", "Friday", "Saturday", "Sunday"};

std::string number(int value) { return std::to_string(value); }
std::string month_name(int month) { return std::string(month_names[static_cast<std::size_t>(month)]); }
std::string day_name(int day) { return std::string(day_names[static_cast<std::size_t>(day)]); }
std::string the(int day) { return "the " + ordinal(day); }

class MonthWords {
 public:
  explicit MonthWords(const Compiled& compiled) : values_(compiled, FieldId::Month) {
    if (values_.step() == 1) stretch_ = {values_.first(), values_.last()};
    // A winter, when no year is singled out to which its halves would belong.
    if (!all() && !compiled.has_year && values_.first() == 1 && values_.last() == 12) find_winter();
  }

  [[nodiscard]] bool all() const { return values_.size() == 12; }
  [[nodiscard]] bool single() const { return values_.single(); }

  /// " of every month", " of June", " of every month from June to August": after a day of the month.
  [[nodiscard]] std::string of() const {
    if (all()) return " of every month";
    return stretch_ ? " of every month" + span() : " of " + joined(values_.words(month_name));
  }
  /// "", " in June", " from June to August".
  [[nodiscard]] std::string in() const {
    if (all()) return "";
    return stretch_ ? span() : " in " + joined(values_.words(month_name));
  }

 private:
  void find_winter() {
    const auto& list = values_.list();
    std::size_t breaks = 0;
    for (std::size_t i = 1; i < list.size(); ++i) {
      if (list[i] == list[i - 1] + 1) continue;
      ++breaks;
      stretch_ = {list[i], list[i - 1]};
    }
    if (breaks != 1 || list.size() < 3) stretch_.reset();
  }
  [[nodiscard]] std::string span() const { return " from " + month_name(stretch_->first) + " to " + month_name(stretch_->second); }

  Values values_;
  std::optional<std::pair<int, int>> stretch_;
};

/// Days of the month.
class MonthDays {
 public:
  explicit MonthDays(const Compiled& compiled) : plain_(compiled, FieldId::DayOfMonth) {
    for (const Item& item : compiled.field(FieldId::DayOfMonth).items) {
      if (item.kind == Kind::Last || item.kind == Kind::NearestWeekday || item.kind == Kind::LastWeekday) add_special(item);
    }
  }

  [[nodiscard]] bool all() const { return plain_.size() == 31; }
  /// The one date, when there is just one.
  [[nodiscard]] std::optional<int> single() const {
    return specials_.empty() && plain_.single() ? std::optional(plain_.first()) : std::nullopt;
  }

  /// "the 1st, 15th and the last day".
  [[nodiscard]] std::string text() const {
    constexpr std::size_t list_max = 6;
    Words words;
    const auto step = plain_.step();
    if (step && *step > 1 && plain_.size() > list_max) {
      words.push_back("every " + ordinal(*step) + " day from " + the(plain_.first()) + " to " + the(plain_.last()));
    } else {
      words = plain_.words(ordinal);
      if (!words.empty()) words.front().insert(0, "the ");
    }
    words.insert(words.end(), specials_.begin(), specials_.end());
    return joined(words);
  }

 private:
  void add_special(const Item& item) {
    std::string word;
    if (item.kind == Kind::LastWeekday) {
      word = "the last weekday (Monday to Friday)";
    } else if (item.kind == Kind::NearestWeekday) {
      word = "the weekday (Monday to Friday) nearest to " + the(item.first);
    } else if (item.first == 0) {
      word = "the last day";
    } else {
      word = item.first == 1 ? "the day before the last day" : "the day " + number(item.first) + " days before the last day";
    }
    if (std::find(specials_.begin(), specials_.end(), word) == specials_.end()) specials_.push_back(std::move(word));
  }

  Values plain_;
  Words specials_;
};

/// Days of the week.
class WeekDays {
 public:
  explicit WeekDays(const Compiled& compiled) : plain_(compiled, FieldId::DayOfWeek) {
    for (const Item& item : compiled.field(FieldId::DayOfWeek).items) {
      if (item.kind == Kind::NthOfMonth) add_counted(item.first, item.last);
      if (item.kind == Kind::LastOfMonth) add_counted(item.first, last_);
    }
    find_stretch();
  }

  [[nodiscard]] bool all() const { return plain_.size() == 7; }
  [[nodiscard]] bool is_stretch_alone() const { return stretch_ && counted_.empty(); }
  [[nodiscard]] std::optional<int> single() const {
    return counted_.empty() && plain_.single() ? std::optional(plain_.first()) : std::nullopt;
  }

  /// "Friday to Monday".
  [[nodiscard]] std::string stretch() const { return day_name(stretch_->first) + " to " + day_name(stretch_->second); }

  /// "every Monday and Friday", "every day from Monday to Friday", "on the 2nd Friday of every month".
  [[nodiscard]] std::string text(const MonthWords& months) const {
    std::string text;
    if (!plain_.empty()) text = (stretch_ ? "every day from " + stretch() : "every " + joined(names())) + months.in();
    if (counted_.empty()) return text;
    return (text.empty() ? "on " : text + " and on ") + joined(counted_words()) + months.of();
  }

  /// "if it is a Friday", "from Monday to Friday", "if it is a Monday or the last Friday".
  [[nodiscard]] std::string condition() const {
    if (is_stretch_alone()) return "from " + stretch();
    Words words = names();
    if (!words.empty()) words.front().insert(0, "a ");
    for (const std::string& word : counted_words(" or ")) words.push_back(word);
    return "if it is " + joined(words, " or ");
  }

 private:
  static constexpr int last_ = 6;  // after the fifth

  struct Counted {
    int day;
    std::vector<int> which;
  };

  void add_counted(int day, int which) {
    auto known = std::find_if(counted_.begin(), counted_.end(), [&](const Counted& c) { return c.day == day; });
    if (known == counted_.end()) known = counted_.insert(known, {day, {}});
    if (std::find(known->which.begin(), known->which.end(), which) == known->which.end()) known->which.push_back(which);
    std::sort(known->which.begin(), known->which.end());
  }

  /// Three or more days in a row, over the end of the week or not.
  void find_stretch() {
    if (plain_.size() < 3 || all()) return;
    const auto has = [&](int day) {
      return std::find(plain_.list().begin(), plain_.list().end(), (day + 6) % 7 + 1) != plain_.list().end();
    };
    std::optional<int> begin;
    for (int day = 1; day <= 7; ++day) {
      if (!has(day) || has(day - 1)) continue;
      if (begin) return;
      begin = day;
    }
    stretch_ = {*begin, (*begin + static_cast<int>(plain_.size()) - 2) % 7 + 1};
  }

  [[nodiscard]] Words names() const {
    Words words;
    for (const int day : plain_.list()) words.push_back(day_name(day));
    return words;
  }
  /// "the 1st and 3rd Friday".
  [[nodiscard]] Words counted_words(std::string_view link = " and ") const {
    Words words;
    for (const Counted& counted : counted_) {
      Words which;
      for (const int nth : counted.which) which.push_back(nth == last_ ? "last" : ordinal(nth));
      words.push_back("the " + joined(which, link) + " " + day_name(counted.day));
    }
    return words;
  }

  Values plain_;
  std::vector<Counted> counted_;
  std::optional<std::pair<int, int>> stretch_;
};

/// How the two day fields go together, once fields that hold every day are seen for what they are.
enum class DayRule { Every, ByMonth, ByWeek, Either, Both };

DayRule day_rule(const Compiled& compiled, const MonthDays& of_month, const WeekDays& of_week) {
  const Field& month = compiled.field(FieldId::DayOfMonth);
  const Field& week = compiled.field(FieldId::DayOfWeek);
  const bool either = month.restricted && week.restricted && !week.conjunct;
  if (either) return of_month.all() || of_week.all() ? DayRule::Every : DayRule::Either;
  if (of_month.all()) return of_week.all() ? DayRule::Every : DayRule::ByWeek;
  return of_week.all() ? DayRule::ByMonth : DayRule::Both;
}

/// "", " in 2027", " from 2027 to 2030".
std::string years_phrase(const Compiled& compiled) {
  constexpr std::size_t list_max = 6;
  const Values years(compiled, FieldId::Year);
  if (static_cast<int>(years.size()) == year_last - year_first + 1) return "";
  const auto span = " from " + number(years.first()) + " to " + number(years.last());
  if (years.size() > 2 && years.contiguous()) return span;
  if (const auto step = years.step(); step && years.size() > list_max) return " in every " + ordinal(*step) + " year" + span;
  const Words words = years.words(number);
  if (words.size() > 2 * list_max) {
    return " in " + std::to_string(years.size()) + " of the years from " + number(years.first()) + " to " + number(years.last());
  }
  return " in " + joined(words);
}

class Days {
 public:
  explicit Days(const Compiled& compiled)
      : months_(compiled), of_month_(compiled), of_week_(compiled), rule_(day_rule(compiled, of_month_, of_week_)) {
    years_ = years_phrase(compiled);
    if (rule_ == DayRule::Either || (rule_ == DayRule::Both && !is_friday_the_13th())) {
      // It belongs to both halves of the sentence.
      if (!years_.empty()) years_.insert(0, ", all");
    } else if (months_.single() && years_.size() == std::string_view(" in 2027").size()) {
      years_.erase(1, 3);  // the 1st of January 2027
    }
  }

  /// Nothing about days, months or years.
  [[nodiscard]] bool every_day() const { return rule_ == DayRule::Every && months_.all() && years_.empty(); }

  [[nodiscard]] std::string phrase(bool wants_days) const {
    switch (rule_) {
      case DayRule::Every:
        return (wants_days ? " every day" : "") + months_.in() + years_;
      case DayRule::ByMonth:
        return by_month() + years_;
      case DayRule::ByWeek:
        return by_week();
      case DayRule::Either:
        return by_month() + ", and also " + of_week_.text(months_) + years_;
      case DayRule::Both:
        return both() + years_;
    }
    return "";
  }

 private:
  [[nodiscard]] bool is_friday_the_13th() const { return of_month_.single() && of_week_.single(); }
  [[nodiscard]] std::string by_month() const { return " on " + of_month_.text() + months_.of(); }

  [[nodiscard]] std::string by_week() const {
    if (!of_week_.is_stretch_alone()) return " " + of_week_.text(months_) + years_;
    const std::string when = months_.in() + years_;
    return ", " + of_week_.stretch() + (when.empty() ? "" : "," + when);
  }

  [[nodiscard]] std::string both() const {
    if (is_friday_the_13th()) {
      return " every " + day_name(*of_week_.single()) + " " + the(*of_month_.single()) + months_.in();
    }
    return by_month() + ", but only " + of_week_.condition();
  }

  MonthWords months_;
  MonthDays of_month_;
  WeekDays of_week_;
  DayRule rule_;
  std::string years_;
};

/// "90 seconds", "1 day, 1 hour and 30 minutes", "hour" for one.
std::string length_of(std::chrono::milliseconds value) {
  struct Unit {
    std::int64_t size;
    std::string_view name;
  };
  constexpr std::array<Unit, 5> units{
      {{86'400'000, "day"}, {3'600'000, "hour"}, {60'000, "minute"}, {1'000, "second"}, {1, "millisecond"}}};
  const auto counted = [](std::int64_t count, const Unit& unit) {
    return std::to_string(count) + " " + std::string(unit.name) + (count == 1 ? "" : "s");
  };
  for (std::size_t i = 1; i < units.size(); ++i) {
    const std::int64_t bigger = units[i - 1].size;
    const bool whole = value.count() % units[i].size == 0 && value.count() >= bigger && value.count() < 2 * bigger;
    // One day is 24 hours, whatever the zone does; one hour is an hour.
    if (whole && (value.count() != bigger || i == 1)) return counted(value.count() / units[i].size, units[i]);
  }
  Words words;
  std::int64_t left = value.count();
  for (const Unit& unit : units) {
    if (left >= unit.size) words.push_back(counted(left / unit.size, unit));
    left %= unit.size;
  }
  const std::string text = joined(words);
  if (words.size() == 1 && text.starts_with("1 ")) return text.substr(2);
  return text + (value >= std::chrono::days{1} ? " (a day is 24 hours)" : "");
}

}  // namespace
}  // namespace cron

std::string CronExpression::explain() const {
  using namespace cron;
  const Compiled& compiled = *compiled_;
  if (compiled.reboot) return "Once each time a runner starts.";
  if (compiled.every) return "Every " + length_of(*compiled.every) + ", counted from the schedule's start.";
  const Days days(compiled);
  const TimePhrase time = time_phrase(compiled, days.every_day());
  std::string sentence = time.text + days.phrase(time.wants_days) + ".";
  if (is_impossible()) sentence += " It never fires: there is no such date between 1970 and 2199.";
  return sentence;
}

}  // namespace cloacina
