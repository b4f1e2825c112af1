#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// a and b, and t after both with the rule.
Workflow two_and_one(const Rule& rule) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing);
  flow.task("t", nothing).after("a", "b").when(rule);
  return flow.build();
}

TEST_P(StoreConformance, EveryRuleDecidesOnceAllDependenciesAreTerminal) {
  const ContextKey n{"n"};
  const struct {
    const char* what;
    Rule rule;
    bool none, one, both;  // runs when so many of two dependencies fail (one: a)
  } table[] = {
      {"all_succeeded", all_succeeded(), true, false, false},
      {"always", always(), true, true, true},
      {"any_failed", any_failed(), false, true, true},
      {"all_failed", all_failed(), false, false, true},
      {"any_succeeded", any_succeeded(), true, true, false},
      {"all of statuses", all_of({cloacina::failed("a"), cloacina::completed("b")}), false, true, false},
      {"any of statuses", any_of({cloacina::failed("b"), cloacina::completed("a")}), true, false, true},
      {"none of statuses", none_of({cloacina::failed("a")}), true, false, false},
      {"of the context", all_of({n.equals(1)}), true, true, true},
      {"of what a dependency set", all_of({ContextKey{"from_b"}.exists()}), true, true, false},
      {"of what a failed one set", all_of({ContextKey{"from_a"}.exists()}), true, false, false},
  };
  for (const auto& [what, rule, none, one, both] : table) {
    for (int failures = 0; failures < 3; ++failures) {
      const auto id = submit(two_and_one(rule), {.input = {{"n", 1}}});
      const auto tasks = claim();
      ASSERT_THAT(names_of(tasks), ElementsAre("a", "b"));
      const auto end = [&](const ClaimedTask& task, bool fails) {
        auto o = completed(task, {{"from_" + name_of(task), true}});
        if (fails) o.kind = AttemptOutcome::Kind::Failed;
        EXPECT_EQ(apply(o), Applied::Yes);
      };
      end(tasks[0], failures > 0);
      EXPECT_EQ(status(id, "t"), TaskStatus::NotStarted) << what << ": not before all are terminal";
      end(tasks[1], failures > 1);
      const bool runs = failures == 0 ? none : failures == 1 ? one : both;
      EXPECT_EQ(status(id, "t"), runs ? TaskStatus::Ready : TaskStatus::Skipped) << what << " with failures: " << failures;
      EXPECT_EQ(drain().empty(), !runs) << what;
      EXPECT_EQ(status(id), failures == 0 ? ExecutionStatus::Completed : ExecutionStatus::Failed) << what;
    }
  }
}

TEST_P(StoreConformance, SkipsCascadeInOneCommit) {
  const auto id = submit(chain("w", {"a", "b", "c", "d"}));
  auto b = batch();
  b.outcomes.push_back(failed(claim_one(), "broken"));
  const auto result = commit(b);
  EXPECT_EQ(result.finished.size(), 1U);
  EXPECT_EQ(statuses(id), "a:Failed b:Skipped c:Skipped d:Skipped");
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(get(id).task("d").error, "1 of 1 dependencies did not complete, because of a failure");
}

TEST_P(StoreConformance, AFailureReachesAnAlarmThroughSkippedTasks) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a");
  flow.task("c", nothing).after("b");
  flow.task("alarm", nothing).after("c").when(any_failed());
  flow.task("quiet", nothing).after("alarm").when(any_failed());
  const auto id = submit(flow.build());
  EXPECT_THAT(drain({"a"}), ElementsAre("a", "alarm"));
  EXPECT_EQ(statuses(id), "a:Failed b:Skipped c:Skipped alarm:Completed quiet:Skipped");
  EXPECT_EQ(status(id), ExecutionStatus::Failed) << "an alarm tells of a failure, it does not undo it";
  EXPECT_EQ(get(id).error, "task 'a' failed: broken");
}

TEST_P(StoreConformance, ASkipWithoutAFailureIsNoFailure) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a").when(all_of({context_value("go").exists()}));
  flow.task("c", nothing).after("b").when(any_failed());
  flow.task("d", nothing).after("b").when(always());
  flow.task("e", nothing).after("b");
  const auto id = submit(flow.build());
  EXPECT_THAT(drain(), ElementsAre("a", "d"));
  EXPECT_EQ(statuses(id), "a:Completed b:Skipped c:Skipped d:Completed e:Skipped");
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_EQ(get(id).task("e").error, "1 of 1 dependencies did not complete");
}

