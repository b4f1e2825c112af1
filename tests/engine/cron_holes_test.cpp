// The mistakes of another scheduler, by their numbers in docs/known-mistakes.md: each test shows that one cannot happen here. Those
// that are missing here have a test elsewhere; the table tells where.
#include "engine/schedules.hpp"
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CronHoles : public ScheduleTest {
 protected:
  /// What a turn of somebody would commit who read the schedule now.
  store::Batch turn_of_another(const std::string& name, Timestamp when) {
    store::Batch batch;
    batch.now = when;
    ReadSchedules read;
    batch.schedules.push_back(plan_schedule(client().find_schedule(name).value(), when, 100, "", read));
    return batch;
  }
};
CLOACINA_ENGINE_SUITE(CronHoles);

TEST_P(CronHoles, C02_ACatchUpThatDiesHalfWayGoesOnWhereItWas) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  crash();
  advance(450min);
  options.workers = 0;  // nothing runs meanwhile
  for (int i = 1; i <= 3; ++i) {
    fire_in_new_process();
    EXPECT_EQ(schedules().stats("tick").fired, 100 * i);
    crash();
  }
  options.workers = 10;
  settle();
  expect_each_slot_once("tick", at("12:00"), now.utc);
  EXPECT_EQ(schedules().stats("tick").completed, 450);
}

TEST_P(CronHoles, C05_ASlotThatIsExactlyNowBelongsToOneTurn) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  crash();
  go_to("12:10");
  settle();
  EXPECT_EQ(ledger().back(), "12:10 fired");
  go_to("12:11");
  settle();
  EXPECT_THAT(ledger(), SizeIs(11));
  expect_each_slot_once("tick", at("12:00"), now.utc);
}

TEST_P(CronHoles, C06_AClaimComparesWithWhatWasRead) {
  add(single("one"));
  auto s = minutely();
  s.cron = "* * * * * *";
  schedules().put(s);
  // Both have read that 12:00:31 is next. The one is late, and the other has a clock that is behind.
  const auto fast = turn_of_another("tick", now.utc + 2s);
  const auto slow = turn_of_another("tick", now.utc + 1s);
  EXPECT_THAT(client().commit(slow).schedules, ElementsAre(store::Applied::Yes));
  EXPECT_THAT(client().commit(fast).schedules, ElementsAre(store::Applied::Stale));
  advance(5s);
  settle();
  EXPECT_EQ(schedules().stats("tick").fired, 5);
  expect_each_slot_once("tick", now.utc - 5s, now.utc);
}

TEST_P(CronHoles, C08_ASlotEverySecondFiresEverySecondWithoutCatchup) {
  add(single("one"));
  auto s = minutely();
  s.cron = "* * * * * *";
  schedules().put(s);
  settle();
  for (int i = 0; i < 20; ++i) {
    advance(3s);  // turns that come late, but not too late
    settle();
  }
  EXPECT_EQ(schedules().stats("tick").fired, 60);
}

TEST_P(CronHoles, C10_AnEditBetweenReadingAndFiringWins) {
  add(single("one"));
  schedules().put(minutely());
  const auto row = turn_of_another("tick", at("12:01"));
  auto s = minutely();
  s.cron = "30 * * * *";
  go_to("12:00");
  advance(45s);
  schedules().put(s);
  EXPECT_THAT(client().commit(row).schedules, ElementsAre(store::Applied::Stale));
  go_to("12:01");
  settle();
  EXPECT_THAT(executions("one"), IsEmpty());
  EXPECT_EQ(schedules().get("tick").next_run_at, at("12:30"));
}

TEST_P(CronHoles, C11_AnOldSlotHasAsManyAttemptsAsANewOne) {
  add(single("one", [](TaskContext&) {}, {.max_attempts = 3, .initial_delay = 1s}));
  auto s = minutely(Catchup::All);
  s.cron = "0 13 * * *";
  schedules().put(s);
  settle();
  crash();
  advance(std::chrono::days{5});
  auto items = fire_in_new_process().start;
  ASSERT_THAT(items, SizeIs(5));
  for (const auto& item : items) fail(item);
  step();
  advance(1min);
  settle();
  EXPECT_EQ(schedules().stats("tick").completed, 5);
}

TEST_P(CronHoles, C12_APauseTakesNothingFromWhatHasFired) {
  add(single("one", [](TaskContext&) {}, {.max_attempts = 2, .initial_delay = 1h, .max_delay = 1h}));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  fail(step().start.at(0));
  step();
  schedules().pause("tick");
  advance(1h);
  boot();
  settle();
  EXPECT_EQ(executions("one").at(0).status, ExecutionStatus::Completed);
}

