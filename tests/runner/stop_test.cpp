// Stopping: what is drained, what is given back, and that nothing hangs.
#include <future>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

/// When a call that must not hang is said to hang.
constexpr std::chrono::seconds soon{30};

class Stop : public RunnerTest {
 protected:
  std::shared_ptr<Gate> closed = gate();
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  void expect_soon() const { EXPECT_LT(std::chrono::steady_clock::now() - begin_, soon); }
};

TEST_F(Stop, WaitsForWhatRunsAndStartsNothing) {
  WorkflowBuilder flow("flow");
  flow.task("first", [gate = closed](TaskContext& t) { gate->pass(t.stop_token()); });
  flow.task("second", [] {}).after("first");
  auto o = options();
  o.workers = 1;
  const auto r = started({flow.build()}, o);
  const auto running = r->submit("flow");
  const auto queued = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  auto stopping = std::async(std::launch::async, [&] { return r->stop(patience); });
  EXPECT_TRUE(eventually([&] { return r->stats().draining; }));
  closed->open();
  const auto report = stopping.get();
  EXPECT_THAT(report.unfinished, IsEmpty());
  EXPECT_FALSE(report.threads_left);
  EXPECT_EQ(r->get(running).task("first").status, TaskStatus::Completed);
  // Which of the two the open gate let through after the stop had begun, the queued one's second task has not run.
  EXPECT_THAT(r->get(queued).task("second").attempts, IsEmpty());
  expect_soon();
}

TEST_F(Stop, GivesBackWhatDoesNotEndInTime) {
  const auto r = started({gated("flow", closed)});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  const auto report = r->stop(0ms);
  ASSERT_THAT(report.unfinished, SizeIs(1));
  EXPECT_EQ(report.unfinished[0].execution, id);
  EXPECT_EQ(report.unfinished[0].task, "only");
  EXPECT_FALSE(report.threads_left) << "it heeded its stop token";
  const auto e = r->get(id);
  EXPECT_EQ(e.task("only").status, TaskStatus::Ready);
  EXPECT_EQ(e.task("only").crashes, 0);
  EXPECT_FALSE(is_terminal(e.status));
  closed->open();
  const auto other = started({gated("flow", closed)});
  const auto done = other->wait(id, patience);
  EXPECT_TRUE(done.completed());
  EXPECT_EQ(done.task("only").crashes, 0);
  EXPECT_THAT(done.task("only").attempts, SizeIs(2));
  EXPECT_LT(done.task("only").attempts[0].fence, done.task("only").attempts[1].fence);
  expect_soon();
}

TEST_F(Stop, ReportsThreadsThatGoOn) {
  const int before = thread_count();
  const auto r = started({deaf("flow", closed)});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  const auto report = r->stop(0ms);
  EXPECT_THAT(report.unfinished, ElementsAre(Field(&StopReport::Unfinished::execution, id)));
  EXPECT_TRUE(report.threads_left);
  EXPECT_EQ(r->get(id).task("only").status, TaskStatus::Ready);
  expect_soon();
  let_go(before);
}

TEST_F(Stop, AZombieWritesNothing) {
  const int before = thread_count();
  const auto gone = gate();
  const auto flow = single("flow", [&, gone, zombie = closed](TaskContext& t) {
    if (t.attempt() == 1) zombie->pass();
    t.context().set("attempt", t.attempt());
  });
  {
    const auto first = started({flow});
    const auto id = first->submit("flow");
    ASSERT_TRUE(closed->reached());
    EXPECT_TRUE(first->stop(0ms).threads_left);
    const auto second = started({flow});
    EXPECT_EQ(second->wait(id, patience).context.at("attempt"), 2);
    let_go(before + thread_count());
    EXPECT_EQ(second->get(id).context.at("attempt"), 2);
  }
  let_go(before);
}

TEST_F(Stop, TheSecondOneDoesNothing) {
  const auto r = started({single("flow")});
  EXPECT_TRUE(r->run("flow").completed());
  EXPECT_THAT(r->stop().unfinished, IsEmpty());
  const auto again = r->stop();
  EXPECT_THAT(again.unfinished, IsEmpty());
  EXPECT_FALSE(again.threads_left);
}

TEST_F(Stop, ACallMeanwhileBringsTheDeadlineForward) {
  const auto r = started({gated("flow", closed)});
  (void)r->submit("flow");
  ASSERT_TRUE(closed->reached());
  auto patient = std::async(std::launch::async, [&] { return r->stop(std::chrono::milliseconds::max()); });
  // The first to come waits; whoever comes after that returns at once.
  ASSERT_TRUE(eventually([&] {
    try {
      r->on_finished({});
      return false;
    } catch (const Error&) {
      return true;
    }
  }));
  std::this_thread::yield();
  StopReport first;
  while (patient.wait_for(0s) != std::future_status::ready) {
    const auto report = r->stop(0ms);
    if (!report.unfinished.empty()) first = report;
  }
  const auto second = patient.get();
  EXPECT_EQ(first.unfinished.size() + second.unfinished.size(), 1u);
  expect_soon();
}

