// What is no plain slot: unknown workflows, run_now, backfills, @reboot, sources.
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleKinds : public ScheduleTest {};
CLOACINA_ENGINE_SUITE(ScheduleKinds);

TEST_P(ScheduleKinds, ExecutionsOfAWorkflowThatNobodyKnowsWaitForIt) {
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

TEST_P(ScheduleKinds, AnExecutionOfAWorkflowThatNobodyKnowsKeepsItsPlaceInTheQueue) {
  add(single("one"));
  schedules().put(minutely(Concurrency::Queue));
  settle();
  advance(1min);
  const auto first = step().start;  // 12:01, which runs
  ASSERT_THAT(first, SizeIs(1));
  schedules().put(minutely(Concurrency::Queue, "tick", "later"));
  run_minutes(2);
  schedules().put(minutely(Concurrency::Queue, "tick", "one"));
  run_minutes(1);
  EXPECT_THAT(open("later"), SizeIs(2));  // 12:02, 12:03
  EXPECT_THAT(open("one"), SizeIs(2));    // 12:01, 12:04
  perform_all(first);
  settle();
  EXPECT_THAT(open("one"), SizeIs(1)) << "12:04 is behind those that nobody knows";
  add(single("later"));
  std::vector<std::string> slots;
  for (;;) {
    const auto started = step().start;
    for (const auto& item : started) slots.push_back(format_seconds(get(item->claimed.id).slot.value()).substr(11, 5));
    perform_all(started);
    if (started.empty() && inbox().empty()) break;
  }
  EXPECT_THAT(slots, ElementsAre("12:02", "12:03", "12:04"));
}

TEST_P(ScheduleKinds, RunNowIsNoSlotAndWorksWhilePaused) {
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

TEST_P(ScheduleKinds, ABackfillFiresWhatHasNotFiredAFewAtATime) {
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

TEST_P(ScheduleKinds, ACancelledBackfillStartsNothingMore) {
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

TEST_P(ScheduleKinds, RebootFiresOnceForEachStartOfARunnerThatHasTheWorkflow) {
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

TEST_P(ScheduleKinds, ARemovedScheduleFiresNoMoreAndItsNameIsFree) {
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

TEST_P(ScheduleKinds, ASourceTakesBackWhatLeftItsFiles) {
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

TEST_P(ScheduleKinds, ManySchedulesOfOneInstantShareTurns) {
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
