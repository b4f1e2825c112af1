// How to test a workflow of your own: step by step, through a year of its schedule, and in a small world where everything goes
// wrong.
#include <cloacina/testing.hpp>
#include <iostream>

using namespace std::chrono_literals;
using cloacina::ScriptedOutcome;

cloacina::Workflow order() {
  cloacina::WorkflowBuilder flow{"order"};
  auto charge = flow.task("charge", [](cloacina::TaskContext& t) { t.context().set("charged", true); });
  charge.retry(cloacina::RetryPolicy::fixed(3, 10s));
  flow.task("ship",
            [](cloacina::TaskContext& t) {
              if (!t.context().contains("charged")) throw std::logic_error("shipped without money");
            })
      .after(charge);
  return flow.build();
}

int main() {
  // A task at a time, with outcomes of your choice, and a clock that moves when it is told to.
  cloacina::ManualRunner runner;
  runner.add(order());
  runner.script("order", "charge", {ScriptedOutcome::failure("the bank is closed"), ScriptedOutcome::crash()});
  const auto began = runner.now();
  const auto execution = runner.run("order");
  std::cout << to_string(execution.status) << " after " << (runner.now() - began) / 1s << " s, charge:";
  for (const auto& attempt : execution.task("charge").attempts) std::cout << ' ' << to_string(attempt.status);
  std::cout << '\n';

  // A year of a schedule, with a machine that was off for a night.
  const cloacina::Schedule nightly{.name = "nightly",
                                   .workflow = "order",
                                   .cron = "30 2 * * *",
                                   .time_zone = "Europe/Berlin",
                                   .catchup = cloacina::Catchup::Latest};
  const auto at = [](const char* text) { return cloacina::parse_timestamp(text); };
  const auto slots = cloacina::fast_forward(nightly, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"),
                                            {{at("2026-03-28T20:00:00Z"), at("2026-03-29T06:00:00Z")}});
  std::cout << slots.size() << " slots; that of the night without 02:30 is " << cloacina::format_timestamp(slots.at(87).slot)
            << ", fired at " << cloacina::format_timestamp(slots.at(87).fired_at) << '\n';

  // Crashes, lost connections, clocks that jump, users that cancel and retry. What is wrong is told as a story.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    if (const auto report = cloacina::simulate({order()}, seed, {.events = 200}); !report.passed) std::cout << report.text;
  }
  std::cout << "20 worlds passed\n";
}
