// Cancel, pause, resume, retry; drain and halt.
#include "harness.hpp"

namespace cloacina::engine::test {

using store::Applied;
using testing::ElementsAre;
using Do = store::Control::Kind;

class Controls : public EngineTest {
 protected:
  Workflow retried(const std::string& name) {
    WorkflowBuilder flow(name);
    flow.task("a", [] {});
    flow.task("b", [] {}).after("a").retry(RetryPolicy::none());
    flow.task("c", [] {}).after("b");
    return flow.build();
  }
};
CLOACINA_ENGINE_SUITE(Controls);

TEST_P(Controls, CancelStopsWhatRunsAndEndsTheExecutionAtOnce) {
  add(chain("steps", 3));
  const auto id = submit("steps");
  const auto item = step().start.at(0);
  begin(item);
  auto answer = control(Do::Cancel, id, "not needed");
  const auto effects = step();
  EXPECT_EQ(answer.get().applied, Applied::Yes);
  EXPECT_THAT(effects.stop, ElementsAre(item));
  ASSERT_EQ(effects.finished.size(), 1U) << "the wait returns";
  EXPECT_EQ(get(id).status, ExecutionStatus::Cancelled);
  EXPECT_EQ(status(id, "t0"), TaskStatus::Running);
  EXPECT_EQ(status(id, "t1"), TaskStatus::Cancelled);
  complete(item);
  EXPECT_TRUE(step().start.empty()) << "nothing new starts";
  EXPECT_EQ(status(id, "t0"), TaskStatus::Cancelled);
  EXPECT_EQ(get(id).status, ExecutionStatus::Cancelled);
  EXPECT_EQ(finished.size(), 1U);
}

TEST_P(Controls, CancelOfQueuedWorkNeverRunsIt) {
  options.workers = 1;
  add(single("one"));
  submit("one");
  auto busy = step();
  const auto queued = submit("one");
  step();
  (void)control(Do::Cancel, queued);
  EXPECT_TRUE(step().stop.empty());
  perform_all(busy.start);
  EXPECT_TRUE(step().start.empty());
  EXPECT_EQ(status(queued, "only"), TaskStatus::Cancelled);
  EXPECT_TRUE(task(queued, "only").attempts.empty());
}

TEST_P(Controls, CancelInTheTurnOfTheSubmissionLeavesNothingToRun) {
  add(single("one"));
  step();
  const auto id = submit("one");
  (void)control(Do::Cancel, id);
  EXPECT_TRUE(step().start.empty());
  EXPECT_EQ(get(id).status, ExecutionStatus::Cancelled);
}

TEST_P(Controls, CancelOfAClaimedTaskThatNoWorkerHasBegunIsNoAttempt) {
  add(single("one"));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  (void)control(Do::Cancel, id);
  const auto effects = step();
  EXPECT_EQ(effects.recall, Recall::Stopped);
  give_back(item);
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Cancelled);
  EXPECT_EQ(engine().in_flight(), 0U);
}

TEST_P(Controls, CancelWinsOverARetry) {
  add(single(
      "shaky", [](TaskContext&) {}, RetryPolicy::fixed(5, 1s)));
  const auto id = submit("shaky");
  const auto item = step().start.at(0);
  (void)control(Do::Cancel, id);
  step();
  fail(item);
  const auto effects = step();
  EXPECT_EQ(effects.wake_utc, std::nullopt);
  advance(1h);
  EXPECT_TRUE(step().start.empty());
  EXPECT_EQ(status(id, "only"), TaskStatus::Cancelled);
}

TEST_P(Controls, CancelOfATaskThatIgnoresItIsWrittenOff) {
  add(single("one"));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  begin(item);
  (void)control(Do::Cancel, id);
  step();
  advance(options.stop_grace);
  EXPECT_THAT(step().write_off, ElementsAre(item));
  EXPECT_EQ(status(id, "only"), TaskStatus::Cancelled);
}

TEST_P(Controls, PauseLetsWhatRunsFinishAndStartsNothing) {
  add(chain("steps", 3));
  const auto id = submit("steps");
  const auto item = step().start.at(0);
  (void)control(Do::Pause, id, "lunch");
  auto effects = step();
  EXPECT_TRUE(effects.stop.empty());
  complete(item);
  EXPECT_TRUE(step().start.empty());
  EXPECT_EQ(get(id).status, ExecutionStatus::Paused);
  EXPECT_EQ(get(id).pause_reason, "lunch");
  EXPECT_EQ(status(id, "t0"), TaskStatus::Completed);
  auto twice = control(Do::Pause, id);
  step();
  EXPECT_EQ(twice.get().applied, Applied::Conflict);
  (void)control(Do::Resume, id);
  EXPECT_EQ(names(step().start), std::vector<std::string>{"t1"});
}

