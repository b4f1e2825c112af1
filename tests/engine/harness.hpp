#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cloacina/cloacina.hpp"
#include "conformance/backend.hpp"
#include "engine/engine.hpp"
#include "os/temp_dir.hpp"
#include "runner/schedules.hpp"
#include "store/store.hpp"

namespace cloacina::engine::test {

using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// What the decorated store is to do, and what it has seen. Shared by all stores of a harness.
struct Watch {
  int commits = 0;
  int context_calls = 0;          ///< calls of Store::contexts
  std::size_t contexts_read = 0;  ///< tasks asked for
  int definitions_read = 0;
  int schedule_reads = 0;   ///< calls of Store::due_schedules
  int failing_commits = 0;  ///< so many of the next commits fail
  int lost_answers = 0;     ///< so many of the next commits are applied, and then seem to have failed
  int failing_contexts = 0;
  int failing_definitions = 0;
  bool failing_describe = false;
  bool odd_exception = false;                        ///< the failure is no cloacina::Error
  std::optional<std::chrono::milliseconds> lease{};  ///< as if the runners of engines made from now on lived by one
  bool others_wrote = false;                         ///< the next commit says that others wrote before it
  std::vector<store::Batch> batches;                 ///< those that were applied
};

/// A store that fails on demand, and counts.
class WatchedStore final : public store::Store {
 public:
  WatchedStore(std::unique_ptr<store::Store> inner, Watch& watch) : inner_(std::move(inner)), watch_(watch) {}

  store::BatchResult commit(const store::Batch& batch) override {
    if (watch_.failing_commits > 0) {
      --watch_.failing_commits;
      if (watch_.odd_exception) throw std::runtime_error("something odd");
      throw Error(ErrorCode::Unavailable, "the disk is away");
    }
    ++watch_.commits;
    watch_.batches.push_back(batch);
    auto result = inner_->commit(batch);
    if (watch_.lost_answers > 0) {
      --watch_.lost_answers;
      throw Error(ErrorCode::Unavailable, "the connection is gone");
    }
    if (std::exchange(watch_.others_wrote, false)) result.changed_by_others = true;
    return result;
  }
  store::DefinitionKey put_definition(const store::Definition& d, Timestamp now) override { return inner_->put_definition(d, now); }
  store::RunnerKey open_runner(const store::RunnerRecord& r) override { return inner_->open_runner(r); }
  void tell_others() override { inner_->tell_others(); }
  [[nodiscard]] std::int64_t writer() const override { return inner_->writer(); }
  void describe_runner(store::RunnerKey r, std::span<const store::DefinitionKey> knows, int written_off) override {
    if (watch_.failing_describe) throw Error(ErrorCode::Unavailable, "the disk is away");
    inner_->describe_runner(r, knows, written_off);
  }
  void close_runner(store::RunnerKey r, Timestamp now) override { inner_->close_runner(r, now); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> lease() const override {
    return watch_.lease ? watch_.lease : inner_->lease();
  }
  bool somebody_died() override { return inner_->somebody_died(); }
  bool has_company() override { return inner_->has_company(); }
  bool changed_by_others() override { return inner_->changed_by_others(); }
  std::vector<store::ContextRows> contexts(std::span<const store::TaskKey> tasks) override {
    if (watch_.failing_contexts > 0) {
      --watch_.failing_contexts;
      throw Error(ErrorCode::Unavailable, "the disk is away");
    }
    ++watch_.context_calls;
    watch_.contexts_read += tasks.size();
    return inner_->contexts(tasks);
  }
  store::StoredDefinition definition(store::DefinitionKey key) override {
    if (watch_.failing_definitions > 0) {
      --watch_.failing_definitions;
      throw Error(ErrorCode::Unavailable, "the disk is away");
    }
    ++watch_.definitions_read;
    return inner_->definition(key);
  }
  store::DueSchedules due_schedules(Timestamp now, int limit) override {
    ++watch_.schedule_reads;
    return inner_->due_schedules(now, limit);
  }
  std::vector<store::ScheduleRow> reboot_schedules(std::span<const std::string> w) override { return inner_->reboot_schedules(w); }
  std::vector<store::ScheduleRow> schedules_of_other_zones(const std::string& zones, store::ScheduleKey after, int limit) override {
    return inner_->schedules_of_other_zones(zones, after, limit);
  }
  std::optional<store::ScheduleRow> find_schedule(const std::string& name) override { return inner_->find_schedule(name); }
  bool write_schedules(std::span<const store::ScheduleWrite> writes, Timestamp now) override {
    return inner_->write_schedules(writes, now);
  }
  store::BackfillKey open_backfill(store::ScheduleKey s, Timestamp from, Timestamp to, int concurrency, Timestamp now) override {
    return inner_->open_backfill(s, from, to, concurrency, now);
  }
  std::vector<ExecutionId> open_executions(store::BackfillKey b, int limit) override { return inner_->open_executions(b, limit); }
  store::Pruned prune(const store::PruneScan& scan) override { return inner_->prune(scan); }
  store::Pruned prune_firings(const store::PruneScan& scan) override { return inner_->prune_firings(scan); }
  std::optional<store::ExecutionKey> newest_ended(std::int64_t skip) override { return inner_->newest_ended(skip); }

 private:
  std::unique_ptr<store::Store> inner_;
  Watch& watch_;
};

/// One engine with its own store, as a process would have it: destroying it is a crash.
struct Process {
  Process(store::Database& database, Watch& watch, EngineOptions options, Timestamp now, const std::string& name);

