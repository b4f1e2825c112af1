// User code that follows final outcomes, and the error texts that reach it.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Callbacks : public EngineTest {
 protected:
  std::vector<std::string> calls;
  Workflow flow_of(TaskFunction run, RetryPolicy retry) {
    WorkflowBuilder flow("flow");
    flow.task("only", std::move(run))
        .retry(std::move(retry))
        .on_success([this](const ExecutionId&, std::string_view task) { calls.push_back("ok " + std::string(task)); })
        .on_failure([this](const ExecutionId&, std::string_view task, const Failure& f) {
          calls.push_back("failed " + std::string(task) + ": " + f.error);
        });
    return flow.build();
  }
};
CLOACINA_ENGINE_SUITE(Callbacks);

TEST_P(Callbacks, ComeOncePerFinalOutcomeNotPerAttempt) {
  int runs = 0;
  add(flow_of(
      [&](TaskContext&) {
        if (++runs < 3) throw std::runtime_error("try " + std::to_string(runs));
      },
      RetryPolicy::fixed(3, 1s)));
  submit("flow");
  run_to_end();
  EXPECT_THAT(calls, ElementsAre("ok only"));
}

TEST_P(Callbacks, HearTheErrorOfTheLastAttempt) {
  int runs = 0;
  add(flow_of([&](TaskContext&) { throw std::runtime_error("try " + std::to_string(++runs)); }, RetryPolicy::fixed(2, 1s)));
  submit("flow");
  run_to_end();
  EXPECT_THAT(calls, ElementsAre("failed only: try 2"));
}

TEST_P(Callbacks, FollowTheCommitNeverComeBeforeIt) {
  add(flow_of([](TaskContext&) {}, {}));
  const auto id = submit("flow");
  perform_all(step().start);
  EXPECT_TRUE(callbacks.empty());
  step();
  EXPECT_EQ(status(id, "only"), TaskStatus::Completed);
  EXPECT_THAT(callbacks, SizeIs(1));
}

TEST_P(Callbacks, DoNotComeForACancel) {
  add(flow_of([](TaskContext&) {}, {}));
  const auto id = submit("flow");
  const auto items = step().start;
  (void)control(store::Control::Kind::Cancel, id);
  step();
  complete(items.at(0));
  settle();
  EXPECT_THAT(calls, SizeIs(0));
}

TEST_P(Callbacks, OfAQuarantineSayCrash) {
  WorkflowBuilder flow("flow");
  flow.task("only", [] {}).max_crashes(1).on_failure([this](const ExecutionId&, std::string_view, const Failure& f) {
    calls.push_back((f.kind == FailureKind::Crash ? "crash: " : "other: ") + f.error);
  });
  add(flow.build());
  submit("flow");
  step();
  boot();
  settle();
  EXPECT_THAT(calls, ElementsAre(testing::StartsWith("crash: quarantined after 1 crash")));
}

TEST_P(Callbacks, ThatThrowAreRecordedAndChangeNothing) {
  WorkflowBuilder flow("flow");
  flow.task("a", [] {}).on_success([](auto&&...) { throw std::runtime_error("broken \xff callback"); });
  flow.task("b", [] { throw std::runtime_error("no"); }).after("a").retry(RetryPolicy::none()).on_failure([](auto&&...) {
    throw 42;
  });
  add(flow.build());
  const auto id = submit("flow");
  settle();
  const auto e = get(id);
  EXPECT_EQ(e.status, ExecutionStatus::Failed);
  EXPECT_EQ(e.task("a").status, TaskStatus::Completed);
  ASSERT_EQ(e.events.size(), 2U);
  for (const auto& event : e.events) EXPECT_EQ(event.kind, "callback_failed");
  EXPECT_EQ(e.events[0].task, "a");
  EXPECT_THAT(e.events[0].detail, testing::AllOf(HasSubstr("on_success"), HasSubstr("broken"), HasSubstr("callback")));
  EXPECT_THAT(e.events[1].detail, testing::AllOf(HasSubstr("on_failure"), HasSubstr("not a std::exception")));
}

TEST_P(Callbacks, ThatThrowNovelsAreCutShort) {
  WorkflowBuilder flow("flow");
  flow.task("a", [] {}).on_success([](auto&&...) { throw std::runtime_error(std::string(5'000'000, 'x')); });
  add(flow.build());
  const auto id = submit("flow");
  settle();
  ASSERT_EQ(get(id).events.size(), 1U);
  EXPECT_LT(get(id).events[0].detail.size(), 100'000U);
}

}  // namespace cloacina::engine::test
