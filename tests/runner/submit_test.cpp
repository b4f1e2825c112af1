// Submissions: durable on return, shared commits, keys, inputs, the order and the time of their start.
#include <barrier>
#include <set>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Timestamp in(std::chrono::microseconds time) {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + time;
}

class Submit : public RunnerTest {
 protected:
  /// What another process would find if this one died now.
  [[nodiscard]] std::string snapshot() {
    const auto to = folder() / ("snapshot" + std::to_string(++snapshots_));
    std::filesystem::create_directory(to);
    for (const auto* part : {"runner.db", "runner.db-wal"}) std::filesystem::copy_file(folder() / part, to / part);
    return "sqlite:" + (to / "runner.db").string();
  }

 private:
  int snapshots_ = 0;
};

TEST_F(Submit, AnExecutionIsInTheFilesWhenSubmitReturns) {
  for (const auto durability : {Durability::Full, Durability::Normal}) {
    auto o = options();
    o.durability = durability;
    const auto r = started({single("flow")}, o);
    const auto id = r->submit("flow", {{"day", "monday"}}, {.start_at = in(1h)});
    auto copy = options();
    copy.database = snapshot();
    const Runner later(copy);
    EXPECT_EQ(later.get(id).input, Json({{"day", "monday"}}));
    EXPECT_EQ(later.get(id).status, ExecutionStatus::Pending);
  }
}

TEST_F(Submit, ManyThreadsShareCommits) {
  constexpr int threads = 8;
  constexpr int each = 200;
  auto o = options();
  o.durability = Durability::Full;
  const auto r = started({single("flow")}, o);
  const auto before = r->stats();
  Journal<ExecutionId> ids;
  // Nothing runs: every turn is for submissions.
  in_threads(threads, [&](int) {
    for (int i = 0; i < each; ++i) ids.add(r->submit("flow", {}, {.start_at = in(1h)}));
  });
  const auto list = ids.all();
  EXPECT_THAT(std::set<ExecutionId>(list.begin(), list.end()), SizeIs(threads * each));
  EXPECT_TRUE(eventually([&] { return r->stats().submitted - before.submitted == threads * each; }));
  const auto turns = r->stats().turns - before.turns;
  EXPECT_LT(turns, threads * each * 3 / 4);
  EXPECT_GE(turns, each) << "a thread waits for its answer before it submits again";
}

TEST_F(Submit, ManyAtOnceAreOneCommitAndKeepTheirOrder) {
  const auto r = started({single("a"), single("b")});
  ASSERT_TRUE(eventually([&] { return r->stats().turns > 0; }));
  const auto before = r->stats().turns;
  std::vector<Submission> all;
  for (int i = 0; i < 500; ++i) {
    all.push_back({.workflow = i % 2 == 0 ? "a" : "b", .input = {{"number", i}}, .options = {.start_at = in(1h)}});
  }
  const auto ids = r->submit_many(all);
  ASSERT_THAT(ids, SizeIs(500));
  EXPECT_TRUE(eventually([&] { return r->stats().submitted == 500; }));
  EXPECT_LE(r->stats().turns - before, 2);
  for (int i = 0; i < 500; i += 83) {
    const auto e = r->get(ids[static_cast<std::size_t>(i)]);
    EXPECT_EQ(e.input.at("number"), i);
    EXPECT_EQ(e.workflow, i % 2 == 0 ? "a" : "b");
  }
}

TEST_F(Submit, ManyAtOnceAreAllOrNone) {
  for (const bool runs : {false, true}) {
    const auto r = runs ? started({single("flow")}) : runner();
    r->add(single("flow"));
    const auto refused = [&](Submission bad, ErrorCode code) {
      return error_of([&] { (void)r->submit_many({{.workflow = "flow"}, bad, {.workflow = "flow"}}); }, code);
    };
    EXPECT_THAT(refused({.workflow = "flwo"}, ErrorCode::NotFound), HasSubstr("did you mean 'flow'"));
    EXPECT_THAT(refused({.workflow = "flow", .input = {1, 2}}, ErrorCode::InvalidArgument), HasSubstr("not array"));
    EXPECT_THAT(refused({.workflow = "flow", .input = {{"text", "\xff"}}}, ErrorCode::InvalidArgument), HasSubstr("UTF-8"));
    EXPECT_THAT(refused({.workflow = "flow", .options = {.key = "\xff"}}, ErrorCode::InvalidArgument), HasSubstr("UTF-8"));
    EXPECT_THAT(r->list().executions, IsEmpty());
    EXPECT_THAT(r->submit_many({}), IsEmpty());
  }
}

TEST_F(Submit, OneKeyIsOneExecutionForManyThreadsOfTwoRunners) {
  constexpr int threads = 8;
  constexpr int keys = 20;
  std::atomic<int> ran{0};
  const auto flow = single("flow", [&](TaskContext&) { ++ran; });
  const auto a = started({flow});
  const auto b = started({flow});
  const auto client = runner();
  std::vector<std::vector<ExecutionId>> ids(threads);
  std::barrier together(threads);
  in_threads(threads, [&](int i) {
    auto& r = i % 3 == 0 ? *a : i % 3 == 1 ? *b : *client;
    for (int k = 0; k < keys; ++k) {
      together.arrive_and_wait();
      ids[static_cast<std::size_t>(i)].push_back(r.submit("flow", {{"thread", i}}, {.key = "key" + std::to_string(k)}));
    }
  });
  EXPECT_THAT(ids, Each(Eq(ids[0])));
  EXPECT_THAT(std::set<ExecutionId>(ids[0].begin(), ids[0].end()), SizeIs(keys));
  for (const auto& id : ids[0]) EXPECT_TRUE(client->wait(id, patience).completed());
  EXPECT_EQ(ran.load(), keys);
  EXPECT_THAT(client->list().executions, SizeIs(keys));
}

