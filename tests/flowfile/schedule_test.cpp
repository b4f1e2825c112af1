#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow_help.hpp"

namespace cloacina {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using S = Schedule;

/// Reads a file whose only schedule is `schedule`, a flow mapping in line 5 that begins in column 5.
FlowFile read(std::string_view schedule) {
  const std::string text =
      "cloacina: 1\nworkflows:\n- {name: w, tasks: {a: {run: x}},\n  schedules: [\n    " + std::string(schedule) + "]}\n";
  return parse_flow_file(text, "f", "/flows");
}

std::vector<std::string> problems_of(std::string_view schedule) {
  std::vector<std::string> out;
  for (const auto& problem : read(schedule).problems) out.push_back(problem.to_string().substr(2));
  return out;
}

TEST(FlowFileSchedule, Defaults) {
  const FlowFile file = read("{name: s, cron: '0 2 * * *'}");
  ASSERT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.schedules.size(), 1U);
  const S& s = file.schedules.front().schedule;
  EXPECT_EQ(s.name, "s");
  EXPECT_EQ(s.workflow, "w");
  EXPECT_EQ(s.input, Json::object());
  EXPECT_EQ(s.cron, "0 2 * * *");
  EXPECT_EQ(s.dialect, Dialect::Ocps);
  EXPECT_EQ(s.time_zone, "UTC");
  EXPECT_EQ(s.gap, GapPolicy::NextValid);
  EXPECT_EQ(s.overlap, OverlapPolicy::Automatic);
  EXPECT_FALSE(s.start_at || s.end_at);
  EXPECT_EQ(s.catchup, Catchup::None);
  EXPECT_EQ(s.max_lateness, std::chrono::seconds{60});
  EXPECT_EQ(s.catchup_window, std::chrono::hours{365 * 24});
  EXPECT_EQ(s.concurrency, Concurrency::Allow);
  EXPECT_EQ(s.jitter.count(), 0);
  EXPECT_FALSE(s.paused);
  EXPECT_EQ(s.priority, 0);
  EXPECT_THAT(s.tags, IsEmpty());
  EXPECT_EQ(file.schedules.front().file, "f");
  EXPECT_EQ(file.schedules.front().line, 5);
  EXPECT_EQ(file.schedules.front().column, 12);
}

TEST(FlowFileSchedule, AllFields) {
  const FlowFile file = read(
      "{name: s, workflow: w, input: {a: [1]}, cron: '@every 5m', dialect: extended, time_zone: Europe/Berlin, gap: shift,\n"
      "overlap: both, start_at: 2026-01-01T00:00:00Z, end_at: 2026-01-01T00:00:00-01:00, catchup: latest, max_lateness: 0s,\n"
      "catchup_window: 7d, concurrency: replace, jitter: 1m30s, paused: true, priority: -7, tags: {team: a, n: 1}}");
  ASSERT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.schedules.size(), 1U);
  const S& s = file.schedules.front().schedule;
  EXPECT_EQ(s.input, Json({{"a", {1}}}));
  EXPECT_EQ(s.cron, "@every 5m");
  EXPECT_EQ(s.dialect, Dialect::Extended);
  EXPECT_EQ(s.time_zone, "Europe/Berlin");
  EXPECT_EQ(s.gap, GapPolicy::Shift);
  EXPECT_EQ(s.overlap, OverlapPolicy::Both);
  EXPECT_EQ(s.start_at, parse_timestamp("2026-01-01T00:00:00Z"));
  EXPECT_EQ(s.end_at, parse_timestamp("2026-01-01T01:00:00Z"));
  EXPECT_EQ(s.catchup, Catchup::Latest);
  EXPECT_EQ(s.max_lateness.count(), 0);
  EXPECT_EQ(s.catchup_window, std::chrono::hours{7 * 24});
  EXPECT_EQ(s.concurrency, Concurrency::Replace);
  EXPECT_EQ(s.jitter, std::chrono::seconds{90});
  EXPECT_TRUE(s.paused);
  EXPECT_EQ(s.priority, -7);
  EXPECT_EQ(s.tags, (std::map<std::string, std::string>{{"team", "a"}, {"n", "1"}}));
}

TEST(FlowFileSchedule, EveryWordOfEveryChoice) {
  const struct {
    const char* keys;
    bool (*is)(const S&);
  } cases[] = {
      {"dialect: ocps", [](const S& s) { return s.dialect == Dialect::Ocps; }},
      {"gap: next_valid", [](const S& s) { return s.gap == GapPolicy::NextValid; }},
      {"gap: skip", [](const S& s) { return s.gap == GapPolicy::Skip; }},
      {"overlap: automatic", [](const S& s) { return s.overlap == OverlapPolicy::Automatic; }},
      {"overlap: first", [](const S& s) { return s.overlap == OverlapPolicy::First; }},
      {"overlap: second", [](const S& s) { return s.overlap == OverlapPolicy::Second; }},
      {"catchup: none", [](const S& s) { return s.catchup == Catchup::None; }},
      {"catchup: all", [](const S& s) { return s.catchup == Catchup::All; }},
      {"concurrency: allow", [](const S& s) { return s.concurrency == Concurrency::Allow; }},
      {"concurrency: skip", [](const S& s) { return s.concurrency == Concurrency::Skip; }},
      {"concurrency: queue", [](const S& s) { return s.concurrency == Concurrency::Queue; }},
  };
  for (const auto& c : cases) {
    const FlowFile file = read("{name: s, cron: '@daily', " + std::string(c.keys) + "}");
    ASSERT_EQ(file.schedules.size(), 1U) << c.keys;
    EXPECT_TRUE(c.is(file.schedules.front().schedule)) << c.keys;
  }
}

