// Instants that touch: a slot and an edit, a pause, the ends of the window, a removal.
#include "engine/schedules.hpp"
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleEdges : public ScheduleTest {};
CLOACINA_ENGINE_SUITE(ScheduleEdges);

TEST_P(ScheduleEdges, TheWindowContainsItsBeginningAndNotItsEnd) {
  add(single("one"));
  auto s = minutely();
  s.start_at = at("12:03");
  s.end_at = at("12:06");
  schedules().put(s);
  EXPECT_EQ(schedules().get("tick").next_run_at, at("12:03"));
  settle();
  run_minutes(10);
  EXPECT_THAT(ledger(), ElementsAre("12:03 fired", "12:04 fired", "12:05 fired"));
  EXPECT_EQ(schedules().get("tick").next_run_at, std::nullopt);
}

TEST_P(ScheduleEdges, TheWindowIsOfTheSlotAndNotOfTheMomentOfProcessing) {
  add(single("one"));
  auto s = minutely(Catchup::All);
  s.end_at = at("12:04");
  schedules().put(s);
  settle();
  crash();
  go_to("15:00");
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired"));
}

TEST_P(ScheduleEdges, AStartInThePastWithCatchupFiresThePast) {
  add(single("one"));
  auto s = minutely(Catchup::All);
  s.start_at = at("11:57");
  schedules().put(s);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("11:57 fired", "11:58 fired", "11:59 fired", "12:00 fired"));
}

TEST_P(ScheduleEdges, ASlotAtTheInstantOfAnEditIsTheOldRules) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  auto s = minutely();
  s.cron = "0 * * * *";
  schedules().put(s);  // before the engine's turn
  settle();
  run_minutes(3);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
  EXPECT_EQ(schedules().get("tick").next_run_at, at("13:00"));
  // And the other way round: 12:05 is a slot of the new rule only, and the edit is at 12:05.
  go_to("12:05");
  schedules().put(minutely());
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired"));
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:06 fired"));
}

TEST_P(ScheduleEdges, AnEditAtTheSlotOfBothRulesFiresItOnce) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  for (const bool first : {true, false}) {
    advance(1min);
    now.utc = std::chrono::floor<std::chrono::minutes>(now.utc);
    if (first) settle();
    auto s = minutely();
    s.cron = first ? "*/1 * * * *" : "* * * * *";
    schedules().put(s);
    settle();
    settle();
  }
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired"));
}

TEST_P(ScheduleEdges, APauseAndAResumeAtTheInstantOfASlot) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  schedules().pause("tick");  // before the engine's turn: the slot is paused
  settle();
  go_to("12:03");
  schedules().resume("tick");  // and this one is not any more
  settle();
  go_to("12:04");
  settle();
  schedules().pause("tick");  // after the turn: it has fired
  settle();
  schedules().resume("tick");
  settle();
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01-12:02 skipped paused 2", "12:03 fired", "12:04 fired", "12:05 fired"));
}

TEST_P(ScheduleEdges, PausingTwiceChangesTheNoteOnly) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  run_minutes(1);
  schedules().pause("tick", "first");
  run_minutes(1);
  schedules().pause("tick", "second");
  EXPECT_EQ(schedules().get("tick").pause_note, "second");
  run_minutes(1);
  schedules().resume("tick");
  schedules().resume("tick");
  EXPECT_EQ(schedules().get("tick").pause_note, "");
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02-12:03 skipped paused 2", "12:04 fired"));
}

TEST_P(ScheduleEdges, SlotsOwedFromBeforeAPauseFollowTheCatchup) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  crash();
  advance(2min);
  schedules().pause("tick");
  advance(2min);
  settle();  // paused, and yet it owes two slots
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03-12:04 skipped paused 2"));
  schedules().resume("tick");
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03-12:04 skipped paused 2", "12:05 fired"));
}

TEST_P(ScheduleEdges, AnEditOfAPausedScheduleLeavesItPausedAndItsSlotsSkipped) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  run_minutes(1);
  schedules().pause("tick", "why");
  run_minutes(2);
  auto s = minutely();
  s.cron = "*/2 * * * *";
  schedules().put(s);
  EXPECT_TRUE(schedules().get("tick").paused);
  EXPECT_EQ(schedules().get("tick").pause_note, "why");
  run_minutes(3);
  schedules().resume("tick");
  run_minutes(2);
  // 12:02 and 12:03 of the old rule, 12:04 and 12:06 of the new one.
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02-12:06 skipped paused 4", "12:08 fired"));
}

TEST_P(ScheduleEdges, AnEditBeforeTheFirstSlotMayTakeTheStartBack) {
  add(single("one"));
  auto s = minutely();
  s.start_at = at("14:00");
  schedules().put(s);
  settle();
  s.start_at = at("12:02");
  schedules().put(s);
  settle();
  run_minutes(3);
  EXPECT_THAT(ledger(), ElementsAre("12:02 fired", "12:03 fired"));
  s.start_at = at("15:00");
  schedules().put(s);
  run_minutes(2);
  s.start_at.reset();
  schedules().put(s);
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:02 fired", "12:03 fired", "12:06 fired"));
}

TEST_P(ScheduleEdges, RulesThatWereReplacedBeforeTheirTurnAreRecordedAsEdited) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  crash();
  advance(2min);
  auto s = minutely(Catchup::All);
  s.cron = "*/2 * * * *";
  schedules().put(s);  // owes 12:01 and 12:02 of the first rule
  advance(4min);
  s.cron = "*/5 * * * *";
  schedules().put(s);  // 12:04 and 12:06 of the second never came to their turn
  advance(4min);
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:04-12:06 skipped edited 2", "12:10 fired"));
}

