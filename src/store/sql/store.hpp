#pragma once

#include <functional>

#include "store/sql/turn.hpp"
#include "store/store.hpp"

namespace cloacina::store::sql {

/// What the stores of all SQL backends have in common. A backend says how a transaction is run, who lives, and who has changed
/// what.
class SqlStore : public Store {
 public:
  SqlStore(Session& session, Definitions& definitions, Liveness& liveness)
      : session_(session), definitions_(definitions), liveness_(liveness) {}

  DefinitionKey put_definition(const Definition& definition, Timestamp now) override;
  void describe_runner(RunnerKey runner, std::span<const DefinitionKey> knows, int written_off) override;

  std::vector<ContextRows> contexts(std::span<const TaskKey> tasks) override;
  StoredDefinition definition(DefinitionKey key) override { return {key, definitions_.get(session_, key)}; }

  DueSchedules due_schedules(Timestamp now, int limit) override;
  std::vector<ScheduleRow> reboot_schedules(std::span<const std::string> workflows) override;
  std::vector<ScheduleRow> schedules_of_other_zones(const std::string& zones, ScheduleKey after, int limit) override;
  std::optional<ScheduleRow> find_schedule(const std::string& name) override;
  bool write_schedules(std::span<const ScheduleWrite> writes, Timestamp now) override;
  BackfillKey open_backfill(ScheduleKey schedule, Timestamp from, Timestamp to, int concurrency, Timestamp now) override;
  std::vector<ExecutionId> open_executions(BackfillKey backfill, int limit) override;

  Pruned prune(const PruneScan& scan) override;
  Pruned prune_firings(const PruneScan& scan) override;
  [[nodiscard]] std::optional<ExecutionKey> newest_ended(std::int64_t skip) override;

 protected:
  /// Runs `work` in a transaction, perhaps more than once, and commits it unless it returns false.
  virtual bool transact(const std::function<bool()>& work) = 0;
  /// For `work`: whether it was run before, and nobody knows whether that was committed.
  [[nodiscard]] virtual bool in_doubt() const { return false; }
  /// The clock that decides, when the caller's says `now`.
  [[nodiscard]] virtual Timestamp clock(Timestamp now) = 0;

  Session& session_;
  Definitions& definitions_;
  Liveness& liveness_;
};

}  // namespace cloacina::store::sql
