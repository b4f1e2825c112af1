// Sizes that a user may try. The times are shown, none is asserted: what is not linear does not end.
#include <iostream>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::SizeIs;

class Size : public RunnerTest {
 protected:
  void show(const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    std::cout << "  " << what << ": " << std::chrono::duration_cast<std::chrono::milliseconds>(now - since_).count() << " ms\n";
    since_ = now;
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

TEST_F(Size, AHundredThousandExecutionsThatWaited) {
  constexpr int count = 100'000 / size_divisor;
  constexpr int at_once = 1'000;
  std::atomic<int> runs{0};
  const auto flow = single("flow", [&](TaskContext&) { ++runs; });
  const auto r = runner();
  r->add(flow);
  for (int i = 0; i < count; i += at_once) (void)r->submit_many(std::vector<Submission>(at_once, {.workflow = "flow"}));
  r->start();
  EXPECT_TRUE(eventually([&] { return runs == count; }));
  r->stop();
  EXPECT_EQ(runs, count);
  EXPECT_THAT(r->list({.status = ExecutionStatus::Pending}).executions, testing::IsEmpty());
  EXPECT_THAT(r->list({.status = ExecutionStatus::Running}).executions, testing::IsEmpty());
}

TEST_F(Size, TenThousandParallelTasksAndTheirJoin) {
  constexpr int width = 10'000 / size_divisor;
  std::atomic<int> ran{0};
  WorkflowBuilder flow("wide");
  std::vector<std::string> names;
  for (int i = 0; i < width; ++i) {
    names.push_back("t" + std::to_string(i));
    flow.task(names.back(), [&] { ++ran; });
  }
  flow.task("join", [&](TaskContext& t) { t.context().set("ran", ran.load()); }).after(names);
  const auto r = started({flow.build()});
  show("built and added");
  const auto e = r->run("wide");
  show("ran");
  EXPECT_TRUE(e.completed());
  EXPECT_EQ(e.context, Json({{"ran", width}}));
  EXPECT_THAT(e.tasks, SizeIs(width + 1));
  EXPECT_TRUE(eventually([&] { return r->stats().tasks == width + 1; }));
  EXPECT_LT(r->stats().turns, width) << "they share commits";
}

TEST_F(Size, AChainOfFiveThousandTasksThatAllChangeTheContext) {
  constexpr int length = 5'000 / size_divisor;
  WorkflowBuilder flow("long");
  for (int i = 0; i < length; ++i) {
    auto task = flow.task("t" + std::to_string(i), [](TaskContext& t) { t.context().set("n", t.context().get_or("n", 0) + 1); });
    if (i > 0) task.after("t" + std::to_string(i - 1));
  }
  const auto r = started({flow.build()});
  show("built and added");
  const auto e = r->run("long");
  show("ran");
  EXPECT_TRUE(e.completed());
  EXPECT_EQ(e.context, Json({{"n", length}}));
}

TEST_F(Size, TwentyThousandExecutionsThatWaitForTheirRunner) {
  constexpr int count = 20'000 / size_divisor;
  std::atomic<int> ran{0};
  const auto client = runner();
  client->add(single("flow", [&](TaskContext&) { ++ran; }));
  std::vector<ExecutionId> ids;
  while (static_cast<int>(ids.size()) < count) {
    const auto some = client->submit_many(std::vector<Submission>(1'000, {.workflow = "flow"}));
    ids.insert(ids.end(), some.begin(), some.end());
  }
  show("submitted");
  std::atomic<int> ended{0};
  const auto r = runner();
  r->add(single("flow", [&](TaskContext&) { ++ran; }));
  r->on_finished([&](const Execution&) { ++ended; });
  r->start();
  for (const auto& id : ids) EXPECT_TRUE(r->wait(id, patience).completed());
  show("ran");
  r->stop();
  EXPECT_EQ(ran.load(), count);
  EXPECT_EQ(ended.load(), count);
}

TEST_F(Size, TwentyThousandExecutionsThatWaitForTheirTimeAreNoBurden) {
  constexpr int count = 20'000 / size_divisor;
  const auto r = started({single("flow")});
  const auto late = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 24h;
  std::vector<ExecutionId> ids;
  while (static_cast<int>(ids.size()) < count) {
    const auto some = r->submit_many(std::vector<Submission>(1'000, {.workflow = "flow", .options = {.start_at = late}}));
    ids.insert(ids.end(), some.begin(), some.end());
  }
  show("submitted");
  const auto before = r->stats().turns;
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(r->run("flow").completed());
  show("200 that do not wait");
  EXPECT_LE(r->stats().turns - before, 200 * 3 + 20);
  for (int i = 0; i < 200; ++i) r->cancel(ids[static_cast<std::size_t>(i)]);
  show("200 cancelled");
}

TEST_F(Size, ALargeInputReachesManyTasks) {
  constexpr int width = 200;
  const std::string large(4 << 20, 'x');
  std::atomic<int> seen{0};
  WorkflowBuilder flow("wide");
  for (int i = 0; i < width; ++i) {
    flow.task("t" + std::to_string(i), [&](TaskContext& t) {
      if (t.context().at("large").get_ref<const std::string&>().size() == large.size()) ++seen;
    });
  }
  const auto r = started({flow.build()});
  EXPECT_TRUE(r->run("wide", {{"large", large}}).completed());
  show("ran");
  EXPECT_EQ(seen.load(), width);
}

TEST_F(Size, FiveHundredThreadsWaitAtOnce) {
  constexpr int count = 500 / size_divisor;
  const auto closed = gate();
  const auto r = started({gated("flow", closed)});
  std::atomic<int> asked{0};
  std::atomic<int> completed{0};
  std::jthread opens([&] {
    EXPECT_TRUE(eventually([&] { return asked.load() == count; }));
    closed->open();
  });
  in_threads(count, [&](int) {
    const auto id = r->submit("flow");
    ++asked;
    if (r->wait(id, patience).completed()) ++completed;
  });
  show("ran");
  EXPECT_EQ(completed.load(), count);
}

}  // namespace
}  // namespace cloacina::runner::test
