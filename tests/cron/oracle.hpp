#pragma once

#include <cstdint>
#include <ctime>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "cloacina/cron.hpp"

/// A second implementation of cron.md, written to be obviously right and slow: it walks every second and asks the C library what
/// the clock shows. It shares no code with the search: no sets of bits, no TZif reader, no calendar arithmetic.
namespace oracle {

/// An expression as texts; each question is answered by reading the texts again.
class Expression {
 public:
  explicit Expression(const std::string& text);

  [[nodiscard]] bool matches_date(int year, int month, int day, int weekday) const;
  [[nodiscard]] bool matches_time(int hour, int minute, int second) const;
  [[nodiscard]] bool is_interval_like() const;

 private:
  [[nodiscard]] bool day_of_month(int year, int month, int day) const;
  [[nodiscard]] bool day_of_week(int year, int month, int day, int weekday) const;

  std::vector<std::string> fields_;  // always seven
  bool conjunct_ = false;
  std::vector<char> years_, months_, hours_, minutes_, seconds_;
};

/// The wall clock of a zone over a span of UTC, second by second.
class Clock {
 public:
  /// Sets the TZ of this process.
  Clock(const std::string& zone, std::time_t from, std::time_t to);

  struct Second {
    std::time_t at;
    std::int64_t label;  // what the clock shows, as seconds since 1970 of that clock
    int pass;            // which time it shows it
    int passes;
    std::tm shown;
  };
  struct Missing {
    std::int64_t label;
    std::time_t jump;  // the instant at which the clock jumped over it
    std::int64_t last_before;
    std::tm shown;
  };
  /// What of the clock satisfies an expression.
  struct Matched {
    bool interval = false;
    std::vector<Second> seconds;
    std::vector<Missing> missing;

    /// Every instant at which the rule fires.
    [[nodiscard]] std::vector<std::time_t> occurrences(cloacina::GapPolicy gap, cloacina::OverlapPolicy overlap) const;
  };
  [[nodiscard]] Matched matched(const Expression& expression) const;

 private:
  std::vector<Second> seconds_;
  std::vector<Missing> missing_;
};

int days_in_month(int year, int month);

/// A random expression of the extended dialect; without `H`, nicknames and impossible syntax.
std::string random_expression(std::mt19937& random);
/// One whose times lie near what the clock of `zone` shows around `at`.
std::string random_expression_near(std::mt19937& random, std::int64_t label);

/// Expressions worth asking everywhere.
const std::vector<std::string>& nasty_expressions();

/// The whole of a test that is otherwise a sample: environment variable CLOACINA_SOAK=1.
bool soak();

/// `fixed`, or another for each value of the environment variable CLOACINA_TEST_SEED.
std::uint32_t seed(std::uint32_t fixed);

}  // namespace oracle