TEST(FlowFileSchedule, Problems) {
  const struct {
    const char* schedule;
    const char* problem;
  } cases[] = {
      {"5", "5:5: a schedule must be a mapping; found the number 5"},
      {"{cron: '@daily'}", "5:5: a schedule needs the key 'name'"},
      {"{name: s}", "5:5: a schedule needs the key 'cron'"},
      {"{name: s, cron: 5}", "5:21: cron must be a text (write it in quotes); found the number 5"},
      {"{name: s, cron: '@daily', workflow: v}", "5:41: a schedule starts the workflow that it stands in, 'w'; found the text 'v'"},
      {"{name: s, cron: '@daily', timezone: UTC}", "5:31: unknown key 'timezone' in a schedule (did you mean 'time_zone'?)"},
      {"{name: s, cron: '@daily', time_zone: ''}", "5:42: time_zone must not be empty"},
      {"{name: s, cron: '@daily', catchup: alll}", "5:40: catchup cannot be 'alll' (did you mean 'all'?)"},
      {"{name: s, cron: '@daily', gap: 1}", "5:36: gap must be one of next_valid, shift, skip; found the number 1"},
      {"{name: s, cron: '@daily', jitter: 5}",
       "5:39: jitter must be a duration; found the number 5, which needs a unit: 250ms, 10s, 2m, 1h30m, 7d"},
      {"{name: s, cron: '@daily', paused: on}", "5:39: paused must be true or false; found the text 'on'"},
      {"{name: s, cron: '@daily', priority: 1.5}",
       "5:41: priority must be a whole number from -1000000 to 1000000; found the number 1.5"},
      {"{name: s, cron: '@daily', start_at: 2026}",
       "5:41: start_at must be a time like 2026-03-29T01:00:00Z; found the number 2026"},
      {"{name: s, cron: '@daily', start_at: 2026-01-01T00:00:00Z, end_at: 2026-01-01T00:00:00Z}",
       "5:63: the window of the schedule is empty: end_at must be later than start_at"},
      {"{name: s, cron: '@daily'}, {name: s, cron: '@daily'}", "5:39: schedule 's' is already there, in line 5"},
  };
  for (const auto& c : cases) EXPECT_THAT(problems_of(c.schedule), ElementsAre(c.problem)) << c.schedule;
}

TEST(FlowFileSchedule, TheRuleIsChecked) {
  const struct {
    const char* schedule;
    const char* problem;  ///< its beginning
  } cases[] = {
      {"{name: s, cron: '0 25 * * *'}", "5:21: cron expression "},
      {"{name: s, cron: '0/15 * * * *'}", "5:21: cron expression "},
      {"{name: s, cron: '@every 5m'}", "5:21: cron expression "},
      {"{name: s, cron: '@daily', time_zone: Europe/Berln}", "5:42: time zone 'Europe/Berln' does not exist"},
      {"{name: s, cron: '0 0 31 2 *'}", "5:21: cron '0 0 31 2 *' has no slot: there is no such date"},
      {"{name: s, cron: '0 0 1 1 *', start_at: 2100-01-02T00:00:00Z, end_at: 2100-12-31T00:00:00Z}",
       "5:21: cron '0 0 1 1 *' has no slot before end_at"},
  };
  for (const auto& c : cases) EXPECT_THAT(problems_of(c.schedule), ElementsAre(::testing::StartsWith(c.problem))) << c.schedule;
}

TEST(FlowFileSchedule, ErrorsSuggestWhatWouldWork) {
  EXPECT_THAT(problems_of("{name: s, cron: '0/15 * * * *'}"), ElementsAre(::testing::HasSubstr("*/15")));
  EXPECT_THAT(problems_of("{name: s, cron: '@daily', time_zone: Europe/Berln}"),
              ElementsAre(::testing::HasSubstr("did you mean Europe/Berlin?")));
}

TEST(FlowFileSchedule, ARuleWhoseTimeIsOverHadItsSlots) {
  EXPECT_THAT(problems_of("{name: s, cron: '@daily', end_at: 2020-01-01T00:00:00Z}"), IsEmpty());
  EXPECT_THAT(problems_of("{name: s, cron: '@every 1h', dialect: extended, end_at: 2020-01-01T00:00:00Z}"), IsEmpty());
  EXPECT_THAT(problems_of("{name: s, cron: '0 0 0 1 1 * 2020'}"), IsEmpty());
  EXPECT_THAT(problems_of("{name: s, cron: '@daily', start_at: 2020-01-01T00:00:00Z, end_at: 2020-02-01T00:00:00Z}"), IsEmpty());
  EXPECT_THAT(problems_of("{name: s, cron: '@reboot'}"), IsEmpty());
}

TEST(FlowFileSchedule, AllProblemsOfAScheduleAtOnce) {
  EXPECT_THAT(
      problems_of("{name: 's p', cron: '0 0 31 2 *', gap: skp, overlap: boths, priority: x}, {cron: '61 * * * *',\n"
                  "time_zone: Europe/Paaris}"),
      ElementsAre(::testing::StartsWith("5:12: name cannot be 's p'"), "5:25: cron '0 0 31 2 *' has no slot: there is no such date",
                  "5:44: gap cannot be 'skp' (did you mean 'skip'?)", "5:58: overlap cannot be 'boths' (did you mean 'both'?)",
                  ::testing::StartsWith("5:75: priority must be a whole number"), "5:79: a schedule needs the key 'name'",
                  ::testing::StartsWith("5:86: cron expression "), ::testing::HasSubstr("did you mean Europe/Paris?")));
}

}  // namespace
}  // namespace cloacina
