#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreConformance, ARetryWaitsForItsTime) {
  const auto id = submit(chain("w", {"a"}));
  auto o = outcome(claim_one(), AttemptOutcome::Kind::Retry);
  o.error = "exit 75";
  o.exit = 75;
  o.retry_at = now_ + 10s;
  EXPECT_EQ(apply(o), Applied::Yes);
  EXPECT_THAT(claim(), IsEmpty());
  EXPECT_EQ(get(id).task("a").status, TaskStatus::Ready);
  EXPECT_EQ(get(id).task("a").run_at, now_ + 10s);
  EXPECT_EQ(status(id), ExecutionStatus::Running);
  EXPECT_EQ(tick().next_due, now_ + 10s);
  pass(10s);
  auto b = batch();
  b.timers = true;
  b.claim = request(1);
  const auto claimed = commit(b).claimed;
  ASSERT_THAT(claimed, SizeIs(1)) << "woken and claimed in one commit";
  EXPECT_EQ(claimed[0].number, 2);
  EXPECT_EQ(claimed[0].fence, 2);
  EXPECT_EQ(claimed[0].failures, 1);
  complete(claimed[0]);
  const auto task = get(id).task("a");
  ASSERT_THAT(task.attempts, SizeIs(2));
  EXPECT_EQ(task.attempts[0].status, AttemptStatus::Failed);
  EXPECT_EQ(task.attempts[0].error, "exit 75");
  EXPECT_EQ(task.attempts[0].exit, 75);
  EXPECT_EQ(task.attempts[0].number, 1);
  EXPECT_EQ(task.attempts[0].finished_at, now_ - 10s);
  EXPECT_EQ(task.attempts[1].status, AttemptStatus::Completed);
  EXPECT_EQ(task.attempts[1].number, 2);
  EXPECT_EQ(task.attempts[1].fence, 2);
  EXPECT_EQ(task.error, std::nullopt);
  EXPECT_EQ(task.run_at, std::nullopt);
}

TEST_P(StoreConformance, ARetryWithoutDelayIsReadyAtOnce) {
  submit(chain("w", {"a"}));
  auto b = batch();
  b.outcomes.push_back(outcome(claim_one(), AttemptOutcome::Kind::Retry));
  b.outcomes[0].retry_at = now_;
  b.claim = request(1);
  EXPECT_THAT(commit(b).claimed, SizeIs(1));
}

TEST_P(StoreConformance, TheNextTimeIsTheEarliest) {
  const auto definition = put(chain("w", {"a"}));
  submit(definition, {.start_at = now_ + 3h});
  submit(definition, {.start_at = now_ + 1h});
  submit(definition, {.start_at = now_ + 2h});
  EXPECT_EQ(tick().next_due, now_ + 1h);
}

TEST_P(StoreConformance, AFailureIsKeptWithItsText) {
  const auto id = submit(chain("w", {"a", "b"}));
  auto o = failed(claim_one(), "no such file");
  o.exit = 3;
  o.finished_at = now_ + 2s;
  apply(o);
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Failed);
  EXPECT_EQ(e.error, "task 'a' failed: no such file");
  EXPECT_EQ(e.finished_at, now_);
  EXPECT_EQ(e.task("a").error, "no such file");
  ASSERT_THAT(e.task("a").attempts, SizeIs(1));
  EXPECT_EQ(e.task("a").attempts[0].exit, 3);
  EXPECT_EQ(e.task("a").attempts[0].started_at, now_);
  EXPECT_EQ(e.task("a").attempts[0].finished_at, now_ + 2s);
  EXPECT_EQ(e.task("b").status, TaskStatus::Skipped);
  EXPECT_EQ(e.task("b").error, "1 of 1 dependencies did not complete, because of a failure");
  EXPECT_THAT(e.task("b").attempts, IsEmpty());
}

TEST_P(StoreConformance, WhatIsReturnedCountsNeitherAsFailureNorAsCrash) {
  const auto id = submit(chain("w", {"a"}));
  for (int i = 0; i < 5; ++i) {
    auto o = outcome(claim_one(), AttemptOutcome::Kind::Returned);
    o.error = "the runner stopped";
    apply(o);
    EXPECT_EQ(status(id, "a"), TaskStatus::Ready);
  }
  auto task = claim_one();
  EXPECT_EQ(task.failures, 0);
  EXPECT_EQ(task.number, 6);
  EXPECT_EQ(task.fence, 6);
  // No user code ran: as if it had not been claimed, but for the fence.
  auto o = outcome(task, AttemptOutcome::Kind::Returned);
  o.began = false;
  apply(o);
  task = claim_one();
  EXPECT_EQ(task.number, 6);
  EXPECT_EQ(task.fence, 7);
  complete(task);
  const auto state = get(id).task("a");
  EXPECT_EQ(state.crashes, 0);
  ASSERT_THAT(state.attempts, SizeIs(6));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(state.attempts[static_cast<std::size_t>(i)].status, AttemptStatus::Cancelled);
  EXPECT_EQ(state.attempts[0].error, "the runner stopped");
}

