// Slots: each fires once, or is skipped with a reason, whatever comes in between.
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleTurns : public ScheduleTest {};
CLOACINA_ENGINE_SUITE(ScheduleTurns);

TEST_P(ScheduleTurns, TheNextSlotIsTheNextWakeUpAndFiresInOneCommit) {
  add(single("one"));
  schedules().put(minutely());
  EXPECT_EQ(schedules().get("tick").next_run_at, parse_timestamp("2026-03-01T12:01:00Z"));
  settle();
  const auto rest = step();
  EXPECT_EQ(rest.wake_utc, parse_timestamp("2026-03-01T12:01:00Z"));
  EXPECT_FALSE(rest.committed);
  const int before = watch.commits;
  advance(30s);
  const auto effects = step();
  EXPECT_EQ(watch.commits, before + 1);
  ASSERT_THAT(effects.start, SizeIs(1));
  EXPECT_EQ(effects.wake_utc, parse_timestamp("2026-03-01T12:02:00Z"));
  const auto e = get(effects.start[0]->claimed.id);
  EXPECT_EQ(e.schedule, "tick");
  EXPECT_EQ(e.slot, parse_timestamp("2026-03-01T12:01:00Z"));
  EXPECT_EQ(e.input["scheduled_time"], "2026-03-01T12:01:00Z");
  EXPECT_EQ(e.input["schedule_id"], schedules().get("tick").id);
  EXPECT_EQ(e.input["schedule_timezone"], "UTC");
  EXPECT_EQ(e.input["schedule_expression"], "* * * * *");
  EXPECT_EQ(e.input["schedule_name"], "tick");
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
  EXPECT_EQ(history().at(0).execution, e.id);
}

TEST_P(ScheduleTurns, NothingIsReadBetweenSlots) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  const int reads = watch.schedule_reads;
  for (int i = 0; i < 20; ++i) {
    advance(1s);
    EXPECT_FALSE(step().committed);
  }
  EXPECT_EQ(watch.schedule_reads, reads);
}

TEST_P(ScheduleTurns, InputOfTheScheduleGoesOverTheWorkflowsOwn) {
  WorkflowBuilder flow("one");
  flow.default_input({{"a", 1}, {"b", 1}}).task("only", [] {});
  add(flow.build());
  auto s = minutely();
  s.input = {{"b", 2}, {"c", 3}};
  s.priority = 7;
  schedules().put(s);
  settle();
  advance(30s);
  settle();
  const auto e = executions("one").at(0);
  EXPECT_EQ(e.input["a"], 1);
  EXPECT_EQ(e.input["b"], 2);
  EXPECT_EQ(e.input["c"], 3);
  EXPECT_EQ(e.priority, 7);
}

TEST_P(ScheduleTurns, AnotherRunnersTurnComesFirstAndNothingFiresTwice) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  const auto other = another();
  (void)step(*other);
  (void)step(*other);
  advance(30s);
  // Both know that the slot is due.
  const auto first = step(*other);
  engine().hint();
  const auto second = step();
  EXPECT_THAT(first.start, SizeIs(1));
  EXPECT_THAT(second.start, IsEmpty());
  EXPECT_THAT(executions("one"), SizeIs(1));
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
}

TEST_P(ScheduleTurns, AFailedCommitFiresTheSlotWithTheNextTry) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  advance(31s);
  watch.failing_commits = 3;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(step().trouble);
  settle();
  EXPECT_THAT(executions("one"), SizeIs(1));
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
}

TEST_P(ScheduleTurns, MissedSlotsAreSkippedWithoutCatchup) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  crash();
  advance(10min);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01-12:09 skipped missed 9", "12:10 fired"));
}

TEST_P(ScheduleTurns, LatestFiresTheLastMissedSlot) {
  add(single("one"));
  auto s = minutely();
  s.catchup = Catchup::Latest;
  schedules().put(s);
  settle();
  crash();
  advance(10min);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01-12:09 skipped superseded 9", "12:10 fired"));
}

TEST_P(ScheduleTurns, AllFiresEveryMissedSlotOldestFirst) {
  add(single("one"));
  auto s = minutely();
  s.catchup = Catchup::All;
  schedules().put(s);
  settle();
  crash();
  advance(3h);
  settle();
  const auto fired = executions("one");
  ASSERT_THAT(fired, SizeIs(180));
  for (std::size_t i = 0; i < fired.size(); ++i) {
    EXPECT_EQ(fired[i].slot, parse_timestamp("2026-03-01T12:01:00Z") + std::chrono::minutes{i});
    EXPECT_EQ(fired[i].status, ExecutionStatus::Completed);
  }
}

TEST_P(ScheduleTurns, AClockThatGoesBackNeitherLosesNorRepeatsSlots) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  run_minutes(3);
  now.utc -= 1h;
  settle();
  EXPECT_THAT(executions("one"), SizeIs(3));
  now.utc += 1h;
  run_minutes(2);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired", "12:04 fired", "12:05 fired"));
}