TEST_P(Controls, PauseKeepsTheTimeOfARetry) {
  add(single(
      "shaky", [](TaskContext&) {}, RetryPolicy::fixed(2, 1h)));
  const auto id = submit("shaky");
  fail(step().start.at(0));
  step();
  (void)control(Do::Pause, id);
  EXPECT_EQ(step().wake_utc, std::nullopt);
  advance(30min);
  (void)control(Do::Resume, id);
  EXPECT_EQ(step().wake_utc, now.utc + 30min);
}

TEST_P(Controls, AnExecutionWhoseLastTaskEndsWhilePausedEnds) {
  add(single("one"));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  (void)control(Do::Pause, id);
  step();
  complete(item);
  step();
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
}

TEST_P(Controls, WhatHasEndedRefusesAllButARetry) {
  add(single("one"));
  const auto id = submit("one");
  settle();
  for (const auto kind : {Do::Cancel, Do::Pause, Do::Resume}) {
    auto answer = control(kind, id);
    step();
    EXPECT_EQ(answer.get().applied, Applied::Conflict);
  }
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
}

TEST_P(Controls, RetryRunsFailedAndSkippedTasksAgainAndKeepsTheRest) {
  add(retried("flow"));
  const auto id = submit("flow");
  complete(step().start.at(0));
  fail(step().start.at(0));
  step();
  ASSERT_EQ(get(id).status, ExecutionStatus::Failed);
  EXPECT_EQ(status(id, "c"), TaskStatus::Skipped);
  (void)control(Do::Retry, id);
  const auto effects = step();
  EXPECT_EQ(names(effects.start), std::vector<std::string>{"b"});
  perform_all(effects.start);
  settle();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(task(id, "a").attempts.size(), 1U);
  EXPECT_EQ(task(id, "b").attempts.size(), 2U);
}

TEST_P(Controls, DrainTakesNoNewWorkAndRecallsWhatHasNotBegun) {
  add(single("one"));
  step();
  submit("one");
  const auto items = step().start;
  inbox().drain();
  const auto later = submit("one");
  auto effects = step();
  EXPECT_EQ(effects.recall, Recall::All);
  EXPECT_TRUE(effects.start.empty());
  EXPECT_TRUE(effects.stop.empty()) << "what runs may finish";
  EXPECT_TRUE(engine().draining());
  perform_all(items);
  step();
  EXPECT_EQ(engine().in_flight(), 0U);
  EXPECT_EQ(get(later).status, ExecutionStatus::Pending) << "durable, for the next runner";
}

TEST_P(Controls, RecalledTasksAreReadyAgainAndNothingCounts) {
  add(single("one"));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  inbox().drain();
  step();
  give_back(item);
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Ready);
  EXPECT_TRUE(task(id, "only").attempts.empty());
  boot();
  const auto again = step().start.at(0);
  EXPECT_EQ(again->claimed.number, 1);
  EXPECT_GT(again->claimed.fence, item->claimed.fence);
}

TEST_P(Controls, HaltStopsWhatRunsAndGivesItBackUncounted) {
  add(single(
      "one", [](TaskContext&) {}, RetryPolicy::none()));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  begin(item);
  inbox().halt();
  EXPECT_THAT(step().stop, ElementsAre(item));
  fail(item, "I was asked to stop");
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Ready) << "neither failed nor crashed, though it has one attempt only";
  EXPECT_EQ(task(id, "only").crashes, 0);
  EXPECT_THAT(engine().cut_off(), ElementsAre(item));
  boot();
  settle();
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Controls, GiveUpReturnsWhatNeverCameBack) {
  add(single("one"));
  const auto began = submit("one");
  const auto queued = submit("one");
  const auto items = step().start;
  begin(items.at(0));
  inbox().halt();
  step();
  engine().give_up(now.utc);
  step();
  EXPECT_EQ(engine().in_flight(), 0U);
  EXPECT_THAT(engine().cut_off(), ElementsAre(items.at(0)));
  for (const auto& id : {began, queued}) EXPECT_EQ(status(id, "only"), TaskStatus::Ready);
  complete(items.at(0));
  step();
  EXPECT_EQ(status(began, "only"), TaskStatus::Ready) << "its late word counts no more";
  boot();
  settle();
  EXPECT_TRUE(get(began).completed());
  EXPECT_EQ(task(began, "only").crashes, 0);
}

}  // namespace cloacina::engine::test
