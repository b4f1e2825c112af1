#include "cron/oracle.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

namespace oracle {

namespace {

enum { Second, Minute, Hour, Dom, Month, Dow, Year };

struct Limits {
  int low, high;
};
constexpr Limits limits[] = {{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}, {1970, 2199}};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, by);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

int value_of(std::string text) {
  static const std::map<std::string, int> names{
      {"JAN", 1},  {"FEB", 2},  {"MAR", 3}, {"APR", 4}, {"MAY", 5}, {"JUN", 6}, {"JUL", 7}, {"AUG", 8}, {"SEP", 9}, {"OCT", 10},
      {"NOV", 11}, {"DEC", 12}, {"SUN", 0}, {"MON", 1}, {"TUE", 2}, {"WED", 3}, {"THU", 4}, {"FRI", 5}, {"SAT", 6}};
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  const auto name = names.find(text.substr(0, 3));
  return name != names.end() ? name->second : std::stoi(text);
}

/// `*`, `a`, `a-b`, with `/n`: walks from the beginning as the text says and looks whether it meets `value`.
bool element_has(const std::string& element, int field, int value) {
  const Limits limit = limits[field];
  const auto slash = element.find('/');
  const int step = slash == std::string::npos ? 1 : std::stoi(element.substr(slash + 1));
  const std::string range = element.substr(0, slash);
  int from = limit.low;
  int to = limit.high;
  if (range != "*" && range != "?") {
    const auto dash = range.find('-');
    from = value_of(range.substr(0, dash));
    if (dash != std::string::npos) {
      const std::string end = range.substr(dash + 1);
      to = value_of(end);
      if (field == Dow && to == 0 && std::isalpha(end[0]) != 0) to = 7;
    } else if (slash == std::string::npos) {
      to = from;
    } else if (field == Dow) {
      from %= 7;
    }
  }
  if (from > to && field == Dow) from %= 7;
  const int week = field == Dow ? 7 : 0;
  int shown = from;
  for (int walked = 0, count = from <= to ? to - from : limit.high - limit.low + 1 - (from - to); walked <= count; ++walked) {
    if (walked % step == 0 && (week != 0 ? shown % week : shown) == value) return true;
    ++shown;
    if (from > to && shown > limit.high) shown = limit.low;
  }
  return false;
}

bool field_has(const std::string& text, int field, int value) {
  for (const auto& element : split(text, ',')) {
    if (element_has(element, field, value)) return true;
  }
  return false;
}

std::vector<char> table(const std::string& text, int field) {
  std::vector<char> result;
  for (int value = 0; value <= limits[field].high; ++value) {
    result.push_back(value >= limits[field].low && field_has(text, field, value) ? 1 : 0);
  }
  return result;
}

/// 0 = Sunday; Zeller's congruence.
int weekday(int year, int month, int day) {
  if (month < 3) {
    month += 12;
    --year;
  }
  return (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400 + 6) % 7;
}

bool works(int year, int month, int day) {
  const int name = weekday(year, month, day);
  return name != 0 && name != 6;
}

}  // namespace

int days_in_month(int year, int month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

Expression::Expression(const std::string& text) {
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), '\t', ' ');
  fields_ = split(spaced, ' ');
  if (fields_.size() == 5) fields_.insert(fields_.begin(), "0");
  if (fields_.size() == 6) fields_.emplace_back("*");
  if (fields_[Dow][0] == '+') {
    conjunct_ = true;
    fields_[Dow].erase(0, 1);
  }
  years_ = table(fields_[Year], Year);
  months_ = table(fields_[Month], Month);
  hours_ = table(fields_[Hour], Hour);
  minutes_ = table(fields_[Minute], Minute);
  seconds_ = table(fields_[Second], Second);
}

bool Expression::is_interval_like() const {
  return (fields_[Second] + fields_[Minute] + fields_[Hour]).find_first_of("*-/") != std::string::npos;
}

