// A runner that lives by a lease: renewing it, and stopping in time when it cannot be renewed.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::IsEmpty;
using testing::SizeIs;

class Leases : public EngineTest {
 protected:
  Leases() {
    watch.lease = 15s;
    options.heartbeat = 5s;
    add(single("one"));
    step();
  }
};
CLOACINA_ENGINE_SUITE(Leases);

TEST_P(Leases, AreRenewedAtEachHeartbeat) {
  for (int beat = 0; beat < 3; ++beat) {
    const int before = watch.commits;
    advance(4s);
    auto effects = step();
    EXPECT_EQ(watch.commits, before) << "not yet";
    ASSERT_TRUE(effects.wake_steady);
    EXPECT_EQ(*effects.wake_steady, now.steady + 1s);
    advance(1s);
    step();
    EXPECT_EQ(watch.commits, before + 1);
    EXPECT_EQ(watch.batches.back().renew, 15s);
  }
}

TEST_P(Leases, WhatRunsIsStoppedBeforeALeaseThatCannotBeRenewedEnds) {
  const auto id = submit("one");
  const auto items = step().start;
  ASSERT_THAT(items, SizeIs(1));
  begin(items[0]);
  watch.failing_commits = 100;
  advance(11s);
  EXPECT_THAT(step().stop, IsEmpty()) << "there is time to try again";
  advance(2s);
  EXPECT_THAT(step().stop, SizeIs(1));
  EXPECT_EQ(items[0]->reason.load(), StopReason::LeaseLost);
  EXPECT_THAT(step().stop, IsEmpty()) << "asked once";
  complete(items[0]);
  watch.failing_commits = 0;
  const auto again = step().start;
  ASSERT_THAT(again, SizeIs(1)) << "what it made of it does not count: others may have begun it";
  EXPECT_EQ(again[0]->claimed.number, 2);
  perform_all(again);
  settle();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(task(id, "only").attempts.at(0).error, "its runner could not renew its lease");
}

TEST_P(Leases, ATaskThatEndsInTimeIsRecordedAndTheRunnerGoesOn) {
  submit("one");
  const auto items = step().start;
  watch.failing_commits = 1;
  advance(6s);
  EXPECT_TRUE(step().trouble) << "the renewal failed";
  step();
  EXPECT_EQ(watch.batches.back().renew, 15s) << "and is tried again";
  advance(4s);
  EXPECT_THAT(step().stop, IsEmpty());
  perform_all(items);
  step();
  EXPECT_THAT(finished, SizeIs(1));
}

class TakenForDead : public EngineTest {};
CLOACINA_ENGINE_SUITE_ON(TakenForDead, "leased_memory");

TEST_P(TakenForDead, WhatARunnerStillRunsIsWatchedAlsoWhenItClaimsItAgain) {
  options.heartbeat = 5s;
  add(single("one"));
  submit("one");
  const auto items = step().start;
  ASSERT_THAT(items, SizeIs(1));
  begin(items[0]);
  advance(16s);  // it stood still for longer than its lease
  options.workers = 0;
  const auto other = another();
  step(*other);
  engine().hint();
  const auto effects = step();
  EXPECT_THAT(effects.stop, testing::ElementsAre(items[0]));
  ASSERT_THAT(effects.start, SizeIs(1));
  EXPECT_EQ(effects.start[0]->claimed.task, items[0]->claimed.task);
  EXPECT_EQ(effects.start[0]->claimed.fence, items[0]->claimed.fence + 1);
  EXPECT_EQ(engine().in_flight(), 2U);
  advance(options.stop_grace);
  EXPECT_THAT(step().write_off, testing::ElementsAre(items[0])) << "else its thread would be lost";
  complete(effects.start[0]);
  step();
  EXPECT_THAT(finished, SizeIs(1));
}

}  // namespace cloacina::engine::test