TEST_P(StoreConformance, ASkippedTaskPassesItsContextOn) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a").when(all_of({context_value("never").exists()}));
  flow.task("c", nothing).after("b").when(all_of({context_value("from_a").equals(1), context_value("day").exists()}));
  const auto id = submit(flow.build(), {.input = {{"day", 1}}});
  complete(claim_one(), {{"from_a", 1}});
  EXPECT_EQ(statuses(id), "a:Completed b:Skipped c:Ready");
}

TEST_P(StoreConformance, ARootMayBeSkippedAtTheSubmission) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).when(all_of({context_value("go").equals(true)}));
  flow.task("b", nothing).after("a");
  const auto definition = put(flow.build());
  auto b = batch();
  b.submissions.push_back(new_execution(definition));
  b.submissions.push_back(new_execution(definition, {.input = {{"go", true}}}));
  const auto result = commit(b);
  ASSERT_EQ(result.finished.size(), 1U);
  EXPECT_EQ(result.finished[0].id, result.submissions[0].id);
  EXPECT_EQ(result.finished[0].status, ExecutionStatus::Completed);
  EXPECT_EQ(statuses(result.submissions[0].id), "a:Skipped b:Skipped");
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
}

TEST_P(StoreConformance, ARuleSeesAncestorsThatAreNoDependencies) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a").when(always());
  flow.task("c", nothing).after("b").when(all_of({cloacina::failed("a"), cloacina::completed("b")}));
  const auto id = submit(flow.build());
  EXPECT_THAT(drain({"a"}), ElementsAre("a", "b", "c"));
  EXPECT_EQ(statuses(id), "a:Failed b:Completed c:Completed");
}

struct Recovery {
  const char* what;
  Rule rule;
  bool recovers;
  bool recovery_fails;
  ExecutionStatus expected;
};

TEST_P(StoreConformance, OnlyADescendantThatIsDeclaredToRecoverUndoesAFailure) {
  const Recovery table[] = {
      {"a plain always", always(), false, false, ExecutionStatus::Failed},
      {"one that recovers", any_failed(), true, false, ExecutionStatus::Completed},
      {"one that recovers and fails", any_failed(), true, true, ExecutionStatus::Failed},
      {"one that recovers and is skipped", all_succeeded(), true, false, ExecutionStatus::Failed},
  };
  for (const auto& row : table) {
    WorkflowBuilder flow{"w"};
    flow.task("a", nothing);
    flow.task("b", nothing).after("a");
    flow.task("mend", nothing).after("b").when(row.rule).recovers(row.recovers);
    const auto id = submit(flow.build());
    drain(row.recovery_fails ? std::vector<std::string>{"a", "mend"} : std::vector<std::string>{"a"});
    EXPECT_EQ(status(id), row.expected) << row.what;
    EXPECT_EQ(get(id).error.has_value(), row.expected == ExecutionStatus::Failed) << row.what;
  }
}

TEST_P(StoreConformance, ARecoveryHandlesOnlyWhatIsAboveIt) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("mend", nothing).after("a").when(any_failed()).recovers();
  flow.task("aside", nothing);
  flow.task("below", nothing).after("mend");
  const auto aside = submit(flow.build());
  drain({"a", "aside"});
  EXPECT_EQ(status(aside), ExecutionStatus::Failed);
  EXPECT_EQ(get(aside).error, "task 'aside' failed: broken");
  const auto below = submit(flow.build());
  drain({"a", "below"});
  EXPECT_EQ(status(below), ExecutionStatus::Failed);
  EXPECT_EQ(get(below).error, "task 'below' failed: broken");
  const auto good = submit(flow.build());
  EXPECT_THAT(drain({"a"}), UnorderedElementsAre("a", "aside", "mend", "below"));
  EXPECT_EQ(status(good), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, TheErrorNamesTheFirstFailure) {
  WorkflowBuilder flow{"w"};
  flow.task("z", nothing).after("a").when(always());
  flow.task("a", nothing);
  const auto id = submit(flow.build());
  drain({"a", "z"});
  EXPECT_EQ(get(id).error, "task 'a' failed: broken");
}

TEST_P(StoreConformance, ParallelOutcomesInOneCommitAreCountedTogether) {
  const auto id = submit(two_and_one(all_succeeded()));
  auto b = batch();
  for (const auto& task : claim()) b.outcomes.push_back(completed(task));
  b.claim = request(5);
  const auto result = commit(b);
  EXPECT_THAT(names_of(result.claimed), ElementsAre("t"));
  expect_counters_hold();
  complete(result.claimed[0]);
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_THAT(claim(), IsEmpty());
}

}  // namespace
}  // namespace cloacina::test