TEST_P(CronHoles, C13_C14_ALongExecutionIsNotStartedAgain) {
  add(single("one"));
  auto s = minutely();
  s.cron = "1 12 1 3 *";
  schedules().put(s);
  settle();
  go_to("12:01");
  const auto running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  const auto other = another();
  for (int hour = 0; hour < 30; ++hour) {
    advance(1h);
    EXPECT_THAT(step().start, IsEmpty());
    other->engine->hint();
    other->engine->recover();
    EXPECT_THAT(step(*other).start, IsEmpty());
  }
  perform_all(running);
  settle();
  const auto all = executions("one");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(get(all[0].id).task("only").attempts, SizeIs(1));
}

TEST_P(CronHoles, C15_C28_AfterACrashTheSameExecutionGoesOnWithTheSameInput) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  const auto before = step().start.at(0);
  boot();
  const auto start = step().start;
  ASSERT_THAT(start, SizeIs(1));
  EXPECT_EQ(start[0]->claimed.id, before->claimed.id);
  perform_all(start);
  settle();
  const auto all = executions("one");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].status, ExecutionStatus::Completed);
  EXPECT_EQ(all[0].input, (Json{{"scheduled_time", "2026-03-01T12:01:00Z"},
                                {"schedule_id", schedules().get("tick").id},
                                {"schedule_timezone", "UTC"},
                                {"schedule_expression", "* * * * *"},
                                {"schedule_name", "tick"}}));
}

TEST_P(CronHoles, C16_C18_ManyRunnersTakeBackADeadOnesWorkOnce) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  ASSERT_THAT(step().start, SizeIs(1));
  std::vector<std::unique_ptr<Process>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(another());
    step(*others.back());
  }
  crash();
  std::size_t started = 0;
  for (const auto& other : others) {
    other->engine->recover();
    other->engine->hint();
    started += step(*other).start.size();
  }
  EXPECT_EQ(started, 1U);
}

TEST_P(CronHoles, C17_CrashesAreCountedInTheDatabase) {
  add(single("one"));
  auto s = minutely();
  s.cron = "1 12 1 3 *";
  schedules().put(s);
  settle();
  go_to("12:01");
  int starts = 0;
  for (int i = 0; i < 10; ++i) {
    starts += static_cast<int>(step().start.size());
    boot();
  }
  step();
  EXPECT_EQ(starts, 3);  // max_crashes
  EXPECT_EQ(executions("one").at(0).status, ExecutionStatus::Failed);
  EXPECT_EQ(schedules().stats("tick").fired, 1);
}

TEST_P(CronHoles, C19_TheExecutionOfASlotIsKnownBeforeItRuns) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  const auto start = step().start;
  const auto fired = history().at(0);
  EXPECT_EQ(fired.execution, start.at(0)->claimed.id);
  // Whoever fires it, it is the same.
  EXPECT_EQ(fired.execution, execution_of_slot(client().find_schedule("tick").value().id, at("12:01")));
}

TEST_P(CronHoles, C20_ACancelledExecutionStaysCancelled) {
  add(single("one"));
  auto s = minutely(Catchup::All);
  s.cron = "1 12 1 3 *";
  schedules().put(s);
  settle();
  go_to("12:01");
  const auto start = step().start;
  (void)control(store::Control::Kind::Cancel, start.at(0)->claimed.id);
  step();
  for (int i = 0; i < 5; ++i) {
    boot();
    advance(1h);
    settle();
  }
  const auto all = executions("one");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].status, ExecutionStatus::Cancelled);
  EXPECT_EQ(schedules().stats("tick").cancelled, 1);
}

TEST_P(CronHoles, C21_PuttingAScheduleAgainAddsNone) {
  add(single("one"));
  for (int i = 0; i < 5; ++i) {
    boot();
    schedules().put(minutely());
    settle();
  }
  EXPECT_THAT(schedules().list(), SizeIs(1));
  run_minutes(2);
  EXPECT_THAT(executions("one"), SizeIs(2));
}

TEST_P(CronHoles, C24_ASlotThatIsTooLateDoesNotFireAndOneThatIsNotDoes) {
  add(single("one"));
  auto s = minutely();
  s.cron = "1,31 12 * * *";
  s.max_lateness = 5min;
  schedules().put(s);
  settle();
  crash();
  go_to("12:06");
  settle();
  crash();
  go_to("12:36");
  advance(1us);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:31 skipped missed 1"));
}

TEST_P(CronHoles, C25_ACatchUpKnowsWhatWasASlotWhen) {
  add(single("one"));
  auto s = minutely(Catchup::All);
  s.start_at = at("12:03");
  schedules().put(s);
  settle();
  crash();
  go_to("12:05");
  schedules().pause("tick");
  go_to("12:08");
  schedules().resume("tick");
  advance(30s);
  s.cron = "*/5 * * * *";
  schedules().put(s);
  go_to("12:20");
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:03 fired", "12:04 fired", "12:05-12:07 skipped paused 3", "12:08 fired", "12:10 fired",
                                    "12:15 fired", "12:20 fired"));
}

