// Slots: each fires once, or is skipped with a reason, whatever comes in between.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleTurns : public EngineTest {
 protected:
  /// A schedule that fires at every full minute.
  static Schedule minutely(const std::string& name = "tick", const std::string& workflow = "one") {
    Schedule s;
    s.name = name;
    s.workflow = workflow;
    s.cron = "* * * * *";
    return s;
  }
  void SetUp() override { now.utc = parse_timestamp("2026-03-01T12:00:30Z"); }

  /// Lives through `count` full minutes.
  void run_minutes(int count) {
    for (int i = 0; i < count; ++i) {
      advance(1min);
      settle();
    }
  }

  std::vector<Firing> history(const std::string& name = "tick") {
    auto firings = schedules().history(name, {.limit = 10'000}).firings;
    std::reverse(firings.begin(), firings.end());
    return firings;
  }
  /// `12:01 fired`, `12:02-12:05 skipped paused 4`
  std::vector<std::string> ledger(const std::string& name = "tick") {
    std::vector<std::string> out;
    for (const auto& f : history(name)) {
      const auto clock = [](Timestamp t) { return format_seconds(t).substr(11, 5); };
      std::string line = clock(f.slot);
      if (f.through != f.slot) line += "-" + clock(f.through);
      line += " " + std::string(to_string(f.outcome));
      if (f.kind != Firing::Kind::Slot) line += " " + std::string(to_string(f.kind));
      if (f.reason) line += " " + std::string(to_string(*f.reason)) + " " + std::to_string(f.count);
      out.push_back(line);
    }
    return out;
  }
};
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

TEST_P(ScheduleTurns, ExecutionsOfAWorkflowThatNobodyKnowsWaitForIt) {
  schedules().put(minutely("tick", "later"));
  settle();
  run_minutes(3);
  auto waiting = executions("later");
  ASSERT_THAT(waiting, SizeIs(3));
  EXPECT_TRUE(waiting[0].stranded);
  EXPECT_EQ(waiting[0].status, ExecutionStatus::Pending);
  (void)control(store::Control::Kind::Cancel, waiting[1].id);
  settle();
  WorkflowBuilder flow("later");
  flow.default_input({{"a", 1}}).task("only", [](TaskContext& t) {
    t.context().set("slot", t.context().get<std::string>("scheduled_time"));
  });
  add(flow.build());
  settle();
  const auto e = get(waiting[0].id);
  EXPECT_EQ(e.status, ExecutionStatus::Completed);
  EXPECT_EQ(e.context["slot"], "2026-03-01T12:01:00Z");
  EXPECT_EQ(e.context["a"], 1);
  EXPECT_EQ(get(waiting[1].id).status, ExecutionStatus::Cancelled);
  EXPECT_EQ(get(waiting[2].id).status, ExecutionStatus::Completed);
}

TEST_P(ScheduleTurns, RunNowIsNoSlotAndWorksWhilePaused) {
  add(single("one"));
  schedules().put(minutely());
  schedules().pause("tick");
  const auto id = schedules().run_now("tick");
  const auto again = schedules().run_now("tick");
  EXPECT_NE(id, again);
  settle();
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
  EXPECT_EQ(get(id).schedule, "tick");
  EXPECT_EQ(get(id).slot, std::nullopt);
  EXPECT_EQ(schedules().stats("tick").run_now, 2);
}

TEST_P(ScheduleTurns, ABackfillFiresWhatHasNotFiredAFewAtATime) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  crash();
  advance(5min);
  settle();  // 12:01-12:04 missed, 12:05 fired
  const auto from = parse_timestamp("2026-03-01T11:58:00Z");
  const auto to = parse_timestamp("2026-03-01T12:05:30Z");
  EXPECT_EQ(schedules().backfill("tick", from, to, {.dry_run = true}).fired, 7);
  const auto report = schedules().backfill("tick", from, to, {.concurrency = 2});
  EXPECT_EQ(report.fired, 7);
  EXPECT_EQ(report.already, 1);
  auto running = step().start;
  EXPECT_THAT(running, SizeIs(2));
  int most = 0;
  int done = 0;
  while (!running.empty()) {
    most = std::max(most, static_cast<int>(running.size()));
    done += static_cast<int>(running.size());
    perform_all(running);
    running = step().start;
  }
  EXPECT_EQ(most, 2);
  EXPECT_EQ(done, 7);
  EXPECT_EQ(schedules().backfill("tick", from, to).fired, 0);
  EXPECT_EQ(schedules().stats("tick").backfilled, 7);
}

TEST_P(ScheduleTurns, ACancelledBackfillStartsNothingMore) {
  add(single("one"));
  schedules().put(minutely());
  const auto from = parse_timestamp("2026-03-01T10:00:00Z");
  const auto report = schedules().backfill("tick", from, now.utc, {});
  EXPECT_EQ(report.fired, 121);
  auto running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(schedules().cancel_backfill("tick", report.id), 121);
  perform_all(running);
  settle();
  for (const auto& e : executions("one")) EXPECT_EQ(e.status, ExecutionStatus::Cancelled);
}

TEST_P(ScheduleTurns, RebootFiresOnceForEachStartOfARunnerThatHasTheWorkflow) {
  auto s = minutely();
  s.cron = "@reboot";
  schedules().put(s);
  settle();
  EXPECT_THAT(executions("one"), IsEmpty());
  add(single("one"));
  settle();
  run_minutes(5);
  EXPECT_THAT(executions("one"), SizeIs(1));
  boot();
  settle();
  EXPECT_THAT(executions("one"), SizeIs(2));
}

TEST_P(ScheduleTurns, ARemovedScheduleFiresNoMoreAndItsNameIsFree) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  run_minutes(1);
  const auto id = schedules().get("tick").id;
  schedules().remove("tick");
  run_minutes(2);
  EXPECT_THAT(executions("one"), SizeIs(1));
  EXPECT_EQ(executions("one").at(0).schedule, "tick");
  EXPECT_EQ(schedules().put(minutely()), Schedules::Put::Created);
  EXPECT_NE(schedules().get("tick").id, id);
  run_minutes(1);
  EXPECT_THAT(executions("one"), SizeIs(2));
}

TEST_P(ScheduleTurns, ASourceTakesBackWhatLeftItsFiles) {
  const auto sync = [&](std::vector<Schedule> list) { return schedules().sync("/etc/flows", list); };
  schedules().put(minutely("mine"));
  EXPECT_EQ(sync({minutely("a"), minutely("b")}).created, 2);
  EXPECT_EQ(sync({minutely("a"), minutely("b")}).unchanged, 2);
  const auto report = sync({minutely("b")});
  EXPECT_EQ(report.removed, 1);
  EXPECT_EQ(report.unchanged, 1);
  std::vector<std::string> names;
  for (const auto& info : schedules().list()) names.push_back(info.definition.name);
  EXPECT_THAT(names, ElementsAre("b", "mine"));
}

TEST_P(ScheduleTurns, ManySchedulesOfOneInstantShareTurns) {
  add(single("one"));
  std::vector<Schedule> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(minutely("tick" + std::to_string(i)));
  schedules().put_many(many);
  settle();
  const int before = watch.commits;
  advance(30s);
  settle();
  EXPECT_LT(watch.commits - before, 20);
  EXPECT_THAT(executions("one"), SizeIs(1'000));
  std::set<std::string> names;
  for (const auto& e : executions("one")) names.insert(*e.schedule);
  EXPECT_THAT(names, SizeIs(1'000));
}

}  // namespace cloacina::engine::test
