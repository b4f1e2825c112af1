#include <cloacina/cloacina.hpp>

struct Orders {
  int count = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Orders, count)

int main() {
  using namespace std::chrono_literals;
  cloacina::WorkflowBuilder flow{"nightly"};
  auto orders = flow.task<Orders>("fetch", [] { return Orders{3}; }).retry({.max_attempts = 5, .initial_delay = 1s}).timeout(2min);
  auto sum = flow.task(
      "sum", [](const Orders& o) { return o.count; }, orders);
  flow.task("alarm", [](cloacina::TaskContext& t) { t.context().set("alarm", true); }).after(sum).when(cloacina::any_failed());

  cloacina::Runner runner{{.database = "sqlite:orders.db"}};
  runner.add(flow.build());
  runner.start();
  return runner.run("nightly", {{"day", "2026-11-23"}}).completed() ? 0 : 1;
}
