#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cloacina/cloacina.hpp>
#include <fstream>
#include <iostream>
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

std::vector<Result> throughput(StoreKind kind, int tasks, bool full) {
  Scratch scratch(kind);
  const int executions = (kind == StoreKind::Sqlite ? 60'000 : 30'000) / tasks;
  const auto [rate, batch] = drain(scratch.url("a.db"), chain(tasks), executions, full ? Durability::Full : Durability::Normal);
  const int size = std::max(1, static_cast<int>(batch));
  const double own = floor_own_statements(*scratch.session("b.db", full), size, executions, tasks);
  std::vector<Result> out;
  const std::string name = "throughput_" + std::to_string(tasks) + "task" + (full ? "" : "_normal");
  const std::string settings =
      "2 workers, batch " + std::to_string(size) + (full ? ", durable" : ", durable but for a power failure");
  out.push_back({name, to_string(kind), rate, "tasks/s", own, rate / own, settings + ", floor: own statements"});
  if (tasks == 3 && full) {
    const double minimal = kind == StoreKind::Sqlite ? floor_minimal_sqlite(scratch.file("c.db"), size, executions)
                                                     : floor_minimal_postgres(scratch.url("c.db"), size, executions);
    out.push_back({name, to_string(kind), rate, "tasks/s", minimal, rate / minimal, settings + ", floor: minimal loop"});
  }
  return out;
}

/// With the server a network away. The runner claims as much at once as it likes, so that what is far costs little.
std::vector<Result> far_away() {
  std::vector<Result> out;
  for (const int ms : {1, 5, 20}) {
    Scratch scratch(std::chrono::milliseconds{ms});
    const int executions = 8'000;
    const auto [rate, batch] = drain(scratch.url("a.db"), chain(3), executions, Durability::Full);
    const int size = std::max(1, static_cast<int>(batch));
    const double own = floor_own_statements(*scratch.session("b.db"), size, executions, 3);
    out.push_back({"throughput_3task_" + std::to_string(ms) + "ms_away", "postgres", rate, "tasks/s", own, rate / own,
                   "2 workers, batch " + std::to_string(size) + ", durable, floor: own statements as far away"});
  }
  return out;
}

/// Several lanes of one runner.
std::vector<Result> lanes_on_one_server() {
  std::vector<Result> out;
  double alone = 0;
  for (const int count : {1, 2, 4}) {
    Scratch scratch(StoreKind::Postgres);
    const auto workflow = chain(3);
    constexpr int executions = 10'000;
    submit_waiting(scratch.url("a.db"), workflow, executions);
    Runner runner{{.database = scratch.url("a.db"), .workers = 4, .lanes = count}};
    runner.add(workflow);
    const Stopwatch watch;
    runner.start();
    wait_tasks(runner, 3 * executions);
    const double rate = 3 * executions / watch.seconds();
    if (count == 1) alone = rate;
    out.push_back({"throughput_3task_" + std::to_string(count) + "_lanes", "postgres", rate, "tasks/s", alone, rate / alone,
                   "4 workers, durable, floor: one lane"});
  }
  return out;
}

/// Programs of their own, each with a runner, that share what waits.
class RunnerProcesses {
 public:
  RunnerProcesses(const std::string& url, int count) {
    const std::string command =
        std::filesystem::read_symlink("/proc/self/exe").string() + " " + std::string(runner_command) + " '" + url + "'";
    for (int i = 0; i < count; ++i) {
      pipes_.emplace_back(::popen(command.c_str(), "w"));
      if (!pipes_.back()) throw std::system_error(errno, std::generic_category(), "popen");
    }
    std::this_thread::sleep_for(500ms);  // they are at their first line
  }
  /// They run from now on, until this goes away.
  void start() {
    for (const auto& pipe : pipes_) {
      std::fputs("start\n", pipe.get());
      std::fflush(pipe.get());
    }
  }

 private:
  struct Close {
    void operator()(std::FILE* pipe) const { ::pclose(pipe); }
  };
  std::vector<std::unique_ptr<std::FILE, Close>> pipes_;
};

