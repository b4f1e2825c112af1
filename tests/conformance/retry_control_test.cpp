#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST_P(StoreConformance, ARetryRunsWhatFailedAndWhatComesAfter) {
  const auto id = submit(chain("w", {"a", "b", "c"}));
  EXPECT_THAT(drain({"b"}), ElementsAre("a", "b"));
  pass(1h);
  const auto result = control(Control::Kind::Retry, id);
  EXPECT_EQ(result.applied, Applied::Yes);
  EXPECT_EQ(result.status, ExecutionStatus::Running);
  EXPECT_EQ(statuses(id), "a:Completed b:Ready c:NotStarted");
  EXPECT_EQ(get(id).finished_at, std::nullopt);
  EXPECT_EQ(get(id).error, std::nullopt);
  expect_counters_hold();
  const auto b = claim_one();
  EXPECT_EQ(b.fence, 2);
  EXPECT_EQ(b.number, 2);
  EXPECT_EQ(b.failures, 0) << "the retry policy starts anew";
  complete(b);
  EXPECT_THAT(drain(), ElementsAre("c"));
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Completed);
  EXPECT_EQ(e.finished_at, now_);
  EXPECT_EQ(e.started_at, now_ - 1h);
  ASSERT_THAT(e.task("b").attempts, SizeIs(2));
  EXPECT_EQ(e.task("b").attempts[0].status, AttemptStatus::Failed);
  EXPECT_EQ(e.task("b").attempts[1].status, AttemptStatus::Completed);
  EXPECT_EQ(e.task("b").attempts[1].number, 2);
  EXPECT_THAT(e.task("a").attempts, SizeIs(1));
  EXPECT_THAT(event_kinds(id), ElementsAre("retried"));
}

TEST_P(StoreConformance, ARetryMayFailAgainAndBeRetriedAgain) {
  const auto id = submit(chain("w", {"a", "b"}));
  drain({"a"});
  control(Control::Kind::Retry, id);
  drain({"a"});
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(statuses(id), "a:Failed b:Skipped");
  control(Control::Kind::Retry, id);
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_THAT(get(id).task("a").attempts, SizeIs(3));
}

TEST_P(StoreConformance, ARetryDecidesAgainWhatFollowedTheFailure) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("alarm", nothing).after("a").when(any_failed());
  flow.task("cleanup", nothing).after("a").when(always());
  const auto id = submit(flow.build());
  EXPECT_THAT(drain({"a"}), UnorderedElementsAre("a", "alarm", "cleanup"));
  control(Control::Kind::Retry, id);
  EXPECT_EQ(statuses(id), "a:Ready alarm:NotStarted cleanup:NotStarted");
  EXPECT_THAT(drain(), ElementsAre("a", "cleanup"));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_EQ(statuses(id), "a:Completed alarm:Skipped cleanup:Completed");
  EXPECT_THAT(get(id).task("cleanup").attempts, SizeIs(2));
  EXPECT_THAT(get(id).task("alarm").attempts, SizeIs(1)) << "what it did once stays listed";
}

