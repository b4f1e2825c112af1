// Who did what to a schedule.
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ScheduleEvents : public RunnerTest {
 protected:
  /// A client of `actor`'s.
  [[nodiscard]] std::unique_ptr<Runner> client(const std::string& actor) const {
    auto o = options();
    o.actor = actor;
    return runner(o);
  }
  /// `kind: detail by actor`, newest first.
  static std::vector<std::string> told(Runner& r, const std::string& name) {
    std::vector<std::string> out;
    for (const auto& e : r.schedules().events(name)) out.push_back(e.kind + ": " + e.detail + " by " + e.actor);
    return out;
  }
  static Schedule yearly() { return {.name = "s", .workflow = "flow", .cron = "0 0 1 1 *"}; }
};

TEST_F(ScheduleEvents, SayWhoDidWhat) {
  const auto ann = client("ann");
  const auto bob = client("bob");
  auto s = yearly();
  ann->schedules().put(s, "file.yaml");
  ann->schedules().put(s, "file.yaml");
  s.cron = "0 0 2 1 *";
  s.input = {{"long", std::string(1'000, 'x')}};
  bob->schedules().put(s, "");
  bob->schedules().pause("s", "the bank is closed");
  ann->schedules().resume("s");
  ann->schedules().resume("s");
  const auto events = told(*ann, "s");
  ASSERT_EQ(events.size(), 4U) << "what changes nothing is no event";
  EXPECT_EQ(events[0], "resumed:  by ann");
  EXPECT_EQ(events[1], "paused: the bank is closed by bob");
  EXPECT_THAT(events[2], HasSubstr("updated: cron: 0 0 1 1 * -> 0 0 2 1 *, input: {} -> "));
  EXPECT_THAT(events[2], HasSubstr("source: file.yaml ->  by bob"));
  EXPECT_LT(events[2].size(), 600U);
  EXPECT_EQ(events[3], "created: file.yaml by ann");
  EXPECT_EQ(ann->schedules().events("s", 2).size(), 2U);
  EXPECT_THAT(error_of([&] { (void)ann->schedules().events("s", 0); }, ErrorCode::InvalidArgument),
              HasSubstr("limit must be 1 to"));
}

TEST_F(ScheduleEvents, ARemovalIsRememberedByItsName) {
  const auto ann = client("ann");
  ann->schedules().put(yearly());
  client("bob")->schedules().remove("s");
  EXPECT_THAT(error_of([&] { ann->schedules().pause("s"); }, ErrorCode::NotFound),
              testing::MatchesRegex("there is no schedule 's'; one was removed at .* by 'bob'"));
  ann->schedules().put(yearly());
  EXPECT_THAT(told(*ann, "s"), ElementsAre("created:  by ann")) << "another schedule";
}

TEST_F(ScheduleEvents, AFileTakesItsSchedulesAway) {
  const auto ann = client("ann");
  ann->schedules().sync("file.yaml", {yearly()});
  ann->schedules().sync("file.yaml", {});
  EXPECT_THAT(error_of([&] { (void)ann->schedules().get("s"); }, ErrorCode::NotFound), HasSubstr("by 'ann'"));
}

TEST_F(ScheduleEvents, AnExecutionKnowsWhoAskedForIt) {
  const auto ann = client("ann");
  ann->add(single("flow"));
  ann->schedules().put(yearly());
  const auto now_event = ann->get(ann->schedules().run_now("s")).events;
  ASSERT_EQ(now_event.size(), 1U);
  EXPECT_EQ(now_event[0].kind, "run_now");
  EXPECT_EQ(now_event[0].actor, "ann");
  std::vector<ExecutionId> fired;
  BackfillOptions options;
  options.on_fired = [&](const Firing& f) {
    fired.push_back(f.execution.value());
    return true;
  };
  (void)client("bob")->schedules().backfill("s", parse_timestamp("2020-01-01T00:00:00Z"), parse_timestamp("2021-06-01T00:00:00Z"),
                                            options);
  ASSERT_EQ(fired.size(), 2U);
  const auto backfilled = ann->get(fired[1]).events;
  ASSERT_EQ(backfilled.size(), 1U);
  EXPECT_EQ(backfilled[0].kind, "backfill");
  EXPECT_EQ(backfilled[0].detail, "2021-01-01T00:00:00Z");
  EXPECT_EQ(backfilled[0].actor, "bob");
}

}  // namespace
}  // namespace cloacina::runner::test
