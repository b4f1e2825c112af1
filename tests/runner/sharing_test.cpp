// Several runners of one process: on one database they share the work, on two they do not meet; clients beside them.
#include <barrier>
#include <set>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class Sharing : public RunnerTest {
 protected:
  /// Heartbeats are hours away: whoever hears of another's work hears of it from the database's file.
  [[nodiscard]] RunnerOptions no_heartbeat(const std::string& name) const {
    auto o = options();
    o.name = name;
    o.heartbeat = 3h;
    o.lease = 9h;
    return o;
  }
};

TEST_F(Sharing, TwoRunnersShareTheWork) {
  constexpr int count = 8;
  // No task ends before all have begun, and each runner has workers for half of them.
  const auto together = std::make_shared<std::barrier<>>(count);
  const auto flow = single("flow", [together](TaskContext&) { together->arrive_and_wait(); });
  const auto a = started({flow}, no_heartbeat("a"));
  const auto b = started({flow}, no_heartbeat("b"));
  const auto ids = a->submit_many(std::vector<Submission>(count, {.workflow = "flow"}));
  std::map<std::string, int> ran;
  for (const auto& id : ids) ++ran[b->wait(id, patience).task("only").attempts.at(0).runner];
  EXPECT_THAT(ran, SizeIs(2));
  for (const auto& [name, times] : ran) EXPECT_EQ(times, count / 2) << name;
}

TEST_F(Sharing, ManyOpenANewFileAtOnce) {
  constexpr int threads = 8;
  for (int round = 0; round < 20; ++round) {
    auto o = options();
    o.database = "sqlite:" + (folder() / ("new" + std::to_string(round) + ".db")).string();
    std::barrier together(threads);
    std::atomic<int> opened{0};
    in_threads(threads, [&](int) {
      together.arrive_and_wait();
      try {
        Runner client(o);
        client.add(single("flow"));
        (void)client.submit("flow");
        ++opened;
      } catch (const Error& e) {
        ADD_FAILURE() << e.what();
      }
    });
    EXPECT_EQ(opened, threads);
  }
}

TEST_F(Sharing, EveryTaskOfManyRunsOnce) {
  constexpr int count = 1'000 / size_divisor;
  std::vector<std::atomic<int>> runs(count);
  const auto flow = single("flow", [&](TaskContext& t) { ++runs[t.context().get<std::size_t>("number")]; });
  const auto a = started({flow}, no_heartbeat("a"));
  const auto b = started({flow}, no_heartbeat("b"));
  std::vector<Submission> all;
  for (int i = 0; i < count; ++i) all.push_back({.workflow = "flow", .input = {{"number", i}}});
  for (const auto& id : a->submit_many(std::move(all))) EXPECT_TRUE(b->wait(id, patience).completed());
  for (const auto& n : runs) EXPECT_EQ(n.load(), 1);
}

TEST_F(Sharing, ASubmissionOnOneWakesTheOther) {
  const auto submits = started({}, no_heartbeat("submits"));
  const auto works = started({single("flow")}, no_heartbeat("works"));
  for (int i = 0; i < 50; ++i) {
    const auto e = submits->wait(submits->submit("flow"), patience);
    EXPECT_TRUE(e.completed());
    EXPECT_THAT(e.task("only").attempts.at(0).runner, HasSubstr("works"));
  }
}

TEST_F(Sharing, ACancelOnOneStopsTheTaskOfTheOther) {
  const auto closed = gate();
  std::atomic<bool> asked{false};
  const auto submits = started({}, no_heartbeat("submits"));
  const auto works = started({single("flow",
                                     [&, closed](TaskContext& t) {
                                       closed->pass(t.stop_token());
                                       asked = t.stop_requested();
                                     })},
                             no_heartbeat("works"));
  const auto id = submits->submit("flow");
  ASSERT_TRUE(closed->reached());
  submits->cancel(id);
  EXPECT_TRUE(eventually([&] { return submits->get(id).task("only").status == TaskStatus::Cancelled; }));
  EXPECT_TRUE(asked.load());
}

TEST_F(Sharing, OnTwoDatabasesTheyDoNotMeet) {
  std::atomic<int> ran_a{0};
  std::atomic<int> ran_b{0};
  const auto a = started({single("flow", [&](TaskContext&) { ++ran_a; })}, options("a.db"));
  const auto b = started({single("flow", [&](TaskContext&) { ++ran_b; })}, options("b.db"));
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(a->submit("flow", {}, {.key = "key" + std::to_string(i)}));
  for (const auto& id : ids) EXPECT_TRUE(a->wait(id, patience).completed());
  EXPECT_TRUE(b->run("flow", {}, {.key = "key0"}).completed());
  EXPECT_EQ(ran_a.load(), 20);
  EXPECT_EQ(ran_b.load(), 1);
  EXPECT_THAT(b->list().executions, SizeIs(1));
  EXPECT_THAT(a->runners(), SizeIs(1));
  (void)error_of([&] { (void)b->get(ids[1]); }, ErrorCode::NotFound);
  a->stop();
  EXPECT_TRUE(b->run("flow").completed()) << "the stop of one is not the stop of the other";
}

