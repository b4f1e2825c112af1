// `allow`, `skip`, `queue` and `replace`, with executions that fail, retry, are cancelled, crash, or wait for their workflow.
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleConcurrency : public ScheduleTest {
 protected:
  static constexpr Concurrency all_kinds[] = {Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace};

  /// One task that has two attempts, 90 seconds apart.
  static Workflow stubborn() {
    return single("one", [](TaskContext&) {},
                  {.max_attempts = 2, .initial_delay = 90s, .factor = 1, .max_delay = 90s, .jitter = 0});
  }
  void begin(Concurrency concurrency) {
    add(stubborn());
    schedules().put(minutely(concurrency));
    settle();
    go_to("12:01");
    running = step().start;
    ASSERT_THAT(running, SizeIs(1));
  }
  std::string slot_of(const std::shared_ptr<WorkItem>& item) {
    return format_seconds(get(item->claimed.id).slot.value()).substr(11, 5);
  }

  Items running;
};
CLOACINA_ENGINE_SUITE(ScheduleConcurrency);

TEST_P(ScheduleConcurrency, QueueWaitsThroughARetryAndGoesOnAfterAFailure) {
  begin(Concurrency::Queue);
  fail(running[0]);
  step();
  go_to("12:02");
  EXPECT_THAT(step().start, IsEmpty());  // 12:01 has another attempt
  go_to("12:03");
  running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(slot_of(running[0]), "12:01");
  fail(running[0]);  // for good
  running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(slot_of(running[0]), "12:02");
  EXPECT_EQ(executions("one").at(0).status, ExecutionStatus::Failed);
  (void)control(store::Control::Kind::Cancel, running[0]->claimed.id);
  const auto effects = step();
  EXPECT_THAT(effects.stop, SizeIs(1));
  ASSERT_THAT(effects.start, SizeIs(1));
  EXPECT_EQ(slot_of(effects.start[0]), "12:03");
}

TEST_P(ScheduleConcurrency, SkipSkipsThroughARetryAndFiresAfterAFailure) {
  begin(Concurrency::Skip);
  fail(running[0]);
  step();
  go_to("12:02");
  step();
  go_to("12:03");
  running = step().start;
  ASSERT_THAT(running, SizeIs(1));
  fail(running[0]);
  step();
  go_to("12:04");
  EXPECT_THAT(step().start, SizeIs(1));
  EXPECT_THAT(ledger(), ElementsAre("12:01 fired", "12:02-12:03 skipped concurrency 2", "12:04 fired"));
}

TEST_P(ScheduleConcurrency, ReplaceEndsRetriesThatHaveNotComeYet) {
  begin(Concurrency::Replace);
  fail(running[0]);
  step();
  const auto first = running[0]->claimed.id;
  for (int i = 0; i < 4; ++i) {
    advance(1min);
    for (const auto& item : step().start) EXPECT_NE(item->claimed.id, first);
    EXPECT_THAT(open(), SizeIs(1));
  }
  EXPECT_EQ(get(first).status, ExecutionStatus::Cancelled);
}

TEST_P(ScheduleConcurrency, ACatchUpUnderReplaceLeavesOneOpen) {
  add(stubborn());
  auto s = minutely(Concurrency::Replace);
  s.catchup = Catchup::All;
  schedules().put(s);
  settle();
  crash();
  advance(5min);
  EXPECT_THAT(fire_in_new_process().start, SizeIs(1));
  EXPECT_THAT(executions("one"), SizeIs(5));
  ASSERT_THAT(open(), SizeIs(1));
  EXPECT_EQ(open()[0].slot, at("12:05"));
}

TEST_P(ScheduleConcurrency, ACatchUpUnderSkipFiresTheOldestAndUnderQueueAllOneAfterTheOther) {
  add(stubborn());
  for (const auto concurrency : {Concurrency::Skip, Concurrency::Queue}) {
    auto s = minutely(concurrency, std::string(to_string(concurrency)));
    s.catchup = Catchup::All;
    schedules().put(s);
  }
  settle();
  crash();
  advance(250min);  // more than one turn takes
  settle();
  EXPECT_EQ(schedules().stats("queue").fired, 250);
  expect_each_slot_once("skip", at("12:00"), now.utc);
  expect_each_slot_once("queue", at("12:00"), now.utc);
  EXPECT_EQ(ledger("skip").front(), "12:01 fired");
}

