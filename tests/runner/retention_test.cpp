// What is kept of what has ended: by a call, and by a runner's own thread.
#include "cloacina/admin.hpp"
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class RetentionTest : public RunnerTest {
 protected:
  PruneReport pruned(const Retention& retention) { return prune(url(), retention); }
  [[nodiscard]] static std::vector<ExecutionId> ids(const Runner& r) {
    std::vector<ExecutionId> out;
    for (const auto& e : r.list().executions) out.push_back(e.id);
    return out;
  }
  [[nodiscard]] static Workflow broken() {
    return single("broken", [](TaskContext&) { throw Error(ErrorCode::InvalidArgument, "no"); });
  }
  [[nodiscard]] std::string refused(const Retention& retention) {
    try {
      (void)pruned(retention);
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.what();
    }
    return "nothing thrown";
  }
};

TEST_F(RetentionTest, GoesByAgeByNumberAndByStatus) {
  const auto r = started({single("flow"), broken()});
  std::vector<ExecutionId> all;
  for (const char* name : {"flow", "broken", "flow", "broken", "flow"}) all.push_back(r->run(name).id);
  EXPECT_EQ(pruned({}).executions, 0);
  EXPECT_EQ(pruned({.older_than = 1h}).executions, 0);
  EXPECT_EQ(pruned({.keep = 5}).executions, 0);
  EXPECT_EQ(pruned({.keep = 4, .statuses = {ExecutionStatus::Failed}}).executions, 0) << "the fifth has completed";
  EXPECT_EQ(pruned({.keep = 3, .statuses = {ExecutionStatus::Failed}}).executions, 1);
  EXPECT_THAT(ids(*r), ElementsAre(all[4], all[3], all[2], all[0]));
  EXPECT_EQ(pruned({.older_than = 1h, .keep = 1}).executions, 0) << "both have to allow it";
  EXPECT_EQ(pruned({.keep = 2}).executions, 2);
  EXPECT_THAT(ids(*r), ElementsAre(all[4], all[3]));
  EXPECT_EQ(pruned({.older_than = 0ms, .statuses = {ExecutionStatus::Completed}}).executions, 1);
  EXPECT_EQ(pruned({.keep = 0}).executions, 1);
  EXPECT_THAT(ids(*r), SizeIs(0));
}

TEST_F(RetentionTest, WhatHasNotEndedStaysAndHidesNothing) {
  const auto r = started({single("flow")});
  std::vector<Submission> waiting;
  for (int i = 0; i < 1'000; ++i) {
    waiting.push_back({"flow",
                       Json::object(),
                       {.start_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 1h},
                       {}});
  }
  (void)r->submit_many(std::move(waiting));
  for (int i = 0; i < 3; ++i) (void)r->run("flow");
  EXPECT_EQ(pruned({.older_than = 0ms}).executions, 3) << "behind more than one step of those that wait";
  ListFilter all;
  all.limit = 1'000;
  EXPECT_THAT(r->list(all).executions, SizeIs(1'000));
}

TEST_F(RetentionTest, AWrongOneIsRefused) {
  { const auto r = runner(); }
  EXPECT_THAT(refused({.older_than = -1ms}), HasSubstr("InvalidArgument: prune: older_than is negative"));
  EXPECT_THAT(refused({.keep = -1}), HasSubstr("keep is negative"));
  EXPECT_THAT(refused({.older_than = std::chrono::milliseconds::max()}), HasSubstr("more than a hundred years"));
  EXPECT_THAT(refused({.keep = 1, .statuses = {ExecutionStatus::Running}}),
              HasSubstr("executions that are Running have not ended"));
  auto o = options();
  o.retention.keep = -1;
  EXPECT_THROW((void)runner(o), Error);
}

TEST_F(RetentionTest, TwoRunnersKeepWhatTheyAreToldToWhileTheyWork) {
  auto o = options();
  o.retention.keep = 3;
  const auto one = started({single("flow")}, o);
  const auto two = started({single("flow")}, o);
  for (int i = 0; i < 30; ++i) (void)(i % 2 == 0 ? one : two)->run("flow");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (one->list().executions.size() > 3 && std::chrono::steady_clock::now() < deadline) {
    (void)two->submit("flow", Json::object(), {.key = "again"});
    std::this_thread::yield();
  }
  EXPECT_LE(one->list().executions.size(), 4U);
  (void)one->run("flow");
}

TEST_F(RetentionTest, TheHistoryOfAScheduleIsCutButForItsLastEntry) {
  const auto r = started({single("flow")});
  r->schedules().put({.name = "yearly", .workflow = "flow", .cron = "0 0 1 1 *"});
  for (int i = 0; i < 3; ++i) (void)r->wait(r->schedules().run_now("yearly"), patience);
  EXPECT_EQ(pruned({.firings_older_than = 1h}).firings, 0);
  EXPECT_EQ(pruned({.firings_older_than = 0ms}).firings, 2);
  EXPECT_THAT(r->schedules().history("yearly").firings, SizeIs(1));
  EXPECT_THAT(r->list().executions, SizeIs(3)) << "executions have a limit of their own";
}

}  // namespace
}  // namespace cloacina::runner::test
