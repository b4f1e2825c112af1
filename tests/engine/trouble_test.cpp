// Commits that fail: callers hear of it, outcomes are kept, nothing happens twice.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::HasSubstr;
using Do = store::Control::Kind;

class Trouble : public EngineTest {};
CLOACINA_ENGINE_SUITE(Trouble);

TEST_P(Trouble, CallersHearOfAFailedCommit) {
  add(single("one"));
  const auto id = submit("one");
  step();
  watch.failing_commits = 1;
  auto submission = send("one");
  auto cancel = control(Do::Cancel, id);
  const auto effects = step();
  EXPECT_FALSE(effects.committed);
  EXPECT_THAT(effects.trouble.value_or(""), HasSubstr("the disk is away"));
  for (const auto& hear :
       {std::function<void()>([&] { (void)submission.get(); }), std::function<void()>([&] { (void)cancel.get(); })}) {
    try {
      hear();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    }
  }
  EXPECT_FALSE(step().trouble);
  EXPECT_EQ(get(id).status, ExecutionStatus::Running) << "what was refused is not done later";
}

TEST_P(Trouble, AnExceptionOfAnotherKindIsNoEndOfTheLoop) {
  add(single("one"));
  step();
  watch.failing_commits = 1;
  watch.odd_exception = true;
  auto submission = send("one");
  EXPECT_TRUE(step().trouble);
  EXPECT_THROW((void)submission.get(), Error);
  auto again = send("one");
  step();
  EXPECT_EQ(again.get().size(), 1U);
}

TEST_P(Trouble, OutcomesAreKeptAndCommittedOnce) {
  int runs = 0;
  WorkflowBuilder flow("flow");
  flow.task("good", [&](TaskContext& t) { t.context().set("n", ++runs); });
  flow.task("after", [&](TaskContext& t) { t.context().set("seen", t.context().get<int>("n")); }).after("good");
  int succeeded = 0;
  flow.task("bad", [] { throw std::runtime_error("its text"); }).retry(RetryPolicy::none()).on_failure([&](auto&&...) {
    ++succeeded;
  });
  add(flow.build());
  const auto id = submit("flow");
  const auto items = step().start;
  perform_all(items);
  watch.failing_commits = 3;
  for (int i = 0; i < 3; ++i) {
    const auto effects = step();
    EXPECT_TRUE(effects.trouble);
    EXPECT_TRUE(effects.start.empty());
    EXPECT_TRUE(callbacks.empty()) << "nothing is final yet";
  }
  EXPECT_EQ(status(id, "good"), TaskStatus::Running);
  const auto effects = step();
  EXPECT_EQ(names(effects.start), std::vector<std::string>{"after"});
  perform_all(effects.start);
  settle();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(succeeded, 1);
  EXPECT_EQ(get(id).context.at("seen"), 1);
  EXPECT_EQ(task(id, "bad").error, "its text");
  EXPECT_EQ(task(id, "bad").attempts.size(), 1U);
  EXPECT_EQ(finished.size(), 1U);
}

TEST_P(Trouble, OutcomesThatComeDuringTroubleJoinThoseThatWait) {
  add(single("one"));
  for (int i = 0; i < 4; ++i) submit("one");
  const auto items = step().start;
  watch.failing_commits = 3;
  for (const auto& item : items) {
    perform_all({item});
    step();
  }
  EXPECT_EQ(finished.size(), 4U);
  std::size_t outcomes = 0;
  for (const auto& batch : watch.batches) outcomes += batch.outcomes.size();
  EXPECT_EQ(outcomes, 4U);
}

TEST_P(Trouble, ATimeoutDuringTroubleIsNotForgotten) {
  WorkflowBuilder flow("timed");
  flow.task("only", [] {}).timeout(1min).retry(RetryPolicy::none());
  add(flow.build());
  const auto id = submit("timed");
  begin(step().start.at(0));
  watch.failing_commits = 1;
  submit("timed");
  advance(1min);
  EXPECT_EQ(step().stop.size(), 1U) << "the stop does not wait for the database";
  watch.failing_commits = 1;
  advance(options.stop_grace);
  auto effects = step();
  EXPECT_EQ(effects.write_off.size(), 1U);
  EXPECT_TRUE(effects.trouble);
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Failed);
}

TEST_P(Trouble, ContextsThatCannotBeReadSendTheClaimsBackUnstarted) {
  add(chain("steps", 2));
  step();
  put(chain("steps", 2));
  const auto id = submit("steps");
  complete(step().start.at(0));
  crash();  // nothing at hand: the second task's context is read
  watch.failing_contexts = 1;
  const auto effects = step();
  EXPECT_TRUE(effects.trouble);
  EXPECT_TRUE(effects.start.empty());
  EXPECT_EQ(engine().in_flight(), 0U);
  settle();
  EXPECT_TRUE(get(id).completed());
  EXPECT_LE(task(id, "t0").attempts.size(), 2U);
}

TEST_P(Trouble, ADefinitionThatCannotBeReadSendsTheClaimBackAndAnswersOnce) {
  options.any_commands = true;
  WorkflowBuilder flow("foreign");
  flow.command("only", {.argv = {"true"}});
  put(flow.build());
  step();
  watch.failing_definitions = 1;
  auto answer = send("foreign");
  const auto effects = step();
  EXPECT_TRUE(effects.trouble);
  const auto id = answer.get().at(0).id;
  EXPECT_TRUE(effects.start.empty());
  settle();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(task(id, "only").attempts.size(), 1U);
}

TEST_P(Trouble, EventsOfCallbacksSurviveAFailedCommitOnce) {
  WorkflowBuilder flow("flow");
  flow.task("only", [] {}).on_success([](auto&&...) { throw std::runtime_error("callback broke"); });
  add(flow.build());
  const auto id = submit("flow");
  perform_all(step().start);
  step();
  run_callbacks();
  watch.failing_commits = 2;
  step();
  step();
  step();
  const auto events = get(id).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "callback_failed");
  EXPECT_THAT(events[0].detail, HasSubstr("callback broke"));
}

TEST_P(Trouble, ADescriptionThatCannotBeWrittenHoldsNothingUp) {
  watch.failing_describe = true;
  add(single("one"));
  const auto id = submit("one");
  settle();
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Trouble, TheFirstTurnIsTriedAgainUntilThePredecessorsWorkIsBack) {
  add(single("one"));
  const auto id = submit("one");
  step();
  crash();
  watch.failing_commits = 2;
  EXPECT_TRUE(step().trouble);
  EXPECT_TRUE(step().trouble);
  EXPECT_EQ(step().start.size(), 1U);
  EXPECT_EQ(task(id, "only").crashes, 1);
}

}  // namespace cloacina::engine::test
