#include "cron/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace cloacina::cron {
namespace {

using namespace std::chrono_literals;

/// Times of 2026-01-01 as "hh:mm" or "hh:mm:ss"; "+n" before them means n days later.
Timestamp t(std::string_view text) {
  std::chrono::days later{0};
  if (text[0] == '+') {
    later = std::chrono::days{text[1] - '0'};
    text.remove_prefix(3);
  }
  return parse_timestamp("2026-01-01T" + std::string(text) + (text.size() == 5 ? ":00Z" : "Z")) + later;
}

std::string show(Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at) - std::chrono::floor<std::chrono::days>(t("00:00"));
  std::string time = format_seconds(at).substr(11, 8);
  if (time.ends_with(":00")) time.resize(5);
  return day.count() == 0 ? time : "+" + std::to_string(day.count()) + " " + time;
}

/// "fire 00:10 00:20, missed 00:30-00:50 x3; next 01:00", oldest first.
std::string show(const Plan& plan) {
  std::vector<std::pair<Timestamp, std::string>> rows;
  for (const auto& firing : plan.fire) rows.emplace_back(firing.slot, "fire " + show(firing.slot));
  for (const auto& run : plan.skipped) {
    rows.emplace_back(run.slot, std::string(to_string(run.reason)) + " " + show(run.slot) +
                                    (run.count > 1 ? "-" + show(run.through) + " x" + std::to_string(run.count) : ""));
  }
  std::sort(rows.begin(), rows.end());
  std::string text;
  for (const auto& [slot, row] : rows) text += (text.empty() ? "" : ", ") + row;
  return (text.empty() ? "nothing" : text) + "; next " + (plan.next_run_at ? show(*plan.next_run_at) : "none");
}

ScheduleRule schedule(std::string_view cron = "*/10 * * * *", Catchup catchup = Catchup::None) {
  return {.name = "s", .rule = {.expression = CronExpression::parse(cron, Dialect::Extended)}, .catchup = catchup};
}

struct Row {
  const char* what;
  ScheduleRule rule;
  Cursor cursor;
  const char* now;
  const char* expected;
  int max_slots = 100;
};

ScheduleRule with(ScheduleRule rule, const std::function<void(ScheduleRule&)>& change) {
  change(rule);
  return rule;
}

