// What users test their own workflows with: cloacina/testing.hpp.
#include <gmock/gmock.h>

#include "cloacina/testing.hpp"

namespace cloacina {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Workflow order(RetryPolicy retry = RetryPolicy::fixed(3, 10s)) {
  WorkflowBuilder flow{"order"};
  auto reserve = flow.task("reserve", [](TaskContext& t) { t.context().set("reserved", true); });
  auto charge = flow.task("charge", [](TaskContext& t) { t.context().set("charged_at_attempt", t.attempt()); });
  charge.after(reserve).retry(std::move(retry));
  flow.task("apologise", [](TaskContext&) {}).after(charge).when(any_failed());
  return flow.build();
}

std::vector<std::string> names(const std::vector<ManualRunner::Step>& steps) {
  std::vector<std::string> out;
  for (const auto& s : steps) out.push_back(s.task);
  return out;
}

TEST(ManualRunners, RunATaskAtATime) {
  ManualRunner runner;
  runner.add(order());
  const auto id = runner.submit("order");
  EXPECT_EQ(runner.step()->task, "reserve");
  EXPECT_EQ(runner.get(id).task("reserve").status, TaskStatus::Completed);
  EXPECT_EQ(runner.get(id).task("charge").attempts.size(), 1U) << "its turn is next";
  EXPECT_EQ(runner.step()->task, "charge");
  EXPECT_FALSE(runner.step());
  EXPECT_TRUE(runner.get(id).completed());
  EXPECT_EQ(runner.get(id).context, (Json{{"reserved", true}, {"charged_at_attempt", 1}}));
}

TEST(ManualRunners, MoveTheClockToTheNextRetryAndNoFurther) {
  ManualRunner runner;
  runner.add(order());
  runner.script("order", "charge", {ScriptedOutcome::failure("no money"), ScriptedOutcome::timeout()});
  const auto began = runner.now();
  const auto e = runner.run("order");
  EXPECT_TRUE(e.completed());
  EXPECT_EQ(e.context["charged_at_attempt"], 3);
  EXPECT_EQ(runner.now() - began, 20s);
  EXPECT_EQ(e.task("charge").attempts[0].error, "no money");
}

TEST(ManualRunners, FollowTheFailureOfATask) {
  ManualRunner runner;
  runner.add(order(RetryPolicy::none()));
  runner.script("order", "charge", {ScriptedOutcome::failure("no money")});
  const auto e = runner.run("order");
  EXPECT_EQ(e.task("apologise").status, TaskStatus::Completed);
  EXPECT_EQ(e.status, ExecutionStatus::Failed);
}

TEST(ManualRunners, SucceedWithoutTheCodeWhenTheyAreTold) {
  ManualRunner runner;
  runner.add(order());
  runner.script("order", "charge", {ScriptedOutcome::success({{"charged_at_attempt", 7}})});
  EXPECT_EQ(runner.run("order").context["charged_at_attempt"], 7);
}

TEST(ManualRunners, DieAndGoOn) {
  ManualRunner runner;
  runner.add(order());
  runner.script("order", "charge", {ScriptedOutcome::crash()});
  const auto id = runner.submit("order");
  runner.crash();
  EXPECT_THAT(runner.get(id).events, IsEmpty()) << "nothing was under way";
  EXPECT_EQ(runner.step()->task, "reserve");
  runner.crash();
  EXPECT_THAT(names(runner.settle()), ElementsAre("charge", "charge"));
  EXPECT_EQ(runner.get(id).task("charge").attempts[0].status, AttemptStatus::Crashed);
  EXPECT_TRUE(runner.get(id).completed());
  const auto other = runner.submit("order");
  runner.crash(true);
  EXPECT_EQ(runner.get(other).task("reserve").status, TaskStatus::Running) << "until the next one looks";
  EXPECT_THAT(names(runner.settle()), ElementsAre("reserve", "charge"));
  EXPECT_EQ(runner.get(other).task("reserve").crashes, 1);
}

TEST(ManualRunners, WaitDelayAndFireByTheirOwnClock) {
  ManualRunner runner;
  WorkflowBuilder flow{"nightly"};
  flow.task("wait", [](TaskContext& t) { t.sleep_for(6h); });
  runner.add(flow.build());
  EXPECT_EQ(runner.schedules().put({.name = "every-night", .workflow = "nightly", .cron = "0 3 * * *"}), Schedules::Put::Created);
  const auto later = runner.submit("nightly", {}, {.start_at = runner.now() + 1h});
  EXPECT_THAT(runner.settle(), IsEmpty());
  EXPECT_THAT(runner.run_until(runner.now() + 24h), SizeIs(4)) << "each runs twice: before its sleep, and after it";
  EXPECT_TRUE(runner.get(later).completed());
  EXPECT_THAT(runner.list().executions, SizeIs(2));
  EXPECT_EQ(runner.list().executions[0].schedule, "every-night");
}

TEST(ManualRunners, HaveTheControlsOfARunner) {
  ManualRunner runner;
  runner.add(order());
  const auto id = runner.submit("order");
  runner.pause(id, "lunch");
  EXPECT_THAT(names(runner.settle()), ElementsAre("reserve")) << "what was claimed ends";
  runner.resume(id);
  runner.cancel(id);
  (void)runner.settle();
  runner.retry(id);
  (void)runner.settle();
  EXPECT_TRUE(runner.get(id).completed());
  EXPECT_THROW(runner.cancel(id), Error);
}

TEST(ManualRunners, NameWhatTheyDoNotKnow) {
  ManualRunner runner;
  runner.add(order());
  const auto message = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("nothing thrown");
  };
  EXPECT_THAT(message([&] { (void)runner.submit("ordre"); }), HasSubstr("did you mean 'order'"));
  EXPECT_THAT(message([&] { runner.script("order", "charg", {}); }), HasSubstr("did you mean 'charge'"));
  EXPECT_THAT(message([&] { (void)runner.submit("order", Json::array()); }), HasSubstr("the input is a JSON object, not array"));
  EXPECT_THAT(message([&] { runner.advance(-1s); }), HasSubstr("moves forwards"));
  WorkflowBuilder flow{"stuck"};
  flow.task("a", [](TaskContext&) {});
  runner.add(flow.build());
  const auto id = runner.submit("stuck", {}, {.start_at = runner.now() + 1h});
  runner.pause(id);
  EXPECT_THAT(message([&] { (void)runner.get(ExecutionId::generate()); }), HasSubstr("there is no execution"));
}