TEST_P(ScheduleEdges, ARemovedSchedulesOpenExecutionsGoOn) {
  add(single("one"));
  schedules().put(minutely(Concurrency::Queue));
  settle();
  go_to("12:01");
  auto running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  go_to("12:02");
  step();
  const auto id = schedules().get("tick").id;
  schedules().remove("tick");
  perform_all(running);
  settle();
  for (const auto& e : executions("one")) {
    EXPECT_EQ(e.status, ExecutionStatus::Completed);
    EXPECT_EQ(e.schedule, "tick");
  }
  EXPECT_THAT(executions("one"), SizeIs(2));
  EXPECT_THROW((void)schedules().history("tick"), Error);
  // The same name again is another schedule: the same slot fires for it too.
  auto s = minutely(Catchup::All);
  s.start_at = at("12:01");
  schedules().put(s);
  settle();
  EXPECT_NE(schedules().get("tick").id, id);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired"));
  EXPECT_THAT(executions("one"), SizeIs(4));
}

TEST_P(ScheduleEdges, ARemovalWhileATurnWasPlannedFiresNothing) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  const auto row = client().find_schedule("tick");
  go_to("12:01");
  schedules().remove("tick");
  store::Batch batch;
  batch.now = now.utc;
  ReadSchedules read;
  batch.schedules.push_back(plan_schedule(*row, now.utc, 100, "any", read));
  ASSERT_THAT(batch.schedules[0].fire, SizeIs(1));
  EXPECT_THAT(client().commit(batch).schedules, ElementsAre(store::Applied::Stale));
  EXPECT_THAT(executions("one"), IsEmpty());
}

TEST_P(ScheduleEdges, PruningNeverMakesASlotFireAgain) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  run_minutes(3);
  EXPECT_EQ(client().prune(now.utc + 1s, 100), 3);
  EXPECT_THAT(executions("one"), IsEmpty());
  boot();
  settle();
  EXPECT_EQ(schedules().backfill("tick", at("12:01"), at("12:03"), {}).already, 2);
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02 fired", "12:03 fired", "12:04 fired"));
  EXPECT_THAT(executions("one"), SizeIs(1));
  EXPECT_EQ(schedules().stats("tick").fired, 4);
}

TEST_P(ScheduleEdges, AScheduleWhoseHistoryIsGoneFiresNothingAgain) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  run_minutes(3);
  EXPECT_EQ(client().prune(now.utc + 1s, 100), 3);
  const auto pruned = client().prune_firings({.before = now.utc + 1s, .limit = 2});
  EXPECT_EQ(pruned.deleted, 2);
  ASSERT_TRUE(pruned.next);
  EXPECT_EQ(client().prune_firings({.before = now.utc + 1s, .after = *pruned.next}).deleted, 0) << "the last stays";
  EXPECT_THAT(ledger(), ElementsAre("12:03 fired"));
  boot();
  settle();
  EXPECT_THAT(executions("one"), IsEmpty());
  run_minutes(1);
  EXPECT_THAT(ledger(), ElementsAre("12:03 fired", "12:04 fired"));
  EXPECT_EQ(schedules().backfill("tick", at("12:01"), at("12:04"), {}).fired, 2) << "asked for, and nobody knows any more";
}

TEST_P(ScheduleEdges, RunNowAtTheInstantOfASlotTakesNothingFromIt) {
  add(single("one"));
  for (const auto concurrency : {Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
    schedules().put(minutely(concurrency, std::string(to_string(concurrency))));
  }
  settle();
  go_to("12:01");
  for (const char* name : {"allow", "skip", "queue", "replace"}) {
    (void)schedules().run_now(name);
    (void)schedules().run_now(name);
  }
  settle();
  for (const char* name : {"allow", "skip", "queue", "replace"}) {
    EXPECT_EQ(schedules().stats(name).fired, 1) << name;
    EXPECT_EQ(schedules().stats(name).run_now, 2) << name;
    expect_each_slot_once(name, at("12:00"), now.utc);
  }
}

TEST_P(ScheduleEdges, EveryCountsFromItsStartOrItsCreation) {
  add(single("one"));
  auto s = minutely();
  s.dialect = Dialect::Extended;
  s.cron = "@every 90s";
  schedules().put(s);
  s.name = "started";
  s.start_at = at("12:02");
  schedules().put(s);
  settle();
  run_minutes(6);
  std::vector<std::string> slots;
  for (const auto& f : history()) slots.push_back(format_seconds(f.slot).substr(11, 8));
  EXPECT_THAT(slots, ElementsAre("12:02:00", "12:03:30", "12:05:00", "12:06:30"));
  slots.clear();
  for (const auto& f : history("started")) slots.push_back(format_seconds(f.slot).substr(11, 8));
  EXPECT_THAT(slots, ElementsAre("12:02:00", "12:03:30", "12:05:00", "12:06:30"));
}

TEST_P(ScheduleEdges, SkippedRunsOfTwoPausesAreTwoThoughABackfillFiredWhatWasBetween) {
  add(single("one"));
  auto s = minutely();
  s.catchup = Catchup::All;
  schedules().put(s);
  settle();
  schedules().pause("tick");
  go_to("2026-03-01T12:02:30Z");
  schedules().resume("tick");
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01-12:02 skipped paused 2"));
  crash();
  go_to("2026-03-01T12:03:30Z");  // 12:03 is nobody's yet
  schedules().pause("tick");
  go_to("2026-03-01T12:05:30Z");
  EXPECT_EQ(schedules().backfill("tick", at("12:03"), at("12:04")).fired, 1);
  schedules().resume("tick");
  settle();
  EXPECT_THAT(ledger(), ElementsAre("12:01-12:02 skipped paused 2", "12:03 fired backfill", "12:04-12:05 skipped paused 2"));
}

}  // namespace cloacina::engine::test