TEST(Plan, Table) {
  const auto none = schedule();
  const auto latest = schedule("*/10 * * * *", Catchup::Latest);
  const auto all = schedule("*/10 * * * *", Catchup::All);
  const auto windowed = [](ScheduleRule rule) {
    return with(std::move(rule), [](ScheduleRule& r) { r.start_at = t("00:20"), r.end_at = t("00:50"); });
  };
  const auto hour_window = [](ScheduleRule rule) { return with(std::move(rule), [](ScheduleRule& r) { r.catchup_window = 1h; }); };
  const Pause pause{t("00:20"), t("00:40")};
  const Row rows[] = {
      // on time
      {"nothing is due", none, {t("00:00")}, "00:09:59", "nothing; next 00:10"},
      {"a slot exactly at now", none, {t("00:00")}, "00:10", "fire 00:10; next 00:20"},
      {"a slot within max_lateness", none, {t("00:00")}, "00:11", "fire 00:10; next 00:20"},
      {"the cursor's own slot is settled", none, {t("00:10")}, "00:10", "nothing; next 00:20"},
      {"several within max_lateness all fire",
       schedule("*/20 * * * * *"),
       {t("00:00")},
       "00:01",
       "fire 00:00:20, fire 00:00:40, fire 00:01; next 00:01:20"},
      // catch-up
      {"none: late is missed", none, {t("00:00")}, "00:11:01", "missed 00:10; next 00:20"},
      {"none: the last one is in time", none, {t("00:00")}, "00:30:30", "missed 00:10-00:20 x2, fire 00:30; next 00:40"},
      {"none: no lateness allowed",
       with(none, [](ScheduleRule& r) { r.max_lateness = 0ms; }),
       {t("00:00")},
       "00:10:01",
       "missed 00:10; next 00:20"},
      {"latest: one fires", latest, {t("00:00")}, "01:05", "superseded 00:10-00:50 x5, fire 01:00; next 01:10"},
      {"latest: just one due", latest, {t("00:00")}, "00:15", "fire 00:10; next 00:20"},
      {"latest: window",
       hour_window(latest),
       {t("00:00")},
       "02:30",
       "catchup_window 00:10-01:20 x8, superseded 01:30-02:20 x6, fire 02:30; next 02:40"},
      {"latest: even the latest is too old",
       with(latest, [](ScheduleRule& r) { r.catchup_window = 1min; }),
       {t("00:00")},
       "00:25",
       "catchup_window 00:10-00:20 x2; next 00:30"},
      {"all: oldest first", all, {t("00:00")}, "00:35", "fire 00:10, fire 00:20, fire 00:30; next 00:40"},
      {"all: window, its edge is inside",
       hour_window(all),
       {t("00:00")},
       "01:20",
       "catchup_window 00:10, fire 00:20, fire 00:30, fire 00:40, fire 00:50, fire 01:00, fire 01:10, fire 01:20; next 01:30"},
      // limits
      {"all: the turn is full", all, {t("00:00")}, "00:35", "fire 00:10, fire 00:20; next 00:30", 2},
      {"all: the next turn goes on", all, {t("00:20")}, "00:35", "fire 00:30; next 00:40", 2},
      {"none: a run is one row", none, {t("00:00")}, "00:30:30", "missed 00:10-00:20 x2; next 00:30", 1},
      {"a year of seconds is one row",
       schedule("* * * * * *"),
       {t("00:00") - std::chrono::days{365}},
       "00:00:00",
       "missed +-365 00:00:01-+-1 23:58:59 x31535939, fire +-1 23:59; next +-1 23:59:01",
       2},
      // window: applied to the slot
      {"slots before start_at do not exist", windowed(all), {t("00:00")}, "00:35", "fire 00:20, fire 00:30; next 00:40"},
      {"end_at is outside", windowed(all), {t("00:30")}, "02:00", "fire 00:40; next none"},
      {"a slot before end_at fires after it",
       with(none, [](ScheduleRule& r) { r.end_at = t("00:40:10"); }),
       {t("00:30")},
       "00:40:30",
       "fire 00:40; next none"},
      {"after the end nothing is ever due", windowed(none), {t("01:00")}, "+1 00:00", "nothing; next none"},
      {"before the window", windowed(none), {t("00:00")}, "00:15", "nothing; next 00:20"},
      // pause: [from, until)
      {"a pause in the past", all, {t("00:00"), {}, {pause}}, "00:45", "fire 00:10, paused 00:20-00:30 x2, fire 00:40; next 00:50"},
      {"latest looks around the pause",
       latest,
       {t("00:00"), {}, {pause}},
       "00:35",
       "fire 00:10, paused 00:20-00:30 x2; next 00:40"},
      {"none: owed, paused, in time",
       none,
       {t("00:00"), {}, {pause}},
       "00:40:30",
       "missed 00:10, paused 00:20-00:30 x2, fire 00:40; next 00:50"},
      {"an open pause", all, {t("00:00"), {}, {{t("00:20"), {}}}}, "00:45", "fire 00:10, paused 00:20-00:40 x3; next none"},
      {"two pauses in a row are two reasons to skip, one run",
       all,
       {t("00:00"), {}, {{t("00:10"), t("00:25")}, {t("00:25"), t("00:40")}}},
       "00:35",
       "paused 00:10-00:30 x3; next 00:40"},
      {"the turn is full before the pause", all, {t("00:00"), {}, {pause}}, "00:45", "fire 00:10; next 00:20", 1},
      // edits
      {"the old rule's slots follow the old catch-up",
       schedule("0 * * * *"),
       {t("00:00"), {{all, t("00:25")}}},
       "01:00",
       "fire 00:10, fire 00:20, fire 01:00; next +0"},
      {"a slot exactly at the edit is the old rule's",
       schedule("20 * * * *"),
       {t("00:10"), {{all, t("00:20")}}},
       "00:20",
       "fire 00:20; next 01:20"},
      {"replaced before its turn",
       schedule("0 * * * *"),
       {t("00:00"), {{all, t("00:15")}, {schedule("*/5 * * * *", Catchup::All), t("00:32"), true}}},
       "01:00",
       "fire 00:10, edited 00:20-00:30 x3, fire 01:00; next 02:00"},
      {"over as many turns as it takes",
       schedule("0 * * * *"),
       {t("00:00"), {{all, t("00:25")}}},
       "01:00",
       "fire 00:10; next 00:20",
       1},
      {"an old rule with none",
       schedule("0 * * * *"),
       {t("00:00"), {{none, t("00:25")}}},
       "01:00",
       "missed 00:10-00:20 x2, fire 01:00; next 02:00"},
      {"an edit during a pause",
       schedule("0 * * * *", Catchup::All),
       {t("00:00"), {{all, t("00:25")}}, {{t("00:15"), t("01:30")}}},
       "02:00",
       "fire 00:10, paused 00:20-01:00 x2, fire 02:00; next 03:00"},
      // the clock
      {"the clock went back an hour", all, {t("05:00")}, "04:00", "nothing; next 05:10"},
      {"the clock went back a day", none, {t("+1 05:00")}, "05:00", "nothing; next +1 05:10"},
      {"the clock went forward a day",
       latest,
       {t("05:00")},
       "+1 05:00",
       "superseded 05:10-+1 04:50 x143, fire +1 05:00; next +1 05:10"},
      {"the clock went back behind an edit", all, {t("00:10"), {{all, t("00:45")}}}, "00:25", "fire 00:20; next 00:30"},
      // what has no slots
      {"@reboot", schedule("@reboot"), {t("00:00")}, "05:00", "nothing; next none"},
      {"an impossible date", schedule("0 0 31 2 *"), {t("00:00")}, "05:00", "nothing; next none"},
      {"a year that is over", schedule("0 0 0 1 1 * 2020"), {t("00:00")}, "05:00", "nothing; next none"},
      {"the last slot of all", schedule("59 59 23 31 12 * 2199"), {t("00:00")}, "05:00", "nothing; next +63551 23:59:59"},
      {"@every",
       with(schedule("@every 15m", Catchup::All), [](ScheduleRule& r) { r.rule.every_from = t("00:05"); }),
       {t("00:05")},
       "00:40",
       "fire 00:20, fire 00:35; next 00:50"},
  };
  for (const Row& row : rows) {
    std::string expected = row.expected;
    if (expected.ends_with("next +0")) expected.replace(expected.size() - 2, 2, "02:00");
    EXPECT_EQ(show(plan(row.rule, row.cursor, t(row.now), row.max_slots)), expected) << row.what;
  }
}