bool Expression::matches_time(int hour, int minute, int second) const {
  return hours_[static_cast<std::size_t>(hour)] != 0 && minutes_[static_cast<std::size_t>(minute)] != 0 &&
         seconds_[static_cast<std::size_t>(second)] != 0;
}

bool Expression::day_of_month(int year, int month, int day) const {
  const int last = days_in_month(year, month);
  for (const auto& element : split(fields_[Dom], ',')) {
    if (element == "L") {
      if (day == last) return true;
    } else if (element == "LW") {
      int wanted = last;
      while (!works(year, month, wanted)) --wanted;
      if (day == wanted) return true;
    } else if (element[0] == 'L') {
      if (day == last - std::stoi(element.substr(2))) return true;
    } else if (element.back() == 'W') {
      const int wanted = std::stoi(element);
      if (wanted > last) continue;
      for (const int shift : {0, -1, 1, -2, 2}) {
        const int candidate = wanted + shift;
        if (candidate < 1 || candidate > last || !works(year, month, candidate)) continue;
        if (candidate == day) return true;
        break;
      }
    } else if (element_has(element, Dom, day)) {
      return true;
    }
  }
  return false;
}

bool Expression::day_of_week(int year, int month, int day, int name) const {
  for (const auto& element : split(fields_[Dow], ',')) {
    const auto hash = element.find('#');
    const bool last = element.back() == 'L' && element.find('-') == std::string::npos;
    if (hash == std::string::npos && !last) {
      if (element_has(element, Dow, name)) return true;
      continue;
    }
    if (value_of(element.substr(0, hash == std::string::npos ? element.size() - 1 : hash)) % 7 != name) continue;
    if (last) {
      if (day + 7 > days_in_month(year, month)) return true;
      continue;
    }
    int seen = 0;
    for (int earlier = day; earlier >= 1; earlier -= 7) ++seen;
    if (seen == std::stoi(element.substr(hash + 1))) return true;
  }
  return false;
}

bool Expression::matches_date(int year, int month, int day, int name) const {
  if (year < 1970 || year > 2199) return false;
  if (years_[static_cast<std::size_t>(year)] == 0 || months_[static_cast<std::size_t>(month)] == 0) return false;
  const auto open = [](const std::string& text) { return text == "*" || text == "?"; };
  const bool by_month = day_of_month(year, month, day);
  const bool by_week = day_of_week(year, month, day, name);
  if (open(fields_[Dom])) return by_week;
  if (open(fields_[Dow])) return by_month;
  return conjunct_ ? by_month && by_week : by_month || by_week;
}

Clock::Clock(const std::string& zone, std::time_t from, std::time_t to) {
  ::setenv("TZ", (":" + zone).c_str(), 1);
  ::tzset();
  std::map<std::int64_t, int> passes;
  for (std::time_t at = from; at < to; ++at) {
    std::tm shown{};
    ::localtime_r(&at, &shown);
    const std::int64_t label = at + shown.tm_gmtoff;
    if (!seconds_.empty() && label > seconds_.back().label + 1) {
      for (std::int64_t skipped = seconds_.back().label + 1; skipped < label; ++skipped) {
        std::tm never{};
        const std::time_t as_utc = skipped;
        ::gmtime_r(&as_utc, &never);
        missing_.push_back({skipped, at, seconds_.back().label, never});
      }
    }
    seconds_.push_back({at, label, passes[label]++, 0, shown});
  }
  for (Second& second : seconds_) second.passes = passes[second.label];
  // Jumped over here, but shown at another moment after all.
  std::erase_if(missing_, [&](const Missing& missing) { return passes.count(missing.label) != 0; });
}

