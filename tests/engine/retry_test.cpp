// Retries, delays and everything that waits for a time.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::HasSubstr;

class Retries : public EngineTest {
 protected:
  /// Fails until the clock has moved to the next attempt, and says how long each wait was.
  std::vector<std::chrono::milliseconds> waits(const ExecutionId& id) {
    std::vector<std::chrono::milliseconds> out;
    for (int i = 0; i < 20; ++i) {
      auto effects = step();
      if (effects.start.empty()) break;
      fail(effects.start.at(0));
      effects = step();
      EXPECT_TRUE(effects.start.empty());
      if (!effects.wake_utc) break;
      const auto wait = *effects.wake_utc - now.utc;
      out.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(wait));
      advance(wait - 1us);
      EXPECT_TRUE(step().start.empty()) << "not a moment too early";
      advance(1us);
    }
    EXPECT_EQ(get(id).status, ExecutionStatus::Failed);
    return out;
  }
};
CLOACINA_ENGINE_SUITE(Retries);

TEST_P(Retries, WaitTheDelaysOfThePolicy) {
  struct Case {
    RetryPolicy policy;
    std::vector<std::chrono::milliseconds> waits;
  };
  const std::vector<Case> cases{
      {{.max_attempts = 4, .initial_delay = 1s, .jitter = 0.0}, {1s, 2s, 4s}},
      {{.max_attempts = 4, .initial_delay = 1s, .max_delay = 3s, .jitter = 0.0}, {1s, 2s, 3s}},
      {{.max_attempts = 3, .initial_delay = 1s, .jitter = 0.0, .backoff = Backoff::Linear}, {2s, 4s}},
      {RetryPolicy::fixed(3, 500ms), {500ms, 500ms}},
      {RetryPolicy::none(), {}},
      {{.max_attempts = 5, .on = {retry_on::text("other")}}, {}},
  };
  int n = 0;
  for (const auto& c : cases) {
    const std::string name = "case" + std::to_string(n++);
    add(single(
        name, [](TaskContext&) {}, c.policy));
    const auto id = submit(name);
    EXPECT_EQ(waits(id), c.waits) << name;
    EXPECT_EQ(task(id, "only").attempts.size(), c.waits.size() + 1) << name;
  }
}

TEST_P(Retries, JitterStaysBelowTheCapAndFollowsTheSeed) {
  const auto run = [&](std::uint64_t seed) {
    options.seed = seed;
    boot();
    add(single("flow", [](TaskContext&) {}, {.max_attempts = 8, .initial_delay = 1s, .max_delay = 4s, .jitter = 0.5}));
    return waits(submit("flow"));
  };
  const auto first = run(1);
  ASSERT_EQ(first.size(), 7U);
  const std::vector<std::chrono::milliseconds> full{1s, 2s, 4s, 4s, 4s, 4s, 4s};
  for (std::size_t i = 0; i < full.size(); ++i) {
    EXPECT_LE(first[i], full[i]);
    EXPECT_GE(first[i], full[i] / 2);
  }
  EXPECT_EQ(run(1), first);
  EXPECT_NE(run(2), first);
}

TEST_P(Retries, KeepsTheTextOfEveryAttempt) {
  int calls = 0;
  add(single(
      "flow",
      [&](TaskContext& t) {
        EXPECT_EQ(t.attempt(), ++calls);
        if (calls < 3) throw Error(ErrorCode::Unavailable, "no " + std::to_string(calls));
      },
      RetryPolicy::fixed(3, 1s)));
  const auto id = submit("flow");
  run_to_end();
  const auto state = task(id, "only");
  EXPECT_EQ(state.status, TaskStatus::Completed);
  ASSERT_EQ(state.attempts.size(), 3U);
  EXPECT_EQ(state.attempts[0].error, "no 1");
  EXPECT_EQ(state.attempts[1].error, "no 2");
  EXPECT_EQ(state.attempts[2].status, AttemptStatus::Completed);
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Retries, AWaitingRetryLeavesTheWorkerToOthers) {
  options.workers = 1;
  add(single(
      "shaky", [](TaskContext&) {}, RetryPolicy::fixed(2, 1h)));
  add(single("other"));
  submit("shaky");
  auto effects = step();
  fail(effects.start.at(0));
  const auto other = submit("other");
  settle();
  EXPECT_TRUE(get(other).completed());
}

TEST_P(Retries, FailureKindsDecideWhetherItRunsAgain) {
  add(single("flow", [](TaskContext&) { throw Error(ErrorCode::InvalidArgument, "wrong"); },
             {.max_attempts = 3, .initial_delay = 1s, .on = {retry_on::transient()}}));
  const auto permanent = submit("flow");
  run_to_end();
  EXPECT_EQ(task(permanent, "only").attempts.size(), 1U);
  add(single("flow", [](TaskContext&) { throw std::runtime_error("connection reset"); },
             {.max_attempts = 3, .initial_delay = 1s, .on = {retry_on::never(), retry_on::transient()}}));
  const auto transient = submit("flow");
  run_to_end();
  EXPECT_EQ(task(transient, "only").attempts.size(), 3U);
}

