#include <algorithm>
#include <optional>

#include "cloacina/error.hpp"
#include "cron/tzif.hpp"

namespace cloacina::cron {

namespace {

/// When the clock is changed in a year.
struct ChangeDate {
  enum class Kind { MonthWeekDay, JulianWithoutLeapDay, DayOfYear };
  Kind kind = Kind::MonthWeekDay;
  int month = 0;
  int week = 0;
  int day = 0;
  std::int64_t time = 2 * 3600;  ///< seconds after local midnight; may be negative or more than a day

  /// Local seconds of the change in `year`, by the clock before it.
  [[nodiscard]] LocalSecond in(int year) const {
    const std::int64_t new_year = day_number({year, 1, 1});
    switch (kind) {
      case Kind::JulianWithoutLeapDay:  // 1-365; 29 February is never counted
        return (new_year + day - 1 + (is_leap(year) && day >= 60 ? 1 : 0)) * day_seconds + time;
      case Kind::DayOfYear:  // 0-365
        return (new_year + day) * day_seconds + time;
      case Kind::MonthWeekDay:
        break;
    }
    const std::int64_t first = day_number({year, month, 1});
    int date = 1 + (day - static_cast<int>(((first + 4) % 7 + 7) % 7) + 7) % 7 + (week - 1) * 7;
    while (date > month_length(month, is_leap(year))) date -= 7;
    return (first + date - 1) * day_seconds + time;
  }
};

/// Reads `CET-1CEST,M3.5.0,M10.5.0/3` and its relatives; see RFC 9636, section 3.3.1.
class RuleReader {
 public:
  RuleReader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  struct Rule {
    std::int32_t standard = 0;
    std::optional<std::int32_t> daylight;
    ChangeDate to_daylight;
    ChangeDate to_standard;
  };

  Rule read() {
    Rule rule;
    read_abbreviation();
    rule.standard = -read_time();
    if (at_ == text_.size()) return rule;
    read_abbreviation();
    rule.daylight = peek() == ',' ? rule.standard + 3600 : -read_time();
    rule.to_daylight = read_date();
    rule.to_standard = read_date();
    if (at_ != text_.size()) bad();
    return rule;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[noreturn]] void bad() const {
    throw Error(ErrorCode::Corrupt, "time zone '" + std::string(name_) + "': its file is damaged: its footer '" +
                                        std::string(text_) + "' is no POSIX rule");
  }
  void expect(char c) {
    if (peek() != c) bad();
    ++at_;
  }
  void read_abbreviation() {
    const std::size_t start = at_;
    if (peek() == '<') {
      at_ = std::min(text_.find('>', at_), text_.size());
      expect('>');
      return;
    }
    while ((peek() >= 'a' && peek() <= 'z') || (peek() >= 'A' && peek() <= 'Z')) ++at_;
    if (at_ == start) bad();
  }
  int read_number(int low, int high) {
    if (peek() < '0' || peek() > '9') bad();
    int value = 0;
    while (peek() >= '0' && peek() <= '9' && value <= high) value = value * 10 + (text_[at_++] - '0');
    if (value < low || value > high) bad();
    return value;
  }
  /// [+-]hh[:mm[:ss]]; up to 167 hours, as version 3 allows.
  std::int32_t read_time() {
    const bool negative = peek() == '-';
    if (peek() == '-' || peek() == '+') ++at_;
    int seconds = read_number(0, 167) * 3600;
    for (const int unit : {60, 1}) {
      if (peek() != ':') break;
      ++at_;
      seconds += read_number(0, 59) * unit;
    }
    return negative ? -seconds : seconds;
  }
  ChangeDate read_date() {
    expect(',');
    ChangeDate date;
    if (peek() == 'M') {
      ++at_;
      date.month = read_number(1, 12);
      expect('.');
      date.week = read_number(1, 5);
      expect('.');
      date.day = read_number(0, 6);
    } else if (peek() == 'J') {
      ++at_;
      date.kind = ChangeDate::Kind::JulianWithoutLeapDay;
      date.day = read_number(1, 365);
    } else {
      date.kind = ChangeDate::Kind::DayOfYear;
      date.day = read_number(0, 365);
    }
    if (peek() == '/') {
      ++at_;
      date.time = read_time();
    }
    return date;
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
};

}  // namespace

void append_posix_rule(Offsets& offsets, std::string_view text, std::string_view name) {
  const auto rule = RuleReader(text, name).read();
  offsets.back().offset = rule.standard;
  if (!rule.daylight) return;
  Offsets changes;
  for (int year = year_first - 2; year <= year_last + 2; ++year) {
    changes.push_back({rule.to_daylight.in(year)-rule.standard, *rule.daylight});
    changes.push_back({rule.to_standard.in(year) - *rule.daylight, rule.standard});
  }
  // Stable: all-year daylight time is written as an end and a beginning at the same instant, and the beginning comes a year later.
  std::stable_sort(changes.begin(), changes.end(), [](const Transition& a, const Transition& b) { return a.begin < b.begin; });
  for (const Transition& change : changes) {
    if (offsets.back().begin == change.begin) {
      offsets.back() = change;
    } else {
      offsets.push_back(change);
    }
  }
}

}  // namespace cloacina::cron