TEST_F(Stop, WaitsForCallbacksUntilTheDeadline) {
  const auto called = gate();
  const auto r = runner();
  r->add(single("flow"));
  r->on_finished([called](const Execution&) { called->pass(); });
  r->start();
  EXPECT_TRUE(r->run("flow").completed());
  ASSERT_TRUE(called->reached());
  auto stopping = std::async(std::launch::async, [&] { return r->stop(patience); });
  called->open();
  const auto report = stopping.get();
  EXPECT_FALSE(report.threads_left);
  EXPECT_THAT(report.unfinished, IsEmpty());
  expect_soon();
}

TEST_F(Stop, LeavesACallbackBehindThatDoesNotReturn) {
  const int before = thread_count();
  {
    const auto r = runner();
    r->add(single("flow"));
    r->on_finished([gate = closed](const Execution&) { gate->pass(); });
    r->start();
    EXPECT_TRUE(r->run("flow").completed());
    ASSERT_TRUE(closed->reached());
    EXPECT_TRUE(r->stop(0ms).threads_left);
  }
  expect_soon();
  let_go(before);
}

TEST_F(Stop, FromInsideATaskReturnsAfterItsDeadline) {
  const int before = thread_count();
  std::promise<StopReport> done;
  const auto r = runner();
  r->add(single("flow", [&](TaskContext&) { done.set_value(r->stop(0ms)); }));
  r->start();
  const auto id = r->submit("flow");
  auto report = done.get_future();
  ASSERT_EQ(report.wait_for(patience), std::future_status::ready);
  EXPECT_THAT(report.get().unfinished, ElementsAre(Field(&StopReport::Unfinished::execution, id)));
  expect_soon();
  let_go(before);
}

TEST_F(Stop, TheDestructorDoesNotHangWithTasksThatIgnoreTheirTokens) {
  const int before = thread_count();
  {
    const auto r = started({deaf("flow", closed)});
    (void)r->submit_many(std::vector<Submission>(10, {.workflow = "flow"}));
    ASSERT_TRUE(closed->reached(4));
  }
  expect_soon();
  const auto client = runner();
  for (const auto& e : client->list().executions) EXPECT_EQ(client->get(e.id).task("only").status, TaskStatus::Ready);
  EXPECT_THAT(client->runners(), IsEmpty());
  let_go(before);
}

TEST_F(Stop, TheDestructorDoesNotHangWithACancelThatNobodyHeeds) {
  const int before = thread_count();
  {
    const auto r = started({deaf("flow", closed)});
    const auto id = r->submit("flow");
    ASSERT_TRUE(closed->reached());
    r->cancel(id);
    EXPECT_EQ(r->wait(id, patience).status, ExecutionStatus::Cancelled);
  }
  expect_soon();
  let_go(before);
}

TEST_F(Stop, TheDestructorDoesNotHangWithAStopCallbackThatBlocks) {
  const int before = thread_count();
  {
    const auto r = started({single("flow", [gate = closed](TaskContext& t) {
      const std::stop_callback blocks(t.stop_token(), [gate] { gate->pass(); });
      gate->pass(t.stop_token());
    })});
    (void)r->submit("flow");
    ASSERT_TRUE(closed->reached());
  }
  EXPECT_TRUE(closed->reached(2));
  expect_soon();
  let_go(before);
}

TEST_F(Stop, GivesBackWhatWasClaimedAheadUnbegun) {
  auto o = options();
  o.workers = 1;
  std::atomic<int> ran{0};
  const auto flow = single("short", [&](TaskContext&) { ++ran; });
  const auto r = started({flow, gated("blocker", closed)}, o);
  for (const auto& id : r->submit_many(std::vector<Submission>(200, {.workflow = "short"}))) (void)r->wait(id, patience);
  std::vector<Submission> all(1, {.workflow = "blocker", .options = {.priority = 1}});
  all.resize(31, {.workflow = "short"});
  const auto ids = r->submit_many(std::move(all));
  ASSERT_TRUE(closed->reached());
  EXPECT_THAT(r->stop(0ms).unfinished, ElementsAre(Field(&StopReport::Unfinished::task, "only")));
  EXPECT_EQ(ran.load(), 200);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto e = r->get(ids[i]);
    EXPECT_EQ(e.task("only").status, TaskStatus::Ready);
    EXPECT_THAT(e.task("only").attempts, IsEmpty());
  }
  const auto other = started({flow});
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_TRUE(other->wait(ids[i], patience).completed());
}

TEST_F(Stop, CallsMeanwhileEitherWorkOrSayThatItHasStopped) {
  const auto r = started({single("flow")});
  std::atomic<bool> over{false};
  std::atomic<int> submitted{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!over.load()) {
        try {
          const auto id = r->submit("flow");
          ++submitted;
          r->cancel(id);
        } catch (const Error& e) {
          if (e.code() != ErrorCode::Unavailable && e.code() != ErrorCode::Conflict) ADD_FAILURE() << e.what();
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return submitted.load() > 50; }));
  r->stop();
  const int at_stop = submitted.load();
  EXPECT_TRUE(eventually([&] { return submitted.load() > at_stop + 10; })) << "it is a client now";
  over = true;
  threads.clear();
  EXPECT_GE(r->list({.limit = 1'000}).executions.size(), 60u);
}

}  // namespace
}  // namespace cloacina::runner::test
