#include <gtest/gtest.h>

#include <cstdint>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"

namespace cloacina {
namespace {

struct ErrorRow {
  const char* pattern;
  Dialect dialect;
  const char* text;  ///< after "cron expression '…': "
};

TEST(CronErrors, NameTheFieldThePositionAndWhatWouldWork) {
  constexpr Dialect ocps = Dialect::Ocps;
  constexpr Dialect extended = Dialect::Extended;
  const ErrorRow rows[] = {
      {"", ocps, "it is empty; write for example 0 2 * * * (every day at 02:00)"},
      {"* * * *", ocps,
       "found 4 fields; write 5 (minute hour day-of-month month day-of-week), 6 (a second before them) or 7 (and a year after "
       "them)"},
      {"1\n* * * *", ocps,
       "position 2: found '\\x0a'; fields are separated by spaces or tabs and contain letters, digits and *,-/?#+"},
      {"0/15 * * * *", ocps,
       "minute field, position 1: found '0/15'; a step follows * or a range; write 0-59/15 or */15, or use the extended dialect"},
      {"5/15 * * * *", ocps,
       "minute field, position 1: found '5/15'; a step follows * or a range; write 5-59/15, or use the extended dialect"},
      {"* * * * MON/2", ocps,
       "day-of-week field, position 9: found 'MON/2'; a step follows * or a range; write MON-6/2, or use the extended dialect"},
      {"/15 * * * *", ocps, "minute field, position 1: found '/15'; a step follows * or a range; write for example */5 or 0-59/5"},
      {"0 22-2 * * *", ocps,
       "hour field, position 3: found '22-2'; a range runs from the smaller to the larger value; write 22-23,0-2, or use the "
       "extended dialect"},
      {"* * * * 5-0", ocps,
       "day-of-week field, position 9: found '5-0'; a range runs from the smaller to the larger value; write 5-7"},
      {"0 0 0 1 1 * 2030-2025", extended, "year field, position 13: found '2030-2025'; years do not wrap; write 2025-2030"},
      {"60 * * * *", ocps, "minute field, position 1: found '60'; the value is out of range; the full minute or hour is 0"},
      {"* 24 * * *", ocps, "hour field, position 3: found '24'; the value is out of range; midnight is 0"},
      {"* * 0 * *", ocps, "day-of-month field, position 5: found '0'; the value is out of range; write 1-31"},
      {"*/0 * * * *", ocps, "minute field, position 3: found '0'; a step is at least 1"},
      {"*/60 * * * *", ocps, "minute field, position 3: found '60'; a step in this field is at most 59; write 0 to match once"},
      {"* * */32 * *", extended,
       "day-of-month field, position 7: found '32'; a step in this field is at most 31; write 1 to match once"},
      {"*/ * * * *", ocps, "minute field, position 1: found '*/'; the step is missing after /; write for example */5"},
      {"1- * * * *", ocps, "minute field, position 1: found '1-'; the end of the range is missing; write for example 1-59"},
      {"1,,2 * * * *", ocps, "minute field, position 3: found ','; a list has an empty element; leave out the comma"},
      {"1, * * * *", ocps, "minute field, position 3: found ''; a value is missing at the end of the field; write 0-59 or *"},
      {"00005 * * * *", ocps, "minute field, position 1: found '00005'; a number has at most 4 digits; write 0-59"},
      {"* * * foo *", ocps, "month field, position 7: found 'foo'; this is no month; write 1-12 or JAN-DEC"},
      {"* * * * MONDAY", ocps,
       "day-of-week field, position 9: found 'MONDAY'; full names belong to the extended dialect; write MON"},
      {"* * * * LUN", extended, "day-of-week field, position 9: found 'LUN'; this is no day of the week; write 0-7 or SUN-SAT"},
      {"* MON * * *", ocps, "hour field, position 3: found 'MON'; names belong into the month and day-of-week fields; write 0-23"},
      {"* * * * +*", ocps,
       "day-of-week field, position 9: found '+*'; + (and) needs days of the week to restrict; write * without the +"},
      {"* * * * +?", ocps,
       "day-of-week field, position 9: found '+?'; + (and) needs days of the week to restrict; write ? without the +"},
      {"* * +1 * *", ocps, "day-of-month field, position 5: found '+'; + stands only before the whole day-of-week field"},
      {"* * ?/2 * *", ocps, "day-of-month field, position 5: found '?/2'; ? stands alone in its field; write *"},
      {"* * * * ?,5", ocps, "day-of-week field, position 9: found '?,5'; ? stands alone in its field; write *"},
      {"? * * * *", ocps, "minute field, position 1: found '?'; ? stands alone, and only in the two day fields; write *"},
      {"* * l * *", ocps, "day-of-month field, position 5: found 'l'; L (last) is a capital letter; write L"},
      {"* * 15w * *", ocps, "day-of-month field, position 7: found 'w'; W (weekday) is a capital letter; write W"},
      {"* * 1-15W * *", ocps, "day-of-month field, position 5: found '1-15W'; W takes a single day, not a range; write 15W"},
      {"* * 1,15W * *", ocps, "day-of-month field, position 5: found '1,15W'; W takes one day and stands alone in its field"},
      {"* * L-3 * *", ocps,
       "day-of-month field, position 5: found 'L-3'; L-n (days before the last) belongs to the extended dialect"},
      {"* * LW * *", ocps, "day-of-month field, position 5: found 'LW'; LW (last weekday) belongs to the extended dialect"},
      {"* * L-31 * *", extended,
       "day-of-month field, position 7: found '31'; a month has 1 to 30 days before its last; write L-1 to L-30"},
      {"* * L-3W * *", extended, "day-of-month field, position 5: found 'L-3W'; L-n and W cannot be combined; write L-3 or LW"},
      {"* * * * FRIL", ocps,
       "day-of-week field, position 9: found 'FRIL'; a name with L belongs to the extended dialect; write FRI#L"},
      {"* * * * L", ocps,
       "day-of-week field, position 9: found 'L'; L (last) needs a day here; write for example SAT#L or 6L for the last Saturday"},
      {"* * * * 1-5#2", ocps,
       "day-of-week field, position 9: found '1-5#2'; # takes a single day of the week, not a range; write for example FRI#2"},
      {"* * * * 5#6", ocps,
       "day-of-week field, position 11: found '6'; a month has the 1st to the 5th of a weekday; write 1-5, or L for the last"},
      {"H * * * *", ocps, "minute field, position 1: found 'H'; H (hashed) belongs to the extended dialect"},
      {"h * * * *", extended,
       "minute field, position 1: found 'h'; H (hashed) is a capital letter and belongs to the extended dialect; write H"},
      {"H(5-2) * * * *", extended,
       "minute field, position 1: found 'H(5-2)'; a range of H runs from the smaller to the larger value; write H(2-5)"},
      {"H(5 * * * *", extended, "minute field, position 1: found 'H(5'; H( needs a range; write H(a-b)"},
      {"0 0 0 1 1 * H", extended, "year field, position 13: found 'H'; H does not choose a year; write a year or *"},
      {"@Daily", ocps, "position 1: found '@Daily', which is no nickname; nicknames are lower case: write @daily"},
      {"@daily 5", ocps, "position 8: found '5' after '@daily'; a nickname stands alone"},
      {"@every 90s", ocps, "position 1: found '@every', which needs the extended dialect"},
      {"@every", extended, "'@every' takes one duration; write for example @every 90s or @every 1h30m"},
      {"@every 90", extended, "position 8: found '90' where a duration belongs; write for example @every 90s or @every 1h30m"},
      {"@every 999ms", extended, "position 8: found '999ms'; an interval is at least 1s and at most 36525d"},
  };
  for (const auto& [pattern, dialect, text] : rows) {
    try {
      (void)CronExpression::parse(pattern, dialect);
      ADD_FAILURE() << pattern << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
      const std::string what = error.what();
      EXPECT_EQ(what.substr(what.find("': ") + 3), text) << pattern;
    }
  }
}

TEST(CronErrors, AsValues) {
  EXPECT_FALSE(CronExpression::check("0 2 * * *"));
  auto problem = CronExpression::check("0 2,25 * * *");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->field, "hour");
  EXPECT_EQ(problem->position, 5U);
  EXPECT_EQ(problem->length, 2U);
  EXPECT_EQ(problem->text,
            "cron expression '0 2,25 * * *': hour field, position 5: found '25'; the value is out of range; write 0-23");
  problem = CronExpression::check("0 2, * * *");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->position, 5U) << "where something is missing";
  EXPECT_EQ(problem->length, 0U);
  problem = CronExpression::check("0 2");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->field, "");
  EXPECT_EQ(problem->position, 0U);
  problem = CronExpression::check("  @dayly");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->position, 3U);
  EXPECT_EQ(problem->length, 6U);
}

