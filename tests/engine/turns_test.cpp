// How much one turn does: the shape inbox -> step -> one commit -> effects.
#include "harness.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class Turns : public EngineTest {};
CLOACINA_ENGINE_SUITE(Turns);

TEST_P(Turns, SubmissionIsStoredAndItsRootClaimedInOneCommit) {
  add(single("one"));
  step();
  const int before = watch.commits;
  auto answer = send("one");
  const auto effects = step();
  EXPECT_EQ(watch.commits, before + 1);
  EXPECT_THAT(names(effects.start), ElementsAre("only"));
  const auto result = answer.get().at(0);
  EXPECT_EQ(result.applied, store::Applied::Yes);
  EXPECT_EQ(get(result.id).status, ExecutionStatus::Running);
}

TEST_P(Turns, FinishingATaskAndClaimingTheNextIsOneCommit) {
  add(chain("steps", 5));
  step();
  const int before = watch.commits;
  const auto id = submit("steps");
  settle();
  EXPECT_EQ(watch.commits - before, 6);  // the submission, then one for every task
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
}

TEST_P(Turns, EverythingInTheInboxSharesACommit) {
  add(single("one"));
  step();
  std::vector<Reply<std::vector<store::SubmitResult>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(send("one"));
  auto gone = control(store::Control::Kind::Cancel, ExecutionId::generate());
  const int before = watch.commits;
  const auto effects = step();
  EXPECT_EQ(watch.commits, before + 1);
  EXPECT_EQ(effects.start.size(), 50U);
  for (auto& answer : answers) EXPECT_EQ(answer.get().size(), 1U);
  EXPECT_EQ(gone.get().applied, store::Applied::NotFound);
  perform_all(effects.start);
  step();
  EXPECT_EQ(watch.commits, before + 2);
  EXPECT_EQ(finished.size(), 50U);
}

TEST_P(Turns, IdleStepsCommitNothing) {
  add(single("one"));
  const auto id = submit("one");
  settle();
  const int before = watch.commits;
  for (int i = 0; i < 10; ++i) {
    advance(1h);
    const auto effects = step();
    EXPECT_FALSE(effects.committed);
    EXPECT_FALSE(effects.again);
    EXPECT_EQ(effects.wake_utc, std::nullopt);
    EXPECT_EQ(effects.wake_steady.has_value(), process().store->lease().has_value()) << "a lease is to be renewed, some day";
  }
  EXPECT_EQ(watch.commits, before);
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
}

TEST_P(Turns, OrderIsPriorityThenDueTimeThenFirstCome) {
  options.workers = 1;
  add(single("one"));
  step();
  submit("one");
  auto busy = step();  // the worker is taken: what comes now queues
  ASSERT_EQ(busy.start.size(), 1U);
  const auto late = submit("one", {{"n", "due later"}}, {.start_at = now.utc + 2s});
  const auto soon = submit("one", {{"n", "due sooner"}}, {.start_at = now.utc + 1s});
  const auto low = submit("one", {{"n", "low"}}, {.priority = -5});
  const auto high = submit("one", {{"n", "high"}}, {.priority = 5});
  const auto first = submit("one", {{"n", "first"}});
  const auto second = submit("one", {{"n", "second"}});
  EXPECT_TRUE(step().start.empty());
  advance(10s);
  EXPECT_TRUE(step().start.empty());
  std::vector<ExecutionId> order;
  perform_all(busy.start);
  for (auto effects = step(); !effects.start.empty(); effects = step()) {
    ASSERT_EQ(effects.start.size(), 1U);
    order.push_back(effects.start[0]->claimed.id);
    perform_all(effects.start);
  }
  EXPECT_THAT(order, ElementsAre(high, first, second, soon, late, low));
}

TEST_P(Turns, OneTurnClaimsInTheSameOrderWhateverWasQueuedBefore) {
  options.workers = 1;
  add(single("one"));
  step();
  submit("one");
  auto busy = step();
  const auto queued = submit("one", {}, {.priority = 1});
  step();
  perform_all(busy.start);
  const auto urgent = submit("one", {}, {.priority = 2});
  const auto effects = step();
  ASSERT_EQ(effects.start.size(), 1U);
  EXPECT_EQ(effects.start[0]->claimed.id, urgent) << "a fresh submission of higher priority goes before the queue";
  perform_all(effects.start);
  EXPECT_EQ(step().start.at(0)->claimed.id, queued);
}

TEST_P(Turns, ClaimsNoMoreThanTheWorkersCanTake) {
  options.workers = 3;
  add(single("one"));
  step();
  for (int i = 0; i < 10; ++i) submit("one");
  const auto effects = step();
  EXPECT_EQ(effects.start.size(), 3U);
  EXPECT_EQ(engine().in_flight(), 3U);
  perform_all({effects.start[0]});
  EXPECT_EQ(step().start.size(), 1U);
}

