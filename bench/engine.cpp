#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cloacina/cloacina.hpp>
#include <fstream>
#include <thread>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

using namespace std::chrono_literals;

Workflow chain(int tasks) {
  WorkflowBuilder flow("chain" + std::to_string(tasks));
  auto last = flow.task("t0", [] {});
  for (int i = 1; i < tasks; ++i) {
    auto next = flow.task("t" + std::to_string(i), [] {}).after(last);
    last = next;
  }
  return flow.build();
}

/// Waits until the runner has ended so many attempts.
void wait_tasks(const Runner& runner, std::int64_t tasks) {
  while (runner.stats().tasks < tasks) std::this_thread::sleep_for(1ms);
}

void submit_waiting(const std::string& url, const Workflow& workflow, int executions) {
  Runner client{{.database = url, .durability = Durability::Normal}};
  client.add(workflow);
  for (int done = 0; done < executions;) {
    std::vector<Submission> some;
    for (; done < executions && some.size() < 2'000; ++done) some.push_back({workflow.name()});
    client.submit_many(std::move(some));
  }
}

/// Tasks a second of executions that wait when the runner starts.
std::pair<double, double> drain(const std::string& url, const Workflow& workflow, int executions, Durability durability) {
  submit_waiting(url, workflow, executions);
  Runner runner{{.database = url, .workers = 2, .durability = durability}};
  runner.add(workflow);
  const std::int64_t tasks = static_cast<std::int64_t>(executions) * static_cast<std::int64_t>(workflow.size());
  const Stopwatch watch;
  runner.start();
  wait_tasks(runner, tasks);
  const double seconds = watch.seconds();
  const double batch = static_cast<double>(tasks) / static_cast<double>(std::max<std::int64_t>(1, runner.stats().turns));
  return {static_cast<double>(tasks) / seconds, batch};
}

std::vector<Result> throughput(int tasks, bool full) {
  const Scratch scratch;
  const int executions = 60'000 / tasks;
  const auto [rate, batch] = drain(scratch.url("a.db"), chain(tasks), executions, full ? Durability::Full : Durability::Normal);
  const int size = std::max(1, static_cast<int>(batch));
  const double own = floor_own_statements(scratch.file("b.db"), size, executions, tasks, full);
  std::vector<Result> out;
  const std::string name = "throughput_" + std::to_string(tasks) + "task" + (full ? "" : "_normal");
  const std::string settings = "2 workers, batch " + std::to_string(size) + (full ? ", synchronous=FULL" : ", synchronous=NORMAL");
  out.push_back({name, "sqlite", rate, "tasks/s", own, rate / own, settings + ", floor: own statements"});
  if (tasks == 3 && full) {
    const double minimal = floor_minimal(scratch.file("c.db"), size, executions);
    out.push_back({name, "sqlite", rate, "tasks/s", minimal, rate / minimal, settings + ", floor: minimal loop"});
  }
  return out;
}

std::vector<Result> submit_rate(int threads) {
  const Scratch scratch;
  Runner runner{{.database = scratch.url("a.db")}};
  const auto workflow = chain(1);
  runner.add(workflow);
  runner.start();
  const int each = threads == 1 ? 2'000 : 1'500;
  const Stopwatch watch;
  {
    std::vector<std::jthread> all;
    const Timestamp later = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + std::chrono::hours{1};
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&] {
        for (int i = 0; i < each; ++i) runner.submit(workflow.name(), Json::object(), {.start_at = later});
      });
    }
  }
  const double rate = each * threads / watch.seconds();
  const double floor = floor_own_submit(scratch.file("b.db"), threads, each * threads);
  return {{"submit_" + std::to_string(threads) + "_threads", "sqlite", rate, "executions/s", floor, rate / floor,
           "durable, floor: own statements, " + std::to_string(threads) + " a commit"}};
}

std::vector<Result> latency() {
  const Scratch scratch;
  Runner runner{{.database = scratch.url("a.db")}};
  const auto workflow = chain(1);
  runner.add(workflow);
  runner.start();
  std::vector<double> ms;
  std::vector<double> commit;
  for (int i = 0; i < 1'000; ++i) {
    const Stopwatch watch;
    (void)runner.run(workflow.name());
    ms.push_back(watch.seconds() * 1e3);
    // The floor is taken in between, so that both see the same disk.
    if (i % 50 == 0) {
      const auto some = floor_commit_ms(scratch.file("b.db"), 50);
      commit.insert(commit.end(), some.begin(), some.end());
    }
  }
  std::vector<Result> out;
  for (const double p : {0.5, 0.99}) {
    const double floor = percentile(commit, 0.5);
    const double value = percentile(ms, p);
    out.push_back({p == 0.5 ? "latency_idle_p50" : "latency_idle_p99", "sqlite", value, "ms", floor, value / floor,
                   "submit to result, 1 task, floor: p50 of one durable commit"});
  }
  return out;
}