std::vector<Result> processes_on_one_server() {
  std::vector<Result> out;
  double alone = 0;
  for (const int count : {1, 2, 4}) {
    Scratch scratch(StoreKind::Postgres);
    constexpr int executions = 10'000;
    submit_waiting(scratch.url("a.db"), chain(3), executions);
    const Runner client{{.database = scratch.url("a.db")}};
    const auto all_ended = [&] {
      for (const auto status : {ExecutionStatus::Pending, ExecutionStatus::Running}) {
        if (!client.list({.status = status, .limit = 1}).executions.empty()) return false;
      }
      return true;
    };
    RunnerProcesses processes(scratch.url("a.db"), count);
    const Stopwatch watch;
    processes.start();
    while (!all_ended()) std::this_thread::sleep_for(5ms);
    const double rate = 3 * executions / watch.seconds();
    if (count == 1) alone = rate;
    out.push_back({"throughput_3task_" + std::to_string(count) + "_processes", "postgres", rate, "tasks/s", alone, rate / alone,
                   "durable, from their start on, floor: one process"});
  }
  return out;
}

/// Several runners, each with a loop and a connection, in this process: what they have in common is the server.
std::vector<Result> runners_on_one_server() {
  std::vector<Result> out;
  double alone = 0;
  for (const int count : {1, 2, 4}) {
    Scratch scratch(StoreKind::Postgres);
    const auto workflow = chain(3);
    constexpr int executions = 10'000;
    submit_waiting(scratch.url("a.db"), workflow, executions);
    std::vector<std::unique_ptr<Runner>> runners;
    for (int i = 0; i < count; ++i) {
      runners.push_back(std::make_unique<Runner>(RunnerOptions{.database = scratch.url("a.db"), .workers = 2}));
      runners.back()->add(workflow);
    }
    const Stopwatch watch;
    for (auto& r : runners) r->start();
    const auto done = [&] {
      std::int64_t sum = 0;
      for (const auto& r : runners) sum += r->stats().tasks;
      return sum;
    };
    while (done() < 3 * executions) std::this_thread::sleep_for(1ms);
    const double rate = 3 * executions / watch.seconds();
    if (count == 1) alone = rate;
    out.push_back({"throughput_3task_" + std::to_string(count) + "_runners", "postgres", rate, "tasks/s", alone, rate / alone,
                   "durable, floor: one runner"});
  }
  return out;
}

std::vector<Result> submit_rate(StoreKind kind, int threads) {
  Scratch scratch(kind);
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
  const double floor = floor_own_submit(*scratch.session("b.db"), threads, each * threads);
  return {{"submit_" + std::to_string(threads) + "_threads", to_string(kind), rate, "executions/s", floor, rate / floor,
           "durable, floor: own statements, " + std::to_string(threads) + " a commit"}};
}

std::vector<Result> latency(StoreKind kind) {
  Scratch scratch(kind);
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
      const auto some = kind == StoreKind::Sqlite ? floor_commit_ms_sqlite(scratch.file("b.db"), 50)
                                                  : floor_commit_ms_postgres(scratch.url("b.db"), 50);
      commit.insert(commit.end(), some.begin(), some.end());
    }
  }
  double floor = percentile(commit, 0.5);
  if (kind == StoreKind::Postgres) floor += percentile(floor_round_trip_ms(scratch.url("b.db"), 200), 0.5);
  std::vector<Result> out;
  for (const double p : {0.5, 0.99}) {
    const double value = percentile(ms, p);
    out.push_back({p == 0.5 ? "latency_idle_p50" : "latency_idle_p99", to_string(kind), value, "ms", floor, value / floor,
                   std::string("submit to result, 1 task, floor: p50 of one durable commit") +
                       (kind == StoreKind::Postgres ? " and one round trip" : "")});
  }
  return out;
}

/// As seen by a client that submits beside the runner, over connections of its own.
std::vector<Result> latency_from_elsewhere(StoreKind kind) {
  Scratch scratch(kind);
  const auto workflow = chain(1);
  Runner runner{{.database = scratch.url("a.db")}};
  runner.add(workflow);
  runner.start();
  Runner client{{.database = scratch.url("a.db")}};
  (void)client.run(workflow.name());
  std::vector<double> ms;
  for (int i = 0; i < 300; ++i) {
    const Stopwatch watch;
    (void)client.run(workflow.name());
    ms.push_back(watch.seconds() * 1e3);
  }
  std::vector<Result> out;
  for (const double p : {0.5, 0.99}) {
    out.push_back({p == 0.5 ? "latency_elsewhere_p50" : "latency_elsewhere_p99", to_string(kind), percentile(ms, p), "ms", 0, 0,
                   "submit to result, 1 task, by a client that is no runner"});
  }
  return out;
}

