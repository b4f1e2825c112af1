// compiles
#include <cloacina/cloacina.hpp>

void later(cloacina::TaskContext& t) { t.context().set("later", true); }

void declare(cloacina::WorkflowBuilder& flow) {
  using namespace std::chrono_literals;
  auto fetch = flow.task("fetch", [](cloacina::TaskContext& t) { t.context().set("n", 1); })
                   .retry({.max_attempts = 5, .initial_delay = 1s})
                   .timeout(2min);
  flow.task("later", later).after(fetch).when(cloacina::any_failed());
  flow.task("nothing", [] {}).after("fetch", "later");
  flow.command("program", {.argv = {"true"}}).after(fetch);
}
