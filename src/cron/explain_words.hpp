#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cron/fields.hpp"

/// Sets of values in English.
namespace cloacina::cron {

using Words = std::vector<std::string>;

/// "1st", "22nd", "13th".
[[nodiscard]] std::string ordinal(int value);
/// "a", "a and b", "a, b and c".
[[nodiscard]] std::string joined(const Words& words, std::string_view last_link = " and ");

/// The values of a field, however they were written: sorted, without repetition.
class Values {
 public:
  /// All of them, the week from Monday (1) to Sunday (7).
  Values(const Compiled& compiled, FieldId id);
  explicit Values(std::vector<int> values) : values_(std::move(values)) {}

  [[nodiscard]] const std::vector<int>& list() const noexcept { return values_; }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] int first() const { return values_.front(); }
  [[nodiscard]] int last() const { return values_.back(); }
  [[nodiscard]] bool single() const noexcept { return values_.size() == 1; }
  [[nodiscard]] bool is(int value) const { return single() && first() == value; }
  /// One after the other.
  [[nodiscard]] bool contiguous() const { return !empty() && last() - first() + 1 == static_cast<int>(size()); }
  /// The distance between neighbours, when there are three or more and it is always the same.
  [[nodiscard]] std::optional<int> step() const;

  /// Stretches of neighbours; two neighbours are two stretches, as one says "1 and 2" and "1 to 3".
  [[nodiscard]] std::vector<std::pair<int, int>> stretches() const;
  /// "0 to 3, 7 and 9": as words, each value through `name`.
  template <typename Name>
  [[nodiscard]] Words words(const Name& name) const {
    Words result;
    for (const auto& [from, to] : stretches()) result.push_back(from == to ? name(from) : name(from) + " to " + name(to));
    return result;
  }

 private:
  std::vector<int> values_;
};

/// When on a day: "At 02:00", "Every 15 minutes from 09:00 to 17:45".
struct TimePhrase {
  std::string text;
  bool wants_days = false;  ///< "every day" belongs after it when there is nothing else to say
};
[[nodiscard]] TimePhrase time_phrase(const Compiled& compiled, bool every_day);

}  // namespace cloacina::cron
