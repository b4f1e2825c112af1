// Attempts that take too long, and tasks that do not listen.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Timeouts : public EngineTest {
 protected:
  Workflow timed(std::chrono::milliseconds timeout, RetryPolicy retry = RetryPolicy::none(), FailureCallback on_failure = {}) {
    WorkflowBuilder flow("timed");
    auto ref = flow.task("only", [](TaskContext& t) { t.context().set("late", true); }).timeout(timeout).retry(std::move(retry));
    if (on_failure) ref.on_failure(std::move(on_failure));
    return flow.build();
  }
};
CLOACINA_ENGINE_SUITE(Timeouts);

TEST_P(Timeouts, CountFromWhenTheCodeBegan) {
  add(timed(1min));
  submit("timed");
  auto effects = step();
  const auto item = effects.start.at(0);
  EXPECT_EQ(effects.wake_steady, now.steady + 1min);
  advance(50s);
  begin(item);  // it waited that long for a worker
  advance(10s);
  effects = step();
  EXPECT_TRUE(effects.stop.empty());
  EXPECT_EQ(effects.wake_steady, now.steady + 50s);
  advance(50s - 1us);
  EXPECT_TRUE(step().stop.empty());
  advance(1us);
  EXPECT_THAT(step().stop, ElementsAre(item));
  EXPECT_TRUE(item->stop.stop_requested());
}

TEST_P(Timeouts, NeverComeBeforeATaskBegins) {
  add(timed(1s));
  submit("timed");
  const auto item = step().start.at(0);
  for (int i = 0; i < 10; ++i) {
    advance(1h);
    EXPECT_TRUE(step().stop.empty());
  }
  begin(item);
  advance(1s);
  EXPECT_EQ(step().stop.size(), 1U);
}

TEST_P(Timeouts, ATaskThatStopsInTimeIsAFailedAttempt) {
  add(timed(1min, RetryPolicy::fixed(2, 1s)));
  const auto id = submit("timed");
  auto effects = step();
  const auto item = effects.start.at(0);
  begin(item);
  advance(1min);
  step();
  // It returns as if nothing had happened; that was too late.
  WorkDone done = perform(item);
  EXPECT_FALSE(done.began) << "asked to stop before its code began: not run at all";
  done.began = true;
  done.failure = timed_out(*item);
  judge(done);
  std::vector<WorkDone> one;
  one.push_back(std::move(done));
  inbox().done(std::move(one), false);
  effects = step();
  EXPECT_TRUE(effects.write_off.empty());
  EXPECT_EQ(effects.wake_utc, now.utc + 1s);
  EXPECT_EQ(task(id, "only").attempts.at(0).error, "timed out after 1m");
  EXPECT_EQ(engine().written_off(), 0);
}

TEST_P(Timeouts, AWordThatComesAfterTheStopWasRequestedIsNoSuccess) {
  WorkflowBuilder flow("timed");
  std::shared_ptr<WorkItem> item;
  flow.task("only",
            [&](TaskContext& t) {
              // The time is up while it runs.
              item->reason.store(StopReason::Timeout);
              t.context().set("late", true);
            })
      .timeout(1min)
      .retry(RetryPolicy::none());
  add(flow.build());
  const auto id = submit("timed");
  item = step().start.at(0);
  perform_all({item});
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Failed);
  EXPECT_EQ(task(id, "only").error, "timed out after 1m");
  EXPECT_FALSE(get(id).context.contains("late"));
}

TEST_P(Timeouts, IgnoringTheStopTokenIsWrittenOffAfterTheGrace) {
  std::vector<std::string> called;
  add(timed(1min, RetryPolicy::none(), [&](const ExecutionId&, std::string_view, const Failure& f) { called.push_back(f.error); }));
  const auto id = submit("timed");
  auto effects = step();
  const auto item = effects.start.at(0);
  begin(item);
  advance(1min);
  effects = step();
  EXPECT_EQ(effects.wake_steady, now.steady + options.stop_grace);
  advance(options.stop_grace);
  effects = step();
  EXPECT_THAT(effects.write_off, ElementsAre(item));
  EXPECT_EQ(engine().written_off(), 1);
  EXPECT_EQ(engine().in_flight(), 0U);
  const auto state = task(id, "only");
  EXPECT_EQ(state.status, TaskStatus::Failed);
  EXPECT_THAT(*state.error, StartsWith("timed out after 1m"));
  EXPECT_EQ(get(id).status, ExecutionStatus::Failed);
  run_callbacks();
  EXPECT_EQ(called.size(), 1U);

  // The thread comes back, with a result even.
  complete(item);
  inbox().thread_returned();
  step();
  EXPECT_EQ(engine().written_off(), 0);
  EXPECT_EQ(status(id, "only"), TaskStatus::Failed);
  EXPECT_EQ(task(id, "only").attempts.size(), 1U);
}

