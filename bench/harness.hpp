#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace cloacina::bench {

/// One line of the table, and of results.json. `floor` is what the bare database, disk or loop gives in the same run.
struct Result {
  std::string name;
  std::string store;
  double value = 0;
  std::string unit;
  double floor = 0;  ///< 0: there is none
  double ratio = 0;
  std::string settings;
};

struct Benchmark {
  std::string name;
  std::function<std::vector<Result>()> run;
};

/// A folder that is empty and goes away.
class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string url(const std::string& name) const { return "sqlite:" + file(name); }

 private:
  std::filesystem::path folder_;
};

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

[[nodiscard]] inline double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<std::size_t>(static_cast<double>(values.size() - 1) * p));
}

/// Resident memory of a process in MiB.
[[nodiscard]] double resident_mib(int pid);

// floor_*.cpp: what the database gives for the minimal work.

/// Tasks a second of chains of three through the minimal statements, `batch` at a time, one transaction a turn.
[[nodiscard]] double floor_minimal(const std::string& file, int batch, int executions);
/// Tasks a second of chains of `tasks` through our own statements, without engine, workers or contexts. The executions wait at
/// first.
[[nodiscard]] double floor_own_statements(const std::string& file, int batch, int executions, int tasks, bool full);
/// Executions a second through our own statements for submissions.
[[nodiscard]] double floor_own_submit(const std::string& file, int batch, int executions);
/// Milliseconds until `count` schedules have fired and their first tasks are claimed, through our own statements for that, `batch`
/// a transaction.
[[nodiscard]] double floor_own_firings_ms(const std::string& file, int count, int batch);
/// Milliseconds of one durable one-row commit, sorted.
[[nodiscard]] std::vector<double> floor_commit_ms(const std::string& file, int count);

[[nodiscard]] std::vector<Benchmark> engine_benchmarks();
[[nodiscard]] std::vector<Benchmark> schedule_benchmarks();
[[nodiscard]] std::vector<Benchmark> cron_benchmarks();

}  // namespace cloacina::bench
