// Runs the benchmarks (all, or those whose name contains an argument), prints a table and writes results.json beside the build.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness.hpp"

namespace cloacina::bench {

double resident_mib(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  double total = 0;
  double resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

namespace {

int run(const std::vector<std::string>& wanted) {
  nlohmann::json out = nlohmann::json::array();
  std::printf("%-40s %-8s %14s %-13s %14s %7s  %s\n", "name", "store", "value", "unit", "floor", "ratio", "settings");
  auto all = engine_benchmarks();
  for (auto& benchmark : schedule_benchmarks()) all.push_back(std::move(benchmark));
  for (auto& benchmark : cron_benchmarks()) all.push_back(std::move(benchmark));
  if (!wanted.empty()) {
    for (auto& benchmark : soak_benchmarks()) all.push_back(std::move(benchmark));
  }
  for (const auto& benchmark : all) {
    const auto named = [&](const std::string& w) { return benchmark.name.find(w) != std::string::npos; };
    if (!wanted.empty() && std::none_of(wanted.begin(), wanted.end(), named)) continue;
    for (const auto& r : benchmark.run()) {
      std::printf("%-40s %-8s %14.2f %-13s %14.2f %7.2f  %s\n", r.name.c_str(), r.store.c_str(), r.value, r.unit.c_str(), r.floor,
                  r.ratio, r.settings.c_str());
      std::fflush(stdout);
      out.push_back({{"name", r.name},
                     {"store", r.store},
                     {"value", r.value},
                     {"unit", r.unit},
                     {"floor", r.floor},
                     {"ratio", r.ratio},
                     {"settings", r.settings}});
    }
  }
  std::filesystem::create_directories(CLOACINA_BENCH_FOLDER);
  std::ofstream(std::string(CLOACINA_BENCH_FOLDER) + "/results.json") << out.dump(1) << '\n';
  return 0;
}

}  // namespace

}  // namespace cloacina::bench

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == cloacina::bench::runner_command) return cloacina::bench::run_for_bench(argv[2]);
  return cloacina::bench::run({argv + 1, argv + argc});
}
