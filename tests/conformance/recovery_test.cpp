#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Optional;
using ::testing::SizeIs;

TEST_P(StoreConformance, ADeadRunnersTasksGoBackAtOnce) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto id = submit(definition);
  auto other = other_runner({definition});
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 5, .definitions = {definition}};
  const auto lost = other.store->commit(b).claimed.at(0);
  EXPECT_TRUE(store_->changed_by_others());
  EXPECT_TRUE(store_->has_company());
  EXPECT_FALSE(store_->somebody_died());
  b = batch();
  b.release_dead = true;
  b.claim = request(5);
  EXPECT_THAT(commit(b).claimed, IsEmpty()) << "it lives";

  other.store.reset();
  EXPECT_TRUE(store_->somebody_died());
  const auto result = commit(b);
  EXPECT_EQ(result.released, 1);
  ASSERT_THAT(result.claimed, SizeIs(1)) << "released and claimed in one commit";
  const auto& again = result.claimed[0];
  EXPECT_EQ(again.fence, lost.fence + 1);
  EXPECT_EQ(again.number, 2);
  EXPECT_EQ(again.failures, 0) << "a crash is no failure";
  EXPECT_FALSE(store_->somebody_died());
  EXPECT_FALSE(store_->has_company());
  EXPECT_EQ(complete(lost), Applied::Stale) << "a zombie overwrites nothing";
  EXPECT_EQ(complete(again), Applied::Yes);
  const auto task = get(id).task("a");
  EXPECT_EQ(task.crashes, 1);
  ASSERT_THAT(task.attempts, SizeIs(2));
  EXPECT_EQ(task.attempts[0].status, AttemptStatus::Crashed);
  EXPECT_EQ(task.attempts[0].runner, "host/2");
  EXPECT_THAT(task.attempts[0].error, Optional(MatchesRegex("runner host/2 died while it ran: its (process|lease) has ended")));
  EXPECT_EQ(task.attempts[0].exit, std::nullopt);
  EXPECT_EQ(task.attempts[1].status, AttemptStatus::Completed);
  EXPECT_THAT(event_kinds(id), ElementsAre("recovered"));
  EXPECT_EQ(get(id).events[0].task, "a");
}

TEST_P(StoreConformance, ARunnerThatLeavesIsNotDead) {
  auto other = other_runner({});
  (void)store_->changed_by_others();
  EXPECT_THAT(reader_->runners(), SizeIs(2));
  other.store->close_runner(other.runner, now_);
  other.store.reset();
  EXPECT_TRUE(store_->changed_by_others());
  EXPECT_FALSE(store_->somebody_died());
  EXPECT_FALSE(store_->has_company());
  EXPECT_THAT(reader_->runners(), SizeIs(1));
}

TEST_P(StoreConformance, AfterItsLastChanceATaskIsQuarantined) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto id = submit(definition);
  auto last = crash(definition);
  EXPECT_EQ(status(id, "a"), TaskStatus::Ready);
  last = crash(definition);
  // Two of three: it runs only where no other task of that kind does.
  auto b = batch();
  b.claim = request(5);
  b.claim->last_chance = false;
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  EXPECT_FALSE(get(id).stranded);
  last = crash(definition);
  ASSERT_THAT(last.quarantined, SizeIs(1));
  EXPECT_EQ(last.quarantined[0].id, id);
  EXPECT_EQ(last.quarantined[0].task.position, 0U);
  EXPECT_EQ(last.quarantined[0].definition, definition);
  EXPECT_THAT(last.quarantined[0].error, HasSubstr("quarantined after 3 crashes: runner host/2 died while it ran: its "));
  ASSERT_THAT(last.finished, SizeIs(1));
  EXPECT_EQ(last.finished[0].status, ExecutionStatus::Failed);
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Failed);
  EXPECT_EQ(statuses(id), "a:Failed b:Skipped");
  EXPECT_EQ(e.task("a").error, last.quarantined[0].error);
  EXPECT_EQ(e.task("a").crashes, 3);
  ASSERT_THAT(e.task("a").attempts, SizeIs(3));
  for (const auto& attempt : e.task("a").attempts) EXPECT_EQ(attempt.status, AttemptStatus::Crashed);
  EXPECT_THAT(event_kinds(id), ElementsAre("recovered", "recovered", "quarantined"));
  EXPECT_THAT(claim(), IsEmpty());
  control(Control::Kind::Retry, id);
  const auto again = claim_one();
  EXPECT_FALSE(again.last_chance) << "a retry counts crashes anew";
  EXPECT_EQ(get(id).task("a").crashes, 0);
}

TEST_P(StoreConformance, OneTaskAtATimeHasItsLastChance) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).max_crashes(2);
  const auto definition = put(flow.build());
  const auto first = submit(definition);
  auto last = crash(definition);
  const auto second = submit(definition);
  const auto claimed = claim();
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].id, first);
  EXPECT_TRUE(claimed[0].last_chance);
  EXPECT_EQ(claimed[1].id, second);
  EXPECT_FALSE(claimed[1].last_chance);
}

