// Threads that run user code: how many, and what happens to one whose task does not come back.
#include <barrier>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

class WorkerThreads : public RunnerTest {
 protected:
  std::shared_ptr<Gate> closed = gate();

  [[nodiscard]] static Workflow timed(const std::string& name, std::chrono::milliseconds timeout, TaskFunction run) {
    WorkflowBuilder flow(name);
    flow.task("only", std::move(run)).timeout(timeout).retry(RetryPolicy::none());
    return flow.build();
  }
  [[nodiscard]] RunnerOptions impatient() const {
    auto o = options();
    o.workers = 1;
    o.stop_grace = 20ms;
    return o;
  }
};

TEST_F(WorkerThreads, SoManyTasksRunAtOnceAndNoMore) {
  auto o = options();
  o.workers = 3;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  const auto together = std::make_shared<std::barrier<>>(3);
  const auto r = started({single("flow",
                                 [&, together](TaskContext&) {
                                   const int now = ++inside;
                                   for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                                   }
                                   together->arrive_and_wait();
                                   --inside;
                                 })},
                         o);
  for (const auto& id : r->submit_many(std::vector<Submission>(60, {.workflow = "flow"}))) (void)r->wait(id, patience);
  EXPECT_EQ(most.load(), 3);
}

TEST_F(WorkerThreads, ThereAreOnlyAsManyAsThereIsWork) {
  const int before = thread_count();
  auto o = options();
  o.workers = 1'000;
  const auto r = started({single("flow")}, o);
  for (int i = 0; i < 50; ++i) (void)r->run("flow");
  EXPECT_LE(thread_count(), before + 20);
}

TEST_F(WorkerThreads, ATimeoutRequestsTheStopTokenAndFailsTheTask) {
  std::atomic<bool> asked{false};
  const auto r = started({timed("flow", 20ms, [&](TaskContext& t) {
    closed->pass(t.stop_token());
    asked = t.stop_requested();
  })});
  const auto e = r->run("flow");
  EXPECT_EQ(e.status, ExecutionStatus::Failed);
  EXPECT_EQ(e.task("only").error, "timed out after 20ms");
  EXPECT_TRUE(asked.load());
  EXPECT_EQ(r->stats().written_off, 0);
}

TEST_F(WorkerThreads, ATimeoutIsPerAttempt) {
  WorkflowBuilder flow("flow");
  flow.task("only",
            [gate = closed](TaskContext& t) {
              if (t.attempt() == 1) gate->pass(t.stop_token());
            })
      .timeout(500ms)
      .retry(RetryPolicy::fixed(2, 0ms));
  const auto r = started({flow.build()});
  const auto e = r->run("flow");
  EXPECT_TRUE(e.completed());
  ASSERT_THAT(e.task("only").attempts, SizeIs(2));
  EXPECT_EQ(e.task("only").attempts[0].error, "timed out after 500ms");
  EXPECT_EQ(e.task("only").attempts[1].status, AttemptStatus::Completed);
}

TEST_F(WorkerThreads, ATimeoutThatNoClockReachesIsNone) {
  const auto r = started(
      {timed("flow", std::chrono::hours{24 * 365 * 900}, [](TaskContext&) {}),
       timed("gated", std::chrono::hours{24 * 365 * 900}, [gate = closed](TaskContext& t) { gate->pass(t.stop_token()); })});
  const auto slow = r->submit("gated");
  ASSERT_TRUE(closed->reached());
  EXPECT_TRUE(r->run("flow").completed());
  closed->open();
  EXPECT_TRUE(r->wait(slow, patience).completed());
}

TEST_F(WorkerThreads, OneThatIgnoresItsTimeoutIsWrittenOffAndReplaced) {
  const int before = thread_count();
  {
    const auto r = started({timed("stuck", 20ms, [gate = closed](TaskContext&) { gate->pass(); }), single("flow")}, impatient());
    const auto e = r->run("stuck");
    EXPECT_EQ(e.status, ExecutionStatus::Failed);
    EXPECT_EQ(e.task("only").error, "timed out after 20ms, and ignored its stop token");
    EXPECT_TRUE(r->run("flow").completed()) << "there is one worker, and it is another one";
    EXPECT_EQ(r->stats().written_off, 1);
    EXPECT_TRUE(eventually([&] { return r->runners().at(0).written_off == 1; }));
    closed->open();
    EXPECT_TRUE(eventually([&] { return r->stats().written_off == 0 && r->runners().at(0).written_off == 0; }));
    EXPECT_EQ(r->get(e.id).status, ExecutionStatus::Failed) << "its late word counts no more";
    EXPECT_TRUE(r->run("flow").completed());
  }
  let_go(before);
}

