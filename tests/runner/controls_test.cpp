// Cancel, pause, resume and retry, through a runner that runs and through one that does not.
#include <future>

#include "os/process.hpp"
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

class Controls : public RunnerTest {
 protected:
  std::shared_ptr<Gate> closed = gate();

  /// first (before the gate, deaf to its stop token) -> second
  [[nodiscard]] Workflow two_steps() {
    WorkflowBuilder flow("flow");
    flow.task("first", [gate = closed] { gate->pass(); }).retry(RetryPolicy::none());
    flow.task("second", [] {}).after("first");
    return flow.build();
  }
  static Timestamp in_an_hour() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 1h; }
};

TEST_F(Controls, ACancelEndsTheWaitWhileATaskStillRuns) {
  const auto r = started({two_steps()});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  auto waiting = std::async(std::launch::async, [&] { return r->wait(id, patience); });
  r->cancel(id, "not wanted");
  const auto e = waiting.get();
  EXPECT_EQ(e.status, ExecutionStatus::Cancelled);
  EXPECT_EQ(e.error, "cancelled: not wanted");
  EXPECT_EQ(e.task("first").status, TaskStatus::Running);
  EXPECT_EQ(e.task("second").status, TaskStatus::Cancelled);
  EXPECT_THAT(e.events, Contains(AllOf(Field(&Event::kind, "cancelled"), Field(&Event::detail, "not wanted"))));
  closed->open();
  EXPECT_TRUE(eventually([&] { return r->get(id).task("first").status == TaskStatus::Cancelled; }));
  EXPECT_EQ(r->get(id).status, ExecutionStatus::Cancelled);
}

TEST_F(Controls, AnEventSaysWhoDidIt) {
  auto o = options();
  o.actor = "alice@desk";
  const auto alice = runner(o);
  alice->add(two_steps());
  const auto id = alice->submit("flow", Json::object(), {.start_at = in_an_hour()});
  alice->pause(id, "lunch");
  runner(options())->resume(id);
  alice->cancel(id);
  alice->retry(id);
  const auto events = alice->get(id).events;
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[0].actor, "alice@desk");
  EXPECT_EQ(events[1].actor, os::user_name() + "@" + os::host_name()) << "this process, when nobody says otherwise";
  EXPECT_EQ(events[2].actor, "alice@desk");
  EXPECT_EQ(events[3].kind + " by " + events[3].actor, "retried by alice@desk");
}

TEST_F(Controls, ACancelRequestsTheStopToken) {
  std::promise<void> stopped;
  const auto r = started({single("flow", [&](TaskContext& t) {
    closed->pass(t.stop_token());
    EXPECT_TRUE(t.stop_requested());
    stopped.set_value();
    throw std::runtime_error("I was interrupted");
  })});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  r->cancel(id);
  ASSERT_EQ(stopped.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(eventually([&] { return r->get(id).task("only").status == TaskStatus::Cancelled; }));
  const auto e = r->get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Cancelled);
  EXPECT_EQ(e.error, "cancelled");
  ASSERT_THAT(e.task("only").attempts, SizeIs(1));
  EXPECT_EQ(e.task("only").attempts[0].status, AttemptStatus::Cancelled);
  EXPECT_EQ(e.task("only").attempts[0].error, "cancelled; I was interrupted");
}

TEST_F(Controls, ACancelOfWhatHasNotStartedRunsNothing) {
  std::atomic<int> ran{0};
  auto o = options();
  o.workers = 1;
  const auto r = started({gated("blocker", closed), single("flow", [&](TaskContext&) { ++ran; })}, o);
  (void)r->submit("blocker");
  ASSERT_TRUE(closed->reached());
  const auto queued = r->submit("flow");
  const auto future = r->submit("flow", {}, {.start_at = in_an_hour()});
  for (const auto& id : {queued, future}) {
    r->cancel(id);
    EXPECT_EQ(r->wait(id, patience).status, ExecutionStatus::Cancelled);
    EXPECT_THAT(r->get(id).task("only").attempts, IsEmpty());
  }
  closed->open();
  EXPECT_FALSE(r->stop().threads_left);
  EXPECT_EQ(ran.load(), 0);
}

