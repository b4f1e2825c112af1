#include <chrono>
#include <cloacina/cloacina.hpp>
#include <iostream>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;

cloacina::Workflow nightly() {
  cloacina::WorkflowBuilder flow{"nightly"};
  auto fetch = flow.task("fetch",
                         [](cloacina::TaskContext& t) {
                           if (t.attempt() == 1) throw std::runtime_error("connection refused");
                           t.context().set("orders", std::vector{30, 12});
                         })
                   .retry({.max_attempts = 5, .initial_delay = 100ms})
                   .timeout(2min);
  auto sum = flow.task("sum",
                       [](cloacina::TaskContext& t) {
                         int total = 0;
                         for (const int order : t.context().get<std::vector<int>>("orders")) total += order;
                         t.context().set("total", total);
                       })
                 .after(fetch);
  flow.task("alarm", [] { std::cout << "somebody should look at this\n"; }).after(sum).when(cloacina::any_failed());
  return flow.build();
}

int main() {
  cloacina::Runner runner{{.database = "sqlite:orders.db"}};
  runner.add(nightly());
  runner.start();

  const auto execution = runner.run("nightly", {{"day", "2026-11-23"}});
  std::cout << to_string(execution.status) << ' ' << execution.context << '\n';
  for (const auto& task : execution.tasks) {
    std::cout << "  " << task.name << ' ' << to_string(task.status) << '\n';
    for (const auto& attempt : task.attempts) std::cout << "    " << attempt.number << ' ' << attempt.error.value_or("ok") << '\n';
  }
}