TEST_P(ScheduleConcurrency, QueueGoesOnInOrderAfterACrash) {
  add(stubborn());
  schedules().put(minutely(Concurrency::Queue));
  settle();
  for (int i = 0; i < 4; ++i) {
    advance(1min);
    step();
  }
  std::vector<std::string> began;
  for (int i = 0; i < 8; ++i) {
    boot();  // the one before dies with the head of the queue in hand
    const auto start = step().start;
    ASSERT_THAT(start, SizeIs(1));
    began.push_back(slot_of(start[0]));
    if (i % 2 == 0) continue;
    perform_all(start);
    step();
  }
  EXPECT_THAT(began, ElementsAre("12:01", "12:01", "12:02", "12:02", "12:03", "12:03", "12:04", "12:04"));
}

TEST_P(ScheduleConcurrency, APausedExecutionHoldsItsPlace) {
  for (const auto concurrency : {Concurrency::Skip, Concurrency::Queue}) {
    const std::string name(to_string(concurrency));
    add(stubborn());
    schedules().put(minutely(concurrency, name));
  }
  settle();
  go_to("12:01");
  const auto items = step().start;
  for (const auto& e : executions("one")) (void)control(store::Control::Kind::Pause, e.id);
  step();
  for (const auto& item : items) give_back(item);
  go_to("12:02");
  EXPECT_THAT(step().start, IsEmpty());
  EXPECT_THAT(ledger("skip"), ElementsAre("12:01 fired", "12:02 skipped concurrency 1"));
  for (const auto& e : open()) {
    if (e.status == ExecutionStatus::Paused) (void)control(store::Control::Kind::Resume, e.id);
  }
  settle();
  EXPECT_THAT(open(), IsEmpty());
}

TEST_P(ScheduleConcurrency, TheScheduleOfAnUnknownWorkflowKeepsItsWord) {
  for (const auto concurrency : all_kinds) {
    schedules().put(minutely(concurrency, std::string(to_string(concurrency)), "later"));
  }
  settle();
  run_minutes(4);
  EXPECT_THAT(ledger("allow"), SizeIs(4));
  EXPECT_THAT(ledger("skip"), ElementsAre("12:01 fired", "12:02-12:04 skipped concurrency 3"));
  EXPECT_THAT(ledger("queue"), SizeIs(4));
  EXPECT_THAT(ledger("replace"), SizeIs(4));
  EXPECT_THAT(open("later"), SizeIs(4 + 1 + 4 + 1));
  // A placeholder is no workflow that anybody can find or start.
  EXPECT_EQ(reader().find_definition("later"), std::nullopt);
  EXPECT_THAT(reader().current_definitions(), IsEmpty());
  // One that waits can be cancelled; there is nothing of it to retry.
  auto first = executions("later").at(0).id;
  (void)control(store::Control::Kind::Cancel, first);
  step();
  auto retried = control(store::Control::Kind::Retry, first);
  step();
  EXPECT_EQ(retried.get().applied, store::Applied::Conflict);

  crash();
  add(single("later"));
  std::map<std::string, int> most;
  for (int turn = 0; turn < 20; ++turn) {
    const auto start = step().start;
    std::map<std::string, int> now_running;
    for (const auto& item : start)
      most[*get(item->claimed.id).schedule] =
          std::max(most[*get(item->claimed.id).schedule], ++now_running[*get(item->claimed.id).schedule]);
    perform_all(start);
  }
  EXPECT_EQ(most["queue"], 1);
  EXPECT_EQ(most["replace"], 1);
  EXPECT_EQ(most["skip"], 1);
  EXPECT_EQ(most["allow"], 3);
  EXPECT_THAT(open("later"), IsEmpty());
}

