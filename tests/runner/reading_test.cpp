// Reading: single executions, lists with filters and pages, logs, definitions.
#include <set>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Reading : public RunnerTest {
 protected:
  [[nodiscard]] static std::vector<ExecutionId> ids(const ExecutionPage& page) {
    std::vector<ExecutionId> out;
    for (const auto& e : page.executions) out.push_back(e.id);
    return out;
  }
};

TEST_F(Reading, AnExecutionTellsEverythingAboutItself) {
  const auto flow = single("flow");
  const auto r = started({flow});
  const auto id = r->submit("flow", {{"x", {1, 2, 3}}}, {.key = "the key", .priority = -3});
  const auto e = r->wait(id, patience);
  EXPECT_EQ(e.id, id);
  EXPECT_EQ(e.workflow, "flow");
  EXPECT_EQ(e.version, flow.version());
  EXPECT_EQ(e.priority, -3);
  EXPECT_EQ(e.key, "the key");
  EXPECT_EQ(e.due_at, e.submitted_at);
  EXPECT_EQ(e.input, Json({{"x", {1, 2, 3}}}));
  EXPECT_FALSE(e.error || e.schedule || e.slot || e.pause_reason || e.stranded);
  EXPECT_THAT(e.events, IsEmpty());
}

TEST_F(Reading, AListIsNewestFirstAndLeavesTheDetailsOut) {
  const auto r = started({single("flow")});
  const auto first = r->run("flow", {{"x", 1}}).id;
  const auto second = r->run("flow").id;
  const auto page = r->list();
  EXPECT_THAT(ids(page), ElementsAre(second, first));
  EXPECT_FALSE(page.next);
  EXPECT_THAT(page.executions[0].tasks, IsEmpty());
  EXPECT_TRUE(page.executions[0].context.empty());
  EXPECT_EQ(page.executions[0].status, ExecutionStatus::Completed);
}

TEST_F(Reading, AListIsFilteredByWorkflowStatusAndTime) {
  const auto r = started({single("good"), single("bad", [](TaskContext&) { throw std::runtime_error("no"); })});
  const auto good = r->run("good");
  const auto bad = r->run("bad");
  const auto paused = r->submit("good", {}, {.start_at = parse_timestamp("9000-01-01T00:00:00Z")});
  r->pause(paused);
  EXPECT_THAT(ids(r->list({.workflow = "good"})), ElementsAre(paused, good.id));
  EXPECT_THAT(ids(r->list({.status = ExecutionStatus::Failed})), ElementsAre(bad.id));
  EXPECT_THAT(ids(r->list({.status = ExecutionStatus::Paused})), ElementsAre(paused));
  EXPECT_THAT(ids(r->list({.workflow = "good", .status = ExecutionStatus::Completed})), ElementsAre(good.id));
  EXPECT_THAT(ids(r->list({.workflow = "bad", .status = ExecutionStatus::Completed})), IsEmpty());
  EXPECT_THAT(ids(r->list({.workflow = "unknown"})), IsEmpty());
  EXPECT_THAT(ids(r->list({.since = bad.submitted_at})), ElementsAre(paused, bad.id));
  EXPECT_THAT(ids(r->list({.since = Timestamp::max()})), IsEmpty());
}

TEST_F(Reading, PagesShowEveryExecutionOnceWhileOthersAreSubmitted) {
  const auto r = runner();
  r->add(single("flow"));
  r->add(single("other"));
  const auto before = r->submit_many(std::vector<Submission>(250, {.workflow = "flow"}));
  for (const std::size_t limit : {1u, 7u, 50u, 249u, 250u, 251u}) {
    std::vector<ExecutionId> seen;
    ListFilter filter{.workflow = "flow", .limit = limit};
    std::size_t pages = 0;
    do {
      const auto page = r->list(filter);
      const auto of_page = ids(page);
      EXPECT_LE(of_page.size(), limit);
      seen.insert(seen.end(), of_page.begin(), of_page.end());
      filter.page = page.next;
      // What comes in meanwhile is newer than every page to come.
      if (pages++ % 50 == 0) (void)r->submit("other");
    } while (filter.page && pages <= 251);
    EXPECT_EQ(std::vector<ExecutionId>(seen.rbegin(), seen.rend()), before) << limit;
  }
}

TEST_F(Reading, PagesKeepTheirFilter) {
  const auto r = started({single("good"), single("bad", [](TaskContext&) { throw std::runtime_error("no"); })});
  std::set<ExecutionId> failed;
  for (int i = 0; i < 30; ++i) {
    const auto e = r->run(i % 3 == 0 ? "bad" : "good");
    if (i % 3 == 0) failed.insert(e.id);
  }
  std::set<ExecutionId> seen;
  ListFilter filter{.status = ExecutionStatus::Failed, .limit = 3};
  do {
    const auto page = r->list(filter);
    for (const auto& id : ids(page)) EXPECT_TRUE(seen.insert(id).second);
    filter.page = page.next;
  } while (filter.page);
  EXPECT_EQ(seen, failed);
}

TEST_F(Reading, LogsAreOfTheTaskAndTheAttemptAskedFor) {
  WorkflowBuilder flow("flow");
  const auto says = [](TaskContext& t) {
    t.keep_output({.out = std::string(t.task()) + " attempt " + std::to_string(t.attempt()), .err = "complaint"});
    if (t.attempt() == 1) throw std::runtime_error("again");
  };
  flow.task("one", says).retry(RetryPolicy::fixed(2, 1ms));
  flow.task("two", says).retry(RetryPolicy::fixed(2, 1ms)).after("one");
  const auto r = started({flow.build()});
  const auto id = r->run("flow").id;
  EXPECT_THAT(r->logs(id), SizeIs(8));
  EXPECT_THAT(r->logs(id, "two"), SizeIs(4));
  const auto second = r->logs(id, "two", 2);
  ASSERT_THAT(second, SizeIs(2));
  EXPECT_EQ(second[0].text, "two attempt 2");
  EXPECT_EQ(second[0].stream, "stdout");
  EXPECT_EQ(second[1].text, "complaint");
  EXPECT_THAT(r->logs(id, "two", 3), IsEmpty());
}

TEST_F(Reading, ManyThreadsReadWhileOthersWrite) {
  const auto r = started({single("flow")});
  std::atomic<bool> over{false};
  std::vector<std::jthread> writers;
  for (int i = 0; i < 2; ++i) {
    writers.emplace_back([&] {
      while (!over.load()) EXPECT_TRUE(r->run("flow").completed());
    });
  }
  in_threads(4, [&](int) {
    for (int i = 0; i < 100; ++i) {
      for (const auto& e : r->list({.limit = 5}).executions) EXPECT_EQ(r->get(e.id).id, e.id);
      (void)r->runners();
      (void)r->stats();
      EXPECT_THAT(r->workflows(), SizeIs(1));
    }
  });
  over = true;
}

TEST_F(Reading, TheWorkflowOfAnExecutionIsTheVersionItWasSubmittedWith) {
  const auto r = runner();
  r->add(chain("flow", 2));
  const auto id = r->submit("flow");
  r->add(chain("flow", 3));
  EXPECT_THAT(r->workflow_of(id).tasks(), ElementsAre("t0", "t1"));
  EXPECT_THAT(r->workflows().at(0).tasks(), SizeIs(3));
  EXPECT_THAT(error_of([&] { (void)r->submit("flwo"); }, ErrorCode::NotFound), HasSubstr("did you mean 'flow'"));
}

}  // namespace
}  // namespace cloacina::runner::test