TEST_P(StoreConformance, ARetryLeavesAloneWhatDidNotDependOnTheFailure) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("aside", nothing);
  flow.task("optional", nothing).after("aside").when(any_failed());
  flow.task("after_optional", nothing).after("optional").when(always());
  flow.task("join", nothing).after("a", "aside");
  const auto id = submit(flow.build());
  drain({"a"});
  EXPECT_EQ(statuses(id), "a:Failed aside:Completed optional:Skipped after_optional:Completed join:Skipped");
  control(Control::Kind::Retry, id);
  EXPECT_EQ(statuses(id), "a:Ready aside:Completed optional:Skipped after_optional:Completed join:NotStarted");
  expect_counters_hold();
  EXPECT_THAT(drain(), ElementsAre("a", "join"));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ARetryFromATaskRunsItAndItsDescendants) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a");
  flow.task("c", nothing).after("a");
  flow.task("d", nothing).after("b", "c");
  const auto id = submit(flow.build());
  auto o = completed(claim_one(), {{"a", 1}});
  apply(o);
  for (const auto& task : claim()) complete(task, {{name_of(task), "first"}});
  complete(claim_one(), {{"d", "first"}});
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  pass(1h);
  EXPECT_EQ(control(Control::Kind::Retry, id, "", "b").applied, Applied::Yes);
  EXPECT_EQ(statuses(id), "a:Completed b:Ready c:Completed d:NotStarted");
  EXPECT_EQ(get(id).context, (Json{{"a", 1}, {"c", "first"}})) << "what they had changed is gone";
  expect_counters_hold();
  const auto b = claim_one();
  EXPECT_EQ(b.fence, 2);
  EXPECT_EQ(b.number, 2);
  complete(b, {{"b", "second"}});
  EXPECT_THAT(drain(), ElementsAre("d"));
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Completed);
  EXPECT_EQ(e.context, (Json{{"a", 1}, {"b", "second"}, {"c", "first"}}));
  ASSERT_THAT(e.task("b").attempts, SizeIs(2)) << "attempts that completed before stay listed";
  EXPECT_EQ(e.task("b").attempts[0].status, AttemptStatus::Completed);
  EXPECT_EQ(e.task("b").attempts[0].number, 1);
  EXPECT_EQ(e.task("b").attempts[0].fence, 1);
  EXPECT_EQ(e.task("b").attempts[0].finished_at, now_ - 1h);
  EXPECT_EQ(e.task("b").attempts[1].number, 2);
  EXPECT_THAT(e.task("c").attempts, SizeIs(1));
  EXPECT_EQ(e.events.at(0).task, "b");
}

TEST_P(StoreConformance, ARetryFromATaskRunsWhatWasCancelledToo) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a");
  flow.task("x", nothing);
  flow.task("y", nothing).after("x");
  const auto id = submit(flow.build());
  const auto a = claim_one();
  control(Control::Kind::Cancel, id);
  apply(outcome(a, AttemptOutcome::Kind::Cancelled));
  control(Control::Kind::Retry, id, "", "y");
  EXPECT_THAT(drain(), UnorderedElementsAre("a", "b", "x", "y")) << "it would end as if they had been done";
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ARetryFromBelowAFailureDecidesByWhatIsThere) {
  const auto id = submit(chain("w", {"a", "b", "c"}));
  drain({"a"});
  control(Control::Kind::Retry, id, "", "b");
  EXPECT_THAT(claim(), IsEmpty());
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(statuses(id), "a:Failed b:Skipped c:Skipped");
  EXPECT_EQ(get(id).error, "task 'a' failed: broken");
}

TEST_P(StoreConformance, ACancelledExecutionGoesOnWhereItWas) {
  const auto id = submit(chain("w", {"a", "b", "c"}));
  complete(claim_one());
  const auto b = claim_one();
  control(Control::Kind::Cancel, id);
  const auto refused = control(Control::Kind::Retry, id);
  EXPECT_EQ(refused.applied, Applied::Conflict) << "b is still running";
  EXPECT_EQ(refused.text,
            "execution " + id.to_string() + " is Cancelled, and some of its tasks are still stopping; try again when they have");
  apply(outcome(b, AttemptOutcome::Kind::Cancelled));
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Yes);
  EXPECT_THAT(drain(), ElementsAre("b", "c"));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ARetryThatNamesNoTaskIsRefused) {
  const auto id = submit(chain("w", {"fetch"}));
  drain();
  const auto result = control(Control::Kind::Retry, id, "", "fetsh");
  EXPECT_EQ(result.applied, Applied::NotFound);
  EXPECT_EQ(result.text, "execution " + id.to_string() + " has no task 'fetsh' (did you mean 'fetch'?)");
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ARecoveredFailureCanBeRetried) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("mend", nothing).after("a").when(any_failed()).recovers();
  const auto id = submit(flow.build());
  drain({"a"});
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Yes);
  EXPECT_THAT(drain(), ElementsAre("a"));
  EXPECT_EQ(statuses(id), "a:Completed mend:Skipped");
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Conflict) << "a task skipped by its rule is nothing to retry";
}

TEST_P(StoreConformance, ARetriedExecutionHasNoDeadline) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.deadline(1h);
  const auto id = submit(flow.build());
  pass(2h);
  tick();
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Yes);
  tick();
  EXPECT_THAT(drain(), ElementsAre("a"));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

}  // namespace
}  // namespace cloacina::test