TEST(CronErrors, QuoteOnlyTheBeginningOfAMonster) {
  try {
    (void)CronExpression::parse(std::string(5'000, '*'));
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 250U);
  }
  EXPECT_NO_THROW((void)CronExpression::parse("0" + std::string(4'086, ' ') + "0 * * * *"));
  EXPECT_THROW((void)CronExpression::parse("0" + std::string(4'087, ' ') + "0 * * * *"), Error);
}

struct Meaning {
  const char* extended;
  const char* strict;  ///< the same in the strict dialect
};

TEST(ExtendedDialect, MeansWhatAStrictExpressionSays) {
  const Meaning rows[] = {
      {"5/15 * * * *", "5-59/15 * * * *"},
      {"0 22-2 * * *", "0 22,23,0,1,2 * * *"},
      {"0 20-5/5 * * *", "0 20,1 * * *"},
      {"0 0 * * FRI-MON", "0 0 * * 5,6,0,1"},
      {"0 0 * * 1/2", "0 0 * * 1,3,5"},
      {"0 0 * * 7/2", "0 0 * * 0,2,4,6"},
      {"0 0 * * 7-2", "0 0 * * 0,1,2"},
      {"0 0 * * FRI-SUN", "0 0 * * 5,6,7"},
      {"0 0 * * SAT-1/2", "0 0 * * 6,1"},
      {"0 0 * * FRIL", "0 0 * * FRI#L"},
      {"0 0 * * FridayL", "0 0 * * 5L"},
      {"0 0 * January Monday", "0 0 * JAN MON"},
      {"0 0 1 november-february *", "0 0 1 11,12,1,2 *"},
      {"0 0 28-3 * *", "0 0 28,29,30,31,1,2,3 * *"},
      {"50-10/20 * * * *", "50,10 * * * *"},
      {"0 0 * * 0-7/7", "0 0 * * 0"},
  };
  for (const auto& [extended, strict] : rows) {
    const CronRule a{.expression = CronExpression::parse(extended, Dialect::Extended), .gap = GapPolicy::Skip};
    const CronRule b{.expression = CronExpression::parse(strict), .gap = GapPolicy::Skip};
    if (std::string(extended) != "0 0 * * FRI-SUN" && std::string(extended) != "0 0 * * 0-7/7") {
      EXPECT_THROW((void)CronExpression::parse(extended), Error) << extended;
    }
    Timestamp at = parse_timestamp("2026-01-01T00:00:00Z");
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(a.next(at), b.next(at)) << extended << " after " << format_seconds(at);
      at = *a.next(at);
    }
  }
}

TEST(ExtendedDialect, DaysBeforeTheLast) {
  const CronRule rule{.expression = CronExpression::parse("0 0 L-29 * *", Dialect::Extended)};
  std::vector<std::string> found;
  for (auto slot = rule.next(parse_timestamp("2026-01-01T00:00:00Z")); slot && found.size() < 4; slot = rule.next(*slot)) {
    found.push_back(format_seconds(*slot).substr(0, 10));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"2026-01-02", "2026-03-02", "2026-04-01", "2026-05-02"})) << "February is too short";
}

/// FNV-1a computed here again, from its definition.
std::uint64_t hash(const std::string& name, int field) {
  std::uint64_t state = 0xcbf29ce484222325ULL;
  std::string bytes = name;
  bytes.push_back('\0');
  bytes.push_back(static_cast<char>(field));
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}

TEST(ExtendedDialect, HashedValues) {
  const auto at = [](int value) { return std::to_string(value); };
  for (const std::string name : {"", "nightly", "a", "räume", "nightly2"}) {
    const auto pick = [&](int field, int low, int high) {
      return at(low + static_cast<int>(hash(name, field) % static_cast<std::uint64_t>(high - low + 1)));
    };
    const auto step = [&](int field, int low, int high, int by) {
      return at(low + static_cast<int>(hash(name, field) % static_cast<std::uint64_t>(by))) + "-" + at(high) + "/" + at(by);
    };
    const std::pair<std::string, std::string> rows[] = {
        {"H H * * *", pick(1, 0, 59) + " " + pick(2, 0, 23) + " * * *"},
        {"H H H * * *", pick(0, 0, 59) + " " + pick(1, 0, 59) + " " + pick(2, 0, 23) + " * * *"},
        {"0 0 H H *", "0 0 " + pick(3, 1, 28) + " " + pick(4, 1, 12) + " *"},
        {"0 0 * * H", "0 0 * * " + pick(5, 0, 6)},
        {"H(10-20) H(9-17) * * *", pick(1, 10, 20) + " " + pick(2, 9, 17) + " * * *"},
        {"H/15 * * * *", step(1, 0, 59, 15) + " * * * *"},
        {"H(10-50)/7 * * * *", step(1, 10, 50, 7) + " * * * *"},
        {"0 0 H/9 * *", "0 0 " + step(3, 1, 28, 9) + " * *"},
    };
    for (const auto& [hashed, plain] : rows) {
      const CronRule a{.expression = CronExpression::parse(hashed, Dialect::Extended, name)};
      const CronRule b{.expression = CronExpression::parse(plain)};
      EXPECT_EQ(a.expression.is_interval_like(), b.expression.is_interval_like()) << hashed;
      Timestamp slot = parse_timestamp("2026-01-01T00:00:00Z");
      for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(a.next(slot), b.next(slot)) << hashed << " = " << plain << " for '" << name << "'";
        slot = *a.next(slot);
      }
    }
  }
}

TEST(ExtendedDialect, Every) {
  const auto t = [](const char* text) { return parse_timestamp(text); };
  const CronRule rule{.expression = CronExpression::parse("@every 1h30m", Dialect::Extended),
                      .zone = ZoneDatabase::system().zone("Europe/Berlin"),
                      .every_from = t("2026-03-28T22:00:00.25Z")};
  EXPECT_EQ(rule.expression.every(), std::chrono::minutes{90});
  EXPECT_EQ(rule.next(t("2026-03-28T22:00:00.25Z")), t("2026-03-28T23:30:00.25Z"));
  EXPECT_EQ(rule.next(t("2026-03-29T00:59:00Z")), t("2026-03-29T01:00:00.25Z")) << "elapsed time, whatever the zone does";
  EXPECT_EQ(rule.next(t("2026-03-29T01:00:00.25Z")), t("2026-03-29T02:30:00.25Z"));
  EXPECT_EQ(rule.previous(t("2026-03-28T22:00:00.25Z")), t("2026-03-28T20:30:00.25Z"));
  EXPECT_EQ(rule.count(t("2026-03-28T22:00:00.25Z"), t("2026-03-29T22:00:00.25Z")), 16);
  EXPECT_EQ(rule.next(t("2199-12-31T23:59:59Z")), std::nullopt);
  EXPECT_EQ(rule.previous(t("1970-01-01T00:00:00Z")), std::nullopt);
  EXPECT_EQ(rule.count(Timestamp::min(), Timestamp::max()), rule.count(t("1970-01-01T00:00:00Z"), t("2200-01-01T00:00:00Z")));
  EXPECT_TRUE(rule.next(Timestamp::min()).has_value());
  EXPECT_TRUE(rule.previous(Timestamp::max()).has_value());
}

TEST(Reboot, HasNoOccurrences) {
  const CronRule rule{.expression = CronExpression::parse("@reboot")};
  EXPECT_TRUE(rule.expression.is_reboot());
  EXPECT_FALSE(rule.expression.is_impossible());
  EXPECT_EQ(rule.next(Timestamp{}), std::nullopt);
  EXPECT_EQ(rule.previous(Timestamp::max()), std::nullopt);
  EXPECT_EQ(rule.count(Timestamp::min(), Timestamp::max()), 0);
}

TEST(Policies, AreSpelledAsInFiles) {
  EXPECT_EQ(parse_gap_policy("next_valid"), GapPolicy::NextValid);
  EXPECT_EQ(parse_overlap_policy(to_string(OverlapPolicy::Second)), OverlapPolicy::Second);
  EXPECT_EQ(parse_dialect(to_string(Dialect::Extended)), Dialect::Extended);
  EXPECT_EQ(parse_catchup(to_string(Catchup::Latest)), Catchup::Latest);
  EXPECT_EQ(parse_skip_reason("catchup_window"), SkipReason::CatchupWindow);
  try {
    (void)parse_gap_policy("Skip");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "gap policy 'Skip' is unknown; write one of next_valid, shift, skip");
  }
}

}  // namespace
}  // namespace cloacina
