#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"
#include "cron/matcher.hpp"

namespace cloacina::cron {

enum class FieldId { Second, Minute, Hour, DayOfMonth, Month, DayOfWeek, Year };
inline constexpr std::size_t field_count = 7;

/// What is the same for every expression: a field's name and its values.
struct FieldSpec {
  std::string_view name;
  int first;
  int last;
};
[[nodiscard]] const FieldSpec& spec_of(FieldId field) noexcept;

/// One element of a field's list, as it was meant. Names are numbers by now, and so is what `H` chose.
struct Item {
  enum class Kind {
    Any,             ///< `*` or `?`, with a step `*/n`
    Value,           ///< `first`
    Range,           ///< `first`-`last`, which wraps when first > last
    Last,            ///< day of month: the last day, minus `first`
    NearestWeekday,  ///< day of month: weekday nearest to `first`
    LastWeekday,     ///< day of month: the last Monday to Friday
    NthOfMonth,      ///< day of week: the `last`-th `first` of the month
    LastOfMonth,     ///< day of week: the last `first` of the month
  };
  Kind kind = Kind::Any;
  int first = 0;
  int last = 0;
  int step = 1;          ///< of `Any` and `Range`
  bool stepped = false;  ///< a step was written, be it 1
};

struct Field {
  std::vector<Item> items;
  bool restricted = false;  ///< anything but exactly `*` or `?`
  bool conjunct = false;    ///< day of week: a leading `+`
};

/// Everything about an expression, made once when it is parsed.
struct Compiled {
  std::string text;
  Dialect dialect = Dialect::Ocps;
  bool reboot = false;
  std::optional<std::chrono::milliseconds> every;
  bool has_second = false;
  bool has_year = false;
  bool interval_like = false;
  std::array<Field, field_count> fields;
  Matcher matcher;

  [[nodiscard]] const Field& field(FieldId id) const noexcept { return fields[static_cast<std::size_t>(id)]; }
};

/// Reads one field. `text` is the field; `position` is where it begins in the whole expression, 1-based.
struct FieldInput {
  FieldId field;
  std::string_view text;
  std::size_t position;
  std::string_view whole;
  Dialect dialect;
  std::string_view name;
};
[[nodiscard]] Field parse_field(const FieldInput& input);

/// Calls `use` with each value of an `Any`, `Value` or `Range`; values of the week are 0-6.
template <typename Use>
void for_each_value(const Item& item, FieldId id, const Use& use) {
  const FieldSpec& spec = spec_of(id);
  const bool week = id == FieldId::DayOfWeek;
  const int last = week ? 6 : spec.last;
  const auto emit = [&](int value) { use(week ? value % 7 : value); };
  switch (item.kind) {
    case Item::Kind::Any:
      for (int value = spec.first; value <= last; value += item.step) emit(value);
      break;
    case Item::Kind::Value:
      emit(item.first);
      break;
    case Item::Kind::Range: {
      // A wrap counts on through the end of the field.
      const int size = last - spec.first + 1;
      const int end = item.first > item.last ? item.last + size : item.last;
      for (int value = item.first; value <= end; value += item.step) emit(value > spec.last ? value - size : value);
      break;
    }
    default:
      break;
  }
}

/// The error of an expression: `parse` throws it, `check` takes out the value.
class ExpressionError : public Error {
 public:
  explicit ExpressionError(CronProblem problem)
      : Error(ErrorCode::InvalidArgument, problem.text), problem_(std::make_shared<const CronProblem>(std::move(problem))) {}
  [[nodiscard]] const CronProblem& problem() const noexcept { return *problem_; }

 private:
  std::shared_ptr<const CronProblem> problem_;  // copying an exception may not throw
};

/// `text` in quotes, unprintable bytes as \xNN, long texts shortened.
[[nodiscard]] std::string quoted(std::string_view text);

/// The sets of `compiled.fields`.
[[nodiscard]] Matcher make_matcher(const Compiled& compiled);

}  // namespace cloacina::cron
