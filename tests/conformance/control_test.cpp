#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreConformance, PausedTasksAreHeldUntilTheResume) {
  const auto id = submit(chain("w", {"a", "b"}));
  EXPECT_EQ(control(Control::Kind::Pause, id, "deploy").applied, Applied::Yes);
  EXPECT_EQ(status(id), ExecutionStatus::Paused);
  EXPECT_EQ(get(id).pause_reason, "deploy");
  EXPECT_EQ(statuses(id), "a:Ready b:NotStarted");
  EXPECT_THAT(claim(), IsEmpty());
  EXPECT_EQ(control(Control::Kind::Resume, id).applied, Applied::Yes);
  EXPECT_EQ(status(id), ExecutionStatus::Pending) << "nothing has run yet";
  EXPECT_EQ(get(id).pause_reason, std::nullopt);
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
  EXPECT_THAT(event_kinds(id), ElementsAre("paused", "resumed"));
}

TEST_P(StoreConformance, WhatRunsFinishesDuringAPauseAndWhatFollowsIsHeld) {
  const auto id = submit(chain("w", {"a", "b", "c"}));
  const auto a = claim_one();
  control(Control::Kind::Pause, id);
  auto b = batch();
  b.outcomes.push_back(completed(a));
  b.claim = request(5);
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  EXPECT_EQ(statuses(id), "a:Completed b:Ready c:NotStarted");
  EXPECT_EQ(status(id), ExecutionStatus::Paused);
  control(Control::Kind::Resume, id);
  EXPECT_EQ(status(id), ExecutionStatus::Running);
  EXPECT_THAT(drain(), ElementsAre("b", "c"));
}

TEST_P(StoreConformance, APauseKeepsTheTimeOfWhatIsDelayed) {
  const auto definition = put(chain("w", {"a"}));
  const auto started_later = submit(definition, {.start_at = now_ + 1h});
  const auto retried = submit(definition);
  auto o = outcome(claim_one(), AttemptOutcome::Kind::Retry);
  control(Control::Kind::Pause, retried);
  o.retry_at = now_ + 2h;
  apply(o);
  control(Control::Kind::Pause, started_later);
  EXPECT_EQ(get(started_later).task("a").run_at, now_ + 1h);
  EXPECT_EQ(get(retried).task("a").run_at, now_ + 2h);
  pass(30min);
  control(Control::Kind::Resume, started_later);
  control(Control::Kind::Resume, retried);
  EXPECT_THAT(claim(), IsEmpty()) << "not before their time";
  EXPECT_EQ(tick().next_due, now_ + 30min);
  control(Control::Kind::Pause, started_later);
  pass(30min);
  tick();
  EXPECT_THAT(claim(), IsEmpty()) << "their time does not end a pause";
  control(Control::Kind::Resume, started_later);
  EXPECT_THAT(claim(), SizeIs(1)) << "what is overdue runs at once";
  pass(1h);
  tick();
  EXPECT_EQ(claim_one().id, retried);
}

TEST_P(StoreConformance, AnExecutionMayEndWhilePaused) {
  const auto id = submit(chain("w", {"a"}));
  const auto a = claim_one();
  control(Control::Kind::Pause, id);
  auto b = batch();
  b.outcomes.push_back(completed(a));
  EXPECT_THAT(commit(b).finished, SizeIs(1));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ControlsAreRefusedWhereTheStatusDoesNotAllowThem) {
  const auto id = submit(chain("w", {"a"}));
  const auto text = "execution " + id.to_string();
  const auto check = [&](Control::Kind kind, const std::string& why) {
    const auto result = control(kind, id);
    EXPECT_EQ(result.applied, Applied::Conflict) << why;
    EXPECT_EQ(result.text, text + why);
  };
  check(Control::Kind::Resume, " is Pending, not paused");
  check(Control::Kind::Retry, " is Pending; only one that has ended can be retried");
  control(Control::Kind::Pause, id);
  check(Control::Kind::Pause, " is Paused already");
  control(Control::Kind::Resume, id);
  drain();
  check(Control::Kind::Cancel, " is Completed and cannot be cancelled");
  check(Control::Kind::Pause, " is Completed and cannot be paused");
  check(Control::Kind::Resume, " is Completed, not paused");
  check(Control::Kind::Retry, " is Completed, and there is nothing to retry");
  EXPECT_EQ(status(id), ExecutionStatus::Completed) << "and a refusal changes nothing";
}

TEST_P(StoreConformance, ACancelEndsWhatWaitsAndReportsWhatRuns) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing);
  flow.task("c", nothing).after("a", "b");
  flow.task("d", nothing).after("c");
  const auto id = submit(flow.build());
  const auto a = claim_one();
  auto b = batch();
  b.controls.push_back({Control::Kind::Cancel, id, "not needed", {}});
  const auto result = commit(b);
  EXPECT_EQ(result.controls[0].applied, Applied::Yes);
  EXPECT_EQ(result.controls[0].status, ExecutionStatus::Running);
  ASSERT_THAT(result.lost, SizeIs(1));
  EXPECT_EQ(result.lost[0].task, a.task);
  EXPECT_EQ(result.lost[0].fence, a.fence);
  ASSERT_THAT(result.finished, SizeIs(1));
  EXPECT_EQ(result.finished[0].status, ExecutionStatus::Cancelled);
  EXPECT_EQ(statuses(id), "a:Running b:Cancelled c:Cancelled d:Cancelled");
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Cancelled);
  EXPECT_EQ(e.error, "cancelled: not needed");
  EXPECT_EQ(e.finished_at, now_);
  EXPECT_THAT(event_kinds(id), ElementsAre("cancelled"));
  EXPECT_THAT(claim(), IsEmpty());
}

