// Small worlds around the engine of production, lived through in virtual time: see docs/simulation.md.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "conformance/contradictions.hpp"
#include "os/temp_dir.hpp"
#include "simulation/sqlite_view.hpp"
#include "testing/simulation.hpp"

namespace cloacina::simulation {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

/// Where fresh seeds begin; the same again with CLOACINA_TEST_SEED.
#ifdef CLOACINA_SANITIZED
constexpr std::uint64_t worlds_of_a_run = 100;  // each takes ten times as long
#else
constexpr std::uint64_t worlds_of_a_run = 1'200;
#endif

std::uint64_t first_seed() {
  const auto given = number_of("CLOACINA_TEST_SEED");
  return (given ? *given : std::random_device{}()) * 1'000'003;
}

std::string how_again(const Report& report) {
  return to_string(report) + "Again: CLOACINA_SIMULATION_SEED=" + std::to_string(report.seed) +
         " build/dev/bin/test_simulation --gtest_filter=Simulation.EveryInvariantHoldsInFreshWorlds\n";
}

TEST(Simulation, EveryInvariantHoldsInFreshWorlds) {
  const auto one = number_of("CLOACINA_SIMULATION_SEED");
  const auto worlds = one ? 1 : number_of("CLOACINA_SIMULATION_WORLDS").value_or(worlds_of_a_run);
  const auto first = one.value_or(first_seed());
  Report sum;
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + worlds; ++seed) {
    Options options;
    // Whoever only wants to know whether there is trouble does not wait for a short story.
    if (std::getenv("CLOACINA_SIMULATION_BRIEF") != nullptr) options.replays_max = 0;
    const auto report = simulate({}, seed, options);
    ASSERT_FALSE(report.trouble) << how_again(report);
    sum.events += report.events;
    sum.commits += report.commits;
    sum.checks += report.checks;
    sum.executions += report.executions;
    sum.crashes += report.crashes;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf(
      "%llu worlds from seed %llu: %lld events, %lld commits, %lld executions, %lld crashes of runners; %.0f events a minute\n",
      static_cast<unsigned long long>(worlds), static_cast<unsigned long long>(first), static_cast<long long>(sum.events),
      static_cast<long long>(sum.commits), static_cast<long long>(sum.executions), static_cast<long long>(sum.crashes),
      60.0 * static_cast<double>(sum.events) / took.count());
}

TEST(Simulation, WorldsThatFailedOnceHold) {
  std::ifstream file(SOURCE_DIR "/tests/simulation/seeds.txt");
  ASSERT_TRUE(file);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto report = simulate({}, std::stoull(line));
    EXPECT_FALSE(report.trouble) << "once: " << line << "\n" << how_again(report);
  }
}

TEST(Simulation, EveryInvariantHoldsOverSqliteFiles) {
  const auto first = first_seed();
  for (std::uint64_t seed = first; seed < first + 12; ++seed) {
    os::test::TempDir folder;
    int files = 0;
    Options options;
    options.events = 400;
    options.leases = false;
    options.replays_max = 20;
    options.database = [&](bool, const auto&) {
      return sqlite_database((folder / "test").string() + std::to_string(++files) + ".db");
    };
    const auto report = simulate({}, seed, options);
    ASSERT_FALSE(report.trouble) << to_string(report);
    const auto found = doctor("sqlite:" + (folder / "test1.db").string());
    EXPECT_THAT(cloacina::test::contradictions(found), ::testing::IsEmpty()) << "seed " << seed;
  }
}

TEST(Simulation, TheSameSeedIsTheSameWorld) {
  const auto first = first_seed();
  for (std::uint64_t seed = first; seed < first + 10; ++seed) {
    Dice dice(seed);
    std::vector<std::uint64_t> choices;
    for (int i = 0; i < 500; ++i) choices.push_back(dice.next());
    const auto once = replay({}, seed, {}, choices);
    const auto again = replay({}, seed, {}, choices);
    EXPECT_EQ(once.story, again.story);
    EXPECT_EQ(once.commits, again.commits);
    EXPECT_EQ(once.time, again.time);
    EXPECT_FALSE(once.story.empty());
  }
}

/// Says of the third execution that one task more has failed than has.
class LyingView final : public View {
 public:
  explicit LyingView(std::unique_ptr<View> truth) : truth_(std::move(truth)) {}
  std::vector<store::ExecutionKey> take_changed() override { return truth_->take_changed(); }
  std::vector<store::ExecutionKey> executions() override { return truth_->executions(); }
  std::optional<ExecutionView> execution(store::ExecutionKey key) override {
    auto e = truth_->execution(key);
    if (e && key == 3) ++e->failed;
    return e;
  }
  std::vector<TaskView> tasks(store::ExecutionKey key) override { return truth_->tasks(key); }
  std::optional<Queued> first_ready(store::DefinitionKey definition) override { return truth_->first_ready(definition); }
  std::vector<AtGate> open_of_gate(std::int64_t gate) override { return truth_->open_of_gate(gate); }
  bool is_registered(store::RunnerKey runner) override { return truth_->is_registered(runner); }

 private:
  std::unique_ptr<View> truth_;
};

TEST(Simulation, ATroubleIsToldInAShortStory) {
  Options options;
  options.leases = false;
  options.own_schedules = false;
  options.database = [](bool, const auto&) {
    auto made = memory_database({});
    made.view = std::make_unique<LyingView>(std::move(made.view));
    return made;
  };
  const auto report = simulate({}, 7, options);
  ASSERT_TRUE(report.trouble);
  EXPECT_EQ(report.trouble->invariant, "counters");
  EXPECT_THAT(report.trouble->what, HasSubstr("execution 3: failed is stored as 1 and counts 0"));
  EXPECT_LE(report.choices.size(), 5U) << "three submissions are enough";
  EXPECT_THAT(report.story, Contains(HasSubstr("a user submits")));
  EXPECT_EQ(replay({}, 7, options, report.choices).story, report.story);
}

TEST(Simulation, RunsTheCodeOfWorkflowsThatAreGiven) {
  int runs = 0;
  WorkflowBuilder flow("given");
  flow.task("a", [&](TaskContext& t) {
    ++runs;
    t.context().set("a", 1);
  });
  flow.task("b", [&](TaskContext& t) { EXPECT_EQ(t.context().get<int>("a"), 1); }).after("a");
  Options options;
  options.run_code = true;
  options.own_schedules = false;
  const auto report = simulate({flow.build()}, 1, options);
  EXPECT_FALSE(report.trouble) << to_string(report);
  EXPECT_GT(runs, 10);
}

}  // namespace
}  // namespace cloacina::simulation
