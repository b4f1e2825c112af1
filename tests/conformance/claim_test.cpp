#include <set>

#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreConformance, ClaimsByPriorityThenDueTimeThenFirstCome) {
  // Two workflows, so that the order holds over all of them.
  const auto x = put(chain("x", {"x"}));
  const auto y = put(chain("y", {"y"}));
  std::map<ExecutionId, std::string> names;
  names[submit(x, {.priority = 0})] = "third";
  names[submit(y, {.priority = 0})] = "fourth";
  names[submit(y, {.priority = -5})] = "last";
  pass(1s);
  names[submit(x, {.priority = 9})] = "first";
  names[submit(x, {.priority = 0})] = "later";
  auto early = new_execution(y);
  early.submitted_at = now_ - 1h;
  names[early.id] = "second";
  auto b = batch();
  b.submissions.push_back(early);
  commit(b);
  std::vector<std::string> order;
  for (int i = 0; i < 6; ++i) order.push_back(names[claim_one().id]);
  EXPECT_THAT(order, ElementsAre("first", "second", "third", "fourth", "later", "last"));
  EXPECT_THAT(claim(), IsEmpty());
}

TEST_P(StoreConformance, OneClaimHasTheSameOrderAsMany) {
  const auto x = put(chain("x", {"x"}));
  const auto y = put(chain("y", {"y"}));
  std::map<ExecutionId, int> priority;
  for (int i = 0; i < 20; ++i) priority[submit(i % 3 == 0 ? x : y, {.priority = (i * 7) % 5})] = (i * 7) % 5;
  // Some of them at hand: submitted in the commit that claims.
  auto b = batch();
  for (int i = 0; i < 10; ++i) {
    b.submissions.push_back(new_execution(i % 2 == 0 ? x : y, {.priority = i % 5}));
    priority[b.submissions.back().id] = i % 5;
  }
  b.claim = request(25);
  auto claimed = commit(b).claimed;
  EXPECT_EQ(claimed.size(), 25U);
  const auto rest = claim();
  EXPECT_EQ(rest.size(), 5U);
  claimed.insert(claimed.end(), rest.begin(), rest.end());
  for (std::size_t i = 1; i < claimed.size(); ++i) {
    const auto before = std::pair(-priority[claimed[i - 1].id], claimed[i - 1].task.execution);
    EXPECT_LT(before, std::pair(-priority[claimed[i].id], claimed[i].task.execution)) << i;
  }
}

TEST_P(StoreConformance, ClaimsNoMoreThanTheLimit) {
  const auto definition = put(chain("w", {"a"}));
  for (int i = 0; i < 5; ++i) submit(definition);
  EXPECT_EQ(claim(0).size(), 0U);
  EXPECT_EQ(claim(2).size(), 2U);
  EXPECT_EQ(claim(10).size(), 3U);
}

TEST_P(StoreConformance, AClaimStartsTheExecution) {
  const auto id = submit(chain("w", {"a"}));
  pass(5s);
  const auto task = claim_one();
  EXPECT_EQ(task.id, id);
  EXPECT_EQ(task.fence, 1);
  EXPECT_EQ(task.number, 1);
  EXPECT_EQ(task.failures, 0);
  EXPECT_FALSE(task.last_chance);
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Running);
  EXPECT_EQ(e.started_at, now_);
  ASSERT_EQ(e.task("a").attempts.size(), 1U);
  EXPECT_EQ(e.task("a").attempts[0].status, AttemptStatus::Running);
  EXPECT_EQ(e.task("a").attempts[0].runner, "host/1");
  EXPECT_EQ(e.task("a").attempts[0].started_at, now_);
}

TEST_P(StoreConformance, ClaimsOnlyVersionsThatItKnows) {
  const auto known = put(chain("known", {"a"}));
  const auto foreign = put(chain("foreign", {"a", "b"}), false);
  const auto id = submit(foreign, {.priority = 100});
  const auto mine = submit(known);
  EXPECT_TRUE(get(id).stranded);
  EXPECT_FALSE(get(mine).stranded);
  EXPECT_EQ(claim_one().id, mine) << "what nobody knows is no obstacle";
  EXPECT_THAT(claim(), IsEmpty());
  for (const auto& e : reader_->list({}).executions) EXPECT_EQ(e.stranded, e.id == id);
  // A runner that knows it appears.
  const auto other = other_runner({foreign});
  EXPECT_FALSE(get(id).stranded);
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 10, .definitions = {foreign}};
  EXPECT_EQ(other.store->commit(b).claimed.size(), 1U);
}

TEST_P(StoreConformance, WhatBecomesReadyAndIsUnknownWaits) {
  const auto foreign = put(chain("foreign", {"a"}), false);
  auto b = batch();
  b.submissions.push_back(new_execution(foreign));
  b.claim = request(10);
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  known_ = {foreign};
  EXPECT_EQ(claim().size(), 1U);
}

TEST_P(StoreConformance, AnEndedExecutionIsNotStranded) {
  const auto foreign = put(chain("foreign", {"a"}), false);
  const auto id = submit(foreign);
  control(Control::Kind::Cancel, id);
  EXPECT_FALSE(get(id).stranded);
}