TEST(FastForward, GoesThroughAYearWithItsTwoTransitions) {
  const Schedule nightly{.name = "nightly", .workflow = "w", .cron = "30 2 * * *", .time_zone = "Europe/Berlin"};
  const auto slots = fast_forward(nightly, parse_timestamp("2026-01-01T00:00:00Z"), parse_timestamp("2027-01-01T00:00:00Z"));
  ASSERT_THAT(slots, SizeIs(365));
  EXPECT_EQ(slots[87].slot, parse_timestamp("2026-03-29T01:00:00Z")) << "02:30 was left out: the next valid moment is 03:00";
  for (const auto& s : slots) EXPECT_EQ(s.outcome, Firing::Outcome::Fired);
}

TEST(FastForward, ShowsWhatADowntimeDoes) {
  const auto at = [](const char* text) { return parse_timestamp(text); };
  Schedule hourly{.name = "hourly", .workflow = "w", .cron = "0 * * * *"};
  const std::vector<Downtime> down{{at("2026-01-01T02:30:00Z"), at("2026-01-01T05:30:00Z")}};
  const auto run = [&] { return fast_forward(hourly, at("2026-01-01T00:30:00Z"), at("2026-01-01T07:00:00Z"), down); };
  const auto lost = run();
  ASSERT_THAT(lost, SizeIs(4)) << "01, 02, then 03 to 05 in one record, 06";
  EXPECT_EQ(lost[2].outcome, Firing::Outcome::Skipped);
  EXPECT_EQ(lost[2].count, 3);
  EXPECT_EQ(lost[2].reason, SkipReason::Missed);
  hourly.catchup = Catchup::All;
  const auto all = run();
  ASSERT_THAT(all, SizeIs(6));
  EXPECT_EQ(all[2].fired_at, down[0].to);
}

TEST(Simulate, RunsAWorkflowThroughTroubleAndRepeatsItself) {
  int runs = 0;
  WorkflowBuilder flow{"copy"};
  flow.task("copy", [&](TaskContext& t) {
    ++runs;
    t.context().set("copied", true);
  });
  const auto report = simulate({flow.build()}, 42);
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_GT(runs, 10);
  EXPECT_GT(report.executions, 5);
  const auto again = simulate({flow.build()}, 42);
  EXPECT_EQ(again.time, report.time);
  EXPECT_EQ(again.crashes, report.crashes);
}

}  // namespace
}  // namespace cloacina