TEST_F(Controls, AttemptsThatNeverBeganAreNotCounted) {
  auto o = options();
  o.workers = 1;
  const auto r = started({single("short"), gated("blocker", closed)}, o);
  // Short tasks make the runner claim ahead; so there is something to give back.
  for (const auto& id : r->submit_many(std::vector<Submission>(200, {.workflow = "short"}))) (void)r->wait(id, patience);
  ASSERT_TRUE(eventually([&] { return r->stats().tasks == 200; }));
  std::vector<Submission> all(1, {.workflow = "blocker", .options = {.priority = 1}});
  all.resize(31, {.workflow = "short"});
  const auto ids = r->submit_many(std::move(all));
  ASSERT_TRUE(closed->reached());
  for (std::size_t i = 1; i < ids.size(); ++i) r->cancel(ids[i]);
  closed->open();
  EXPECT_TRUE(r->wait(ids[0], patience).completed());
  EXPECT_TRUE(eventually([&] { return r->stats().tasks >= 201; }));
  r->stop();
  EXPECT_EQ(r->stats().tasks, 201);
}

TEST_F(Controls, APausedExecutionFinishesWhatRunsAndStartsNothing) {
  const auto r = started({two_steps(), single("other")});
  const auto id = r->submit("flow");
  ASSERT_TRUE(closed->reached());
  r->pause(id, "maintenance");
  EXPECT_EQ(r->get(id).status, ExecutionStatus::Paused);
  EXPECT_EQ(r->get(id).pause_reason, "maintenance");
  closed->open();
  EXPECT_TRUE(eventually([&] { return r->get(id).task("first").status == TaskStatus::Completed; }));
  // Another execution goes all the way through the same queue meanwhile.
  EXPECT_TRUE(r->run("other").completed());
  EXPECT_EQ(r->get(id).status, ExecutionStatus::Paused);
  EXPECT_THAT(r->get(id).task("second").attempts, IsEmpty());
  (void)error_of([&] { (void)r->wait(id, 1ms); }, ErrorCode::Timeout);
  r->resume(id);
  const auto e = r->wait(id, patience);
  EXPECT_TRUE(e.completed());
  EXPECT_FALSE(e.pause_reason);
  std::vector<std::string> kinds;
  for (const auto& event : e.events) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, ElementsAre("paused", "resumed"));
}

TEST_F(Controls, APausedExecutionCanBeCancelled) {
  const auto r = started({single("flow")});
  const auto id = r->submit("flow", {}, {.start_at = in_an_hour()});
  r->pause(id);
  r->cancel(id);
  EXPECT_EQ(r->wait(id, patience).status, ExecutionStatus::Cancelled);
}

TEST_F(Controls, ARetryRunsWhatFailedAndWhatComesAfterIt) {
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  WorkflowBuilder flow("flow");
  flow.task("good", [&] { ++good; });
  flow.task("bad",
            [&] {
              if (++bad == 1) throw std::runtime_error("not today");
            })
      .after("good")
      .retry(RetryPolicy::none());
  flow.task("last", [] {}).after("bad");
  const auto r = started({flow.build()});
  const auto failed = r->run("flow");
  EXPECT_EQ(failed.status, ExecutionStatus::Failed);
  EXPECT_EQ(failed.task("last").status, TaskStatus::Skipped);
  r->retry(failed.id);
  const auto e = r->wait(failed.id, patience);
  EXPECT_TRUE(e.completed());
  EXPECT_FALSE(e.error);
  EXPECT_EQ(good.load(), 1);
  EXPECT_EQ(e.task("bad").attempts.at(0).error, "not today");
  EXPECT_THAT(e.task("bad").attempts, SizeIs(2));
  EXPECT_EQ(e.task("last").status, TaskStatus::Completed);
}

TEST_F(Controls, ARetryFromATaskRunsItAndWhatComesAfterIt) {
  std::atomic<int> a{0};
  std::atomic<int> b{0};
  std::atomic<int> c{0};
  WorkflowBuilder flow("flow");
  flow.task("a", [&] { ++a; });
  flow.task("b", [&] { ++b; }).after("a");
  flow.task("c", [&] { ++c; }).after("b");
  const auto r = started({flow.build()});
  const auto id = r->run("flow").id;
  r->retry(id, "b");
  EXPECT_TRUE(r->wait(id, patience).completed());
  EXPECT_EQ(a.load(), 1);
  EXPECT_EQ(b.load(), 2);
  EXPECT_EQ(c.load(), 2);
  EXPECT_THAT(r->get(id).events, Contains(AllOf(Field(&Event::kind, "retried"), Field(&Event::detail, "from b"))));
}