Clock::Matched Clock::matched(const Expression& expression) const {
  std::map<std::tuple<int, int, int>, bool> dates;
  const auto matches = [&](const std::tm& shown) {
    if (!expression.matches_time(shown.tm_hour, shown.tm_min, shown.tm_sec)) return false;
    const auto [date, is_new] = dates.try_emplace({shown.tm_year, shown.tm_mon, shown.tm_mday}, false);
    if (is_new) date->second = expression.matches_date(shown.tm_year + 1900, shown.tm_mon + 1, shown.tm_mday, shown.tm_wday);
    return date->second;
  };
  Matched result{.interval = expression.is_interval_like(), .seconds = {}, .missing = {}};
  for (const Second& second : seconds_) {
    if (matches(second.shown)) result.seconds.push_back(second);
  }
  for (const Missing& missing : missing_) {
    if (matches(missing.shown)) result.missing.push_back(missing);
  }
  return result;
}

std::vector<std::time_t> Clock::Matched::occurrences(cloacina::GapPolicy gap, cloacina::OverlapPolicy overlap) const {
  using cloacina::GapPolicy;
  using cloacina::OverlapPolicy;
  std::set<std::time_t> result;
  for (const Second& second : seconds) {
    const bool first = second.pass == 0;
    const bool last = second.pass == second.passes - 1;
    if (overlap == OverlapPolicy::First && !first) continue;
    if (overlap == OverlapPolicy::Second && !last) continue;
    if (overlap == OverlapPolicy::Automatic && !interval && !first) continue;
    result.insert(second.at);
  }
  for (const Missing& never : missing) {
    if (interval || gap == GapPolicy::Skip) continue;
    result.insert(gap == GapPolicy::NextValid ? never.jump : never.jump + (never.label - never.last_before - 1));
  }
  return {result.begin(), result.end()};
}

std::uint32_t seed(std::uint32_t fixed) {
  const char* value = std::getenv("CLOACINA_TEST_SEED");
  return value == nullptr ? fixed : fixed * 2'654'435'761U + static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
}

bool soak() {
  const char* value = std::getenv("CLOACINA_SOAK");
  return value != nullptr && std::string(value) == "1";
}

namespace {

int pick(std::mt19937& random, int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }
bool chance(std::mt19937& random, int percent) { return pick(random, 1, 100) <= percent; }

std::string plain_element(std::mt19937& random, int field) {
  static const char* const months[] = {"JAN", "Feb", "mar", "APR", "May", "jun", "JUL", "Aug", "sep", "OCT", "Nov", "dec"};
  static const char* const days[] = {"SUN", "Mon", "tue", "WED", "Thu", "fri", "SAT"};
  const Limits limit = field == Dow ? Limits{0, 7} : limits[field];
  const auto value = [&](int number) {
    if (field == Month && chance(random, 30)) return std::string(months[number - 1]);
    if (field == Dow && chance(random, 30)) return std::string(days[number % 7]);
    return std::to_string(number);
  };
  const auto step = [&] { return "/" + std::to_string(pick(random, 1, std::min(limit.high, field == Year ? 60 : limit.high))); };
  switch (pick(random, 0, 5)) {
    case 0:
      return "*" + step();
    case 1:
      return value(pick(random, limit.low, limit.high)) + step();
    case 2: {
      int from = pick(random, limit.low, limit.high);
      int to = pick(random, limit.low, limit.high);
      if (field == Year && from > to) std::swap(from, to);
      return value(from) + "-" + value(to) + (chance(random, 30) ? step() : "");
    }
    default:
      return value(pick(random, limit.low, limit.high));
  }
}

std::string plain_field(std::mt19937& random, int field, int open_percent) {
  if (chance(random, open_percent)) return "*";
  std::string text = plain_element(random, field);
  while (chance(random, 30)) text += "," + plain_element(random, field);
  return text;
}

std::string dom_field(std::mt19937& random) {
  if (chance(random, 50)) return chance(random, 20) ? "?" : "*";
  if (chance(random, 15)) return std::to_string(pick(random, 1, 31)) + "W";
  if (chance(random, 8)) return "LW";
  std::string text;
  do {
    if (!text.empty()) text += ",";
    text += chance(random, 15) ? "L" : chance(random, 15) ? "L-" + std::to_string(pick(random, 1, 30)) : plain_element(random, Dom);
  } while (chance(random, 30));
  return text;
}

std::string dow_field(std::mt19937& random) {
  if (chance(random, 50)) return chance(random, 20) ? "?" : "*";
  std::string text;
  do {
    if (!text.empty()) text += ",";
    const std::string day = std::to_string(pick(random, 0, 7));
    text += chance(random, 20)   ? day + "#" + std::to_string(pick(random, 1, 5))
            : chance(random, 20) ? day + (chance(random, 50) ? "#L" : "L")
                                 : plain_element(random, Dow);
  } while (chance(random, 30));
  return (chance(random, 30) && text[0] != '*' ? "+" : "") + text;
}

std::string date_fields(std::mt19937& random) {
  return dom_field(random) + " " + plain_field(random, Month, 65) + " " + dow_field(random);
}

}  // namespace