TEST_P(StoreConformance, OutputIsKeptWithItsAttempt) {
  const auto id = submit(chain("w", {"a", "b"}));
  auto o = outcome(claim_one(), AttemptOutcome::Kind::Retry);
  o.retry_at = now_;
  o.output = {.out = "first out", .err = "first err", .err_truncated = true};
  apply(o);
  o = completed(claim_one());
  o.output = {.out = std::string("\0second\xff", 8)};
  apply(o);
  o = failed(claim_one());
  o.output = {.err = "of b"};
  apply(o);
  const auto all = reader_->logs(id, {}, {});
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_EQ(all[0].task, "a");
  EXPECT_EQ(all[0].attempt, 1);
  EXPECT_EQ(all[0].stream, "stdout");
  EXPECT_EQ(all[0].text, "first out");
  EXPECT_FALSE(all[0].truncated);
  EXPECT_EQ(all[1].stream, "stderr");
  EXPECT_TRUE(all[1].truncated);
  EXPECT_EQ(all[2].text, std::string("\0second\xff", 8)) << "bytes are kept as they are";
  EXPECT_EQ(all[3].task, "b");
  EXPECT_THAT(reader_->logs(id, "a", {}), SizeIs(3));
  EXPECT_THAT(reader_->logs(id, "a", 1), SizeIs(2));
  EXPECT_THAT(reader_->logs(id, {}, 2), SizeIs(1));
  EXPECT_THROW((void)reader_->logs(id, "c", {}), Error);
  EXPECT_THROW((void)reader_->logs(ExecutionId::generate(), {}, {}), Error);
}

TEST_P(StoreConformance, ChangesFlowAlongTheDependencies) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("a", nothing);
  auto b = flow.task("b", nothing).after(a);
  auto c = flow.task("c", nothing).after(a);
  flow.task("d", nothing).after(b, c);
  const auto id = submit(flow.build(), {.input = {{"day", "Monday"}, {"old", 1}}});
  auto o = completed(claim_one(), {{"list", {0}}});
  o.changes = R"({"removed":["old"],"set":{"list":[0]}})";
  apply(o);
  const auto both = claim();
  ASSERT_THAT(names_of(both), ElementsAre("b", "c"));
  auto given = store_->contexts(std::vector{both[0].task, both[1].task});
  ASSERT_THAT(given, SizeIs(2));
  EXPECT_EQ(Json::parse(given[0].input), (Json{{"day", "Monday"}, {"old", 1}}));
  ASSERT_THAT(given[0].changes, SizeIs(1));
  EXPECT_EQ(given[0].changes[0].first, 0U);
  EXPECT_EQ(given[0].changes[0].second, o.changes);
  complete(both[0], {{"list", {0, 1}}});
  complete(both[1], {{"list", {0, 2}}, {"c", true}});
  EXPECT_EQ(get(id).context, (Json{{"day", "Monday"}, {"list", {0, 1, 2}}, {"c", true}})) << "so far";
  complete(claim_one(), {{"d", nullptr}});
  EXPECT_EQ(get(id).context, (Json{{"day", "Monday"}, {"list", {0, 1, 2}}, {"c", true}, {"d", nullptr}}));
}

TEST_P(StoreConformance, OnlyCompletedAttemptsChangeTheContext) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("a", nothing);
  flow.task("b", nothing).after(a).when(always());
  const auto id = submit(flow.build());
  auto o = failed(claim_one());
  o.changes = R"({"set":{"half":"done"}})";
  apply(o);
  complete(claim_one(), {{"b", 1}});
  EXPECT_EQ(get(id).context, (Json{{"b", 1}}));
}

TEST_P(StoreConformance, EventsAreKeptInTheirOrder) {
  const auto id = submit(chain("w", {"a"}));
  const auto task = claim_one();
  auto b = batch();
  b.events.push_back({.execution = task.task.execution, .task = 0U, .kind = "callback_failed", .detail = "it threw"});
  b.events.push_back({.execution = task.task.execution, .task = {}, .kind = "other", .detail = ""});
  commit(b);
  const auto e = get(id);
  ASSERT_THAT(e.events, SizeIs(2));
  EXPECT_EQ(e.events[0].kind, "callback_failed");
  EXPECT_EQ(e.events[0].task, "a");
  EXPECT_EQ(e.events[0].detail, "it threw");
  EXPECT_EQ(e.events[0].at, now_);
  EXPECT_EQ(e.events[1].task, std::nullopt);
}

TEST_P(StoreConformance, ACommandsSuccessIsExitZero) {
  WorkflowBuilder flow{"w"};
  flow.command("a", {.argv = {"true"}});
  flow.task("b", nothing);
  const auto id = submit(flow.build());
  drain();
  EXPECT_EQ(get(id).task("a").attempts.at(0).exit, 0);
  EXPECT_EQ(get(id).task("b").attempts.at(0).exit, std::nullopt);
}

}  // namespace
}  // namespace cloacina::test
