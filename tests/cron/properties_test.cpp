#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cloacina/cron.hpp"
#include "cron/oracle.hpp"

namespace cloacina {
namespace {

using std::chrono::microseconds;
constexpr microseconds tick{1};

const std::vector<TimeZone>& zones() {
  static const std::vector<TimeZone> list = [] {
    const auto database = ZoneDatabase::system();
    std::vector<TimeZone> loaded;
    for (const char* name :
         {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "America/Havana",
          "Africa/Casablanca", "Asia/Gaza", "Africa/Monrovia", "Asia/Kolkata", "America/Nuuk"}) {
      loaded.push_back(database.zone(name));
    }
    return loaded;
  }();
  return list;
}

CronRule any_rule() {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  return {.expression = CronExpression::parse(oracle::random_expression(random), Dialect::Extended),
          .zone = *rc::gen::elementOf(zones()),
          .gap = static_cast<GapPolicy>(*rc::gen::inRange(0, 3)),
          .overlap = static_cast<OverlapPolicy>(*rc::gen::inRange(0, 4))};
}

Timestamp any_instant() {
  return Timestamp{
      microseconds{*rc::gen::inRange<std::int64_t>(-10'000'000, 7'259'000'000) * 1'000'000 + *rc::gen::inRange(0, 1'000'000)}};
}

RC_GTEST_PROP(Properties, NextIsStrictlyLaterAndPreviousOfItIsWhereWeCameFrom, ()) {
  const CronRule rule = any_rule();
  const Timestamp at = any_instant();
  const auto next = rule.next(at);
  if (!next) {
    RC_ASSERT(rule.previous(Timestamp::max()).value_or(Timestamp::min()) <= at);
    return;
  }
  RC_ASSERT(*next > at);
  RC_ASSERT(rule.previous(*next + tick) == next);
  const auto before = rule.previous(*next);
  RC_ASSERT(!before || *before <= at);
  if (before) RC_ASSERT(rule.next(*before) == next);
}

RC_GTEST_PROP(Properties, NoInstantComesTwiceOrOutOfOrder, ()) {
  const CronRule rule = any_rule();
  Timestamp at = any_instant();
  for (int i = 0; i < 100; ++i) {
    const auto next = rule.next(at);
    if (!next) return;
    RC_ASSERT(*next > at);
    at = *next;
  }
}

RC_GTEST_PROP(Properties, LaterQuestionsHaveLaterAnswers, ()) {
  const CronRule rule = any_rule();
  Timestamp a = any_instant();
  Timestamp b = a + microseconds{*rc::gen::inRange<std::int64_t>(0, 400'000'000'000)};
  const auto after_a = rule.next(a);
  const auto after_b = rule.next(b);
  RC_ASSERT(after_a || !after_b);
  if (after_a && after_b) RC_ASSERT(*after_a <= *after_b);
  if (after_a && *after_a > b) RC_ASSERT(after_a == after_b);
}

RC_GTEST_PROP(Properties, SubSecondsDoNotMatter, ()) {
  const CronRule rule = any_rule();
  const auto whole = std::chrono::floor<std::chrono::seconds>(any_instant());
  const Timestamp fraction = whole + microseconds{*rc::gen::inRange(0, 1'000'000)};
  RC_ASSERT(rule.next(whole) == rule.next(fraction));
}

RC_GTEST_PROP(Properties, ASplitIntervalHasTheSameOccurrences, ()) {
  const CronRule rule = any_rule();
  const Timestamp from = any_instant();
  const Timestamp to = from + microseconds{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)};
  const Timestamp middle = from + microseconds{*rc::gen::inRange<std::int64_t>(0, (to - from).count() + 1)};
  RC_ASSERT(rule.count(from, to) == rule.count(from, middle) + rule.count(middle, to));
}

RC_GTEST_PROP(Properties, CountIsTheNumberOfSteps, ()) {
  const CronRule rule = any_rule();
  const Timestamp from = any_instant();
  Timestamp at = from - tick;
  int steps = 0;
  std::optional<Timestamp> next;
  while (steps < 300 && (next = rule.next(at))) {
    at = *next;
    ++steps;
  }
  RC_ASSERT(rule.count(from, steps < 300 ? Timestamp::max() : at + tick) == steps);
}

}  // namespace
}  // namespace cloacina