std::string random_expression(std::mt19937& random) {
  std::string text = plain_field(random, Minute, 20) + " " + plain_field(random, Hour, 30) + " " + date_fields(random);
  if (chance(random, 50)) {
    text = plain_field(random, Second, 15) + " " + text;
    if (chance(random, 40)) text += " " + plain_field(random, Year, 30);
  }
  return text;
}

std::string random_expression_near(std::mt19937& random, std::int64_t label) {
  const std::time_t shown = label + pick(random, -5400, 5400);
  std::tm time{};
  ::gmtime_r(&shown, &time);
  std::string second = std::to_string(time.tm_sec);
  std::string minute = std::to_string(time.tm_min);
  std::string hour = std::to_string(time.tm_hour);
  for (std::string* field : {&second, &minute, &hour}) {
    const int limit = field == &hour ? 23 : 59;
    if (chance(random, 20)) *field += "," + std::to_string(pick(random, 0, limit));
    if (chance(random, 12)) *field += "-" + *field;
    if (chance(random, 10)) *field = "*";
    if (chance(random, 10)) *field = "*/" + std::to_string(pick(random, 1, limit));
    if (field->find(',') != std::string::npos && field->find('-') != std::string::npos)
      *field = std::to_string(pick(random, 0, limit));
  }
  if (chance(random, 20)) second = "0";
  std::string date = chance(random, 50) ? "* * *" : date_fields(random);
  if (chance(random, 20)) date = std::to_string(time.tm_mday) + " " + std::to_string(time.tm_mon + 1) + " *";
  return second + " " + minute + " " + hour + " " + date;
}

const std::vector<std::string>& nasty_expressions() {
  static const std::vector<std::string> list{"* * * * * *",
                                             "* * * * *",
                                             "0 * * * *",
                                             "30 2 * * *",
                                             "0 2 * * *",
                                             "0 0 * * *",
                                             "0 3 * * *",
                                             "59 23 * * *",
                                             "30 0 * * *",
                                             "*/15 * * * *",
                                             "0 */2 * * *",
                                             "30-30 2 * * *",
                                             "0,15,30,45 1,2,3 * * *",
                                             "0 30 2 * * 0",
                                             "0 0 0 L * *",
                                             "30 1 * * SUN#L",
                                             "15 0-3 * * *",
                                             "0,30 0 * * *",
                                             "1 0 0 30 12 *",
                                             "0 0 12 30 12 *",
                                             "0 0 23,0,1,2,3 * * *",
                                             "59 59 * * * *",
                                             "0 0 2 29 2 *",
                                             "30 2 25-31 3 +SUN",
                                             "45 1 * * *",
                                             "0 1 * * *",
                                             "15 2 * * *",
                                             "5 2 1-7 4,10 +0",
                                             "0 30 23 * * *",
                                             "0,1,2,3,4,5 0,30 0,1,2,3 * * *"};
  return list;
}

}  // namespace oracle