TEST_F(Sharing, AClientSubmitsWaitsCancelsAndReads) {
  const auto closed = gate();
  const auto works = started({single("flow", [](TaskContext& t) { t.context().set("answer", 42); }), gated("slow", closed)},
                             no_heartbeat("works"));
  const auto client = runner();
  const auto result = client->run("flow", {{"question", "?"}});
  EXPECT_EQ(result.context, Json({{"question", "?"}, {"answer", 42}}));
  const auto slow = client->submit("slow");
  ASSERT_TRUE(closed->reached());
  EXPECT_EQ(client->get(slow).status, ExecutionStatus::Running);
  EXPECT_THAT(client->runners(), ElementsAre(AllOf(Field(&RunnerInfo::name, "works"), Field(&RunnerInfo::alive, true),
                                                   Field(&RunnerInfo::holds, ElementsAre(slow.to_string() + " only")))));
  client->cancel(slow, "by a client");
  const auto cancelled = client->wait(slow, patience);
  EXPECT_EQ(cancelled.status, ExecutionStatus::Cancelled);
  EXPECT_EQ(cancelled.error, "cancelled: by a client");
  EXPECT_EQ(client->stats().turns, 0);
  EXPECT_THAT(client->workflow_of(result.id).tasks(), ElementsAre("only"));
  std::vector<std::string> names;
  for (const auto& flow : client->workflows()) names.push_back(flow.name());
  EXPECT_THAT(names, ElementsAre("flow", "slow"));
}

TEST_F(Sharing, ManyThreadsOfAClientWaitAtOnce) {
  const auto closed = gate();
  const auto works = started({gated("flow", closed)}, no_heartbeat("works"));
  const auto client = runner();
  std::atomic<int> completed{0};
  std::atomic<int> submitted{0};
  std::jthread opens([&] {
    EXPECT_TRUE(eventually([&] { return submitted.load() == 16; }));
    closed->open();
  });
  in_threads(16, [&](int) {
    const auto id = client->submit("flow");
    ++submitted;
    if (client->wait(id, patience).completed()) ++completed;
  });
  EXPECT_EQ(completed.load(), 16);
}

TEST_F(Sharing, AWorkflowNobodyKnowsIsStrandedUntilSomebodyDoes) {
  const auto here = started({single("known")}, no_heartbeat("here"));
  const auto client = runner();
  client->add(single("alien"));
  const auto id = client->submit("alien");
  EXPECT_TRUE(here->run("known").completed());
  EXPECT_TRUE(here->get(id).stranded);
  EXPECT_EQ(here->get(id).status, ExecutionStatus::Pending);
  EXPECT_THAT(here->list({.workflow = "alien"}).executions, ElementsAre(Field(&Execution::stranded, true)));
  {
    const auto other = started({single("alien")}, no_heartbeat("other"));
    const auto e = here->wait(id, patience);
    EXPECT_TRUE(e.completed());
    EXPECT_FALSE(e.stranded);
    EXPECT_THAT(e.task("only").attempts.at(0).runner, HasSubstr("other"));
  }
  const auto second = client->submit("alien");
  EXPECT_TRUE(client->get(second).stranded) << "the runner that knew it has gone";
  here->add(single("alien"));
  EXPECT_TRUE(client->wait(second, patience).completed()) << "one that learns it runs it";
}

TEST_F(Sharing, AnotherVersionIsStrandedToo) {
  const auto version = [](const std::string& text) {
    WorkflowBuilder flow("flow");
    flow.version(text).task("only", [] {});
    return flow.build();
  };
  const auto client = runner();
  client->add(version("1"));
  const auto id = client->submit("flow");
  const auto two = started({version("2")}, no_heartbeat("two"));
  EXPECT_TRUE(two->run("flow").completed());
  EXPECT_TRUE(client->get(id).stranded);
  const auto one = started({version("1")}, no_heartbeat("one"));
  EXPECT_TRUE(client->wait(id, patience).completed());
}

TEST_F(Sharing, RunnersShowWhatTheyAre) {
  auto o = no_heartbeat("shown");
  o.workers = 3;
  const auto r = started({single("flow")}, o);
  (void)r->run("flow");
  const auto info = r->runners().at(0);
  EXPECT_EQ(info.workers, 3);
  EXPECT_TRUE(info.alive);
  EXPECT_THAT(info.workflows, ElementsAre(testing::StartsWith("flow ")));
  EXPECT_THAT(info.holds, IsEmpty());
  EXPECT_EQ(info.written_off, 0);
  r->stop();
  EXPECT_THAT(r->runners(), IsEmpty());
}

}  // namespace
}  // namespace cloacina::runner::test