TEST_P(StoreConformance, ARunnerOfStoredCommandsTakesWorkflowsThatHaveNothingElse) {
  WorkflowBuilder commands{"commands"};
  commands.command("a", {.argv = {"true"}});
  WorkflowBuilder mixed{"mixed"};
  mixed.command("a", {.argv = {"true"}});
  mixed.task("b", nothing);
  const auto only = put(commands.build(), false);
  const auto some = put(mixed.build(), false);
  const auto id = submit(only);
  const auto left = submit(some);
  EXPECT_TRUE(get(id).stranded);
  auto b = batch();
  b.claim = request(10);
  b.claim->any_commands = true;
  const auto claimed = commit(b).claimed;
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].id, id);
  const auto store = db_->store();
  (void)store->open_runner({.id = "cli", .name = "cli", .host = "host", .any_commands = true, .started_at = now_});
  EXPECT_FALSE(get(id).stranded);
  EXPECT_TRUE(get(left).stranded);
}

TEST_P(StoreConformance, AStaleFenceChangesNothing) {
  const auto id = submit(chain("w", {"a", "b"}));
  const auto first = claim_one();
  EXPECT_EQ(apply(outcome(first, AttemptOutcome::Kind::Returned)), Applied::Yes);
  const auto second = claim_one();
  EXPECT_EQ(second.fence, first.fence + 1);
  EXPECT_EQ(second.number, first.number + 1);
  for (const auto kind : {AttemptOutcome::Kind::Completed, AttemptOutcome::Kind::Failed, AttemptOutcome::Kind::Retry,
                          AttemptOutcome::Kind::Cancelled, AttemptOutcome::Kind::Returned}) {
    EXPECT_EQ(apply(outcome(first, kind)), Applied::Stale);
  }
  EXPECT_EQ(status(id, "a"), TaskStatus::Running);
  EXPECT_EQ(complete(second), Applied::Yes);
  EXPECT_EQ(complete(second), Applied::Stale) << "an outcome is recorded once";
  EXPECT_EQ(fail(second), Applied::Stale);
  EXPECT_EQ(statuses(id), "a:Completed b:Ready");
}

TEST_P(StoreConformance, AnOutcomeOfNoTaskIsStale) {
  ClaimedTask nobody;
  nobody.task = {4711, 3};
  nobody.fence = 1;
  EXPECT_EQ(complete(nobody), Applied::Stale);
  EXPECT_EQ(fail(nobody), Applied::Stale);
}

TEST_P(StoreConformance, FinishesOneAndClaimsTheNextInOneCommit) {
  const auto id = submit(chain("w", {"a", "b", "c"}));
  auto task = claim_one();
  for (const char* next : {"b", "c"}) {
    auto b = batch();
    b.outcomes.push_back(completed(task));
    b.claim = request(1);
    const auto result = commit(b);
    ASSERT_EQ(result.claimed.size(), 1U);
    task = result.claimed[0];
    EXPECT_EQ(name_of(task), next);
    EXPECT_THAT(result.finished, IsEmpty());
  }
  auto b = batch();
  b.outcomes.push_back(completed(task));
  b.claim = request(1);
  const auto result = commit(b);
  EXPECT_THAT(result.claimed, IsEmpty());
  ASSERT_EQ(result.finished.size(), 1U);
  EXPECT_EQ(result.finished[0].id, id);
  EXPECT_EQ(result.finished[0].status, ExecutionStatus::Completed);
}

TEST_P(StoreConformance, TwoRunnersNeverHoldOneTask) {
  const auto definition = put(chain("w", {"a"}));
  for (int i = 0; i < 10; ++i) submit(definition);
  const auto other = other_runner({definition});
  std::set<ExecutionId> taken;
  for (int turn = 0; turn < 5; ++turn) {
    for (const auto& task : claim(1)) EXPECT_TRUE(taken.insert(task.id).second);
    auto b = batch();
    b.runner = other.runner;
    b.claim = store::ClaimRequest{.runner = other.runner, .limit = 1, .definitions = {definition}};
    for (const auto& task : other.store->commit(b).claimed) EXPECT_TRUE(taken.insert(task.id).second);
  }
  EXPECT_EQ(taken.size(), 10U);
}

TEST_P(StoreConformance, TellsWhichClaimsAreLost) {
  const auto definition = put(chain("w", {"a"}));
  const auto id = submit(definition);
  submit(definition);
  submit(definition);
  const auto tasks = claim();
  ASSERT_EQ(tasks.size(), 3U);
  apply(outcome(tasks[1], AttemptOutcome::Kind::Returned));
  control(Control::Kind::Cancel, id);
  auto b = batch();
  for (const auto& task : tasks) b.check.push_back({task.task, task.fence});
  b.check.push_back({{4711, 0}, 1});
  std::vector<std::int64_t> lost;
  for (const auto& held : commit(b).lost) lost.push_back(held.task.execution);
  EXPECT_THAT(lost, ElementsAre(tasks[0].task.execution, tasks[1].task.execution, 4711));
}

}  // namespace
}  // namespace cloacina::test
