#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow_help.hpp"
#include "flowfile/flow_reader.hpp"

namespace cloacina {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using S = ScheduleEntry;

/// Reads a file whose only schedule is `schedule`, a flow mapping in line 5 that begins in column 5, accepted or not.
FlowFile read(std::string_view schedule, bool accepted = true) {
  const std::string text =
      "cloacina: 1\nworkflows:\n- {name: w, tasks: {a: {run: x}},\n  schedules: [\n    " + std::string(schedule) + "]}\n";
  return flowfile::load_text(text, {.file = "f", .folder = "/flows", .schedules = accepted}).content;
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
  const S& s = file.schedules.front();
  EXPECT_EQ(s.name, "s");
  EXPECT_EQ(s.workflow, "w");
  EXPECT_EQ(s.input, Json::object());
  EXPECT_EQ(s.cron, "0 2 * * *");
  EXPECT_EQ(s.dialect, S::Dialect::Ocps);
  EXPECT_EQ(s.time_zone, "UTC");
  EXPECT_EQ(s.gap, S::Gap::NextValid);
  EXPECT_EQ(s.overlap, S::Overlap::Automatic);
  EXPECT_FALSE(s.start_at || s.end_at);
  EXPECT_EQ(s.catchup, S::Catchup::None);
  EXPECT_EQ(s.max_lateness, std::chrono::seconds{60});
  EXPECT_EQ(s.catchup_window, std::chrono::hours{365 * 24});
  EXPECT_EQ(s.concurrency, S::Concurrency::Allow);
  EXPECT_EQ(s.jitter.count(), 0);
  EXPECT_FALSE(s.paused);
  EXPECT_EQ(s.priority, 0);
  EXPECT_THAT(s.tags, IsEmpty());
  EXPECT_EQ(s.file, "f");
  EXPECT_EQ(s.line, 5);
  EXPECT_EQ(s.column, 12);
}

TEST(FlowFileSchedule, AllFields) {
  const FlowFile file = read(
      "{name: s, workflow: w, input: {a: [1]}, cron: '@every 5m', dialect: extended, time_zone: Europe/Berlin, gap: shift,\n"
      "overlap: both, start_at: 2026-01-01T00:00:00Z, end_at: 2026-01-01T00:00:00-01:00, catchup: latest, max_lateness: 0s,\n"
      "catchup_window: 7d, concurrency: replace, jitter: 1m30s, paused: true, priority: -7, tags: {team: a, n: 1}}");
  ASSERT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.schedules.size(), 1U);
  const S& s = file.schedules.front();
  EXPECT_EQ(s.input, Json({{"a", {1}}}));
  EXPECT_EQ(s.cron, "@every 5m");
  EXPECT_EQ(s.dialect, S::Dialect::Extended);
  EXPECT_EQ(s.time_zone, "Europe/Berlin");
  EXPECT_EQ(s.gap, S::Gap::Shift);
  EXPECT_EQ(s.overlap, S::Overlap::Both);
  EXPECT_EQ(s.start_at, parse_timestamp("2026-01-01T00:00:00Z"));
  EXPECT_EQ(s.end_at, parse_timestamp("2026-01-01T01:00:00Z"));
  EXPECT_EQ(s.catchup, S::Catchup::Latest);
  EXPECT_EQ(s.max_lateness.count(), 0);
  EXPECT_EQ(s.catchup_window, std::chrono::hours{7 * 24});
  EXPECT_EQ(s.concurrency, S::Concurrency::Replace);
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
      {"dialect: ocps", [](const S& s) { return s.dialect == S::Dialect::Ocps; }},
      {"gap: next_valid", [](const S& s) { return s.gap == S::Gap::NextValid; }},
      {"gap: skip", [](const S& s) { return s.gap == S::Gap::Skip; }},
      {"overlap: automatic", [](const S& s) { return s.overlap == S::Overlap::Automatic; }},
      {"overlap: first", [](const S& s) { return s.overlap == S::Overlap::First; }},
      {"overlap: second", [](const S& s) { return s.overlap == S::Overlap::Second; }},
      {"catchup: none", [](const S& s) { return s.catchup == S::Catchup::None; }},
      {"catchup: all", [](const S& s) { return s.catchup == S::Catchup::All; }},
      {"concurrency: allow", [](const S& s) { return s.concurrency == S::Concurrency::Allow; }},
      {"concurrency: skip", [](const S& s) { return s.concurrency == S::Concurrency::Skip; }},
      {"concurrency: queue", [](const S& s) { return s.concurrency == S::Concurrency::Queue; }},
  };
  for (const auto& c : cases) {
    const FlowFile file = read("{name: s, cron: '@daily', " + std::string(c.keys) + "}");
    ASSERT_EQ(file.schedules.size(), 1U) << c.keys;
    EXPECT_TRUE(c.is(file.schedules.front())) << c.keys;
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
      {"{name: s, cron: x, workflow: v}", "5:34: a schedule starts the workflow that it stands in, 'w'; found the text 'v'"},
      {"{name: s, cron: x, timezone: UTC}", "5:24: unknown key 'timezone' in a schedule (did you mean 'time_zone'?)"},
      {"{name: s, cron: x, time_zone: ''}", "5:35: time_zone must not be empty"},
      {"{name: s, cron: x, catchup: alll}", "5:33: catchup cannot be 'alll' (did you mean 'all'?)"},
      {"{name: s, cron: x, gap: 1}", "5:29: gap must be one of next_valid, shift, skip; found the number 1"},
      {"{name: s, cron: x, jitter: 5}",
       "5:32: jitter must be a duration; found the number 5, which needs a unit: 250ms, 10s, 2m, 1h30m, 7d"},
      {"{name: s, cron: x, paused: on}", "5:32: paused must be true or false; found the text 'on'"},
      {"{name: s, cron: x, priority: 1.5}", "5:34: priority must be a whole number from -1000000 to 1000000; found the number 1.5"},
      {"{name: s, cron: x, start_at: 2026}", "5:34: start_at must be a time like 2026-03-29T01:00:00Z; found the number 2026"},
      {"{name: s, cron: x, start_at: 2026-01-01T00:00:00Z, end_at: 2026-01-01T00:00:00Z}",
       "5:56: the window of the schedule is empty: end_at must be later than start_at"},
      {"{name: s, cron: x}, {name: s, cron: y}", "5:32: schedule 's' is already there, in line 5"},
  };
  for (const auto& c : cases) EXPECT_THAT(problems_of(c.schedule), ElementsAre(c.problem)) << c.schedule;
}

TEST(FlowFileSchedule, TheKeyIsRefusedWhereSchedulesDoNotRun) {
  const FlowFile file = read("{name: s, cron: '@daily'}", false);
  ASSERT_EQ(file.problems.size(), 1U);
  EXPECT_EQ(file.problems.front().to_string(), "f:4:3: this version of cloacina does not run schedules");
}

}  // namespace
}  // namespace cloacina
