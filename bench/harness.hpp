#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scratch.hpp"

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

// floor_*.cpp: what the database gives for the minimal work, and for our own statements.

/// Tasks a second of chains of three through the minimal statements, `batch` at a time, one transaction a turn.
[[nodiscard]] double floor_minimal_sqlite(const std::string& file, int batch, int executions);
[[nodiscard]] double floor_minimal_postgres(const std::string& url, int batch, int executions);
/// Tasks a second of chains of `tasks` through our own statements, without engine, workers or contexts. The executions wait at
/// first.
[[nodiscard]] double floor_own_statements(store::sql::Session& db, int batch, int executions, int tasks);
/// Executions a second through our own statements for submissions.
[[nodiscard]] double floor_own_submit(store::sql::Session& db, int batch, int executions);
/// Milliseconds until `count` schedules have fired and their first tasks are claimed, through our own statements for that, `batch`
/// a transaction.
[[nodiscard]] double floor_own_firings_ms(store::sql::Session& db, int count, int batch);
/// Milliseconds of one durable one-row commit, each.
[[nodiscard]] std::vector<double> floor_commit_ms_sqlite(const std::string& file, int count);
[[nodiscard]] std::vector<double> floor_commit_ms_postgres(const std::string& url, int count);
/// Milliseconds of `SELECT 1`, each.
[[nodiscard]] std::vector<double> floor_round_trip_ms(const std::string& url, int count);
/// So many executions of three tasks that have ended long ago.
void insert_history_on_server(const std::string& url, int executions);
/// A transaction that sees the database as it is now until the object goes away.
[[nodiscard]] std::shared_ptr<void> open_snapshot(const std::string& url);
/// Rows, dead rows and sizes of the large tables, for a person.
[[nodiscard]] std::string dead_rows(const std::string& url);
/// Transactions that the server has seen in this database.
[[nodiscard]] double transactions_on_server(const std::string& url);

/// The program as one of several that share a database: a runner that starts with the first line of its input and stops at the end.
inline constexpr std::string_view runner_command = "--runner";
int run_for_bench(const std::string& url);

[[nodiscard]] std::vector<Benchmark> engine_benchmarks();
[[nodiscard]] std::vector<Benchmark> schedule_benchmarks();
[[nodiscard]] std::vector<Benchmark> cron_benchmarks();
/// They take long: only when they are named.
[[nodiscard]] std::vector<Benchmark> soak_benchmarks();

}  // namespace cloacina::bench
