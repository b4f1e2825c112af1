// A task that waits in its own code takes up no worker: with one worker only, the task that it waits for runs all the same.
#include <cloacina/cloacina.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  std::filesystem::remove("approved");
  cloacina::WorkflowBuilder flow{"release"};
  flow.task("roll_out", [](cloacina::TaskContext& t) {
    t.defer_until([] { return std::filesystem::exists("approved"); }, 50ms);  // asked again and again, also after a restart
    t.sleep_for(200ms);                                                       // days would do as well
    t.context().set("rolled_out", true);
  });
  flow.task("approve", [](cloacina::TaskContext&) { std::ofstream("approved") << "yes\n"; });

  cloacina::Runner runner{{.database = "sqlite:waiting.db", .workers = 1}};
  runner.add(flow.build());
  runner.start();
  const auto execution = runner.run("release");
  std::cout << to_string(execution.status) << ' ' << execution.context << '\n';
  std::cout << "roll_out waited: " << (execution.task("roll_out").deferrals > 0 ? "yes" : "no")
            << ", attempts: " << execution.task("roll_out").attempts.size() << '\n';
}
