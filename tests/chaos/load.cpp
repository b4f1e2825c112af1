#include "chaos/load.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "cloacina/cloacina.hpp"

namespace cloacina::chaos {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr std::int64_t page_kib = 4;

std::int64_t resident_kib() {
  std::int64_t size = 0;
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> size >> pages;
  return pages * page_kib;
}

std::uintmax_t kib_of(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) return 0;
  std::uintmax_t bytes = 0;
  for (const auto* ending : {"", "-wal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(url.substr(scheme.size()) + ending, missing);
    if (!missing) bytes += size;
  }
  return bytes / 1024;
}

}  // namespace

int load(const std::string& url, int seconds, int per_second) {
  RunnerOptions options;
  options.database = url;
  options.retention = {.older_than = 1s, .keep = 1'000, .firings_older_than = 10s};
  Runner runner(options);
  WorkflowBuilder flow("load");
  for (const std::string name : {"a", "b", "c"}) {
    auto task = flow.task(name, [](TaskContext& t) { t.context().set(t.task(), std::string(100, 'x')); });
    if (name != "a") task.after("a");
  }
  WorkflowBuilder apart("apart");
  apart.task("only", [] {}).isolated();
  runner.add(flow.build());
  runner.add(apart.build());
  runner.schedules().put({.name = "every-second", .workflow = "apart", .cron = "* * * * * *"});
  runner.start();
  const auto began = std::chrono::steady_clock::now();
  std::int64_t ended = 0;
  for (int second = 1; second <= seconds; ++second) {
    while (std::chrono::steady_clock::now() < began + second * 1s) {
      const auto ids = runner.submit_many(std::vector<Submission>(50, {.workflow = "load"}));
      for (const auto& id : ids) (void)runner.wait(id, patience);
      ended += static_cast<std::int64_t>(ids.size());
      if (per_second > 0) std::this_thread::sleep_until(began + std::chrono::microseconds(ended * 1'000'000 / per_second));
    }
    std::cout << ended << ' ' << resident_kib() << ' ' << std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {})
              << ' ' << kib_of(url) << std::endl;
  }
  runner.stop(patience);
  return 0;
}

}  // namespace cloacina::chaos
