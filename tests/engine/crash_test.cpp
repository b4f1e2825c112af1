// Processes that die, and what the next one makes of it.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Crashes : public EngineTest {};
CLOACINA_ENGINE_SUITE(Crashes);

TEST_P(Crashes, TheNextProcessTakesTheWorkBackAtItsFirstTurn) {
  add(chain("steps", 3));
  const auto id = submit("steps");
  perform_all(step().start);
  const auto lost = step().start.at(0);
  crash();
  const auto effects = step();
  ASSERT_THAT(effects.start, SizeIs(1));
  EXPECT_EQ(effects.start[0]->task().name, "t1");
  EXPECT_EQ(effects.start[0]->claimed.number, 2);
  EXPECT_GT(effects.start[0]->claimed.fence, lost->claimed.fence);
  perform_all(effects.start);
  settle();
  const auto e = get(id);
  EXPECT_TRUE(e.completed());
  EXPECT_THAT(e.task("t0").attempts, SizeIs(1));
  ASSERT_THAT(e.task("t1").attempts, SizeIs(2));
  EXPECT_EQ(e.task("t1").attempts[0].status, AttemptStatus::Crashed);
  EXPECT_EQ(e.task("t1").crashes, 1);
  ASSERT_THAT(e.events, SizeIs(1));
  EXPECT_EQ(e.events[0].kind, "recovered");
  EXPECT_EQ(e.events[0].actor, "runner-2") << "who saw it";
}

TEST_P(Crashes, WorkOfTheLivingIsLeftAlone) {
  add(single("one"));
  const auto id = submit("one");
  const auto items = step().start;
  auto other = another();
  EXPECT_THAT(step(*other).start, SizeIs(0));
  EXPECT_FALSE(other->store->somebody_died());
  perform_all(items);
  step();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(task(id, "only").crashes, 0);
}

TEST_P(Crashes, AZombiesOutcomeIsDropped) {
  add(single("one", [](TaskContext& t) { t.context().set("who", t.attempt()); }));
  const auto id = submit("one");
  const auto zombie = step().start.at(0);
  auto other = another();
  step(*other);  // it knows that there are others
  // The zombie's claim is taken from it while it still runs: its lock went, though its thread goes on.
  boot();
  const auto items = step().start;
  ASSERT_THAT(items, SizeIs(1));
  perform_all({zombie});
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Running);
  perform_all(items);
  step();
  EXPECT_EQ(get(id).context.at("who"), 2);
}

TEST_P(Crashes, AreCountedApartFromRetriesAndQuarantineInTheEnd) {
  add(single(
      "poison", [](TaskContext&) {}, RetryPolicy::fixed(5, 0ms)));
  const auto id = submit("poison");
  fail(step().start.at(0));
  ASSERT_THAT(step().start, SizeIs(1)) << "a retry without a delay is claimed in the turn of its failure";
  for (int i = 0; i < 3; ++i) {
    boot();
    step();
  }
  const auto state = task(id, "only");
  EXPECT_EQ(state.status, TaskStatus::Failed);
  EXPECT_EQ(state.crashes, 3);
  EXPECT_THAT(state.attempts, SizeIs(4));
  EXPECT_THAT(*state.error, HasSubstr("quarantined after 3 crashes"));
  EXPECT_EQ(get(id).status, ExecutionStatus::Failed);
}

TEST_P(Crashes, TasksOnTheirLastChanceRunOneAtATime) {
  WorkflowBuilder flow("poison");
  flow.task("only", [] {}).max_crashes(2);
  add(flow.build());
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(submit("poison"));
  ASSERT_THAT(step().start, SizeIs(4));
  boot();
  for (int i = 0; i < 4; ++i) {
    const auto effects = step();
    ASSERT_THAT(effects.start, SizeIs(1)) << "one of them kills the process, and only that one is to blame";
    EXPECT_TRUE(effects.start[0]->claimed.last_chance);
    EXPECT_THAT(step().start, SizeIs(0));
    if (i == 1) {
      boot();
      continue;
    }
    perform_all(effects.start);
  }
  settle();
  int failed = 0;
  for (const auto& id : ids) failed += get(id).status == ExecutionStatus::Failed ? 1 : 0;
  EXPECT_EQ(failed, 1);
}

TEST_P(Crashes, APausedExecutionStaysPaused) {
  add(single("one"));
  const auto id = submit("one");
  step();
  (void)control(store::Control::Kind::Pause, id);
  step();
  boot();
  EXPECT_THAT(step().start, SizeIs(0));
  (void)control(store::Control::Kind::Resume, id);
  EXPECT_THAT(step().start, SizeIs(1));
}

TEST_P(Crashes, ACancelledTaskIsNotTakenUpAgain) {
  add(single("one"));
  const auto id = submit("one");
  step();
  (void)control(store::Control::Kind::Cancel, id);
  step();
  boot();
  EXPECT_THAT(step().start, SizeIs(0));
  EXPECT_EQ(status(id, "only"), TaskStatus::Cancelled);
}

TEST_P(Crashes, DelaysSurvive) {
  add(single(
      "shaky", [](TaskContext&) {}, RetryPolicy::fixed(2, 1h)));
  const auto id = submit("shaky");
  fail(step().start.at(0));
  step();
  boot();
  EXPECT_EQ(step().wake_utc, now.utc + 1h);
  advance(1h);
  settle();
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Crashes, AnUnansweredSubmissionSentAgainIsOne) {
  add(single("one"));
  step();
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = put(single("one"));
  e.submitted_at = now.utc;
  for (int i = 0; i < 2; ++i) {
    SubmitRequest request;
    request.executions.push_back(e);
    auto answer = request.answer.get_future();
    inbox().submit(std::move(request));
    settle();
    EXPECT_EQ(answer.get().at(0).applied, i == 0 ? store::Applied::Yes : store::Applied::Duplicate);
  }
  EXPECT_THAT(finished, SizeIs(1));
}

TEST_P(Crashes, TwoProcessesShareTheWorkAndNothingRunsTwice) {
  options.workers = 1;
  std::map<std::string, int> runs;
  add(single("one", [&](TaskContext& t) { ++runs[t.execution().to_string()]; }));
  step();
  auto other = another();
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(submit("one"));
  std::size_t here = 0;
  std::size_t there = 0;
  for (int i = 0; i < 20; ++i) {
    const auto mine = step();
    const auto theirs = step(*other);
    other->engine->hint();
    here += mine.start.size();
    there += theirs.start.size();
    perform_all(mine.start);
    perform_all(*other, theirs.start);
  }
  EXPECT_EQ(here + there, 10U);
  EXPECT_GT(here, 2U);
  EXPECT_GT(there, 2U);
  EXPECT_EQ(runs.size(), 10U);
  for (const auto& [id, n] : runs) EXPECT_EQ(n, 1) << id;
  for (const auto& id : ids) EXPECT_TRUE(get(id).completed());
}

}  // namespace cloacina::engine::test