TEST_F(WorkerThreads, OneThatIgnoresACancelIsWrittenOffAndReplaced) {
  const int before = thread_count();
  {
    const auto r = started({deaf("stuck", closed), single("flow")}, impatient());
    const auto id = r->submit("stuck");
    ASSERT_TRUE(closed->reached());
    r->cancel(id);
    EXPECT_TRUE(r->run("flow").completed());
    EXPECT_EQ(r->stats().written_off, 1);
    EXPECT_EQ(r->get(id).task("only").status, TaskStatus::Cancelled);
  }
  let_go(before);
}

TEST_F(WorkerThreads, WithTooManyWrittenOffTheRunnerTakesNoMoreWork) {
  const int before = thread_count();
  {
    auto o = impatient();
    o.written_off_max = 2;
    const auto r = started({timed("stuck", 20ms, [gate = closed](TaskContext&) { gate->pass(); }), single("flow")}, o);
    (void)r->run("stuck");
    EXPECT_TRUE(r->run("flow").completed());
    (void)r->run("stuck");
    EXPECT_TRUE(eventually([&] { return r->stats().written_off == 2; }));
    const auto waits = r->submit("flow");
    // It goes on with everything else.
    const auto cancelled = r->submit("flow");
    r->cancel(cancelled);
    EXPECT_EQ(r->get(waits).status, ExecutionStatus::Pending);
    closed->open();
    EXPECT_TRUE(r->wait(waits, patience).completed());
  }
  let_go(before);
}

TEST_F(WorkerThreads, ACancelHasItsGraceAlsoWhenTheTimeoutComes) {
  const int before = thread_count();
  {
    auto o = options();
    o.stop_grace = 1h;
    const auto r = started({timed("first", 100ms, [gate = closed](TaskContext&) { gate->pass(); }),
                            timed("second", 100ms, [gate = closed](TaskContext& t) { gate->pass(t.stop_token()); })},
                           o);
    const auto first = r->submit("first");
    ASSERT_TRUE(closed->reached());
    r->cancel(first);
    // Its timeout is over before that of one that begins later.
    EXPECT_EQ(r->run("second").task("only").error, "timed out after 100ms");
    EXPECT_EQ(r->get(first).task("only").status, TaskStatus::Running);
    EXPECT_EQ(r->stats().written_off, 0);
    closed->open();
    EXPECT_TRUE(eventually([&] { return is_terminal(r->get(first).task("only").status); }));
  }
  let_go(before);
}

TEST_F(WorkerThreads, TasksThatAreStuckAndCallbacksThatAreStuckLeaveTheRestAlone) {
  const int before = thread_count();
  {
    auto o = options();
    o.workers = 4;
    const auto r = runner(o);
    r->add(single("flow"));
    r->add(deaf("stuck", closed));
    r->on_finished([gate = closed](const Execution& e) {
      if (e.priority == 1) gate->pass();
    });
    r->start();
    (void)r->submit("stuck");
    (void)r->submit("stuck");
    EXPECT_TRUE(r->run("flow", {}, {.priority = 1}).completed());
    ASSERT_TRUE(closed->reached(3));
    EXPECT_TRUE(eventually([&] { return r->stats().running == 3; }));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(r->run("flow").completed());
  }
  let_go(before);
}

TEST_F(WorkerThreads, CallbacksComeBeforeTasksThatWait) {
  Journal<std::string> order;
  auto o = options();
  o.workers = 1;
  WorkflowBuilder flow("flow");
  flow.task("first", [gate = closed] { gate->pass(); }).on_success([&](const ExecutionId&, std::string_view) {
    order.add("callback");
  });
  const auto r = started({flow.build(), single("next", [&](TaskContext&) { order.add("task"); })}, o);
  (void)r->submit("flow");
  ASSERT_TRUE(closed->reached());
  const auto next = r->submit("next");
  closed->open();
  EXPECT_TRUE(r->wait(next, patience).completed());
  EXPECT_THAT(order.at_least(2), testing::ElementsAre("callback", "task"));
}

}  // namespace
}  // namespace cloacina::runner::test