TEST(Plan, TheFirstSlot) {
  auto rule = schedule("*/10 * * * *", Catchup::All);
  EXPECT_EQ(next_run_at(rule, first_cursor(rule, t("00:10"))), t("00:20")) << "strictly after the creation";
  rule.start_at = t("00:30");
  EXPECT_EQ(next_run_at(rule, first_cursor(rule, t("00:10"))), t("00:30")) << "at or after start_at";
  EXPECT_EQ(show(plan(rule, first_cursor(rule, t("01:00")), t("01:00"))),
            "fire 00:30, fire 00:40, fire 00:50, fire 01:00; next 01:10")
      << "a start in the past fires the past";
  const Cursor taken_back = after_edit(first_cursor(rule, t("00:00")), rule, t("00:05"));
  EXPECT_EQ(next_run_at(schedule(), taken_back), t("00:10")) << "an edit before start_at";
}

TEST(Plan, EditsKeepWhatTheOldRuleOwes) {
  const auto old_rule = schedule("*/10 * * * *", Catchup::All);
  const Cursor nothing_owed = after_edit({.settled = t("00:10")}, old_rule, t("00:19"));
  EXPECT_TRUE(nothing_owed.owed.empty());
  EXPECT_EQ(nothing_owed.settled, t("00:19"));

  Cursor cursor = after_edit({.settled = t("00:10")}, old_rule, t("00:20"));
  ASSERT_EQ(cursor.owed.size(), 1U);
  EXPECT_FALSE(cursor.owed[0].edited);
  cursor = after_edit(cursor, schedule("* * * * *"), t("00:30"));
  ASSERT_EQ(cursor.owed.size(), 2U);
  EXPECT_TRUE(cursor.owed[1].edited) << "the first rule has not been settled yet";
  EXPECT_EQ(cursor.owed[1].until, t("00:30"));
  EXPECT_EQ(after_edit(cursor, old_rule, t("00:25")).owed.size(), 2U) << "a clock that went back takes nothing away";

  const Plan first = plan(schedule("0 * * * *"), cursor, t("00:40"));
  EXPECT_EQ(show(first), "fire 00:20, edited 00:21-00:30 x10; next 01:00");
  EXPECT_TRUE(first.cursor.owed.empty());
}

