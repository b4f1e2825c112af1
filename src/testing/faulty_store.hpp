#pragma once

#include <memory>

#include "cloacina/error.hpp"
#include "store/store.hpp"

namespace cloacina::simulation {

/// What goes wrong with a runner's store in its next turn.
struct Faults {
  bool refuse_commit = false;   ///< nothing is applied
  bool refuse_late = false;     ///< all is done, and then taken back: the commit itself fails
  bool lose_answer = false;     ///< all is applied, and seems not to be
  bool blind_contexts = false;  ///< these three: cannot be read
  bool blind_definitions = false;
  bool blind_schedules = false;
  bool mute = false;  ///< what the runner says of itself is not kept
};

/// Who is told of what commits have really done.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  /// A runner is about to commit: what it has read may be old by then.
  virtual void before_commit(int runner) = 0;
  /// The next commit fails at its end.
  virtual void refuse_next_commit(bool refuse) = 0;
  virtual void committed(int runner, const store::Batch& batch, const store::BatchResult& result) = 0;
};

/// A store over another one, with the faults that it is told to have.
class FaultyStore final : public store::Store {
 public:
  FaultyStore(std::unique_ptr<store::Store> inner, const Faults& faults, CommitObserver& observer, int runner)
      : inner_(std::move(inner)), faults_(faults), observer_(observer), runner_(runner) {}

  store::BatchResult commit(const store::Batch& batch) override {
    if (faults_.refuse_commit) fail("the store is away");
    observer_.before_commit(runner_);
    if (faults_.refuse_late) observer_.refuse_next_commit(true);
    auto result = inner_->commit(batch);
    // It had nothing to keep.
    if (faults_.refuse_late) observer_.refuse_next_commit(false);
    observer_.committed(runner_, batch, result);
    if (faults_.lose_answer) {
      lost_claims_ = lost_claims_ || !result.claimed.empty();
      fail("the answer is lost");
    }
    return result;
  }
  store::DefinitionKey put_definition(const store::Definition& d, Timestamp now) override { return inner_->put_definition(d, now); }
  store::RunnerKey open_runner(const store::RunnerRecord& r) override { return inner_->open_runner(r); }
  void describe_runner(store::RunnerKey r, std::span<const store::DefinitionKey> knows, int written_off) override {
    if (faults_.mute || faults_.refuse_commit) fail("the store is away");
    inner_->describe_runner(r, knows, written_off);
  }
  void close_runner(store::RunnerKey r, Timestamp now) override {
    if (faults_.refuse_commit) fail("the store is away");
    inner_->close_runner(r, now);
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> lease() const override { return inner_->lease(); }
  bool somebody_died() override { return inner_->somebody_died(); }
  bool has_company() override { return inner_->has_company(); }
  void tell_others() override { inner_->tell_others(); }
  [[nodiscard]] std::int64_t writer() const override { return inner_->writer(); }
  bool changed_by_others() override { return inner_->changed_by_others(); }
  std::vector<store::ContextRows> contexts(std::span<const store::TaskKey> tasks) override {
    if (faults_.blind_contexts) fail("contexts cannot be read");
    return inner_->contexts(tasks);
  }
  store::StoredDefinition definition(store::DefinitionKey key) override {
    if (faults_.blind_definitions) fail("definitions cannot be read");
    return inner_->definition(key);
  }
  store::DueSchedules due_schedules(Timestamp now, int limit) override {
    if (faults_.blind_schedules) fail("schedules cannot be read");
    return inner_->due_schedules(now, limit);
  }
  std::vector<store::ScheduleRow> reboot_schedules(std::span<const std::string> w) override {
    if (faults_.blind_schedules) fail("schedules cannot be read");
    return inner_->reboot_schedules(w);
  }
  std::vector<store::ScheduleRow> schedules_of_other_zones(const std::string& zones, store::ScheduleKey after, int limit) override {
    if (faults_.blind_schedules) fail("schedules cannot be read");
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

  /// The store beneath. Nothing else may be asked of this one then.
  [[nodiscard]] std::unique_ptr<store::Store> take() { return std::move(inner_); }
  /// An answer was lost that told of claims: nobody knows of them until the runner dies.
  [[nodiscard]] bool lost_claims() const { return lost_claims_; }

 private:
  [[noreturn]] static void fail(const char* what) { throw Error(ErrorCode::Unavailable, what); }

  std::unique_ptr<store::Store> inner_;
  const Faults& faults_;
  CommitObserver& observer_;
  int runner_;
  bool lost_claims_ = false;
};

}  // namespace cloacina::simulation