TEST_P(ScheduleConcurrency, AnEditOfTheConcurrencyIsForTheSlotsAfterIt) {
  begin(Concurrency::Queue);
  go_to("12:02");
  EXPECT_THAT(step().start, IsEmpty());
  schedules().put(minutely(Concurrency::Allow));
  go_to("12:03");
  const auto beside = step().start;
  ASSERT_THAT(beside, SizeIs(1));
  EXPECT_EQ(slot_of(beside[0]), "12:03");
  schedules().put(minutely(Concurrency::Replace));
  go_to("12:04");
  const auto effects = step();
  EXPECT_THAT(effects.stop, SizeIs(2));
  ASSERT_THAT(effects.start, SizeIs(1));
  EXPECT_EQ(slot_of(effects.start[0]), "12:04");
  EXPECT_THAT(open(), SizeIs(1));  // what waited is cancelled too
}

TEST_P(ScheduleConcurrency, RunNowNeitherCountsNorIsCounted) {
  add(stubborn());
  for (const auto concurrency : all_kinds) schedules().put(minutely(concurrency, std::string(to_string(concurrency))));
  settle();
  std::vector<ExecutionId> extra;
  for (const auto concurrency : all_kinds) extra.push_back(schedules().run_now(to_string(concurrency)));
  EXPECT_THAT(step().start, SizeIs(4));
  go_to("12:01");
  const auto effects = step();
  EXPECT_THAT(effects.start, SizeIs(4));
  EXPECT_THAT(effects.stop, IsEmpty());
  for (const auto& id : extra) EXPECT_EQ(get(id).status, ExecutionStatus::Running);
  // While the slot's execution runs, one more begins at once.
  for (const auto concurrency : all_kinds) (void)schedules().run_now(to_string(concurrency));
  EXPECT_THAT(step().start, SizeIs(4));
  // Its end lets nothing begin that waits for a slot's execution.
  go_to("12:02");
  step();
  EXPECT_THAT(ledger("skip").back(), "12:02 skipped concurrency 1");
}

// ---- backfills

class ScheduleBackfill : public ScheduleTest {
 protected:
  int most_at_once() {
    int most = 0;
    for (int turn = 0; turn < 500; ++turn) {
      const auto start = step().start;
      if (start.empty() && inbox().empty()) break;
      most = std::max(most, static_cast<int>(start.size()));
      perform_all(start);
    }
    return most;
  }
};
CLOACINA_ENGINE_SUITE(ScheduleBackfill);

TEST_P(ScheduleBackfill, InterruptedAndRepeatedItFiresEachSlotOnce) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  const auto from = at("2026-03-01T06:00:00Z");
  const auto to = at("12:00");
  std::int64_t fired = 0;
  int calls = 0;
  // Ends early again and again; the last time nothing is left.
  for (;; ++calls) {
    int budget = 70;
    const auto report =
        schedules().backfill("tick", from, to, {.concurrency = 3, .on_fired = [&](const Firing&) { return --budget > 0; }});
    EXPECT_EQ(report.already, std::min<std::int64_t>(fired, 360));
    fired += report.fired;
    if (report.fired == 0) break;
    if (calls % 2 == 0) crash();
    EXPECT_LE(most_at_once(), 3);
  }
  EXPECT_EQ(fired, 360);
  EXPECT_GE(calls, 3);
  EXPECT_THAT(open(), IsEmpty());
  std::set<Timestamp> slots;
  for (const auto& e : executions("one")) slots.insert(*e.slot);
  EXPECT_THAT(slots, SizeIs(360));
}