TEST(Plan, PauseAndResumeMakeIntervals) {
  Cursor cursor{.settled = t("00:00")};
  EXPECT_TRUE(after_resume(cursor, t("00:05")).pauses.empty());
  cursor = after_pause(cursor, t("00:10"));
  cursor = after_pause(cursor, t("00:15"));
  EXPECT_EQ(cursor.pauses, (std::vector<Pause>{{t("00:10"), {}}}));
  EXPECT_EQ(next_run_at(schedule("5,20 * * * *"), cursor), t("00:05")) << "owed from before the pause";
  EXPECT_EQ(next_run_at(schedule("20 * * * *"), cursor), std::nullopt);
  cursor = after_resume(cursor, t("00:20"));
  cursor = after_resume(cursor, t("00:25"));
  EXPECT_EQ(cursor.pauses, (std::vector<Pause>{{t("00:10"), t("00:20")}}));
  cursor = after_pause(cursor, t("00:18"));
  EXPECT_EQ(cursor.pauses.back().from, t("00:20")) << "a clock that went back does not pause twice";
  EXPECT_EQ(after_resume(cursor, t("00:19")).pauses.size(), 1U) << "nor leaves an interval that ends before it begins";
  const Plan done = plan(schedule("0 * * * *"), {.settled = t("00:00"), .pauses = {{t("00:10"), t("00:20")}}}, t("00:30"));
  EXPECT_TRUE(done.cursor.pauses.empty()) << "what lies behind the cursor is forgotten";
}

TEST(Plan, JitterIsFixedInsideItsBoundsAndSpreads) {
  auto rule = schedule("* * * * *", Catchup::All);
  rule.jitter = 30s;
  std::set<std::int64_t> delays;
  Timestamp slot = t("00:00");
  for (int i = 0; i < 500; ++i) {
    slot = *rule.rule.next(slot);
    const auto delay = due_at(rule, slot) - slot;
    ASSERT_EQ(due_at(rule, slot) - slot, delay);
    ASSERT_GE(delay, 0s);
    ASSERT_LE(delay, 30s);
    delays.insert(delay / 1s);
  }
  EXPECT_GT(delays.size(), 25U) << "about every second of the half minute is used";
  auto other = rule;
  other.name = "other";
  EXPECT_NE(due_at(rule, slot), due_at(other, slot));
  rule.jitter = 0s;
  EXPECT_EQ(due_at(rule, slot), slot);
}

TEST(Plan, AJitteredSlotWaitsForItsTime) {
  auto rule = schedule("0 * * * *");
  rule.jitter = 20min;
  const Cursor cursor{.settled = t("00:00")};
  const Timestamp due = due_at(rule, t("01:00"));
  ASSERT_GT(due, t("01:00"));
  EXPECT_EQ(next_run_at(rule, cursor), due);
  EXPECT_TRUE(plan(rule, cursor, due - 1us).fire.empty());
  const Plan on_time = plan(rule, cursor, due);
  ASSERT_EQ(on_time.fire.size(), 1U);
  EXPECT_EQ(on_time.fire[0], (PlannedFiring{t("01:00"), due}));
  EXPECT_EQ(plan(rule, cursor, due + 60s).fire.size(), 1U) << "lateness counts from the jittered time";
  const Plan late = plan(rule, cursor, due + 60s + 1us);
  EXPECT_TRUE(late.fire.empty());
  ASSERT_EQ(late.skipped.size(), 1U);
  EXPECT_EQ(late.skipped[0].reason, SkipReason::Missed);
}

TEST(Plan, DurationsOfAnySizeAreTaken) {
  auto rule = schedule("*/10 * * * *", Catchup::All);
  rule.catchup_window = std::chrono::milliseconds::max();
  rule.jitter = std::chrono::milliseconds::max();
  EXPECT_TRUE(plan(rule, {.settled = t("00:00")}, t("01:00")).next_run_at);
  rule.catchup = Catchup::None;
  rule.max_lateness = std::chrono::milliseconds::max();
  rule.jitter = 0ms;
  EXPECT_EQ(plan(rule, {.settled = t("00:00")}, t("01:00")).fire.size(), 6U);
}

TEST(Plan, AJitterOfYearsLeavesNoTurnWithoutProgress) {
  // Every second for ten years, each slot up to ten years late: a turn looks at some thousands of them and stops.
  auto rule = schedule("* * * * * *");
  rule.jitter = std::chrono::years{10};
  Cursor cursor{.settled = t("00:00") - std::chrono::years{10}};
  for (int turn = 0; turn < 20; ++turn) {
    const Plan next = plan(rule, cursor, t("00:00"));
    ASSERT_GT(next.cursor.settled, cursor.settled) << "in turn " << turn;
    cursor = next.cursor;
    if (!next.next_run_at || *next.next_run_at > t("00:00")) break;
  }
}

}  // namespace
}  // namespace cloacina::cron
