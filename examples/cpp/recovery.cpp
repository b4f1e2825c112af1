// A process that dies in the middle of its work. Run it twice: the first one is gone before it can say anything, the second finds
// the same execution by its key and finishes it; what was done is not done again.
#include <cloacina/cloacina.hpp>
#include <csignal>
#include <iostream>

int main() {
  cloacina::WorkflowBuilder flow{"order"};
  auto reserve = flow.task("reserve", [](cloacina::TaskContext& t) { t.context().set("reserved_by_attempt", t.attempt()); });
  auto charge = flow.task("charge", [](cloacina::TaskContext& t) {
    if (t.attempt() == 1) std::raise(SIGKILL);  // as if somebody had pulled the plug
    // An outside system that remembers the largest fence refuses whoever comes with a smaller one.
    t.context().set("charged_with_fence", t.fence());
  });
  charge.after(reserve);
  flow.task("ship", [](cloacina::TaskContext& t) { t.context().set("shipped", true); }).after(charge);

  cloacina::Runner runner{{.database = "sqlite:shop.db"}};
  runner.add(flow.build());
  runner.start();
  const auto id = runner.submit("order", {{"order", 17}}, {.key = "order-17"});
  const auto execution = runner.wait(id);
  std::cout << to_string(execution.status) << ' ' << execution.context << '\n';
  for (const auto& task : execution.tasks) {
    for (const auto& attempt : task.attempts) std::cout << "  " << task.name << ' ' << to_string(attempt.status) << '\n';
  }
}