TEST_P(CronHoles, C26_AScheduleBeforeItsStartAndAfterItsEndCostsNothing) {
  add(single("one"));
  auto s = minutely();
  s.start_at = at("12:30");
  s.end_at = at("12:32");
  schedules().put(s);
  settle();
  const int reads = watch.schedule_reads;
  go_to("12:29");
  settle();
  EXPECT_EQ(watch.schedule_reads, reads);
  go_to("12:30");
  settle();
  go_to("12:31");
  settle();
  const int later = watch.schedule_reads;
  run_minutes(10);
  EXPECT_EQ(watch.schedule_reads, later);
  EXPECT_THAT(ledger(), ElementsAre("12:30 fired", "12:31 fired"));
  EXPECT_EQ(step().wake_utc, std::nullopt);
}

TEST_P(CronHoles, C27_TheNightsOfTheClockChange) {
  add(single("one"));
  for (const char* night : {"2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z"}) {
    now.utc = parse_timestamp(night);
    const auto from = now.utc;
    const std::string month = std::string(night).substr(5, 2);
    const auto put = [&](const std::string& name, const std::string& cron, const std::string& zone) {
      auto s = minutely(name + month);
      s.cron = cron;
      s.time_zone = zone;
      schedules().put(s);
    };
    put("half-past-two-", "30 2 * * *", "Europe/Berlin");
    put("every-half-hour-", "0,30 * * * *", "Europe/Berlin");
    put("lord-howe-", "*/15 * * * *", "Australia/Lord_Howe");
    settle();
    for (int i = 0; i < 12 * 12; ++i) {
      advance(5min);
      settle();
    }
    for (const char* name : {"half-past-two-", "every-half-hour-", "lord-howe-"})
      expect_each_slot_once(name + month, from, now.utc);
    // 12 hours are 12 hours for an interval; 02:30 is one time of day.
    EXPECT_EQ(schedules().stats("every-half-hour-" + month).fired, 24);
    EXPECT_EQ(schedules().stats("half-past-two-" + month).fired, 1);
  }
  EXPECT_EQ(history("half-past-two-03").at(0).slot, parse_timestamp("2026-03-29T01:00:00Z"));
  EXPECT_EQ(history("half-past-two-10").at(0).slot, parse_timestamp("2026-10-25T00:30:00Z"));
}

TEST_P(CronHoles, C29_C33_ALongExecutionHoldsUpNeitherSlotsNorQuestions) {
  add(single("one"));
  schedules().put(minutely("long"));
  schedules().put(minutely("other"));
  settle();
  Items never_ends;
  for (int i = 0; i < 5; ++i) {
    advance(1min);
    const auto effects = step();
    ASSERT_THAT(effects.start, SizeIs(2));
    for (const auto& item : effects.start) never_ends.push_back(item);
    EXPECT_EQ(schedules().stats("long").open, i + 1);
  }
  EXPECT_EQ(schedules().stats("other").fired, 5);
  EXPECT_EQ(schedules().stats("other").lateness_p99, 30s);  // this test's clock
}

TEST_P(CronHoles, C35_WhateverTheStoreThrowsTheNextTurnGoesOn) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  watch.odd_exception = true;
  watch.failing_commits = 3;
  run_minutes(1);
  for (int i = 0; i < 5; ++i) step();
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
  run_minutes(1);
  EXPECT_THAT(ledger(), SizeIs(2));
}

TEST_P(CronHoles, C37_AFailedExecutionIsNoSuccess) {
  add(single("one", [](TaskContext&) {}, {.max_attempts = 1}));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  fail(step().start.at(0));
  settle();
  go_to("12:02");
  settle();
  const auto stats = schedules().stats("tick");
  EXPECT_EQ(stats.fired, 2);
  EXPECT_EQ(stats.failed, 1);
  EXPECT_EQ(stats.completed, 1);
  EXPECT_EQ(schedules().stats("tick", at("12:02")).failed, 0);
  schedules().pause("tick");
  EXPECT_EQ(schedules().get("tick").last_status, ExecutionStatus::Completed);
}

TEST_P(CronHoles, C38_AnExecutionThatDoesNotEndIsSeenAndItsDeadlineEndsIt) {
  WorkflowBuilder flow("one");
  flow.deadline(10min).task("only", [] {});
  add(flow.build());
  schedules().put(minutely(Concurrency::Skip));
  settle();
  go_to("12:01");
  const auto stuck = step().start;
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_EQ(schedules().stats("tick").open, 1);
  EXPECT_EQ(schedules().get("tick").last_status, ExecutionStatus::Running);
  for (int i = 0; i < 11; ++i) {
    advance(1min);
    step();
  }
  EXPECT_EQ(schedules().stats("tick").failed, 1);
  EXPECT_EQ(schedules().stats("tick").fired, 2);
}

}  // namespace cloacina::engine::test
