// Minutes of work on a server while somebody holds an old snapshot open, so that no dead row can be taken away: does it get slower?
#include <cloacina/cloacina.hpp>
#include <cstdlib>
#include <thread>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

using namespace std::chrono_literals;

double seconds_wanted() {
  const char* text = std::getenv("SNAPSHOT_SECONDS");
  return text == nullptr ? 600 : std::atof(text);
}

std::vector<Result> old_snapshot() {
  constexpr int parts = 10;
  Scratch scratch(StoreKind::Postgres);
  WorkflowBuilder flow("chain3");
  auto last = flow.task("t0", [] {});
  for (int i = 1; i < 3; ++i) last = flow.task("t" + std::to_string(i), [] {}).after(last);
  const auto workflow = flow.build();
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(workflow);
  runner.start();
  (void)runner.run("chain3");
  const auto snapshot = open_snapshot(scratch.url("a.db"));
  std::vector<Result> out;
  double first = 0;
  for (int part = 0; part < parts; ++part) {
    const auto before = runner.stats().tasks;
    const Stopwatch watch;
    while (watch.seconds() < seconds_wanted() / parts) {
      // As fast as it goes, with little waiting.
      const auto open = 3 * (runner.stats().submitted) - runner.stats().tasks;
      if (open > 3'000) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      runner.submit_many(std::vector<Submission>(500, {.workflow = "chain3"}));
    }
    const double rate = static_cast<double>(runner.stats().tasks - before) / watch.seconds();
    if (part == 0) first = rate;
    out.push_back(
        {"old_snapshot_" + std::to_string(part), "postgres", rate, "tasks/s", first, rate / first, dead_rows(scratch.url("a.db"))});
  }
  return out;
}

}  // namespace

std::vector<Benchmark> soak_benchmarks() { return {{"old_snapshot", old_snapshot}}; }

}  // namespace cloacina::bench