TEST_P(Timeouts, TheLateOutcomeOfAWrittenOffAttemptDoesNotTouchTheNextOne) {
  add(timed(1min, RetryPolicy::fixed(2, 1s)));
  const auto id = submit("timed");
  const auto first = step().start.at(0);
  begin(first);
  advance(1min);
  step();
  advance(options.stop_grace);
  step();
  advance(1s);
  const auto second = step().start.at(0);
  EXPECT_EQ(second->claimed.number, 2);
  EXPECT_GT(second->claimed.fence, first->claimed.fence);
  complete(first);
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Running);
  complete(second);
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Completed);
}

TEST_P(Timeouts, TooManyWrittenOffThreadsStopTheClaims) {
  options.written_off_max = 2;
  add(timed(1s));
  add(single("other"));
  step();
  for (int i = 0; i < 2; ++i) submit("timed");
  for (const auto& item : step().start) begin(item);
  advance(1s);
  step();
  advance(options.stop_grace);
  step();
  EXPECT_EQ(engine().written_off(), 2);
  const auto waits = submit("other");
  EXPECT_TRUE(step().start.empty());
  EXPECT_EQ(get(waits).status, ExecutionStatus::Pending);
  inbox().thread_returned();
  EXPECT_EQ(step().start.size(), 1U) << "one came back: there is room again";
}

TEST_P(Timeouts, OwnRetryFunctionsAreJudgedOffTheLoop) {
  RetryPolicy policy = RetryPolicy::fixed(2, 1s);
  int judged = 0;
  policy.on = {retry_on::when([&](const Failure& f) {
    ++judged;
    return f.kind == FailureKind::Timeout;
  })};
  add(timed(1min, policy));
  const auto id = submit("timed");
  const auto item = step().start.at(0);
  begin(item);
  advance(1min);
  step();
  advance(options.stop_grace);
  step();
  EXPECT_EQ(judged, 0) << "user code on the loop's thread";
  EXPECT_EQ(engine().in_flight(), 1U);
  complete(item);  // its late word counts no more, even before the verdict
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Running);
  advance(1h);
  EXPECT_TRUE(step().write_off.empty()) << "only once";
  run_callbacks();
  EXPECT_EQ(judged, 1);
  auto effects = step();
  EXPECT_EQ(effects.wake_utc, now.utc + 1s);
  EXPECT_EQ(task(id, "only").attempts.size(), 1U);
}

TEST_P(Timeouts, ATaskStillWaitingForItsContextWhenTheGraceEndsIsWatchedFurther) {
  add(single("one"));
  const auto id = submit("one");
  const auto item = step().start.at(0);
  (void)control(store::Control::Kind::Cancel, id);
  EXPECT_EQ(step().stop.size(), 1U);
  advance(options.stop_grace);
  EXPECT_TRUE(step().write_off.empty()) << "its code has not begun";
  begin(item);  // it began after all, and does not listen
  advance(options.stop_grace);
  EXPECT_THAT(step().write_off, ElementsAre(item));
}

TEST_P(Timeouts, NoGraceAtAllDoesNotSpin) {
  options.stop_grace = 0s;
  add(single("one"));
  const auto id = submit("one");
  step();
  (void)control(store::Control::Kind::Cancel, id);
  step();
  const auto effects = step();
  ASSERT_TRUE(effects.wake_steady);
  EXPECT_GT(*effects.wake_steady, now.steady);
}

TEST_P(Timeouts, CommandsHaveTheirOwnTimeBetweenTermAndKill) {
  WorkflowBuilder flow("command");
  flow.command("only", {.argv = {"true"}, .kill_after = 30s}).timeout(1s);
  add(flow.build());
  submit("command");
  const auto item = step().start.at(0);
  begin(item);
  advance(1s);
  EXPECT_EQ(step().wake_steady, now.steady + 30s + options.stop_grace);
}

}  // namespace cloacina::engine::test
