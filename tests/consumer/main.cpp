#include <chrono>
#include <cloacina/cloacina.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::vector<int> fetch_orders(const std::string& day) { return day == "2026-11-23" ? std::vector{30, 12} : std::vector<int>{}; }

void sum_orders(cloacina::TaskContext& t) {
  int sum = 0;
  for (const int order : t.context().get<std::vector<int>>("orders")) sum += order;
  t.context().set("sum", sum);
}

void page_someone(cloacina::TaskContext& t) { std::fprintf(stderr, "%s failed\n", std::string(t.workflow()).c_str()); }

cloacina::Workflow nightly() {
  cloacina::WorkflowBuilder flow{"nightly"};
  auto orders = flow.task("fetch",
                          [](cloacina::TaskContext& t) {
                            if (t.attempt() == 1) throw std::runtime_error("connection refused");
                            t.context().set("orders", fetch_orders(t.context().get<std::string>("day")));
                          })
                    .retry({.max_attempts = 5, .initial_delay = 10ms})
                    .timeout(2min);
  auto sums = flow.task("sum", sum_orders).after(orders);
  flow.task("alarm", page_someone).after(sums).when(cloacina::any_failed());
  return flow.build();
}

/// Prints what is not as it should be; returns how many things that are.
int wrong(const cloacina::Execution& result) {
  int count = 0;
  const auto expect = [&count](bool right, const char* what) {
    if (right) return;
    std::fprintf(stderr, "wrong: %s\n", what);
    ++count;
  };
  expect(result.completed(), "the execution is not Completed");
  expect(result.context == cloacina::Json{{"day", "2026-11-23"}, {"orders", {30, 12}}, {"sum", 42}}, "the final context");
  expect(result.task("fetch").attempts.size() == 2, "fetch did not take two attempts");
  expect(result.task("alarm").status == cloacina::TaskStatus::Skipped, "alarm was not skipped");
  return count;
}

}  // namespace

/// The first example, in the folder given or the current one.
int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  const std::string database = "sqlite:" + (folder / "orders.db").string();
  cloacina::ExecutionId id;
  {
    cloacina::Runner runner{{.database = database}};
    runner.add(nightly());
    runner.start();
    const auto result = runner.run("nightly", {{"day", "2026-11-23"}});
    std::printf("%s\n", result.context.dump().c_str());
    if (wrong(result) != 0) return 1;
    id = result.id;
    runner.stop();
  }
  // Another runner finds it in the file.
  const cloacina::Runner reader{{.database = database}};
  if (wrong(reader.get(id)) != 0) return 1;
  // Errors cross from the library as what they are.
  try {
    static_cast<void>(reader.get(cloacina::ExecutionId::generate()));
    std::fprintf(stderr, "wrong: an execution that does not exist was found\n");
    return 1;
  } catch (const cloacina::Error& e) {
    if (e.code() != cloacina::ErrorCode::NotFound) throw;
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return 1;
}