TEST_P(ScheduleBackfill, BesideTheSchedulesOwnFiringOfTheSameSlots) {
  add(single("one"));
  for (const auto catchup : {Catchup::None, Catchup::Latest, Catchup::All}) {
    for (const auto concurrency : {Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
      auto s = minutely(concurrency, std::string(to_string(catchup)) + "-" + std::string(to_string(concurrency)));
      s.catchup = catchup;
      schedules().put(s);
    }
  }
  settle();
  run_minutes(2);
  crash();
  go_to("12:09");
  // Owed: 12:03 to 12:09. Fired out of their turn: 11:55 to 12:06.
  for (const auto& info : schedules().list()) {
    const auto report = schedules().backfill(info.definition.name, at("11:55"), at("12:07"));
    EXPECT_EQ(report.fired, 6 + 4) << info.definition.name;
    EXPECT_EQ(report.already, 2) << info.definition.name;
  }
  settle();
  run_minutes(2);
  for (const auto& info : schedules().list()) {
    SCOPED_TRACE(info.definition.name);
    expect_each_slot_once(info.definition.name, at("11:54"), now.utc);
    EXPECT_EQ(schedules().stats(info.definition.name).backfilled, 10);
    EXPECT_EQ(schedules().get(info.definition.name).next_run_at, at("12:12"));
  }
  EXPECT_THAT(open(), IsEmpty());
  EXPECT_EQ(schedules().stats("all-allow").fired, 2 + 3 + 2);  // 12:01, 12:02; 12:07 to 12:09; 12:10, 12:11
}

TEST_P(ScheduleBackfill, InsideAPauseAndTheSlotsOfThePauseStaySkipped) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  go_to("12:01");
  schedules().pause("tick");
  advance(4min);
  settle();
  EXPECT_EQ(schedules().backfill("tick", at("12:02"), at("12:04")).fired, 2);
  settle();
  schedules().resume("tick");
  run_minutes(1);
  expect_each_slot_once("tick", at("12:00"), now.utc);
  EXPECT_EQ(schedules().stats("tick").backfilled, 2);
  EXPECT_EQ(schedules().stats("tick").skipped[SkipReason::Paused], 4);
  EXPECT_THAT(executions("one"), SizeIs(4));  // two of the pause, 12:05 and 12:06
}

TEST_P(ScheduleBackfill, StaysInTheWindowAndInThePast) {
  add(single("one"));
  auto s = minutely();
  s.start_at = at("11:50");
  s.end_at = at("11:55");
  s.catchup = Catchup::None;
  schedules().put(s);
  settle();  // too late for all five: missed
  EXPECT_EQ(schedules().stats("tick").skipped[SkipReason::Missed], 5);
  EXPECT_THROW(schedules().backfill("tick", at("11:00"), now.utc + 1us), Error);
  EXPECT_THROW(schedules().backfill("tick", at("11:50"), at("11:50")), Error);
  EXPECT_EQ(schedules().backfill("tick", at("11:00"), now.utc).fired, 5);
  EXPECT_EQ(schedules().backfill("tick", at("11:00"), now.utc).already, 5);
  EXPECT_EQ(schedules().backfill("tick", at("11:00"), at("11:30")).fired, 0);
}

TEST_P(ScheduleBackfill, TwoAtOnceShareTheSlotsOfTheirRanges) {
  add(single("one"));
  schedules().put(minutely());
  settle();
  const auto from = at("11:00");
  std::int64_t inner_fired = 0;
  bool once = true;
  // The second begins while the first is on its way, and takes what the first has not come to.
  const auto outer = schedules().backfill("tick", from, at("12:00"), {.on_fired = [&](const Firing&) {
                                            if (std::exchange(once, false))
                                              inner_fired = schedules().backfill("tick", at("11:30"), at("12:00")).fired;
                                            return true;
                                          }});
  EXPECT_EQ(outer.fired + inner_fired, 60);
  settle();
  EXPECT_THAT(executions("one"), SizeIs(60));
}

TEST_P(ScheduleBackfill, UnderEveryConcurrencyItLeavesTheSlotsExecutionsAlone) {
  add(single("one"));
  for (const auto concurrency : {Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
    schedules().put(minutely(concurrency, std::string(to_string(concurrency))));
  }
  settle();
  for (const char* name : {"skip", "queue", "replace"}) schedules().backfill(name, at("11:00"), at("11:05"), {.concurrency = 5});
  const auto backfilled = step().start;
  EXPECT_THAT(backfilled, SizeIs(15));
  go_to("12:01");
  const auto effects = step();
  EXPECT_THAT(effects.start, SizeIs(3));
  EXPECT_THAT(effects.stop, IsEmpty());
  perform_all(backfilled);
  step();
  for (const char* name : {"skip", "queue", "replace"}) EXPECT_EQ(schedules().stats(name).completed, 5) << name;
}

}  // namespace cloacina::engine::test