TEST_F(Submit, AKeyNamesTheSameExecutionAlsoAfterItsEnd) {
  const auto r = started({single("flow")});
  const auto first = r->run("flow", {}, {.key = "once"});
  EXPECT_EQ(r->submit("flow", {{"other", "input"}}, {.key = "once"}), first.id);
  EXPECT_EQ(r->get(first.id).key, "once");
  EXPECT_EQ(r->get(first.id).input, Json::object());
}

TEST_F(Submit, OneKeyTwiceInOneCallIsOneExecution) {
  const auto r = started({single("flow")});
  const auto ids = r->submit_many({{.workflow = "flow", .options = {.key = "k"}}, {.workflow = "flow", .options = {.key = "k"}}});
  EXPECT_EQ(ids.at(0), ids.at(1));
}

TEST_F(Submit, AnIdOfTheCallersOwnIsTheExecutions) {
  const auto r = started({single("flow")});
  const auto id = ExecutionId::generate();
  EXPECT_THAT(r->submit_many({{.workflow = "flow", .id = id}}), ElementsAre(id));
  EXPECT_THAT(r->submit_many({{.workflow = "flow", .id = id}}), ElementsAre(id));
  EXPECT_TRUE(r->wait(id, patience).completed());
  EXPECT_THAT(r->list().executions, SizeIs(1));
}

TEST_F(Submit, SubmittedCountsNewExecutionsOnly) {
  const auto r = started({single("flow")});
  for (int i = 0; i < 5; ++i) (void)r->submit("flow", {}, {.key = "k"});
  (void)r->run("flow");
  EXPECT_TRUE(eventually([&] { return r->stats().submitted >= 2; }));
  EXPECT_EQ(r->stats().submitted, 2);
}

TEST_F(Submit, EveryTaskSeesTheInputOverTheDefaults) {
  WorkflowBuilder flow("flow");
  flow.default_input({{"region", "eu"}, {"limit", 10}});
  flow.task("first", [](TaskContext&) {});
  flow.task("second", [](TaskContext& t) { t.context().set("seen", t.context().json()); }).after("first");
  const auto r = started({flow.build()});
  const auto result = r->run("flow", {{"limit", 20}, {"text", "héllo \n \"quoted\""}});
  const Json expected{{"region", "eu"}, {"limit", 20}, {"text", "héllo \n \"quoted\""}};
  EXPECT_EQ(result.input, expected);
  EXPECT_EQ(result.context.at("seen"), expected);
  EXPECT_EQ(r->run("flow", nullptr).input, Json({{"region", "eu"}, {"limit", 10}}));
}

TEST_F(Submit, AnInputOverTheLimitIsRefused) {
  auto o = options();
  o.context_bytes_max = 1'024;
  const auto r = started({single("flow")}, o);
  EXPECT_THAT(error_of(
                  [&] {
                    (void)r->submit("flow", {{"text", std::string(1'024, 'x')}});
                  },
                  ErrorCode::InvalidArgument),
              HasSubstr("context_bytes_max is 1024"));
  EXPECT_TRUE(r->run("flow", {{"text", std::string(1'000, 'x')}}).completed());
}

TEST_F(Submit, AHigherPriorityGoesFirst) {
  Journal<int> order;
  const auto closed = gate();
  auto o = options();
  o.workers = 1;
  const auto r =
      started({gated("blocker", closed), single("flow", [&](TaskContext& t) { order.add(t.context().get<int>("number")); })}, o);
  (void)r->submit("blocker");
  ASSERT_TRUE(closed->reached());
  std::vector<ExecutionId> ids;
  for (const int priority : {0, -5, 1'000'000, 7, 7, -1'000'000}) {
    const auto number = static_cast<int>(ids.size());
    ids.push_back(r->submit("flow", {{"number", number}}, {.priority = priority}));
  }
  closed->open();
  for (const auto& id : ids) EXPECT_TRUE(r->wait(id, patience).completed());
  EXPECT_THAT(order.all(), ElementsAre(2, 3, 4, 0, 1, 5));
  EXPECT_EQ(r->get(ids[2]).priority, 1'000'000);
}

TEST_F(Submit, NothingStartsBeforeItsTime) {
  const auto r = started({single("flow")});
  const auto at = in(200ms);
  const auto soon = r->submit("flow", {}, {.start_at = at});
  const auto late = r->submit("flow", {}, {.start_at = in(1h)});
  const auto past = r->submit("flow", {}, {.start_at = in(-1h)});
  EXPECT_TRUE(r->wait(past, patience).completed());
  const auto e = r->wait(soon, patience);
  EXPECT_GE(e.started_at, at);
  EXPECT_EQ(e.due_at, at);
  EXPECT_EQ(r->get(late).status, ExecutionStatus::Pending);
  EXPECT_THAT(r->get(late).task("only").attempts, IsEmpty());
}

TEST_F(Submit, FromInsideATaskAndACallbackWorks) {
  const auto r = runner();
  Journal<std::string> ended;
  r->add(single("child"));
  r->add(single("parent", [&](TaskContext& t) { t.context().set("child", r->submit("child").to_string()); }));
  r->on_finished([&](const Execution& e) {
    if (e.workflow == "parent") (void)r->submit("child", {}, {.key = "from the callback"});
    ended.add(e.workflow);
  });
  r->start();
  EXPECT_TRUE(r->run("parent").completed());
  EXPECT_THAT(ended.at_least(3), testing::UnorderedElementsAre("parent", "child", "child"));
  r->stop();
}

}  // namespace
}  // namespace cloacina::runner::test
