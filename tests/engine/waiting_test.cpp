// Tasks that wait in their own code: defer_until and sleep_for.
#include <gmock/gmock.h>

#include "engine/harness.hpp"

namespace cloacina::engine::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Waiting : public EngineTest {
 protected:
  int runs = 0;
  bool ready = false;

  /// One run of whatever may run now; how many tasks that were.
  std::size_t turn() {
    const auto items = step().start;
    perform_all(items);
    (void)step();
    return items.size();
  }
};

TEST_P(Waiting, ASleepGivesTheWorkerBackAndTheRunGoesOnBehindIt) {
  add(single("tea", [&](TaskContext& t) {
    ++runs;
    t.context().set("boiled", runs);
    t.sleep_for(10min);
    t.context().set("drawn", t.waiting_since().has_value());
  }));
  const auto id = submit("tea");
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(engine().in_flight(), 0U) << "nothing is held while it waits";
  const auto waiting = task(id, "only");
  EXPECT_EQ(waiting.status, TaskStatus::Ready);
  EXPECT_EQ(waiting.run_at, now.utc + 10min);
  EXPECT_EQ(waiting.deferrals, 1);
  EXPECT_THAT(waiting.attempts, IsEmpty()) << "a wait is no attempt";
  advance(10min - 1us);
  EXPECT_EQ(turn(), 0U);
  advance(1us);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(runs, 2) << "from its start";
  const auto e = get(id);
  EXPECT_TRUE(e.completed());
  EXPECT_EQ(e.context, (Json{{"boiled", 2}, {"drawn", true}}));
  ASSERT_THAT(e.task("only").attempts, SizeIs(1));
  EXPECT_EQ(e.task("only").attempts.front().number, 1) << "it was one attempt all the time";
}

TEST_P(Waiting, AConditionIsAskedAtOnceAndThenEachInterval) {
  int asked = 0;
  add(single("file", [&](TaskContext& t) {
    t.defer_until(
        [&] {
          ++asked;
          return ready;
        },
        1min);
    t.context().set("asked", asked);
  }));
  const auto id = submit("file");
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(asked, 1);
  for (int i = 0; i < 3; ++i) {
    advance(1min);
    EXPECT_EQ(turn(), 1U);
  }
  EXPECT_EQ(task(id, "only").deferrals, 4);
  ready = true;
  advance(1min);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(get(id).context, (Json{{"asked", 5}}));
  EXPECT_EQ(task(id, "only").deferrals, 4);
}

TEST_P(Waiting, AConditionThatHoldsCostsNothing) {
  ready = true;
  add(single("file", [&](TaskContext& t) { t.defer_until([&] { return ready; }, 1min); }));
  const auto id = submit("file");
  EXPECT_EQ(turn(), 1U);
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(task(id, "only").deferrals, 0);
}

TEST_P(Waiting, WaitsThatAreOverAreNotWaitedForAgain) {
  std::vector<std::string> story;
  add(single("steps", [&](TaskContext& t) {
    t.sleep_for(1h);
    story.emplace_back("slept");
    t.defer_until(
        [&] {
          story.emplace_back("asked");
          return std::exchange(ready, true);
        },
        1min);
    story.emplace_back("ready");
    t.sleep_for(1h);
    story.emplace_back("done");
  }));
  const auto id = submit("steps");
  run_to_end();
  EXPECT_TRUE(get(id).completed());
  EXPECT_THAT(story, ElementsAre("slept", "asked", "slept", "asked", "ready", "slept", "ready", "done"))
      << "once it held, the condition is not asked again";
}

TEST_P(Waiting, ACrashWhileItWaitsOrRunsLosesNothingOfTheWait) {
  add(single("night", [&](TaskContext& t) {
    ++runs;
    t.context().set("run", runs);
    t.sleep_for(8h);
    t.context().set("morning", true);
  }));
  const auto id = submit("night");
  EXPECT_EQ(turn(), 1U);
  crash();
  advance(8h);
  const auto items = step().start;
  ASSERT_THAT(items, SizeIs(1)) << "another process wakes it";
  crash();
  EXPECT_EQ(turn(), 1U) << "and one more, after that one died with it in hand";
  EXPECT_TRUE(get(id).completed()) << "it does not sleep again";
  EXPECT_EQ(get(id).context, (Json{{"run", 2}, {"morning", true}}));
  EXPECT_EQ(task(id, "only").crashes, 1);
}