TEST_P(StoreConformance, LastChancesOfOthersDoNotHideOnesOwn) {
  const auto named = [](const std::string& name) {
    WorkflowBuilder flow{name};
    flow.task("a", nothing).max_crashes(2);
    return flow.build();
  };
  const auto others = put(named("others"));
  const auto own = put(named("own"));
  for (int i = 0; i < 130; ++i) submit(others);
  // One death, and all of them are at their last chance.
  auto b = batch();
  {
    auto other = other_runner({others});
    b.runner = other.runner;
    b.claim = store::ClaimRequest{.runner = other.runner, .limit = 1'000, .definitions = {others}};
    EXPECT_THAT(other.store->commit(b).claimed, SizeIs(130));
  }
  const auto id = submit(own);
  (void)crash(own);
  for (b = batch(), b.release_dead = true; commit(b).released > 0;) {
  }
  b = batch();
  b.claim = request(5);
  b.claim->definitions = {own};
  const auto claimed = commit(b).claimed;
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_EQ(claimed[0].id, id);
}

TEST_P(StoreConformance, ALastChanceOutlivesRetriesReturnsAndPauses) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).max_crashes(2);
  const auto definition = put(flow.build());
  const auto id = submit(definition);
  auto last = crash(definition);
  auto task = claim_one();
  EXPECT_TRUE(task.last_chance);
  apply(outcome(task, AttemptOutcome::Kind::Returned));
  task = claim_one();
  EXPECT_TRUE(task.last_chance);
  auto o = outcome(task, AttemptOutcome::Kind::Retry);
  o.retry_at = now_ + std::chrono::seconds{1};
  apply(o);
  EXPECT_THAT(claim(), IsEmpty());
  control(Control::Kind::Pause, id);
  control(Control::Kind::Resume, id);
  EXPECT_THAT(claim(), IsEmpty()) << "a resume is not its time";
  pass(std::chrono::seconds{1});
  tick();
  control(Control::Kind::Pause, id);
  EXPECT_THAT(claim(), IsEmpty());
  control(Control::Kind::Resume, id);
  task = claim_one();
  EXPECT_TRUE(task.last_chance);
  EXPECT_EQ(task.failures, 1);
  complete(task);
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, OneCrashIsTheEndWhereNoneIsAllowed) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).max_crashes(1);
  const auto definition = put(flow.build());
  const auto id = submit(definition);
  auto last = crash(definition);
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_THAT(get(id).task("a").error, Optional(HasSubstr("quarantined after 1 crash: runner host/2 died while it ran: its ")));
}

TEST_P(StoreConformance, AQuarantinedTaskIsAFailureForItsDependants) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).max_crashes(1);
  flow.task("alarm", nothing).after("a").when(any_failed());
  const auto definition = put(flow.build());
  const auto id = submit(definition);
  auto last = crash(definition);
  EXPECT_THAT(drain(), ElementsAre("alarm"));
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
}

TEST_P(StoreConformance, ADeadRunnersTaskOfAPausedExecutionIsHeld) {
  const auto definition = put(chain("w", {"a"}));
  const auto id = submit(definition);
  auto other = other_runner({definition});
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 5, .definitions = {definition}};
  other.store->commit(b);
  control(Control::Kind::Pause, id);
  other.store.reset();
  b = batch();
  b.release_dead = true;
  b.claim = request(5);
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  control(Control::Kind::Resume, id);
  EXPECT_THAT(claim(), SizeIs(1));
}

TEST_P(StoreConformance, ADeadRunnersTaskOfACancelledExecutionEnds) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto id = submit(definition);
  auto other = other_runner({definition});
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 5, .definitions = {definition}};
  other.store->commit(b);
  control(Control::Kind::Cancel, id);
  EXPECT_EQ(store_->prune(now_ + std::chrono::hours{1}, 10), 0) << "something of it still runs";
  other.store.reset();
  b = batch();
  b.release_dead = true;
  b.claim = request(5);
  EXPECT_THAT(commit(b).claimed, IsEmpty());
  EXPECT_EQ(statuses(id), "a:Cancelled b:Cancelled");
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Yes);
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
}

TEST_P(StoreConformance, RunnersShowWhoLivesWhatTheyKnowAndHold) {
  const auto definition = put(chain("w", {"a"}));
  const auto id = submit(definition);
  claim();
  store_->describe_runner(runner_, known_, 2);
  auto other = other_runner({});
  auto infos = reader_->runners();
  ASSERT_THAT(infos, SizeIs(2));
  EXPECT_EQ(infos[0].id, "main");
  EXPECT_EQ(infos[0].name, "host/1");
  EXPECT_EQ(infos[0].pid, 1);
  EXPECT_TRUE(infos[0].alive);
  EXPECT_EQ(infos[0].workers, 4);
  EXPECT_EQ(infos[0].written_off, 2);
  EXPECT_EQ(infos[0].started_at, now_);
  EXPECT_THAT(infos[0].workflows, ElementsAre("w " + chain("w", {"a"}).version()));
  EXPECT_THAT(infos[0].holds, ElementsAre(id.to_string() + " a"));
  EXPECT_THAT(infos[1].holds, IsEmpty());
  other.store.reset();
  infos = reader_->runners();
  ASSERT_THAT(infos, SizeIs(2));
  EXPECT_TRUE(infos[0].alive);
  EXPECT_FALSE(infos[1].alive) << "until somebody takes its work";
}

}  // namespace
}  // namespace cloacina::test
