// How late schedules fire: many at one instant, few among many, and beside one that catches up.
#include <unistd.h>

#include <atomic>
#include <cloacina/cloacina.hpp>
#include <fstream>
#include <mutex>
#include <thread>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

using namespace std::chrono_literals;

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// Fires once, at `slot`.
std::string at_second(Timestamp slot) {
  const auto text = format_seconds(slot);  // 2026-03-29T01:02:03Z
  const auto number = [&](int from) { return std::to_string(std::stoi(text.substr(static_cast<std::size_t>(from), 2))); };
  return number(17) + " " + number(14) + " " + number(11) + " " + number(8) + " " + number(5) + " * " + text.substr(0, 4);
}

/// Milliseconds from slot to the first attempt's code, by schedule.
class Lateness {
 public:
  Workflow workflow() {
    WorkflowBuilder flow("probe");
    flow.task("only", [this](TaskContext& t) {
      const auto slot = parse_timestamp(t.context().get<std::string>("scheduled_time"));
      const double ms = std::chrono::duration<double, std::milli>(utc_now() - slot).count();
      const std::lock_guard lock(mutex_);
      values_.push_back(ms);
    });
    return flow.build();
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }
  [[nodiscard]] std::vector<double> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(values_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<double> values_;
};

void put_at(Runner& runner, int count, const std::string& cron, const std::string& prefix) {
  std::vector<Schedule> some;
  for (int i = 0; i < count; ++i) {
    Schedule s;
    s.name = prefix + std::to_string(i);
    s.workflow = "probe";
    s.cron = cron;
    some.push_back(std::move(s));
    if (some.size() == 5'000 || i + 1 == count) {
      runner.schedules().put_many(some);
      some.clear();
    }
  }
}

/// `due` of `stored` schedules fire at one instant.
std::vector<Result> due_at_once(StoreKind kind, const std::string& name, int stored, int due) {
  Scratch scratch(kind);
  Lateness lateness;
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(lateness.workflow());
  put_at(runner, stored - due, "0 0 1 1 *", "far");
  const auto slot = std::chrono::ceil<std::chrono::seconds>(utc_now() + std::chrono::milliseconds{1'500 + due / 10});
  put_at(runner, due, at_second(slot), "near");
  runner.start();
  while (static_cast<int>(lateness.count()) < due && utc_now() < slot + 60s) std::this_thread::sleep_for(1ms);
  const auto values = lateness.take();
  const std::string settings = std::to_string(values.size()) + " of " + std::to_string(stored) +
                               " schedules due at one instant, 2 workers, floor: own statements";
  std::vector<Result> out;
  for (const auto& [suffix, p] : {std::pair{"_p50", 0.5}, std::pair{"_last", 1.0}}) {
    const double value = percentile(values, p);
    const double floor = floor_own_firings_ms(*scratch.session("floor" + std::string(suffix)), static_cast<int>(due * p), 256);
    out.push_back({name + suffix, to_string(kind), value, "ms", floor, value / floor, settings});
  }
  return out;
}

/// Context switches of all threads but this one: how often somebody woke.
double wakeups() {
  double sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::getpid())) continue;
    std::ifstream in(task.path() / "status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("voluntary_ctxt_switches")) sum += std::stod(line.substr(line.find(':') + 1));
    }
  }
  return sum;
}

std::vector<Result> idle_with_many() {
  Scratch scratch;
  Lateness lateness;
  {
    Runner client{{.database = scratch.url("a.db")}};
    client.add(lateness.workflow());
    put_at(client, 100'000, "0 0 1 1 *", "far");
  }
  const double before_mib = resident_mib(::getpid());
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(lateness.workflow());
  runner.start();
  std::this_thread::sleep_for(2s);
  const double before = wakeups();
  std::this_thread::sleep_for(5s);
  return {{"schedules_idle_wakeups", "sqlite", wakeups() - before, "in 5 s", 0, 0, "100,000 stored schedules"},
          {"schedules_idle_memory", "sqlite", resident_mib(::getpid()), "MiB", before_mib, 0,
           "100,000 stored schedules, the whole process; floor: before the runner"}};
}

/// A day of missed seconds is caught up; ten others fire every second meanwhile.
std::vector<Result> catch_up() {
  Scratch scratch;
  Lateness lateness;
  std::atomic<std::int64_t> caught{0};
  Runner runner{{.database = scratch.url("a.db"), .workers = 2}};
  runner.add(lateness.workflow());
  WorkflowBuilder flow("caught");
  flow.task("only", [&] { ++caught; });
  runner.add(flow.build());
  constexpr std::int64_t slots = 86'400;
  Schedule s;
  s.name = "behind";
  s.workflow = "caught";
  s.cron = "* * * * * *";
  s.start_at = std::chrono::floor<std::chrono::seconds>(utc_now()) - std::chrono::seconds{slots};
  s.end_at = std::chrono::floor<std::chrono::seconds>(utc_now());
  s.catchup = Catchup::All;
  runner.schedules().put(s);
  put_at(runner, 10, "* * * * * *", "live");
  const Stopwatch watch;
  runner.start();
  while (caught < slots && watch.seconds() < 120) std::this_thread::sleep_for(1ms);
  const double rate = static_cast<double>(caught) / watch.seconds();
  const auto values = lateness.take();
  const double floor = floor_own_statements(*scratch.session("b.db"), 100, 20'000, 1);
  const std::string settings = "86,400 missed slots, catchup all, 2 workers";
  std::vector<Result> out{{"catchup_slots", "sqlite", rate, "slots/s", floor, rate / floor, settings + ", floor: own statements"}};
  for (const auto& [suffix, p] : {std::pair{"_p50", 0.5}, std::pair{"_max", 1.0}}) {
    out.push_back({std::string("catchup_lateness_of_others") + suffix, "sqlite", values.empty() ? -1 : percentile(values, p), "ms",
                   0, 0, std::to_string(values.size()) + " firings of ten other schedules meanwhile"});
  }
  return out;
}

}  // namespace

std::vector<Benchmark> schedule_benchmarks() {
  std::vector<Benchmark> all;
  for (const auto kind : kinds()) {
    all.push_back({"schedules_1000", [kind] { return due_at_once(kind, "schedules_1000_due", 1'000, 1'000); }});
    all.push_back({"schedules_100k", [kind] { return due_at_once(kind, "schedules_10k_of_100k_due", 100'000, 10'000); }});
  }
  all.push_back({"schedules_idle", idle_with_many});
  all.push_back({"catchup", catch_up});
  return all;
}

}  // namespace cloacina::bench