TEST_P(StoreConformance, LateOutcomesOfACancelledExecutionStartNothing) {
  using Kind = AttemptOutcome::Kind;
  const struct {
    Kind kind;
    TaskStatus task;
    AttemptStatus attempt;
  } table[] = {{Kind::Cancelled, TaskStatus::Cancelled, AttemptStatus::Cancelled},
               {Kind::Returned, TaskStatus::Cancelled, AttemptStatus::Cancelled},
               {Kind::Retry, TaskStatus::Cancelled, AttemptStatus::Failed},
               {Kind::Failed, TaskStatus::Failed, AttemptStatus::Failed},
               {Kind::Completed, TaskStatus::Completed, AttemptStatus::Completed}};
  const auto definition = put(chain("w", {"a", "b"}));
  for (const auto& row : table) {
    const auto id = submit(definition);
    auto o = outcome(claim_one(), row.kind);
    control(Control::Kind::Cancel, id);
    o.error = "asked to stop";
    auto b = batch();
    b.outcomes.push_back(o);
    b.claim = request(5);
    const auto result = commit(b);
    EXPECT_EQ(result.outcomes[0], Applied::Yes);
    EXPECT_THAT(result.claimed, IsEmpty());
    EXPECT_THAT(result.finished, IsEmpty()) << "it ended with the cancel";
    EXPECT_EQ(status(id), ExecutionStatus::Cancelled);
    const auto task = get(id).task("a");
    EXPECT_EQ(task.status, row.task);
    ASSERT_THAT(task.attempts, SizeIs(1));
    EXPECT_EQ(task.attempts[0].status, row.attempt);
    EXPECT_EQ(status(id, "b"), TaskStatus::Cancelled);
  }
}

TEST_P(StoreConformance, ADelayedOrPausedExecutionCanBeCancelled) {
  const auto definition = put(chain("w", {"a"}));
  const auto delayed = submit(definition, {.start_at = now_ + 1h});
  const auto paused = submit(definition);
  control(Control::Kind::Pause, paused);
  for (const auto& id : {delayed, paused}) {
    EXPECT_EQ(control(Control::Kind::Cancel, id).applied, Applied::Yes);
    EXPECT_EQ(statuses(id), "a:Cancelled");
    EXPECT_EQ(get(id).error, "cancelled");
  }
  pass(2h);
  tick();
  EXPECT_THAT(claim(), IsEmpty());
}

TEST_P(StoreConformance, ASubmissionAndItsCancelShareACommit) {
  auto b = batch();
  b.submissions.push_back(new_execution(put(chain("w", {"a"}))));
  b.controls.push_back({Control::Kind::Cancel, b.submissions[0].id, "", {}});
  b.claim = request(5);
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  EXPECT_EQ(status(b.submissions[0].id), ExecutionStatus::Cancelled);
}

TEST_P(StoreConformance, ControlsOfOneCommitActInTheirOrder) {
  const auto id = submit(chain("w", {"a", "b"}));
  drain({"a"});
  auto b = batch();
  b.controls.push_back({Control::Kind::Retry, id, "", {}});
  b.controls.push_back({Control::Kind::Cancel, id, "", {}});
  b.claim = request(5);
  const auto result = commit(b);
  EXPECT_EQ(result.controls[0].applied, Applied::Yes);
  EXPECT_EQ(result.controls[1].applied, Applied::Yes);
  EXPECT_THAT(result.claimed, IsEmpty()) << "what the retry made ready was cancelled";
  EXPECT_EQ(statuses(id), "a:Cancelled b:Cancelled");
  b.controls[1].kind = Control::Kind::Pause;
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  control(Control::Kind::Resume, id);
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
}

TEST_P(StoreConformance, AnExecutionPastItsDeadlineFails) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a");
  flow.deadline(90min);
  const auto definition = put(flow.build());
  const auto id = submit(definition);
  const auto later = submit(definition, {.start_at = now_ + 1h});
  const auto done = submit(definition);
  const auto paused = submit(definition);
  control(Control::Kind::Pause, paused);
  const auto a = claim_one();
  drain();  // `done`
  EXPECT_EQ(status(done), ExecutionStatus::Completed);
  EXPECT_EQ(tick().next_due, now_ + 1h) << "the start of the later one comes first";
  pass(1h);
  tick();
  EXPECT_EQ(tick().next_due, now_ + 30min);
  pass(30min);
  const auto result = tick();
  EXPECT_THAT(result.finished, SizeIs(2));
  ASSERT_THAT(result.lost, SizeIs(1));
  EXPECT_EQ(result.lost[0].task, a.task);
  EXPECT_EQ(result.next_due, now_ + 1h) << "counted from when it was allowed to start";
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(status(paused), ExecutionStatus::Failed);
  EXPECT_EQ(status(later), ExecutionStatus::Pending);
  EXPECT_EQ(status(done), ExecutionStatus::Completed);
  EXPECT_EQ(get(id).error, "its deadline of 1h30m has passed");
  EXPECT_EQ(statuses(id), "a:Running b:Cancelled");
  EXPECT_THAT(event_kinds(id), ElementsAre("deadline"));
  EXPECT_EQ(apply(outcome(a, AttemptOutcome::Kind::Cancelled)), Applied::Yes);
  EXPECT_EQ(statuses(id), "a:Cancelled b:Cancelled");
}

TEST_P(StoreConformance, APauseReasonIsOfThePause) {
  const auto id = submit(chain("w", {"a"}));
  control(Control::Kind::Pause, id, "why");
  control(Control::Kind::Cancel, id, "because");
  EXPECT_THAT(get(id).error.value(), HasSubstr("because"));
  EXPECT_EQ(get(id).pause_reason, std::nullopt);
}

}  // namespace
}  // namespace cloacina::test
