#include <gtest/gtest.h>

#include <algorithm>

#include "cloacina/cron.hpp"
#include "cron/fields.hpp"
#include "cron/oracle.hpp"
#include "cron/zone_data.hpp"

namespace cloacina {
namespace {

constexpr GapPolicy gap_policies[] = {GapPolicy::NextValid, GapPolicy::Shift, GapPolicy::Skip};
constexpr OverlapPolicy overlap_policies[] = {OverlapPolicy::Automatic, OverlapPolicy::First, OverlapPolicy::Second,
                                              OverlapPolicy::Both};

Timestamp at_second(std::time_t second) { return Timestamp{std::chrono::seconds{second}}; }
std::time_t second_of(Timestamp at) { return at.time_since_epoch().count() / 1'000'000; }

std::vector<std::time_t> walk_forwards(const CronRule& rule, std::time_t from, std::time_t to) {
  std::vector<std::time_t> found;
  for (auto slot = rule.next(at_second(from - 1)); slot && *slot < at_second(to); slot = rule.next(*slot))
    found.push_back(second_of(*slot));
  return found;
}

std::vector<std::time_t> walk_backwards(const CronRule& rule, std::time_t from, std::time_t to) {
  std::vector<std::time_t> found;
  for (auto slot = rule.previous(at_second(to)); slot && *slot >= at_second(from); slot = rule.previous(*slot)) {
    found.push_back(second_of(*slot));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// One expression around one transition: all policies, both directions, and the count.
void compare(const oracle::Clock& clock, const TimeZone& zone, const std::string& text, std::time_t from, std::time_t to) {
  const auto matched = clock.matched(oracle::Expression(text));
  CronRule rule{.expression = CronExpression::parse(text, Dialect::Extended), .zone = zone};
  ASSERT_EQ(rule.expression.is_interval_like(), matched.interval) << text;
  for (const GapPolicy gap : gap_policies) {
    for (const OverlapPolicy overlap : overlap_policies) {
      rule.gap = gap;
      rule.overlap = overlap;
      const auto expected = matched.occurrences(gap, overlap);
      const auto where = [&] {
        return "'" + text + "' " + zone.name() + " " + std::string(to_string(gap)) + " " + std::string(to_string(overlap)) +
               " from " + std::to_string(from) + " to " + std::to_string(to);
      };
      ASSERT_EQ(walk_forwards(rule, from, to), expected) << where();
      ASSERT_EQ(walk_backwards(rule, from, to), expected) << where();
      ASSERT_EQ(rule.count(at_second(from), at_second(to)), static_cast<std::int64_t>(expected.size())) << where();
    }
  }
}

struct Window {
  std::time_t transition;
  std::int64_t change;
  [[nodiscard]] std::time_t from() const { return transition - std::abs(change) - 1800; }
  [[nodiscard]] std::time_t to() const { return transition + std::abs(change) + 1800; }
};

std::vector<Window> windows_of(const TimeZone& zone) {
  std::vector<Window> windows;
  const auto& offsets = zone.data().offsets;
  const std::time_t end_of_2037 = 2'145'916'800;
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i].begin >= 0 && offsets[i].begin < end_of_2037)
      windows.push_back({offsets[i].begin, offsets[i].offset - offsets[i - 1].offset});
  }
  return windows;
}

/// Zones whose rules differ; links and copies give the same answers.
std::vector<TimeZone> zones_to_walk() {
  const auto database = ZoneDatabase::system();
  std::vector<TimeZone> zones;
  for (const auto& name : database.names()) {
    const TimeZone zone = database.zone(name);
    const bool known =
        std::any_of(zones.begin(), zones.end(), [&](const TimeZone& z) { return z.data().offsets == zone.data().offsets; });
    if (!known) zones.push_back(zone);
  }
  return zones;
}

/// Every zone, in parts that run beside each other.
class SearchPart : public ::testing::TestWithParam<std::size_t> {
 public:
  static constexpr std::size_t parts = 32;  // with everything, each takes a minute or two
};

TEST_P(SearchPart, AgreesWithAWalkOverEverySecondAroundTransitions) {
  const bool all = oracle::soak();
  std::mt19937 random(oracle::seed(static_cast<std::uint32_t>(20'260'329 + GetParam())));
  std::vector<std::string> list = oracle::nasty_expressions();
  for (int i = 0; i < 220; ++i) list.push_back(oracle::random_expression(random));
  std::size_t compared = 0;
  const auto zones = zones_to_walk();
  for (std::size_t z = GetParam(); z < zones.size(); z += parts) {
    const TimeZone& zone = zones[z];
    auto windows = windows_of(zone);
    std::shuffle(windows.begin(), windows.end(), random);
    if (!all && windows.size() > 1) windows.resize(1);
    for (const Window& window : windows) {
      // A whole day skipped or repeated takes a second to walk and has a test of its own.
      if (!all && std::abs(window.change) > 40'000) continue;
      const oracle::Clock clock(zone.name(), window.from(), window.to());
      const auto check = [&](const std::string& text) {
        compare(clock, zone, text, window.from(), window.to());
        ++compared;
      };
      const std::int64_t label = window.transition + zone.offset_at(at_second(window.transition)).count();
      for (int i = 0; i < (all ? 60 : 5); ++i) check(oracle::random_expression_near(random, label));
      if (all) {
        for (const auto& text : list) check(text);
      } else {
        check(list[std::uniform_int_distribution<std::size_t>(2, list.size() - 1)(random)]);
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(compared, 20U);
}

INSTANTIATE_TEST_SUITE_P(Zones, SearchPart, ::testing::Range<std::size_t>(0, SearchPart::parts));

struct Place {
  const char* zone;
  const char* transition;
};

/// Every kind of change, with every nasty expression.
TEST(Search, AgreesWithTheWalkAtTheOddestTransitions) {
  const Place places[] = {
      {"Europe/Berlin", "2026-03-29T01:00:00Z"},       {"Europe/Berlin", "2026-10-25T01:00:00Z"},
      {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},                                                 // half an hour
      {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"}, {"Antarctica/Troll", "2026-03-29T01:00:00Z"},   // two hours
      {"Antarctica/Troll", "2026-10-25T01:00:00Z"},    {"America/Havana", "2026-03-08T05:00:00Z"},     // midnight does not exist
      {"America/Havana", "2026-11-01T05:00:00Z"},      {"America/Sao_Paulo", "2018-11-04T03:00:00Z"},  // nor here
      {"America/Sao_Paulo", "2018-02-18T02:00:00Z"},  // the hour before midnight twice
      {"Africa/Monrovia", "1972-01-07T00:44:30Z"},    // an offset with seconds
      {"Antarctica/Casey", "2023-03-08T16:00:00Z"},    {"America/Danmarkshavn", "1996-01-01T03:00:00Z"},
  };
  const auto database = ZoneDatabase::system();
  for (const auto& place : places) {
    const TimeZone zone = database.zone(place.zone);
    const std::time_t at = second_of(parse_timestamp(place.transition));
    const std::int64_t change = zone.offset_at(at_second(at)).count() - zone.offset_at(at_second(at - 1)).count();
    const Window window{at, change};
    const oracle::Clock clock(zone.name(), window.from(), window.to());
    std::mt19937 random(oracle::seed(42));
    for (const auto& text : oracle::nasty_expressions()) {
      ASSERT_NO_FATAL_FAILURE(compare(clock, zone, text, window.from(), window.to()));
    }
    for (int i = 0; i < 10; ++i) {
      const auto text = oracle::random_expression_near(random, at + zone.offset_at(at_second(at)).count());
      ASSERT_NO_FATAL_FAILURE(compare(clock, zone, text, window.from(), window.to()));
    }
  }
}

TEST(Search, ASkippedDayAndARepeatedDay) {
  const auto database = ZoneDatabase::system();
  const Place places[] = {{"Pacific/Apia", "2011-12-30T10:00:00Z"}, {"Pacific/Kwajalein", "1993-08-21T12:00:00Z"}};
  for (const auto& place : places) {
    const std::time_t at = second_of(parse_timestamp(place.transition));
    const Window window{at, 86'400};
    const oracle::Clock clock(place.zone, window.from(), window.to());
    for (const char* text :
         {"0 0 * * *", "30 12 30 12 *", "0 0 30 12 *", "0 */6 * * *", "0 0 L * *", "0 12 * * 6", "15,45 7 * * *"}) {
      ASSERT_NO_FATAL_FAILURE(compare(clock, database.zone(place.zone), text, window.from(), window.to()));
    }
  }
}

TEST(Search, AgreesWithAWalkOverEveryDayOf230Years) {
  std::mt19937 random(oracle::seed(1970));
  std::vector<std::string> list{"0 12 31 2 *",        "0 12 29 2 *",   "0 12 L * *",   "0 12 15W * *",   "0 12 31W * *",
                                "0 12 1W * *",        "0 12 30W 2 *",  "0 12 * * 5#5", "0 12 * * 0#L",   "0 12 13 * +FRI",
                                "0 12 13 * FRI",      "0 12 L-30 * *", "0 12 LW * *",  "0 12 L-1,L * *", "0 12 */5 * *",
                                "0 12 31 4,6,9,11 *", "0 12 29 2 +1",  "0 12 1 1 *"};
  const int samples = oracle::soak() ? 1'000 : 20;
  for (int i = 0; i < samples; ++i) {
    const std::string text = oracle::random_expression(random);
    std::string fields = text;
    // Noon only, so that a walk over days is enough; the other fields are the expression's.
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < fields.size();) {
      const auto end = std::min(fields.find(' ', at), fields.size());
      parts.push_back(fields.substr(at, end - at));
      at = end + 1;
    }
    const std::size_t date = parts.size() == 5 ? 2 : 3;
    std::string noon = "0 0 12 " + parts[date] + " " + parts[date + 1] + " " + parts[date + 2];
    if (parts.size() == 7) noon += " " + parts[6];
    list.push_back(noon);
  }
  for (const auto& text : list) {
    const oracle::Expression naive(text);
    std::vector<std::time_t> expected;
    std::time_t noon = 12 * 3600;
    int weekday = 4;
    for (int year = 1970; year <= 2199; ++year) {
      for (int month = 1; month <= 12; ++month) {
        for (int day = 1; day <= oracle::days_in_month(year, month); ++day, noon += 86'400, weekday = (weekday + 1) % 7) {
          if (naive.matches_date(year, month, day, weekday)) expected.push_back(noon);
        }
      }
    }
    const CronRule rule{.expression = CronExpression::parse(text, Dialect::Extended)};
    ASSERT_EQ(rule.expression.is_impossible(), expected.empty()) << text;
    ASSERT_EQ(walk_forwards(rule, -1'000'000, noon + 1'000'000), expected) << text;
    ASSERT_EQ(walk_backwards(rule, -1'000'000, noon + 1'000'000), expected) << text;
    ASSERT_EQ(rule.count(Timestamp::min(), Timestamp::max()), static_cast<std::int64_t>(expected.size())) << text;
  }
}

TEST(Search, NothingFiresOutsideTheYears) {
  const CronRule every_second{.expression = CronExpression::parse("* * * * * *")};
  EXPECT_EQ(every_second.next(Timestamp::min()), parse_timestamp("1970-01-01T00:00:00Z"));
  EXPECT_EQ(every_second.previous(Timestamp::max()), parse_timestamp("2199-12-31T23:59:59Z"));
  EXPECT_EQ(every_second.next(parse_timestamp("2199-12-31T23:59:59Z")), std::nullopt);
  EXPECT_EQ(every_second.previous(parse_timestamp("1970-01-01T00:00:00Z")), std::nullopt);
  const CronRule honolulu{.expression = CronExpression::parse("* * * * * *"),
                          .zone = ZoneDatabase::system().zone("Pacific/Honolulu")};
  EXPECT_EQ(honolulu.previous(Timestamp::max()), parse_timestamp("2200-01-01T09:59:59Z")) << "the year is that of the wall clock";
  EXPECT_EQ(honolulu.next(Timestamp::min()), parse_timestamp("1970-01-01T10:00:00Z"));
}

TEST(Search, KindsAndSuppressedTimes) {
  const auto database = ZoneDatabase::system();
  CronRule rule{.expression = CronExpression::parse("30 2 * * *"), .zone = database.zone("Europe/Berlin")};
  EXPECT_EQ(rule.kind(parse_timestamp("2026-03-28T01:30:00Z")), OccurrenceKind::Regular);
  EXPECT_EQ(rule.kind(parse_timestamp("2026-03-29T01:00:00Z")), OccurrenceKind::AfterGap);
  EXPECT_EQ(rule.kind(parse_timestamp("2026-10-25T00:30:00Z")), OccurrenceKind::FirstPass);
  EXPECT_EQ(rule.kind(parse_timestamp("2026-10-25T01:30:00Z")), OccurrenceKind::SecondPass);

  const auto from = parse_timestamp("2026-01-01T00:00:00Z");
  const auto to = parse_timestamp("2027-01-01T00:00:00Z");
  auto lost = rule.suppressed(from, to);
  ASSERT_EQ(lost.size(), 1U) << "the gap moved its time, the second pass is left out";
  EXPECT_EQ(lost[0].cause, SuppressedTimes::Cause::Overlap);
  EXPECT_EQ(lost[0].transition, parse_timestamp("2026-10-25T01:00:00Z"));
  rule.gap = GapPolicy::Skip;
  rule.overlap = OverlapPolicy::Second;
  lost = rule.suppressed(from, to);
  ASSERT_EQ(lost.size(), 2U);
  EXPECT_EQ(lost[0].cause, SuppressedTimes::Cause::Gap);
  EXPECT_EQ(lost[0].transition, parse_timestamp("2026-03-29T01:00:00Z"));
  EXPECT_EQ(lost[0].first.time_since_epoch(), parse_timestamp("2026-03-29T02:30:00Z").time_since_epoch());
  EXPECT_EQ(lost[0].count, 1);
  EXPECT_EQ(lost[1].transition, parse_timestamp("2026-10-25T01:00:00Z"));

  EXPECT_EQ(lost[0].at, lost[0].transition);
  EXPECT_EQ(lost[1].at, parse_timestamp("2026-10-25T00:30:00Z")) << "the first pass";

  rule.expression = CronExpression::parse("* * * * *");
  lost = rule.suppressed(from, to);
  ASSERT_EQ(lost.size(), 2U);
  EXPECT_EQ(lost[0].count, 60);
  EXPECT_EQ(lost[1].count, 60);
}

TEST(Search, MovedTimes) {
  const auto database = ZoneDatabase::system();
  const auto local = [](const char* text) {
    return std::chrono::local_seconds{std::chrono::floor<std::chrono::seconds>(parse_timestamp(text)).time_since_epoch()};
  };
  CronRule rule{.expression = CronExpression::parse("0,30 2,3 * * *"), .zone = database.zone("Europe/Berlin")};
  const auto after = parse_timestamp("2026-03-29T01:00:00Z");
  EXPECT_EQ(rule.kind(after), OccurrenceKind::Regular) << "03:00 fires by itself";
  auto moved = rule.moved(after);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->transition, after);
  EXPECT_EQ(moved->first, local("2026-03-29T02:00:00Z"));
  EXPECT_EQ(moved->last, local("2026-03-29T02:30:00Z"));
  EXPECT_EQ(moved->count, 2);
  EXPECT_FALSE(rule.moved(parse_timestamp("2026-03-29T01:30:00Z")));

  rule.gap = GapPolicy::Shift;
  moved = rule.moved(parse_timestamp("2026-03-29T01:30:00Z"));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->first, local("2026-03-29T02:30:00Z"));
  EXPECT_EQ(moved->count, 1);
  rule.gap = GapPolicy::Skip;
  EXPECT_FALSE(rule.moved(after));

  rule = {.expression = CronExpression::parse("0 12 * * *"), .zone = database.zone("Pacific/Apia")};
  moved = rule.moved(parse_timestamp("2011-12-30T10:00:00Z"));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->first, local("2011-12-30T12:00:00Z")) << "a day that did not exist";
  rule.expression = CronExpression::parse("* * * * *");
  EXPECT_FALSE(rule.moved(parse_timestamp("2011-12-30T10:00:00Z"))) << "nothing moves what is an interval";
}

/// Every local time that matches and lies in a gap is either moved or suppressed, and what is after a gap was moved.
TEST(Search, MovedAndSuppressedTimesAreAllThereAre) {
  const auto database = ZoneDatabase::system();
  for (const char* zone : {"Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "America/Sao_Paulo",
                           "Africa/Casablanca", "Africa/Monrovia"}) {
    for (const char* text : {"0,30 0-0 * * *", "0 0 * * *", "15,45 1,2,3 * * *", "0 12 * * *", "30 23 * * *", "*/10 * * * *",
                             "1,59 0,59 0,1,2,3,23 * * *"}) {
      for (const GapPolicy gap : gap_policies) {
        const CronRule rule{.expression = CronExpression::parse(text), .zone = database.zone(zone), .gap = gap};
        std::int64_t moved = 0;
        const auto from = parse_timestamp("1970-01-02T00:00:00Z");
        const auto to = parse_timestamp("2037-12-30T00:00:00Z");
        for (const auto& change : rule.zone.data().gaps) {
          const auto begin = at_second(change.instant - 1);
          const auto end = at_second(change.instant + rule.zone.data().gap_seconds_max);
          if (begin < from || end > to) continue;
          for (auto at = rule.next(begin); at && *at < end; at = rule.next(*at)) {
            const auto here = rule.moved(*at);
            if (rule.kind(*at) == OccurrenceKind::AfterGap) {
              ASSERT_TRUE(here) << text << zone << format_seconds(*at);
            }
            if (here && here->transition == at_second(change.instant)) moved += here->count;
          }
        }
        std::int64_t lost = 0;
        for (const auto& times : rule.suppressed(from, to)) {
          if (times.cause == SuppressedTimes::Cause::Gap) lost += times.count;
        }
        std::int64_t expected = 0;
        const auto& matcher = rule.expression.compiled().matcher;
        for (const auto& change : rule.zone.data().gaps) {
          if (at_second(change.instant) < from || at_second(change.instant) >= to) continue;
          expected += matcher.count_before(change.local_end) - matcher.count_before(change.local_begin);
        }
        EXPECT_EQ(moved + lost, expected) << text << " " << zone << " " << to_string(gap);
        EXPECT_TRUE(moved == 0 || lost == 0) << text << " " << zone;
      }
    }
  }
}

}  // namespace
}  // namespace cloacina