TEST_P(Turns, ShortTasksAreClaimedAheadAndLongOnesAreNot) {
  options.workers = 2;
  options.prefetch_max = 100;
  add(single("one"));
  step();
  for (int i = 0; i < 100; ++i) submit("one");
  auto effects = step();
  EXPECT_EQ(effects.start.size(), 2U);
  for (const auto& item : effects.start) complete(item);  // at once
  effects = step();
  EXPECT_EQ(effects.start.size(), 10U) << "two workers, and eight ahead of them";
  for (const auto& item : effects.start) {
    WorkDone done;
    done.item = item;
    done.started_at = now.utc;
    done.finished_at = now.utc + 1min;
    done.changes = std::make_shared<const ContextValues>();
    std::vector<WorkDone> one;
    one.push_back(std::move(done));
    inbox().done(std::move(one), false);
  }
  EXPECT_LE(step().start.size(), 8U);
}

TEST_P(Turns, SameInboxClockSeedAndStoreGiveTheSameEffects) {
  const auto play = [&] {
    // A database of its own each time.
    class Play : public EngineTest {
     public:
      void TestBody() override {}
      std::vector<std::string> run() {
        options.seed = 7;
        WorkflowBuilder flow("shaky");
        flow.task("a", [] { throw std::runtime_error("no"); }).retry({.max_attempts = 4, .initial_delay = 1s, .jitter = 1.0});
        flow.task("b", [] {});
        flow.task("c", [] {}).after("b");
        add(flow.build());
        std::vector<std::string> log;
        for (int i = 0; i < 5; ++i) submit("shaky");
        for (int turn = 0; turn < 60; ++turn) {
          const auto effects = step();
          std::string line;
          for (const auto& item : effects.start) {
            line +=
                item->task().name + std::to_string(item->claimed.task.execution) + "#" + std::to_string(item->claimed.number) + " ";
          }
          line += effects.wake_utc ? format_timestamp(*effects.wake_utc) : "-";
          line += " " + std::to_string(effects.finished.size());
          log.push_back(line);
          for (const auto& item : effects.start) item->task().name == "a" ? fail(item) : complete(item);
          if (inbox().empty() && effects.wake_utc) advance(*effects.wake_utc - now.utc);
        }
        return log;
      }
    };
    return Play().run();
  };
  const auto once = play();
  EXPECT_EQ(once, play());
  EXPECT_EQ(std::count_if(once.begin(), once.end(), [](const auto& line) { return line.find("#4") != std::string::npos; }) > 0,
            true);
}

TEST_P(Turns, AnotherVersionOfAWorkflowLeavesRunningExecutionsWithTheirs) {
  add(chain("flow", 2));
  const auto old = submit("flow");
  auto effects = step();
  ASSERT_EQ(effects.start.size(), 1U);
  add(chain("flow", 3));
  const auto fresh = submit("flow");
  perform_all(effects.start);
  settle();
  EXPECT_EQ(get(old).tasks.size(), 2U);
  EXPECT_EQ(get(fresh).tasks.size(), 3U);
  EXPECT_TRUE(get(old).completed());
  EXPECT_TRUE(get(fresh).completed());
}

TEST_P(Turns, UnknownWorkflowWaitsAndHoldsUpNobody) {
  add(single("known"));
  put(single("unknown"));
  const auto waits = submit("unknown", {}, {.priority = 10});
  const auto runs = submit("known");
  settle();
  EXPECT_TRUE(get(runs).completed());
  EXPECT_EQ(get(waits).status, ExecutionStatus::Pending);
  EXPECT_TRUE(get(waits).stranded);
  add(single("unknown"));
  settle();
  EXPECT_TRUE(get(waits).completed());
}

TEST_P(Turns, AChangeOfOthersSeenByACommitMakesTheEngineLookAtOnceWhetherItsTasksAreStillWanted) {
  add(single("one"));
  const auto id = submit("one");
  auto effects = step();
  ASSERT_EQ(effects.start.size(), 1U);
  // Somebody else cancels; this engine's next commit swallows the news that the database changed.
  auto other = another();
  ControlRequest request{{store::Control::Kind::Cancel, id, "", {}}, {}};
  other->inbox->control(std::move(request));
  step(*other);
  submit("one");
  const auto next = step();
  EXPECT_TRUE(next.changed_by_others);
  EXPECT_TRUE(next.again) << "or the task would go on until something else happens";
  const auto after = step();
  ASSERT_EQ(after.stop.size(), 1U);
  EXPECT_EQ(after.stop[0], effects.start[0]);
}

}  // namespace cloacina::engine::test