TEST_P(Waiting, ARetryBeginsAnew) {
  add(single("flaky",
             [&](TaskContext& t) {
               t.sleep_for(1h);
               if (++runs == 1) throw std::runtime_error("no");
               t.context().set("waited", t.waiting_since().has_value());
             },
             {.max_attempts = 2, .initial_delay = 1s, .jitter = 0}));
  const auto id = submit("flaky");
  EXPECT_EQ(turn(), 1U);
  advance(1h);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(task(id, "only").deferrals, 0) << "a failed attempt has waited for nothing";
  advance(1s);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(task(id, "only").run_at, now.utc + 1h) << "it sleeps again";
  advance(1h);
  EXPECT_EQ(turn(), 1U);
  const auto e = get(id);
  EXPECT_TRUE(e.completed());
  ASSERT_THAT(e.task("only").attempts, SizeIs(2));
  EXPECT_EQ(e.task("only").attempts.back().number, 2);
}

TEST_P(Waiting, AReturnedTaskGoesOnWhereItWas) {
  add(single("drained", [&](TaskContext& t) {
    ++runs;
    t.sleep_for(1h);
  }));
  const auto id = submit("drained");
  EXPECT_EQ(turn(), 1U);
  advance(1h);
  const auto items = step().start;
  ASSERT_THAT(items, SizeIs(1));
  give_back(items.front());
  EXPECT_EQ(turn(), 1U);
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(runs, 2);
}

TEST_P(Waiting, APauseKeepsTheTimeAndACancelEndsIt) {
  add(single("long", [&](TaskContext& t) { t.sleep_for(1h); }));
  const auto paused = submit("long");
  const auto cancelled = submit("long");
  EXPECT_EQ(turn(), 2U);
  (void)control(store::Control::Kind::Pause, paused);
  (void)control(store::Control::Kind::Cancel, cancelled);
  (void)step();
  EXPECT_EQ(get(cancelled).status, ExecutionStatus::Cancelled);
  advance(30min);
  (void)control(store::Control::Kind::Resume, paused);
  EXPECT_EQ(turn(), 0U);
  EXPECT_EQ(task(paused, "only").run_at, now.utc + 30min);
  advance(30min);
  EXPECT_EQ(turn(), 1U);
  EXPECT_TRUE(get(paused).completed());
}

TEST_P(Waiting, UserCodeThatCatchesEverythingWaitsAllTheSame) {
  add(single("greedy", [&](TaskContext& t) {
    ++runs;
    try {
      t.sleep_for(1h);
    } catch (...) {
      t.context().set("caught", true);
      throw std::runtime_error("something else");
    }
  }));
  const auto id = submit("greedy");
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(task(id, "only").run_at, now.utc + 1h);
  advance(1h);
  EXPECT_EQ(turn(), 1U);
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Waiting, WhatAConditionThrowsIsTheAttemptsError) {
  add(single("broken", [](TaskContext& t) { t.defer_until([]() -> bool { throw std::runtime_error("the share is gone"); }, 1s); },
             {.max_attempts = 1}));
  const auto id = submit("broken");
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(task(id, "only").error, "the share is gone");
}

TEST_P(Waiting, ARetryByHandForgetsTheWaits) {
  add(single("again", [&](TaskContext& t) { t.sleep_for(1h); }));
  const auto id = submit("again");
  EXPECT_EQ(turn(), 1U);
  (void)control(store::Control::Kind::Cancel, id);
  (void)step();
  (void)control(store::Control::Kind::Retry, id);
  EXPECT_EQ(turn(), 1U);
  EXPECT_EQ(task(id, "only").run_at, now.utc + 1h);
  EXPECT_EQ(task(id, "only").deferrals, 1);
}

TEST_P(Waiting, WhatItHasSetMeanwhileMayNotBeTooLarge) {
  options.context_bytes_max = 100;
  add(single("large",
             [&](TaskContext& t) {
               t.context().set("blob", std::string(200, 'x'));
               t.sleep_for(1h);
             },
             {.max_attempts = 1}));
  const auto id = submit("large");
  EXPECT_EQ(turn(), 1U);
  EXPECT_THAT(task(id, "only").error.value_or(""), ::testing::HasSubstr("context_bytes_max is 100"));
}

CLOACINA_ENGINE_SUITE(Waiting);

}  // namespace
}  // namespace cloacina::engine::test