std::vector<Result> fan_out() {
  const Scratch scratch;
  WorkflowBuilder flow("fan");
  auto root = flow.task("root", [] {});
  auto join = flow.task("join", [] {});
  for (int i = 0; i < 10'000; ++i) {
    auto leaf = flow.task("w" + std::to_string(i), [] {}).after(root);
    join.after(leaf);
  }
  const auto workflow = flow.build();
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(workflow);
  runner.start();
  const Stopwatch watch;
  (void)runner.run("fan");
  const double seconds = watch.seconds();
  const double floor = floor_own_statements(scratch.file("b.db"), 500, 10'000, 1, true);
  return {{"fan_out_10000", "sqlite", 10'002 / seconds, "tasks/s", floor, 10'002 / seconds / floor,
           "one execution, out and in, floor: own statements of 1-task executions"}};
}

std::vector<Result> big_context() {
  const Scratch scratch;
  WorkflowBuilder flow("big");
  auto last = flow.task("t0", [](TaskContext& t) { t.context().set("blob", std::string(1 << 20, 'x')); });
  for (int i = 1; i < 100; ++i) {
    auto next = flow.task("t" + std::to_string(i), [i](TaskContext& t) { t.context().set("n", i); }).after(last);
    last = next;
  }
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(flow.build());
  runner.start();
  std::vector<double> ms;
  for (int i = 0; i < 5; ++i) {
    const Stopwatch watch;
    (void)runner.run("big");
    ms.push_back(watch.seconds() * 1e3);
  }
  const double value = percentile(ms, 0.5);
  const double floor = 100 * percentile(floor_commit_ms(scratch.file("b.db"), 300), 0.5);
  return {{"context_1mib_chain_100", "sqlite", value, "ms", floor, value / floor, "floor: 100 durable commits"}};
}

void insert_history(const std::string& file, int executions) {
  sqlite3* db = nullptr;
  sqlite3_open(file.c_str(), &db);
  const std::string sql =
      "PRAGMA synchronous = OFF; BEGIN;"
      "INSERT INTO cloacina_execution (id, workflow, definition, status, priority, submitted_at, due_at, started_at, finished_at, "
      "open_leaves, input) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(executions) +
      ") SELECT CAST(printf('%016d', i) AS BLOB), 1, 1, 3, 0, i, i, i, i, 0, '{}' FROM n;"
      "INSERT INTO cloacina_task (id, state, definition, rank, due_at, fence, number, runner, started_at, finished_at) "
      "SELECT key << 16 | p.p, 5, 1, 0, key, 1, 1, 1, key, key FROM cloacina_execution, (SELECT 0 AS p UNION ALL SELECT 1 UNION "
      "ALL "
      "SELECT 2) p;"
      "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";
  char* error = nullptr;
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) std::fprintf(stderr, "history: %s\n", error);
  sqlite3_close(db);
}

std::vector<Result> history() {
  const Scratch scratch;
  const auto workflow = chain(3);
  constexpr int executions = 20'000;
  const auto empty = drain(scratch.url("a.db"), workflow, executions, Durability::Full).first;
  { Runner{{.database = scratch.url("b.db")}}.add(workflow); }
  insert_history(scratch.file("b.db"), 1'000'000);
  const auto full = drain(scratch.url("b.db"), workflow, executions, Durability::Full).first;
  return {{"throughput_3task_with_1000000_finished", "sqlite", full, "tasks/s", empty, full / empty,
           "floor: the same in an empty file"}};
}

std::vector<Result> memory() {
  const Scratch scratch;
  const auto workflow = chain(3);
  const double before = resident_mib(::getpid());
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(workflow);
  runner.start();
  (void)runner.run(workflow.name());
  const double idle = resident_mib(::getpid());
  for (int i = 0; i < 50; ++i) {
    std::vector<Submission> some;
    for (int k = 0; k < 1'000; ++k) some.push_back({workflow.name()});
    runner.submit_many(std::move(some));
  }
  const double load = resident_mib(::getpid());
  return {{"memory_idle", "sqlite", idle, "MiB", before, idle / before, "floor: the process before the runner"},
          {"memory_load_50000_executions", "sqlite", load, "MiB", idle, load / idle, "floor: idle"}};
}

}  // namespace

std::vector<Benchmark> engine_benchmarks() {
  return {
      {"throughput_1task", [] { return throughput(1, true); }},
      {"throughput_3task", [] { return throughput(3, true); }},
      {"throughput_3task_normal", [] { return throughput(3, false); }},
      {"submit_1_threads", [] { return submit_rate(1); }},
      {"submit_8_threads", [] { return submit_rate(8); }},
      {"latency_idle", latency},
      {"fan_out", fan_out},
      {"context", big_context},
      {"history", history},
      {"memory", memory},
  };
}

}  // namespace cloacina::bench
