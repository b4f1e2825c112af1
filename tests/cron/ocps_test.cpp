#include <gtest/gtest.h>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"

namespace cloacina {
namespace {

/// One row per requirement of the Open Cron Pattern Specification, by version and section. Instants are UTC.
struct Requirement {
  const char* section;
  const char* pattern;
  std::vector<const char*> fires;  ///< empty with `does_not` empty: only has to parse
  std::vector<const char*> does_not;
  bool rejected = false;
};

const std::vector<Requirement>& requirements() {
  static const std::vector<Requirement> rows{
      // 1.0 and its revisions
      {"1.0 4.1 five fields", "15 10 * * *", {"2025-03-10T10:15:00Z"}, {"2025-03-10T10:14:00Z", "2025-03-10T10:15:01Z"}},
      {"1.0 4.1 four fields", "15 10 * *", {}, {}, true},
      {"1.0 4.1 eight fields", "* * * * * * * *", {}, {}, true},
      {"1.0 4.1 characters not allowed", "15 10 * * $", {}, {}, true},
      {"1.0 4.1 space around is ignored", " \t15 10 * * * \t", {"2025-03-10T10:15:00Z"}, {"2025-03-10T10:16:00Z"}},
      {"1.0 4.1 several spaces are one", "15\t 10   * *\t\t*", {"2025-03-10T10:15:00Z"}, {"2025-03-10T10:16:00Z"}},
      {"1.0 4.3 a newline separates nothing", "15\n10 * * *", {}, {}, true},
      {"1.0 4.2 minute 0", "0 10 * * *", {"2025-03-10T10:00:00Z"}, {"2025-03-10T10:59:00Z"}},
      {"1.0 4.2 minute 59", "59 10 * * *", {"2025-03-10T10:59:00Z"}, {"2025-03-10T10:00:00Z"}},
      {"1.0 4.2 hour 0", "0 0 * * *", {"2025-03-10T00:00:00Z"}, {"2025-03-10T12:00:00Z"}},
      {"1.0 4.2 hour 23", "0 23 * * *", {"2025-03-10T23:00:00Z"}, {"2025-03-10T22:00:00Z"}},
      {"1.0 4.2 day 31", "0 0 31 * *", {"2025-01-31T00:00:00Z"}, {"2025-02-28T00:00:00Z"}},
      {"1.0 4.2 month number", "0 0 1 12 *", {"2025-12-01T00:00:00Z"}, {"2025-11-01T00:00:00Z"}},
      {"1.0 4.2 names in any case", "30 8 * jan Mon", {"2025-01-06T08:30:00Z"}, {"2025-02-03T08:30:00Z", "2025-01-07T08:30:00Z"}},
      {"1.0 4.2 Sunday is 0", "0 0 * * 0", {"2025-10-05T00:00:00Z"}, {"2025-10-06T00:00:00Z"}},
      {"1.0 4.2 Sunday is 7", "0 0 * * 7", {"2025-10-05T00:00:00Z"}, {"2025-10-06T00:00:00Z"}},
      {"1.0 4.2 SUN", "0 0 * * SUN", {"2025-10-05T00:00:00Z"}, {"2025-10-04T00:00:00Z"}},
      {"1.0 5 wildcard", "* * * * *", {"2025-03-10T10:14:00Z", "2025-03-10T10:15:00Z"}, {"2025-03-10T10:15:01Z"}},
      {"1.0 5 list", "0,15,45 * * * *", {"2025-03-10T10:15:00Z"}, {"2025-03-10T10:30:00Z"}},
      {"1.0 5 range",
       "0 9-17 * * *",
       {"2025-03-10T09:00:00Z", "2025-03-10T17:00:00Z"},
       {"2025-03-10T08:00:00Z", "2025-03-10T18:00:00Z"}},
      {"1.0 5 step of a range", "5-59/15 9 * * *", {"2025-03-10T09:05:00Z", "2025-03-10T09:50:00Z"}, {"2025-03-10T09:15:00Z"}},
      {"1.0 5 step of a wildcard", "*/20 * * * *", {"2025-03-10T09:40:00Z"}, {"2025-03-10T09:50:00Z"}},
      {"1.0 5.1 list of everything",
       "1,10-20/5,*/30 * * * *",
       {"2025-03-10T09:01:00Z", "2025-03-10T09:15:00Z", "2025-03-10T09:30:00Z"},
       {"2025-03-10T09:05:00Z"}},
      {"1.0 6.1 both day fields: or", "0 12 1 * MON", {"2025-10-01T12:00:00Z", "2025-10-06T12:00:00Z"}, {"2025-10-07T12:00:00Z"}},
      {"1.0 6.1 * is not restricted", "0 12 * * MON", {"2025-10-06T12:00:00Z"}, {"2025-10-07T12:00:00Z"}},
      {"1.0 6.1 1-31 is restricted", "0 12 1-31 * MON", {"2025-10-06T12:00:00Z", "2025-10-07T12:00:00Z"}, {"2025-10-08T11:00:00Z"}},
      {"1.0 6.1 */1 is restricted", "0 12 */1 * MON", {"2025-10-07T12:00:00Z"}, {}},
      {"1.0 6.2 value out of range", "60 0 * * *", {}, {}, true},
      {"1.0 6.2 day 32", "0 0 32 * *", {}, {}, true},
      {"1.0 6.2 day 0", "0 0 0 * *", {}, {}, true},
      {"1.0 6.2 hour 24", "0 24 * * *", {}, {}, true},
      {"1.0 6.2 month 13", "0 0 1 13 *", {}, {}, true},
      {"1.0 6.2 day of week 8", "0 0 * * 8", {}, {}, true},
      {"1.0 6.2 falling range", "0 0 10-5 * *", {}, {}, true},
      {"1.0 6.2 step 0", "*/0 * * * *", {}, {}, true},
      {"1.0 6.2 impossible date parses", "* * 31 2 *", {}, {"2025-03-03T00:00:00Z"}},
      // 1.1
      {"1.1 5.1 every element is read", "*,*,61 * * * *", {}, {}, true},
      {"1.1 5.1 * in a list", "*,1-30 * * * *", {"2025-03-10T09:45:00Z"}, {}},
      {"1.1 6.2 step without a range", "0 0 /30 * *", {}, {}, true},
      {"1.1 6.2 step after a value", "0/15 * * * *", {}, {}, true},
      {"1.1 7.1 @yearly", "@yearly", {"2026-01-01T00:00:00Z"}, {"2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z"}},
      {"1.1 7.1 @annually", "@annually", {"2026-01-01T00:00:00Z"}, {"2026-01-02T00:00:00Z"}},
      {"1.1 7.1 @monthly", "@monthly", {"2026-02-01T00:00:00Z"}, {"2026-02-02T00:00:00Z"}},
      {"1.1 7.1 @weekly", "@weekly", {"2025-10-05T00:00:00Z"}, {"2025-10-06T00:00:00Z"}},
      {"1.1 7.1 @daily", "@daily", {"2025-10-07T00:00:00Z"}, {"2025-10-07T00:01:00Z"}},
      {"1.1 7.1 @midnight", "@midnight", {"2025-10-07T00:00:00Z"}, {"2025-10-07T12:00:00Z"}},
      {"1.1 7.1 @hourly", "@hourly", {"2025-10-07T10:00:00Z"}, {"2025-10-07T10:01:00Z"}},
      {"1.1 7.1 space around a nickname", " @daily\t", {"2025-10-07T00:00:00Z"}, {}},
      {"1.1 7.1 case matters", "@Daily", {}, {}, true},
      {"1.1 7.1 stands alone", "@daily 0 0 * * *", {}, {}, true},
      {"1.1 7.1 unknown nickname", "@fortnightly", {}, {}, true},
      {"1.1 7.2 @reboot parses", "@reboot", {}, {}},
      // 1.2
      {"1.2 4.1 five fields: second 0", "15 10 * * *", {"2025-03-10T10:15:00Z"}, {"2025-03-10T10:15:30Z"}},
      {"1.2 4.1 six fields", "30 15 10 * * *", {"2025-03-10T10:15:30Z"}, {"2025-03-10T10:15:29Z", "2025-03-10T10:15:00Z"}},
      {"1.2 4.1 nickname: second 0", "@hourly", {"2025-03-10T10:00:00Z"}, {"2025-03-10T10:00:30Z"}},
      {"1.2 4.1 second 60", "60 15 10 * * *", {}, {}, true},
      {"1.2 4.2 seven fields", "0 15 10 * * * 2025", {"2025-03-10T10:15:00Z"}, {"2026-03-10T10:15:00Z"}},
      {"1.2 4.2 without year: every year", "0 15 10 * * *", {"1970-03-10T10:15:00Z", "2199-03-10T10:15:00Z"}, {}},
      {"1.2 4.2 range of years",
       "0 0 12 1 1 * 2025-2030",
       {"2025-01-01T12:00:00Z", "2030-01-01T12:00:00Z"},
       {"2031-01-01T12:00:00Z"}},
      {"1.2 4.2 list of years", "0 0 12 1 1 * 2025,2027", {"2027-01-01T12:00:00Z"}, {"2026-01-01T12:00:00Z"}},
      {"1.2 4.2 step of years begins at 1970", "0 0 0 1 1 * */2", {"2026-01-01T00:00:00Z"}, {"2025-01-01T00:00:00Z"}},
      {"1.2 4.2 the whole range", "0 0 0 1 1 * 1970-2199/2", {"2026-01-01T00:00:00Z"}, {"2025-01-01T00:00:00Z"}},
      {"1.2 year before the range", "0 0 0 1 1 * 1969", {}, {}, true},
      {"1.2 year after the range", "0 0 0 1 1 * 2200", {}, {}, true},
      // 1.3
      {"1.3 3.1 L",
       "0 0 L * *",
       {"2025-02-28T00:00:00Z", "2024-02-29T00:00:00Z"},
       {"2025-02-27T00:00:00Z", "2024-02-28T00:00:00Z"}},
      {"1.3 3.1 nL", "0 0 * * 5L", {"2025-02-28T00:00:00Z"}, {"2025-02-21T00:00:00Z"}},
      {"1.3 3.1 n#L", "0 0 * * 5#L", {"2025-02-28T00:00:00Z"}, {"2025-02-21T00:00:00Z"}},
      {"1.3 3.1 name#L", "0 0 * * FRI#L", {"2025-02-28T00:00:00Z"}, {"2025-02-21T00:00:00Z"}},
      {"1.3 3.1 l is no L", "0 0 l * *", {}, {}, true},
      {"1.3 3.2 n#k", "0 0 * * 2#3", {"2025-06-17T00:00:00Z"}, {"2025-06-10T00:00:00Z"}},
      {"1.3 3.2 name#k", "0 0 * * TUE#3", {"2025-06-17T00:00:00Z"}, {"2025-06-24T00:00:00Z"}},
      {"1.3 3.2 7#1", "0 0 * * 7#1", {"2025-06-01T00:00:00Z"}, {"2025-06-08T00:00:00Z"}},
      {"1.3 3.2 fifth", "0 0 * * 0#5", {"2025-06-29T00:00:00Z"}, {"2025-07-27T00:00:00Z"}},
      {"1.3 3.2 #0", "0 0 * * 0#0", {}, {}, true},
      {"1.3 3.2 #6", "0 0 * * 0#6", {}, {}, true},
      {"1.3 3.3 W on a weekday", "0 12 17W * *", {"2025-06-17T12:00:00Z"}, {"2025-06-16T12:00:00Z"}},
      {"1.3 3.3 W on a Saturday", "0 12 14W * *", {"2025-06-13T12:00:00Z"}, {"2025-06-14T12:00:00Z", "2025-06-16T12:00:00Z"}},
      {"1.3 3.3 W on a Sunday", "0 12 15W * *", {"2025-06-16T12:00:00Z"}, {"2025-06-15T12:00:00Z"}},
      {"1.3 3.3 W stays in the month: first",
       "0 12 1W * *",
       {"2025-02-03T12:00:00Z"},
       {"2025-02-01T12:00:00Z", "2025-01-31T12:00:00Z"}},
      {"1.3 3.3 W stays in the month: last", "0 12 31W * *", {"2025-08-29T12:00:00Z"}, {"2025-09-01T12:00:00Z"}},
      {"1.3 3.3 no range with W", "0 12 1-15W * *", {}, {}, true},
      {"1.3 3.3 no list with W", "0 12 1,15W * *", {}, {}, true},
      {"1.3 3.3 w is no W", "0 12 15w * *", {}, {}, true},
      {"1.3 modifiers only in their field", "5L * * * *", {}, {}, true},
      // 1.4
      {"1.4 4.1.1 or",
       "0 12 1 * MON",
       {"2025-09-01T12:00:00Z", "2025-09-08T12:00:00Z", "2025-10-01T12:00:00Z"},
       {"2025-10-07T12:00:00Z"}},
      {"1.4 4.1.2 and", "0 12 1 * +MON", {"2025-09-01T12:00:00Z"}, {"2025-09-08T12:00:00Z", "2025-10-01T12:00:00Z"}},
      {"1.4 4.1.2 and with a list",
       "0 12 1-7 * +MON,TUE",
       {"2025-09-02T12:00:00Z"},
       {"2025-09-03T12:00:00Z", "2025-09-08T12:00:00Z"}},
      {"1.4 4.1.2 and without a day of month", "0 12 * * +MON", {"2025-09-08T12:00:00Z"}, {"2025-09-09T12:00:00Z"}},
      {"1.4 4.1.2 + in another field", "0 12 +1 * MON", {}, {}, true},
      {"1.4 4.1.2 + inside", "0 12 1 * MON,+TUE", {}, {}, true},
      {"1.4 4.2 ? is *", "0 12 ? * MON", {"2025-10-06T12:00:00Z"}, {"2025-10-07T12:00:00Z"}},
      {"1.4 4.2 ? for the weekday", "0 12 1 * ?", {"2025-10-01T12:00:00Z"}, {"2025-10-06T12:00:00Z"}},
      {"1.4 4.2 ? elsewhere", "? 12 * * *", {}, {}, true},
      {"1.4 4.2 ? for the month", "0 12 1 ? *", {}, {}, true},
      {"1.4 4.3.2 Gregorian: 2100 is no leap year",
       "0 0 29 2 *",
       {"2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
       {"2100-03-01T00:00:00Z"}},
  };
  return rows;
}

bool fires_at(const CronRule& rule, const char* text) {
  const Timestamp at = parse_timestamp(text);
  const bool forwards = rule.next(at - std::chrono::microseconds{1}) == at;
  const bool backwards = rule.previous(at + std::chrono::microseconds{1}) == at;
  EXPECT_EQ(forwards, backwards) << rule.expression.text() << " " << text;
  return forwards;
}

TEST(Ocps, Requirements) {
  for (const auto& row : requirements()) {
    SCOPED_TRACE(std::string(row.section) + ": " + row.pattern);
    if (row.rejected) {
      EXPECT_THROW((void)CronExpression::parse(row.pattern), Error);
      continue;
    }
    // What the strict dialect takes means the same in the extended one.
    for (const Dialect dialect : {Dialect::Ocps, Dialect::Extended}) {
      const CronRule rule{.expression = CronExpression::parse(row.pattern, dialect)};
      for (const char* at : row.fires) EXPECT_TRUE(fires_at(rule, at)) << at;
      for (const char* at : row.does_not) EXPECT_FALSE(fires_at(rule, at)) << at;
    }
  }
}

TEST(Ocps, NicknamesEqualTheirPatterns) {
  const std::pair<const char*, const char*> pairs[] = {
      {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
      {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};
  for (const auto& [nickname, pattern] : pairs) {
    const CronRule a{.expression = CronExpression::parse(nickname)};
    const CronRule b{.expression = CronExpression::parse(pattern)};
    Timestamp at = parse_timestamp("2025-01-01T00:00:00Z");
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(a.next(at), b.next(at)) << nickname;
      at = *a.next(at);
    }
  }
}

/// 1.4, 4.3.1 recommends to skip in a gap and to run once, first, in an overlap: our policies `skip` and `automatic`.
TEST(Ocps, RecommendedDaylightSaving) {
  CronRule rule{.expression = CronExpression::parse("30 2 * * *"),
                .zone = ZoneDatabase::system().zone("Europe/Berlin"),
                .gap = GapPolicy::Skip};
  EXPECT_EQ(rule.next(parse_timestamp("2025-03-29T12:00:00Z")), parse_timestamp("2025-03-31T00:30:00Z"));
  EXPECT_EQ(rule.next(parse_timestamp("2025-10-25T12:00:00Z")), parse_timestamp("2025-10-26T00:30:00Z"));
  EXPECT_EQ(rule.next(parse_timestamp("2025-10-26T00:30:00Z")), parse_timestamp("2025-10-27T01:30:00Z"));
}

struct DaylightRow {
  const char* expression;
  GapPolicy gap;
  OverlapPolicy overlap;
  std::vector<const char*> spring;  ///< 2026-03-29, from 00:00Z to 02:00Z (01:00 to 04:00 in Berlin)
  std::vector<const char*> autumn;  ///< 2026-10-25, from 00:00Z to 02:00Z (02:00 to 03:00 twice)
};

/// The table of cron.md 2.1, in Berlin.
TEST(Ocps, DaylightSavingTable) {
  using Gap = GapPolicy;
  using Overlap = OverlapPolicy;
  const DaylightRow rows[] = {
      {"30 2 * * *", Gap::NextValid, Overlap::Automatic, {"01:00"}, {"00:30"}},
      {"30 2 * * *", Gap::Shift, Overlap::First, {"01:30"}, {"00:30"}},
      {"30 2 * * *", Gap::Skip, Overlap::Second, {}, {"01:30"}},
      {"30 2 * * *", Gap::Skip, Overlap::Both, {}, {"00:30", "01:30"}},
      {"0,30 2,3 * * *",
       Gap::NextValid,
       Overlap::Automatic,
       {"01:00", "01:30"},
       {"00:00", "00:30"}},  // merged with the regular 03:00
      {"0,30 2,3 * * *", Gap::Shift, Overlap::Automatic, {"01:00", "01:30"}, {"00:00", "00:30"}},
      {"*/30 * * * *",
       Gap::NextValid,
       Overlap::Automatic,
       {"00:00", "00:30", "01:00", "01:30"},
       {"00:00", "00:30", "01:00", "01:30"}},
      {"*/30 * * * *", Gap::Shift, Overlap::First, {"00:00", "00:30", "01:00", "01:30"}, {"00:00", "00:30"}},
      {"*/30 * * * *", Gap::Skip, Overlap::Second, {"00:00", "00:30", "01:00", "01:30"}, {"01:00", "01:30"}},
      {"30-30 2 * * *", Gap::NextValid, Overlap::Automatic, {}, {"00:30", "01:30"}},  // interval-like by its spelling
  };
  for (const auto& row : rows) {
    const CronRule rule{.expression = CronExpression::parse(row.expression),
                        .zone = ZoneDatabase::system().zone("Europe/Berlin"),
                        .gap = row.gap,
                        .overlap = row.overlap};
    for (const auto& [date, expected] : {std::pair{"2026-03-29T", row.spring}, std::pair{"2026-10-25T", row.autumn}}) {
      const Timestamp to = parse_timestamp(std::string(date) + "02:00:00Z");
      std::vector<std::string> found;
      auto slot = rule.next(parse_timestamp(std::string(date) + "00:00:00Z") - std::chrono::microseconds{1});
      for (; slot && *slot < to; slot = rule.next(*slot)) found.push_back(format_seconds(*slot).substr(11, 5));
      EXPECT_EQ(found, std::vector<std::string>(expected.begin(), expected.end()))
          << row.expression << " " << date << to_string(row.gap) << " " << to_string(row.overlap);
    }
  }
}

}  // namespace
}  // namespace cloacina
