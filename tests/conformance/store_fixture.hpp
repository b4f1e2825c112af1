#pragma once

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "cloacina/workflow.hpp"
#include "conformance/backend.hpp"
#include "store/store.hpp"

namespace cloacina::test {

using store::Applied;
using store::AttemptOutcome;
using store::Batch;
using store::BatchResult;
using store::ClaimedTask;
using store::Control;
using store::DefinitionKey;
using store::RunnerKey;

inline void nothing(TaskContext& /*task*/) {}

/// One task after the other.
[[nodiscard]] Workflow chain(const std::string& name, const std::vector<std::string>& tasks);

struct SubmitArguments {
  int priority = 0;
  std::optional<std::string> key{};
  std::optional<Timestamp> start_at{};
  Json input = Json::object();
};

/// A fresh database with one runner, and a clock that stands still until it is moved.
class StoreConformance : public ::testing::TestWithParam<Backend> {
 protected:
  StoreConformance();
  ~StoreConformance() override;

  void pass(std::chrono::microseconds time) { now_ += time; }
  /// Another connection that is another runner.
  struct Other {
    std::unique_ptr<store::Store> store;
    RunnerKey runner = 0;
  };
  [[nodiscard]] Other other_runner(const std::vector<DefinitionKey>& knows);

  /// Another runner claims one task of `definition` and dies; what the commit says that takes the task back.
  BatchResult crash(DefinitionKey definition);

  /// Stores a definition and lets the runner know it.
  DefinitionKey put(const Workflow& workflow, bool known = true);
  [[nodiscard]] store::NewExecution new_execution(DefinitionKey definition, const SubmitArguments& arguments = {});
  ExecutionId submit(DefinitionKey definition, const SubmitArguments& arguments = {});
  ExecutionId submit(const Workflow& workflow, const SubmitArguments& arguments = {}) { return submit(put(workflow), arguments); }

  /// A batch of this runner, now.
  [[nodiscard]] Batch batch() const;
  [[nodiscard]] store::ClaimRequest request(int limit) const;
  BatchResult commit(const Batch& batch) { return store_->commit(batch); }
  std::vector<ClaimedTask> claim(int limit = 1'000);
  /// Claims one task. *Requires* that there is one.
  ClaimedTask claim_one();
  /// Wakes what is due.
  BatchResult tick();

  [[nodiscard]] AttemptOutcome outcome(const ClaimedTask& task, AttemptOutcome::Kind kind) const;
  [[nodiscard]] AttemptOutcome completed(const ClaimedTask& task, const Json& set = Json::object()) const;
  [[nodiscard]] AttemptOutcome failed(const ClaimedTask& task, const std::string& error = "broken") const;
  Applied apply(const AttemptOutcome& outcome);
  Applied complete(const ClaimedTask& task, const Json& set = Json::object()) { return apply(completed(task, set)); }
  Applied fail(const ClaimedTask& task, const std::string& error = "broken") { return apply(failed(task, error)); }
  /// Claims and completes until nothing is ready; the names in the order in which they ran. Tasks in `failing` fail.
  std::vector<std::string> drain(const std::vector<std::string>& failing = {});

  store::ControlResult control(Control::Kind kind, const ExecutionId& id, const std::string& reason = {},
                               std::optional<std::string> from = {});

  [[nodiscard]] std::string name_of(const ClaimedTask& task);
  [[nodiscard]] std::vector<std::string> names_of(const std::vector<ClaimedTask>& tasks);
  [[nodiscard]] Execution get(const ExecutionId& id) { return reader_->get(id).value(); }
  [[nodiscard]] ExecutionStatus status(const ExecutionId& id) { return reader_->status(id).value(); }
  [[nodiscard]] TaskStatus status(const ExecutionId& id, const std::string& task) { return get(id).task(task).status; }
  /// `a:Completed b:Failed`, in the order of declaration.
  [[nodiscard]] std::string statuses(const ExecutionId& id);
  [[nodiscard]] std::vector<std::string> event_kinds(const ExecutionId& id);
  void expect_counters_hold() { EXPECT_THAT(GetParam().audit(database_), ::testing::IsEmpty()); }

  FreshDatabase database_ = GetParam().fresh();
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Reader> reader_;
  RunnerKey runner_ = 0;
  std::vector<DefinitionKey> known_;
  Timestamp now_ = parse_timestamp("2026-03-29T01:00:00Z");
};

}  // namespace cloacina::test