TEST_P(ScheduleTurns, SkipLeavesOutSlotsWhileAnEarlierExecutionGoesOn) {
  add(single("one"));
  auto s = minutely();
  s.concurrency = Concurrency::Skip;
  schedules().put(s);
  settle();
  advance(30s);
  auto running = step().start;
  advance(1min);
  EXPECT_THAT(step().start, IsEmpty());
  advance(1min);
  EXPECT_THAT(step().start, IsEmpty());
  perform_all(running);
  settle();
  advance(1min);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02-12:03 skipped concurrency 2", "12:04 fired"));
}

TEST_P(ScheduleTurns, QueueStartsTheNextOneWhenTheEarlierEnds) {
  add(single("one"));
  auto s = minutely();
  s.concurrency = Concurrency::Queue;
  schedules().put(s);
  settle();
  advance(30s);
  auto running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  for (int i = 0; i < 2; ++i) {
    advance(1min);
    EXPECT_THAT(step().start, IsEmpty());
  }
  EXPECT_THAT(executions("one"), SizeIs(3));
  EXPECT_TRUE(executions("one").at(1).waiting);
  for (int i = 0; i < 2; ++i) {
    perform_all(running);
    running = step().start;  // the end of the one and the claim of the next are one commit
    ASSERT_THAT(running, SizeIs(1));
    EXPECT_EQ(get(running[0]->claimed.id).slot, parse_timestamp("2026-03-01T12:02:00Z") + std::chrono::minutes{i});
  }
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired"));
}

TEST_P(ScheduleTurns, QueuedExecutionsCanBePausedResumedAndCancelled) {
  add(single("one"));
  auto s = minutely();
  s.concurrency = Concurrency::Queue;
  schedules().put(s);
  settle();
  advance(30s);
  auto running = step().start;
  for (int i = 0; i < 3; ++i) {
    advance(1min);
    step();
  }
  const auto all = executions("one");
  (void)control(store::Control::Kind::Cancel, all.at(1).id);
  (void)control(store::Control::Kind::Pause, all.at(2).id);
  step();
  perform_all(running);
  EXPECT_THAT(step().start, IsEmpty());  // the paused one is next
  EXPECT_EQ(get(all.at(2).id).status, ExecutionStatus::Paused);
  (void)control(store::Control::Kind::Resume, all.at(2).id);
  settle();
  EXPECT_EQ(get(all.at(1).id).status, ExecutionStatus::Cancelled);
  EXPECT_EQ(get(all.at(2).id).status, ExecutionStatus::Completed);
  EXPECT_EQ(get(all.at(3).id).status, ExecutionStatus::Completed);
}

TEST_P(ScheduleTurns, ReplaceCancelsTheEarlierExecution) {
  add(single("one"));
  auto s = minutely();
  s.concurrency = Concurrency::Replace;
  schedules().put(s);
  settle();
  advance(30s);
  const auto first = step().start;
  advance(1min);
  const auto effects = step();
  ASSERT_THAT(effects.stop, SizeIs(1));
  EXPECT_EQ(effects.stop[0], first[0]);
  ASSERT_THAT(effects.start, SizeIs(1));
  const auto replaced = get(first[0]->claimed.id);
  EXPECT_EQ(replaced.status, ExecutionStatus::Cancelled);
  EXPECT_EQ(replaced.error, "cancelled: replaced by the slot 2026-03-01T12:02:00Z");
}

TEST_P(ScheduleTurns, SlotsOfAPauseAreSkipped) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  run_minutes(1);
  schedules().pause("tick", "the disk is full");
  run_minutes(3);
  EXPECT_EQ(schedules().get("tick").pause_note, "the disk is full");
  EXPECT_EQ(schedules().get("tick").next_run_at, std::nullopt);
  schedules().resume("tick");
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02-12:04 skipped paused 3", "12:05 fired"));
}

TEST_P(ScheduleTurns, AnEditSettlesWhatTheOldRuleOwes) {
  add(single("one"));
  auto s = minutely();
  s.catchup = Catchup::All;
  schedules().put(s);
  settle();
  crash();
  advance(3min);
  s.cron = "*/5 * * * *";
  EXPECT_EQ(schedules().put(s), Schedules::Put::Updated);
  EXPECT_EQ(schedules().get("tick").revision, 2);
  run_minutes(7);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired", "12:05 fired", "12:10 fired"));
}

TEST_P(ScheduleTurns, TheSameDefinitionChangesNothing) {
  schedules().put(minutely());
  schedules().pause("tick");
  EXPECT_EQ(schedules().put(minutely()), Schedules::Put::Unchanged);
  EXPECT_EQ(schedules().get("tick").revision, 1);
  EXPECT_TRUE(schedules().get("tick").paused);
  auto s = minutely();
  s.paused = true;
  EXPECT_EQ(schedules().put(s), Schedules::Put::Updated);
  schedules().resume("tick");
  EXPECT_EQ(schedules().put(s), Schedules::Put::Unchanged);
  EXPECT_FALSE(schedules().get("tick").paused);
}

}  // namespace cloacina::engine::test
