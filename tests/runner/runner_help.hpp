#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "cloacina/cloacina.hpp"
#include "os/temp_dir.hpp"
#include "postgres/fresh_schema.hpp"

namespace cloacina::runner::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// How long a test waits for what should happen at once, on a machine that is busy. Nothing but "it does not hang" depends on it.
constexpr std::chrono::milliseconds patience = 60s;

/// A sanitizer makes everything several times slower: sizes are divided by this.
#ifdef CLOACINA_SANITIZED
constexpr int size_divisor = 5;
#else
constexpr int size_divisor = 1;
#endif

/// A gate in the way of tasks. Shared, since a task that was left behind may outlive its test.
class Gate {
 public:
  /// Stands before the gate until it is open, whatever happens.
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  /// As `pass`, or until `stop` is requested; whether the gate was open.
  bool pass(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    return changed_.wait(lock, std::move(stop), [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Waits until so many have come to the gate.
  [[nodiscard]] bool reached(int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return arrived_ >= count; });
  }
  [[nodiscard]] int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int arrived_ = 0;
  bool open_ = false;
};

/// What happened, in order; for several threads.
template <class T>
class Journal {
 public:
  void add(T entry) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(entry));
    changed_.notify_all();
  }
  /// All entries, once there are `count` or patience has ended.
  [[nodiscard]] std::vector<T> at_least(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return entries_.size() >= count; });
    return entries_;
  }
  [[nodiscard]] std::vector<T> all() { return at_least(0); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> entries_;
};

/// Waits for what no signal tells.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

/// The threads of this process. ThreadSanitizer starts one of its own with the first that is started: it is there from the first
/// count.
inline int thread_count() {
  static const bool first = [] {
    std::thread([] {}).join();
    return true;
  }();
  (void)first;
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

/// Runs `work(i)` in `count` threads at once.
template <class Work>
void in_threads(int count, const Work& work) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
}

/// A workflow of one task, `only`, that is not retried.
inline Workflow single(
    const std::string& name, TaskFunction run = [](TaskContext&) {}) {
  WorkflowBuilder flow(name);
  flow.task("only", std::move(run)).retry(RetryPolicy::none());
  return flow.build();
}

/// Tasks t0, t1, … that do nothing, each after the one before.
inline Workflow chain(const std::string& name, int length) {
  WorkflowBuilder flow(name);
  for (int i = 0; i < length; ++i) {
    auto task = flow.task("t" + std::to_string(i), [] {});
    if (i > 0) task.after("t" + std::to_string(i - 1));
  }
  return flow.build();
}

/// The code of the Error that `call` throws; `fallback` when it throws none.
template <class Call>
[[nodiscard]] std::string error_of(const Call& call, ErrorCode code) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(to_string(e.code()), to_string(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// A folder with a database, and gates that are open before anything else ends, so that a test that fails does not hang.
class RunnerTest : public testing::Test {
 protected:
  ~RunnerTest() override {
    for (const auto& gate : gates_) gate->open();
  }

  /// A database of this test's own; of the backend that the environment names.
  [[nodiscard]] std::string url(const std::string& file = "runner.db") const {
    if (!on_postgres()) return "sqlite:" + (folder_.path() / file).string();
    const std::lock_guard lock(schemas_mutex_);
    auto& schema = schemas_[file];
    if (!schema) schema = std::make_unique<cloacina::test::FreshSchema>();
    return schema->url();
  }
  [[nodiscard]] static bool on_postgres() {
    const char* backend = std::getenv("CLOACINA_TEST_BACKEND");
    return backend != nullptr && std::string_view(backend) == "postgres";
  }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  /// Small and impatient; commits that need not survive a power failure, so that the disk is not what is tested.
  [[nodiscard]] RunnerOptions options(const std::string& file = "runner.db") const {
    RunnerOptions o;
    o.database = url(file);
    o.workers = 4;
    o.durability = Durability::Normal;
    o.seed = 1;
    return o;
  }
  [[nodiscard]] std::unique_ptr<Runner> runner() const { return std::make_unique<Runner>(options()); }
  [[nodiscard]] std::unique_ptr<Runner> runner(const RunnerOptions& o) const { return std::make_unique<Runner>(o); }
  /// A runner that knows `flows` and runs.
  [[nodiscard]] std::unique_ptr<Runner> started(const std::vector<Workflow>& flows) const { return started(flows, options()); }
  [[nodiscard]] std::unique_ptr<Runner> started(const std::vector<Workflow>& flows, const RunnerOptions& o) const {
    auto made = runner(o);
    for (const auto& flow : flows) made->add(flow);
    made->start();
    return made;
  }
  [[nodiscard]] std::shared_ptr<Gate> gate() {
    gates_.push_back(std::make_shared<Gate>());
    return gates_.back();
  }
  /// One task that stands before `gate` and heeds its stop token.
  [[nodiscard]] static Workflow gated(const std::string& name, std::shared_ptr<Gate> gate) {
    return single(name, [gate](TaskContext& t) { gate->pass(t.stop_token()); });
  }
  /// One task that stands before `gate` and ignores its stop token.
  [[nodiscard]] static Workflow deaf(const std::string& name, std::shared_ptr<Gate> gate) {
    return single(name, [gate](TaskContext&) { gate->pass(); });
  }
  /// Opens the gates and waits until the threads that were left behind have ended, so that the next test starts alone.
  void let_go(int threads_before) {
    for (const auto& gate : gates_) gate->open();
    EXPECT_TRUE(eventually([&] { return thread_count() <= threads_before; })) << "threads that do not end";
  }

 private:
  os::test::TempDir folder_;
  mutable std::mutex schemas_mutex_;
  mutable std::map<std::string, std::unique_ptr<cloacina::test::FreshSchema>> schemas_;
  std::vector<std::shared_ptr<Gate>> gates_;
};

}  // namespace cloacina::runner::test