std::vector<Result> fan_out() {
  Scratch scratch;
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
  const double floor = floor_own_statements(*scratch.session("b.db"), 500, 10'000, 1);
  return {{"fan_out_10000", "sqlite", 10'002 / seconds, "tasks/s", floor, 10'002 / seconds / floor,
           "one execution, out and in, floor: own statements of 1-task executions"}};
}

std::vector<Result> big_context() {
  Scratch scratch;
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
  const double floor = 100 * percentile(floor_commit_ms_sqlite(scratch.file("b.db"), 300), 0.5);
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

std::vector<Result> history(StoreKind kind) {
  Scratch scratch(kind);
  const auto workflow = chain(3);
  const int executions = kind == StoreKind::Sqlite ? 20'000 : 10'000;
  const auto empty = drain(scratch.url("a.db"), workflow, executions, Durability::Full).first;
  { Runner{{.database = scratch.url("b.db")}}.add(workflow); }
  if (kind == StoreKind::Sqlite) {
    insert_history(scratch.file("b.db"), 1'000'000);
  } else {
    insert_history_on_server(scratch.url("b.db"), 1'000'000);
  }
  const auto full = drain(scratch.url("b.db"), workflow, executions, Durability::Full).first;
  return {{"throughput_3task_with_1000000_finished", to_string(kind), full, "tasks/s", empty, full / empty,
           "floor: the same in an empty database"}};
}

/// Statements and round trips of an idle runner, as the server counts them.
std::vector<Result> idle_on_server() {
  Scratch scratch(StoreKind::Postgres);
  const auto in_ten_seconds = [&] {
    const auto before = transactions_on_server(scratch.url("a.db"));
    std::this_thread::sleep_for(10s);
    return transactions_on_server(scratch.url("a.db")) - before;
  };
  Runner runner{{.database = scratch.url("a.db")}};
  runner.add(chain(1));
  std::this_thread::sleep_for(2s);
  // The server does some by itself, and so does the count.
  const auto without = in_ten_seconds();
  runner.start();
  (void)runner.run("chain1");
  std::this_thread::sleep_for(2s);
  const auto with = in_ten_seconds();
  return {{"idle_transactions", "postgres", (with - without) / 10, "per s", without / 10, 0,
           "one runner, each of one statement; floor: the server without it, which is taken off"}};
}

std::vector<Result> memory() {
  Scratch scratch;
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

int run_for_bench(const std::string& url) {
  Runner runner{{.database = url, .workers = 2}};
  runner.add(chain(3));
  std::string line;
  if (!std::getline(std::cin, line)) return 0;
  runner.start();
  while (std::getline(std::cin, line)) {
  }
  runner.stop(1s);
  return 0;
}

std::vector<Benchmark> engine_benchmarks() {
  std::vector<Benchmark> all;
  for (const auto kind : kinds()) {
    all.push_back({"throughput_1task", [kind] { return throughput(kind, 1, true); }});
    all.push_back({"throughput_3task", [kind] { return throughput(kind, 3, true); }});
    all.push_back({"throughput_3task_normal", [kind] { return throughput(kind, 3, false); }});
    all.push_back({"submit_1_threads", [kind] { return submit_rate(kind, 1); }});
    all.push_back({"submit_8_threads", [kind] { return submit_rate(kind, 8); }});
    all.push_back({"latency_idle", [kind] { return latency(kind); }});
    all.push_back({"latency_elsewhere", [kind] { return latency_from_elsewhere(kind); }});
    all.push_back({"history", [kind] { return history(kind); }});
    if (kind == StoreKind::Postgres) {
      all.push_back({"runners", runners_on_one_server});
      all.push_back({"processes", processes_on_one_server});
      all.push_back({"lanes", lanes_on_one_server});
      all.push_back({"away", far_away});
      all.push_back({"idle_on_server", idle_on_server});
    }
  }
  all.push_back({"fan_out", fan_out});
  all.push_back({"context", big_context});
  all.push_back({"memory", memory});
  return all;
}

}  // namespace cloacina::bench
