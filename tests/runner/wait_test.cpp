// Waiting for an execution, and the callback at its end.
#include <future>

#include <map>
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using Wait = RunnerTest;

TEST_F(Wait, RunGivesTheWholeResult) {
  WorkflowBuilder flow("flow");
  flow.task("one", [](TaskContext& t) { t.context().set("x", 1); });
  flow.task("two", [](TaskContext& t) { t.context().set("y", t.context().get<int>("x") + 1); }).after("one");
  const auto r = started({flow.build()});
  const auto e = r->run("flow", {{"in", true}});
  EXPECT_EQ(e.status, ExecutionStatus::Completed);
  EXPECT_EQ(e.context, Json({{"in", true}, {"x", 1}, {"y", 2}}));
  ASSERT_THAT(e.tasks, SizeIs(2));
  EXPECT_EQ(e.task("two").status, TaskStatus::Completed);
  ASSERT_THAT(e.task("two").attempts, SizeIs(1));
  const auto& attempt = e.task("two").attempts[0];
  EXPECT_EQ(attempt.status, AttemptStatus::Completed);
  EXPECT_LE(e.submitted_at, e.started_at);
  EXPECT_LE(e.started_at, attempt.started_at);
  EXPECT_LE(attempt.started_at, attempt.finished_at);
  EXPECT_LE(attempt.finished_at, e.finished_at);
  EXPECT_EQ(error_of([&] { (void)e.task("three"); }, ErrorCode::NotFound).empty(), false);
}

TEST_F(Wait, GivesUpAfterItsTimeAndSaysTheStatus) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  const auto text = error_of([&] { (void)r->wait(id, 20ms); }, ErrorCode::Timeout);
  EXPECT_THAT(text, HasSubstr(id.to_string() + " is Running after 20ms"));
  for (const auto time : {std::chrono::milliseconds{0}, std::chrono::milliseconds{-1}, std::chrono::milliseconds::min()}) {
    (void)error_of([&] { (void)r->wait(id, time); }, ErrorCode::Timeout);
  }
  closed->open();
  EXPECT_TRUE(r->wait(id, std::chrono::milliseconds::max()).completed());
}

TEST_F(Wait, OfAClientGivesUpAfterItsTimeToo) {
  const auto r = runner();
  r->add(single("flow"));
  const auto id = r->submit("flow");
  for (const auto time : {20ms, 0ms, -1ms}) {
    EXPECT_THAT(error_of([&] { (void)r->wait(id, time); }, ErrorCode::Timeout), HasSubstr("is Pending after"));
  }
}

TEST_F(Wait, ForAnUnknownExecutionIsNotFound) {
  const auto unknown = ExecutionId::generate();
  for (const bool runs : {false, true}) {
    const auto r = runs ? started({}) : runner();
    EXPECT_THAT(error_of([&] { (void)r->wait(unknown); }, ErrorCode::NotFound), HasSubstr(unknown.to_string()));
    (void)error_of([&] { (void)r->wait(ExecutionId{}, 1h); }, ErrorCode::NotFound);
  }
}

TEST_F(Wait, ForOneThatHasEndedReturnsAtOnce) {
  const auto r = started({single("flow")});
  const auto id = r->run("flow").id;
  EXPECT_TRUE(r->wait(id).completed());
  EXPECT_TRUE(r->wait(id, 0ms).completed());
  r->stop();
  EXPECT_TRUE(r->wait(id).completed());
  EXPECT_TRUE(runner()->wait(id, 0ms).completed());
}

TEST_F(Wait, ManyThreadsForOneExecution) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)});
  const auto id = r->submit("flow");
  std::atomic<int> completed{0};
  std::atomic<int> asked{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      ++asked;
      if (r->wait(id, patience).completed()) ++completed;
    });
  }
  ASSERT_TRUE(eventually([&] { return asked.load() == 20; }));
  closed->open();
  threads.clear();
  EXPECT_EQ(completed.load(), 20);
}

TEST_F(Wait, AStopOfTheRunnerDoesNotEndIt) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  auto waiting = std::async(std::launch::async, [&] { return r->wait(id, patience); });
  r->stop(0ms);
  EXPECT_EQ(r->get(id).status, ExecutionStatus::Running);
  closed->open();
  const auto other = started({gated("flow", closed)});
  EXPECT_TRUE(waiting.get().completed());
}

TEST_F(Wait, TheCallbackComesOnceForEveryEnd) {
  Journal<Execution> ended;
  const auto r = runner();
  r->add(single("good", [](TaskContext& t) { t.context().set("x", 1); }));
  r->add(single("bad", [](TaskContext&) { throw std::runtime_error("no"); }));
  r->on_finished([&](const Execution& e) { ended.add(e); });
  r->start();
  const auto good = r->submit("good");
  const auto bad = r->submit("bad");
  const auto cancelled = r->submit("good", {}, {.start_at = parse_timestamp("9999-12-31T23:59:59Z")});
  r->cancel(cancelled);
  (void)ended.at_least(3);
  r->stop();
  std::map<ExecutionId, Execution> by_id;
  const auto all = ended.all();
  for (const auto& e : all) by_id.emplace(e.id, e);
  ASSERT_THAT(all, SizeIs(3));
  ASSERT_THAT(by_id, SizeIs(3));
  EXPECT_EQ(by_id.at(good).status, ExecutionStatus::Completed);
  EXPECT_EQ(by_id.at(good).context.at("x"), 1);
  EXPECT_EQ(by_id.at(bad).status, ExecutionStatus::Failed);
  EXPECT_EQ(by_id.at(cancelled).status, ExecutionStatus::Cancelled);
}

TEST_F(Wait, ACallbackThatThrowsIsLoggedAndChangesNothing) {
  Journal<std::string> lines;
  std::atomic<int> calls{0};
  auto o = options();
  o.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::Error) lines.add(std::string(text));
  };
  const auto r = runner(o);
  r->add(single("flow"));
  r->on_finished([&](const Execution&) {
    if (++calls == 1) throw std::runtime_error("no space");
    throw 7;
  });
  r->start();
  const auto first = r->run("flow");
  EXPECT_THAT(lines.at_least(1),
              testing::ElementsAre("the completion callback failed for execution " + first.id.to_string() + ": no space"));
  const auto second = r->run("flow");
  EXPECT_THAT(lines.at_least(2).back(), "the completion callback failed for execution " + second.id.to_string());
  EXPECT_TRUE(first.completed() && second.completed());
  r->stop();
  EXPECT_EQ(calls.load(), 2);
}

TEST_F(Wait, TheCallbackIsSetBeforeStart) {
  const auto r = started({});
  EXPECT_THAT(error_of([&] { r->on_finished([](const Execution&) {}); }, ErrorCode::Conflict), HasSubstr("before start"));
}

TEST_F(Wait, TheCallbacksOfWhatEndedComeBeforeStopReturns) {
  std::atomic<int> calls{0};
  const auto r = runner();
  r->add(single("flow"));
  r->on_finished([&](const Execution&) { ++calls; });
  r->start();
  const auto ids = r->submit_many(std::vector<Submission>(300, {.workflow = "flow"}));
  for (const auto& id : ids) (void)r->wait(id, patience);
  r->stop();
  EXPECT_EQ(calls.load(), 300);
}

}  // namespace
}  // namespace cloacina::runner::test
