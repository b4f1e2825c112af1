#include <algorithm>

#include "cloacina/error.hpp"
#include "cron/fields.hpp"
#include "cron/hash.hpp"

namespace cloacina::cron {

namespace {

constexpr std::array<FieldSpec, field_count> specs{{{"second", 0, 59},
                                                    {"minute", 0, 59},
                                                    {"hour", 0, 23},
                                                    {"day-of-month", 1, 31},
                                                    {"month", 1, 12},
                                                    {"day-of-week", 0, 7},
                                                    {"year", year_first, year_last}}};

constexpr std::array<std::string_view, 12> month_names{"JANUARY", "FEBRUARY", "MARCH",     "APRIL",   "MAY",      "JUNE",
                                                       "JULY",    "AUGUST",   "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
constexpr std::array<std::string_view, 7> day_names{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"};

/// `H` leaves out the days that some months do not have.
constexpr int hashed_day_max = 28;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; }

bool equals_ignoring_case(std::string_view text, std::string_view capitals) {
  return std::equal(text.begin(), text.end(), capitals.begin(), capitals.end(), [](char a, char b) { return upper(a) == b; });
}

std::string number(int value) { return std::to_string(value); }

/// Reads one field from left to right.
class FieldReader {
 public:
  explicit FieldReader(const FieldInput& input) : in_(input), spec_(spec_of(input.field)) {}

  Field read() {
    Field field;
    field.restricted = in_.text != "*" && in_.text != "?";
    if (peek() == '+' && in_.field == FieldId::DayOfWeek) {
      field.conjunct = true;
      ++at_;
      if (peek() == '*' || peek() == '?') {
        fail(0, in_.text, "+ (and) needs days of the week to restrict",
             "write " + std::string(in_.text.substr(1)) + " without the +");
      }
    }
    while (true) {
      item_ = at_;
      field.items.push_back(read_item());
      if (at_ == in_.text.size()) break;
      if (peek() != ',') fail_character();
      ++at_;
    }
    for (const Item& item : field.items) {
      const bool alone = item.kind == Item::Kind::NearestWeekday || item.kind == Item::Kind::LastWeekday;
      if (alone && field.items.size() > 1) fail(0, in_.text, "W takes one day and stands alone in its field", "");
    }
    return field;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < in_.text.size() ? in_.text[at_ + ahead] : '\0'; }
  [[nodiscard]] bool at_item_end() const { return at_ == in_.text.size() || peek() == ','; }
  [[nodiscard]] bool extended() const { return in_.dialect == Dialect::Extended; }
  [[nodiscard]] bool is(FieldId field) const { return in_.field == field; }
  /// The element that is being read, up to its comma.
  [[nodiscard]] std::string_view item_text() const {
    return in_.text.substr(item_, std::min(in_.text.find(',', item_), in_.text.size()) - item_);
  }
  [[nodiscard]] std::string_view from(std::size_t start) const { return in_.text.substr(start, at_ - start); }

  [[noreturn]] void fail(std::size_t offset, std::string_view found, std::string_view problem, const std::string& hint) const {
    std::string text = "cron expression " + quoted(in_.whole) + ": " + std::string(spec_.name) + " field, position " +
                       std::to_string(in_.position + offset) + ": found " + quoted(found) + "; " + std::string(problem);
    if (!hint.empty()) text += "; " + hint;
    throw ExpressionError({std::move(text), std::string(spec_.name), in_.position + offset, found.size()});
  }
  [[noreturn]] void fail_item(std::string_view problem, const std::string& hint = {}) const {
    fail(item_, item_text(), problem, hint);
  }

  [[noreturn]] void fail_character() const {
    const char c = peek();
    const std::string_view found = in_.text.substr(at_, 1);
    if (c == '\0') fail(at_, "", "a value is missing at the end of the field", "write " + range_text() + " or *");
    if (c == ',') fail(at_, found, "a list has an empty element", "leave out the comma");
    if (c == '+') fail(at_, found, "+ stands only before the whole day-of-week field", "");
    if (c == '?') fail(at_, found, "? stands alone, and only in the two day fields", "write *");
    if (c == 'L') fail(at_, found, "L (last) does not belong here", "L is a day of the month; the last Friday is 5L or FRI#L");
    if (c == 'l') fail(at_, found, "L (last) is a capital letter", "write L");
    if (c == 'w') fail(at_, found, "W (weekday) is a capital letter", "write W");
    if (c == 'h') fail(at_, found, "H (hashed) is a capital letter and belongs to the extended dialect", "write H");
    if (c == 'W') fail(at_, found, "W follows a single day of the month", "write for example 15W");
    if (c == '#') fail(at_, found, "# follows a single day of the week", "write for example FRI#2");
    if (c == '/') {
      fail_item("a step follows * or a range", "write for example */5 or " + range_text() + "/5");
    }
    fail(at_, found, "this character does not belong here", "write " + range_text() + " or *");
  }

  [[nodiscard]] std::string range_text() const { return number(spec_.first) + "-" + number(spec_.last); }

  Item read_item() {
    const char c = peek();
    if (c == '*') return read_any();
    if (c == '?') {
      if (!is(FieldId::DayOfMonth) && !is(FieldId::DayOfWeek)) fail_character();
      if (in_.text != "?") fail(0, in_.text, "? stands alone in its field", "write *");
      ++at_;
      return {.kind = Item::Kind::Any};
    }
    if (c == 'H' && !is_letter(peek(1))) return read_hashed();
    if (c == 'L' && is(FieldId::DayOfMonth)) return read_last();
    if (c == 'L' && is(FieldId::DayOfWeek) && !is_letter(peek(1)))
      fail_item("L (last) needs a day here", "write for example SAT#L or 6L for the last Saturday");
    if (is_digit(c) || is_letter(c)) return read_values();
    fail_character();
  }

  Item read_any() {
    ++at_;
    Item item{.kind = Item::Kind::Any, .first = 0, .last = 0};
    if (peek() == '/') read_step(item);
    if (!at_item_end()) fail_character();
    return item;
  }

  void read_step(Item& item) {
    ++at_;
    const std::size_t start = at_;
    if (!is_digit(peek())) {
      if (peek() == '\0' || peek() == ',') fail_item("the step is missing after /", "write for example */5");
      fail_character();
    }
    const int step = read_digits();
    if (step == 0) fail(start, from(start), "a step is at least 1", "");
    if (step > spec_.last) {
      fail(start, from(start), "a step in this field is at most " + number(spec_.last),
           "write " + number(spec_.first) + " to match once");
    }
    item.step = step;
    item.stepped = true;
  }

  int read_digits() {
    const std::size_t start = at_;
    int value = 0;
    while (is_digit(peek())) {
      if (at_ - start == 4) {
        while (is_digit(peek())) ++at_;
        fail(start, from(start), "a number has at most 4 digits", "write " + range_text());
      }
      value = value * 10 + (peek() - '0');
      ++at_;
    }
    return value;
  }

  /// A number or a name. `SUN` is 0.
  int read_value() {
    const std::size_t start = at_;
    if (is_digit(peek())) {
      const int value = read_digits();
      if (value < spec_.first || value > spec_.last) {
        std::string hint = "write " + range_text();
        if (is(FieldId::Hour) && value == 24) hint = "midnight is 0";
        if ((is(FieldId::Minute) || is(FieldId::Second)) && value == 60) hint = "the full minute or hour is 0";
        fail(start, from(start), "the value is out of range", hint);
      }
      return value;
    }
    if (!is_letter(peek())) fail_character();
    while (is_letter(peek())) ++at_;
    const std::string_view word = from(start);
    if (const auto value = named(word)) return *value;
    // FRIL: the L belongs to the name's day, not to the name.
    if (is(FieldId::DayOfWeek) && word.back() == 'L') {
      if (const auto value = named(word.substr(0, word.size() - 1))) {
        --at_;
        return *value;
      }
    }
    return fail_word(start, word);
  }

  [[nodiscard]] std::optional<int> named(std::string_view word) const {
    const auto look = [&](const auto& names, int first) -> std::optional<int> {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (equals_ignoring_case(word, names[i].substr(0, 3)) || (extended() && equals_ignoring_case(word, names[i]))) {
          return static_cast<int>(i) + first;
        }
      }
      return std::nullopt;
    };
    if (is(FieldId::Month)) return look(month_names, 1);
    if (is(FieldId::DayOfWeek)) return look(day_names, 0);
    return std::nullopt;
  }

  [[noreturn]] int fail_word(std::size_t start, std::string_view word) const {
    if (word == "W" || word == "w" || word == "l" || word == "h" || word == "L") {
      FieldReader here = *this;
      here.at_ = start;
      here.fail_character();
    }
    const auto full = [&](const auto& names) {
      for (const auto name : names) {
        if (equals_ignoring_case(word, name)) {
          fail(start, word, "full names belong to the extended dialect", "write " + std::string(name.substr(0, 3)));
        }
      }
    };
    if (is(FieldId::Month)) {
      full(month_names);
      fail(start, word, "this is no month", "write 1-12 or JAN-DEC");
    }
    if (is(FieldId::DayOfWeek)) {
      full(day_names);
      fail(start, word, "this is no day of the week", "write 0-7 or SUN-SAT");
    }
    fail(start, word, "names belong into the month and day-of-week fields", "write " + range_text());
  }

  Item read_values() {
    const std::size_t start = at_;
    const int first = read_value();
    const bool by_name = !is_digit(in_.text[start]);
    switch (at_item_end() ? '\0' : peek()) {
      case '\0':
        return {.kind = Item::Kind::Value, .first = first};
      case '-':
        return read_range(first);
      case '/':
        return read_open_step(first, from(start));
      case '#':
        if (is(FieldId::DayOfWeek)) return read_nth(first);
        break;
      case 'L':
        if (is(FieldId::DayOfWeek)) {
          if (by_name && !extended())
            fail_item("a name with L belongs to the extended dialect", "write " + std::string(from(start)) + "#L");
          ++at_;
          if (!at_item_end()) fail_character();
          return {.kind = Item::Kind::LastOfMonth, .first = first % 7};
        }
        break;
      case 'W':
        if (is(FieldId::DayOfMonth)) {
          ++at_;
          if (!at_item_end()) fail_character();
          return {.kind = Item::Kind::NearestWeekday, .first = first};
        }
        break;
      default:
        break;
    }
    fail_character();
  }

  Item read_range(int first) {
    ++at_;
    const std::size_t start = at_;
    if (at_item_end())
      fail_item("the end of the range is missing", "write for example " + number(first) + "-" + number(spec_.last));
    int last = read_value();
    // The spelling at the end of a range: FRI-SUN runs to the end of the week.
    if (is(FieldId::DayOfWeek) && last == 0 && is_letter(in_.text[start])) last = 7;
    if (first > last) {
      if (is(FieldId::Year)) fail_item("years do not wrap", "write " + number(last) + "-" + number(first));
      if (!extended()) {
        fail_item("a range runs from the smaller to the larger value",
                  is(FieldId::DayOfWeek) && last == 0
                      ? "write " + number(first) + "-7"
                      : "write " + number(first) + "-" + number(is(FieldId::DayOfWeek) ? 6 : spec_.last) + "," +
                            number(spec_.first) + "-" + number(last) + ", or use the extended dialect");
      }
      if (is(FieldId::DayOfWeek)) first %= 7;
    }
    Item item{.kind = Item::Kind::Range, .first = first, .last = last};
    if (peek() == '/') read_step(item);
    if (peek() == 'W' && is(FieldId::DayOfMonth)) fail_item("W takes a single day, not a range", "write " + number(last) + "W");
    if (peek() == '#') fail_item("# takes a single day of the week, not a range", "write for example FRI#2");
    if (peek() == 'L') fail_item("L takes a single day of the week, not a range", "write for example FRI#L");
    if (!at_item_end()) fail_character();
    return item;
  }

  /// `a/n`: from a to the field's maximum.
  Item read_open_step(int first, std::string_view spelling) {
    const int last = is(FieldId::DayOfWeek) ? 6 : spec_.last;
    Item item{.kind = Item::Kind::Range, .first = is(FieldId::DayOfWeek) ? first % 7 : first, .last = last};
    read_step(item);
    if (!at_item_end()) fail_character();
    if (!extended()) {
      std::string hint = "write " + std::string(spelling) + "-" + number(last) + "/" + number(item.step);
      if (first == spec_.first) hint += " or */" + number(item.step);
      fail_item("a step follows * or a range", hint + ", or use the extended dialect");
    }
    return item;
  }

  Item read_nth(int day) {
    ++at_;
    const std::size_t start = at_;
    if (peek() == 'L') {
      ++at_;
      if (!at_item_end()) fail_character();
      return {.kind = Item::Kind::LastOfMonth, .first = day % 7};
    }
    if (!is_digit(peek())) {
      if (peek() == 'l') fail_character();
      fail_item("# needs a number from 1 to 5, or L for the last", "write for example FRI#2 or FRI#L");
    }
    const int nth = read_digits();
    if (nth < 1 || nth > 5) fail(start, from(start), "a month has the 1st to the 5th of a weekday", "write 1-5, or L for the last");
    if (!at_item_end()) fail_character();
    return {.kind = Item::Kind::NthOfMonth, .first = day % 7, .last = nth};
  }

  Item read_last() {
    ++at_;
    if (at_item_end()) return {.kind = Item::Kind::Last};
    if (peek() == 'W') {
      if (!extended()) fail_item("LW (last weekday) belongs to the extended dialect");
      ++at_;
      if (!at_item_end()) fail_character();
      return {.kind = Item::Kind::LastWeekday};
    }
    if (peek() != '-') fail_character();
    if (!extended()) fail_item("L-n (days before the last) belongs to the extended dialect");
    ++at_;
    const std::size_t start = at_;
    if (!is_digit(peek())) fail_item("L- needs a number of days", "write for example L-3");
    const int days = read_digits();
    if (days < 1 || days > 30) fail(start, from(start), "a month has 1 to 30 days before its last", "write L-1 to L-30");
    if (peek() == 'W') fail_item("L-n and W cannot be combined", "write L-" + number(days) + " or LW");
    if (!at_item_end()) fail_character();
    return {.kind = Item::Kind::Last, .first = days};
  }

  /// `H`, `H(a-b)`, `H/n`, `H(a-b)/n`.
  Item read_hashed() {
    if (!extended()) fail_item("H (hashed) belongs to the extended dialect");
    if (is(FieldId::Year)) fail_item("H does not choose a year", "write a year or *");
    ++at_;
    int low = spec_.first;
    int high = is(FieldId::DayOfMonth) ? hashed_day_max : is(FieldId::DayOfWeek) ? 6 : spec_.last;
    if (peek() == '(') {
      ++at_;
      if (at_item_end()) fail_item("H( needs a range", "write H(a-b)");
      low = read_value();
      if (peek() != '-') fail_item("H( needs a range", "write H(a-b)");
      ++at_;
      const std::size_t start = at_;
      if (at_item_end()) fail_item("H( needs a range", "write H(a-b)");
      high = read_value();
      if (is(FieldId::DayOfWeek) && high == 0 && is_letter(in_.text[start])) high = 7;
      if (low > high)
        fail_item("a range of H runs from the smaller to the larger value", "write H(" + number(high) + "-" + number(low) + ")");
      if (peek() != ')') fail_item("H( needs its closing parenthesis", "write H(" + number(low) + "-" + number(high) + ")");
      ++at_;
    }
    const int size = high - low + 1;
    const std::uint64_t hash = hash_of(in_.name, static_cast<unsigned char>(in_.field));
    if (peek() == '/') {
      Item item{.kind = Item::Kind::Range, .last = high};
      read_step(item);
      if (!at_item_end()) fail_character();
      item.first = low + static_cast<int>(hash % static_cast<std::uint64_t>(std::min(item.step, size)));
      return item;
    }
    if (!at_item_end()) fail_character();
    return {.kind = Item::Kind::Value, .first = low + static_cast<int>(hash % static_cast<std::uint64_t>(size))};
  }

  const FieldInput& in_;
  const FieldSpec& spec_;
  std::size_t at_ = 0;
  std::size_t item_ = 0;
};

}  // namespace

const FieldSpec& spec_of(FieldId field) noexcept { return specs[static_cast<std::size_t>(field)]; }

Field parse_field(const FieldInput& input) { return FieldReader(input).read(); }

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  constexpr char hex[] = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte <= '~') {
      result += c;
      continue;
    }
    result += "\\x";
    result += hex[byte >> 4];
    result += hex[byte & 15];
  }
  return result + (text.size() > shown_max ? "…'" : "'");
}

}  // namespace cloacina::cron