TEST_F(Controls, ARetryOfACancelledExecutionRunsIt) {
  const auto client = runner();
  client->add(single("flow"));
  const auto id = client->submit("flow");
  client->cancel(id);
  client->retry(id);
  EXPECT_EQ(client->get(id).status, ExecutionStatus::Running);
  const auto r = started({single("flow")});
  EXPECT_TRUE(client->wait(id, patience).completed());
}

/// The same refusals whether a loop asks the store or the caller's own thread.
class Refusals : public Controls, public testing::WithParamInterface<bool> {
 protected:
  [[nodiscard]] std::unique_ptr<Runner> subject() const { return GetParam() ? started({}) : runner(); }
};
INSTANTIATE_TEST_SUITE_P(Runners, Refusals, testing::Bool(),
                         [](const auto& i) { return std::string(i.param ? "Started" : "Client"); });

TEST_P(Refusals, OfAnUnknownExecution) {
  const auto r = subject();
  const auto unknown = ExecutionId::generate();
  const std::vector<std::function<void()>> calls{[&] { r->cancel(unknown); },    [&] { r->pause(unknown); },
                                                 [&] { r->resume(unknown); },    [&] { r->retry(unknown); },
                                                 [&] { (void)r->get(unknown); }, [&] { (void)r->workflow_of(unknown); }};
  for (const auto& call : calls) EXPECT_THAT(error_of(call, ErrorCode::NotFound), HasSubstr(unknown.to_string()));
}

TEST_P(Refusals, OfAnExecutionThatHasEnded) {
  const auto worker = started({single("flow")});
  const auto id = worker->run("flow").id;
  const auto r = subject();
  const auto refused = [&](const std::function<void()>& call) { return error_of(call, ErrorCode::Conflict); };
  EXPECT_THAT(refused([&] { r->cancel(id); }), HasSubstr("is Completed and cannot be cancelled"));
  EXPECT_THAT(refused([&] { r->pause(id); }), HasSubstr("is Completed and cannot be paused"));
  EXPECT_THAT(refused([&] { r->resume(id); }), HasSubstr("is Completed, not paused"));
  EXPECT_THAT(refused([&] { r->retry(id); }), HasSubstr("nothing to retry"));
  EXPECT_THAT(error_of([&] { r->retry(id, "onyl"); }, ErrorCode::NotFound), HasSubstr("did you mean 'only'"));
}

TEST_P(Refusals, OfAnExecutionThatHasNot) {
  const auto r = subject();
  r->add(single("flow"));
  const auto id = r->submit("flow", {}, {.start_at = in_an_hour()});
  EXPECT_THAT(error_of([&] { r->resume(id); }, ErrorCode::Conflict), HasSubstr("is Pending, not paused"));
  EXPECT_THAT(error_of([&] { r->retry(id); }, ErrorCode::Conflict), HasSubstr("only one that has ended can be retried"));
  r->pause(id, "first");
  EXPECT_THAT(error_of([&] { r->pause(id, "second"); }, ErrorCode::Conflict), HasSubstr("is Paused already"));
  EXPECT_EQ(r->get(id).pause_reason, "first");
}

TEST_P(Refusals, OfAReasonThatCannotBeShown) {
  const auto r = subject();
  r->add(single("flow"));
  const auto id = r->submit("flow", {}, {.start_at = in_an_hour()});
  EXPECT_THAT(error_of([&] { r->cancel(id, "\xc3\x28"); }, ErrorCode::InvalidArgument), HasSubstr("reason is not UTF-8"));
  EXPECT_THAT(error_of([&] { r->pause(id, "\xc3\x28"); }, ErrorCode::InvalidArgument), HasSubstr("reason is not UTF-8"));
  EXPECT_EQ(r->get(id).status, ExecutionStatus::Pending);
}

TEST_P(Refusals, OfARetryWhileATaskStillStops) {
  const auto worker = started({two_steps()});
  const auto id = worker->submit("flow");
  ASSERT_TRUE(closed->reached());
  const auto r = subject();
  r->cancel(id);
  EXPECT_THAT(error_of([&] { r->retry(id); }, ErrorCode::Conflict), HasSubstr("still stopping"));
  closed->open();
  // Completed, if it ended before its own runner had heard of the cancel.
  EXPECT_TRUE(eventually([&] { return is_terminal(worker->get(id).task("first").status); }));
  r->retry(id);
  EXPECT_TRUE(r->wait(id, patience).completed());
}

}  // namespace
}  // namespace cloacina::runner::test