  std::unique_ptr<store::Store> store;
  store::RunnerKey key;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>(1'000'000);
  std::unique_ptr<Engine> engine;
};

using Items = std::vector<std::shared_ptr<WorkItem>>;

/// A fresh database and engines on it, a clock moved by hand, tasks run by hand in this thread.
class EngineTest : public testing::TestWithParam<const char*> {
 public:
  explicit EngineTest(const std::string& backend = GetParam());
  ~EngineTest() override;

 protected:
  /// Whatever a test did, the database holds no contradiction at its end.
  void TearDown() override { expect_sound(); }
  /// Everything that a doctor finds contradictory is a failure of the test.
  void expect_sound();

  /// Options of the engines made from now on.
  EngineOptions options{};
  Watch watch;
  Now now{Timestamp{} + std::chrono::hours{24 * 365 * 55}, Steady{} + 1000h};

  Process& process() { return process_ ? *process_ : boot(); }
  Engine& engine() { return *process().engine; }
  Inbox& inbox() { return *process().inbox; }
  /// A new process beside others, or in place of the one that was there.
  Process& boot();
  [[nodiscard]] std::unique_ptr<Process> another();
  /// The process dies with all that it holds.
  void crash() { process_.reset(); }

  /// Stores the workflow and registers it with the process.
  void add(const Workflow& workflow);
  void add_to(Process& process, const Workflow& workflow);
  /// Only stores it.
  store::DefinitionKey put(const Workflow& workflow);

  /// Leaves a submission in the inbox; the answer comes with a step.
  Reply<std::vector<store::SubmitResult>> send(const std::string& workflow, Json input = Json::object(), SubmitOptions how = {});
  /// Sends, and says which execution it will be.
  ExecutionId submit(const std::string& workflow, Json input = Json::object(), SubmitOptions how = {});
  Reply<store::ControlResult> control(store::Control::Kind kind, const ExecutionId& id, std::string reason = {});

  Effects step() { return step(process()); }
  /// One turn; answers are given, callbacks kept in `callbacks`.
  Effects step(Process& process);
  void advance(std::chrono::microseconds by) {
    now.utc += by;
    now.steady += by;
  }

  /// Runs the tasks in this thread and leaves what came of them in the inbox.
  void perform_all(const Items& items) { perform_all(process(), items); }
  void perform_all(Process& process, const Items& items);
  /// As if the task ended so, without running it.
  void complete(const std::shared_ptr<WorkItem>& item);
  void fail(const std::shared_ptr<WorkItem>& item, const std::string& error = "no") { fail(process(), item, error); }
  void fail(Process& process, const std::shared_ptr<WorkItem>& item, const std::string& error = "no");
  /// Given back unstarted, as the workers do on a recall.
  void give_back(const std::shared_ptr<WorkItem>& item) { give_back(process(), item); }
  void give_back(Process& process, const std::shared_ptr<WorkItem>& item);
  /// User code of the task has begun, now.
  void begin(const std::shared_ptr<WorkItem>& item) { item->began.store(now.steady.time_since_epoch().count()); }
  void run_callbacks();
  /// Steps and performs until nothing is left to do at this time; returns the number of turns that committed.
  int settle();
  /// As settle, and moves the clock to whatever is due next until nothing is.
  void run_to_end();

  /// Connections of somebody who is no engine.
  [[nodiscard]] store::Store& client() { return *client_; }
  [[nodiscard]] store::Reader& reader() { return *reader_; }
  [[nodiscard]] const std::string& url() const { return fresh_.url; }
  /// The schedules of the database, by the clock moved by hand, as another process would change them: the engine hears of it.
  [[nodiscard]] Schedules schedules();
  [[nodiscard]] std::vector<Execution> executions(const std::string& workflow);
  [[nodiscard]] Execution get(const ExecutionId& id);
  [[nodiscard]] TaskState task(const ExecutionId& id, const std::string& name) { return get(id).task(name); }
  [[nodiscard]] TaskStatus status(const ExecutionId& id, const std::string& name) { return task(id, name).status; }
  [[nodiscard]] static std::vector<std::string> names(const Items& items);

  std::vector<store::FinishedExecution> finished;
  std::deque<std::function<void()>> callbacks;

 private:
  cloacina::test::FreshDatabase fresh_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Store> client_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<runner::Readers> readers_;
  std::unique_ptr<Process> process_;
  std::map<std::string, Workflow> known_;
  std::map<std::string, store::DefinitionKey> keys_;
  int processes_ = 0;
};

/// Instantiates a suite for every backend there is.
#define CLOACINA_ENGINE_SUITE(suite) CLOACINA_ENGINE_SUITE_ON(suite, "memory", "sqlite", "postgres")
/// For what is there for these backends only.
#define CLOACINA_ENGINE_SUITE_ON(suite, ...) \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, testing::Values(__VA_ARGS__), [](const auto& i) { return std::string(i.param); })

/// A workflow of tasks that do nothing, one after the other.
[[nodiscard]] Workflow chain(const std::string& name, int length);
/// One task.
[[nodiscard]] Workflow single(
    const std::string& name, TaskFunction run = [](TaskContext&) {}, RetryPolicy retry = {});

}  // namespace cloacina::engine::test