TEST_P(Retries, OwnFunctionsThatThrowEndTheAttemptsAndSaySo) {
  RetryPolicy policy{.max_attempts = 3, .initial_delay = 1s};
  policy.on = {retry_on::when([](const Failure&) -> bool { throw std::runtime_error("predicate broke"); })};
  add(single(
      "flow", [](TaskContext&) { throw std::runtime_error("first trouble"); }, policy));
  const auto id = submit("flow");
  run_to_end();
  EXPECT_THAT(*task(id, "only").error, testing::AllOf(HasSubstr("first trouble"), HasSubstr("predicate broke")));
}

TEST_P(Retries, AStartTimeIsKept) {
  add(single("one"));
  const auto id = submit("one", {}, {.start_at = now.utc + 30s});
  auto effects = step();
  EXPECT_TRUE(effects.start.empty());
  EXPECT_EQ(effects.wake_utc, now.utc + 30s);
  advance(30s - 1us);
  EXPECT_FALSE(step().committed);
  advance(1us);
  EXPECT_EQ(step().start.size(), 1U);
  EXPECT_EQ(get(id).due_at, now.utc);
}

TEST_P(Retries, TheNearestOfManyDelaysIsTheOneToWakeFor) {
  add(single("one"));
  step();
  submit("one", {}, {.start_at = now.utc + 30s});
  submit("one", {}, {.start_at = now.utc + 10s});
  submit("one", {}, {.start_at = now.utc + 20s});
  EXPECT_EQ(step().wake_utc, now.utc + 10s);
  advance(10s);
  auto effects = step();
  EXPECT_EQ(effects.start.size(), 1U);
  EXPECT_EQ(effects.wake_utc, now.utc + 10s);
}

TEST_P(Retries, ADeadlineEndsTheExecutionAndStopsWhatRuns) {
  WorkflowBuilder flow("slow");
  flow.deadline(1min);
  flow.task("a", [] {});
  flow.task("b", [] {}).after("a");
  add(flow.build());
  const auto id = submit("slow");
  auto effects = step();
  EXPECT_EQ(effects.wake_utc, now.utc + 1min);
  advance(1min);
  const auto late = step();
  ASSERT_EQ(late.stop.size(), 1U);
  ASSERT_EQ(late.finished.size(), 1U);
  EXPECT_EQ(get(id).status, ExecutionStatus::Failed);
  EXPECT_THAT(*get(id).error, HasSubstr("deadline"));
  EXPECT_EQ(status(id, "b"), TaskStatus::Cancelled);
  complete(effects.start.at(0));
  step();
  EXPECT_EQ(finished.size(), 1U) << "it ends once";
  EXPECT_EQ(get(id).status, ExecutionStatus::Failed);
}

TEST_P(Retries, ClockOfTheMachineSteppedBackAndForthLosesNothingAndDoesNotSpin) {
  add(single("one"));
  add(single(
      "shaky", [](TaskContext&) {}, RetryPolicy::fixed(3, 1s)));
  const auto later = submit("one", {}, {.start_at = now.utc + 10s});
  const auto shaky = submit("shaky");
  auto effects = step();
  fail(effects.start.at(0));
  step();
  now.utc -= 1h;  // the steady clock goes on
  now.steady += 1s;
  const int before = watch.commits;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(step().again);
    now.steady += 1s;
    now.utc += 1s;
  }
  EXPECT_EQ(watch.commits, before) << "nothing is due: nothing is asked";
  const auto fresh = submit("one");  // its time of submission lies an hour before the others'
  settle();
  EXPECT_TRUE(get(fresh).completed());
  now.utc += 2h;
  now.steady += 1s;
  run_to_end();
  EXPECT_TRUE(get(later).completed());
  EXPECT_TRUE(get(shaky).completed());
  EXPECT_EQ(task(shaky, "only").attempts.size(), 2U);
}

TEST_P(Retries, TimesOfATimeoutAreTheSteadyClocks) {
  WorkflowBuilder flow("flow");
  flow.task("only", [] {}).timeout(1min);
  add(flow.build());
  submit("flow");
  auto effects = step();
  begin(effects.start.at(0));
  now.utc += 1h;
  EXPECT_TRUE(step().stop.empty()) << "a jump of the wall clock is no time passed";
  now.utc -= 2h;
  now.steady += 1min;
  EXPECT_EQ(step().stop.size(), 1U);
}

}  // namespace cloacina::engine::test
