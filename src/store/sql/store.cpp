#include "store/sql/store.hpp"

#include "store/sql/schedules.hpp"

namespace cloacina::store::sql {

DefinitionKey SqlStore::put_definition(const Definition& definition, Timestamp now) {
  DefinitionKey key = 0;
  transact([&] {
    const Timestamp at = clock(now);
    const auto find = [&] {
      auto use = session_.use("definition_by_version");
      return use.bind(definition.version).step() ? use.integer(0) : 0;
    };
    key = find();
    if (key == 0) {
      session_.use("insert_definition")
          .bind(definition.name, definition.version, definition.text, definition.only_commands, at)
          .defer();
      key = find();
    }
    bool current = false;
    {
      auto use = session_.use("current_of");
      current = use.bind(definition.name).step() && use.integer(0) == key;
    }
    if (!current) session_.use("set_current").bind(definition.name, key).defer();
    // Also when it was the current one before: an adoption may have been cut short.
    Batch batch;
    batch.now = now;
    Turn(session_, definitions_, liveness_, batch).run_adoption(at, key);
    return true;
  });
  return key;
}

void SqlStore::describe_runner(RunnerKey runner, std::span<const DefinitionKey> knows, int written_off) {
  const std::string keys = Json(std::vector<DefinitionKey>(knows.begin(), knows.end())).dump();
  transact([&] {
    session_.use("describe_runner").bind(runner, keys, written_off).run();
    return true;
  });
}

std::vector<ContextRows> SqlStore::contexts(std::span<const TaskKey> tasks) {
  std::vector<ContextRows> out(tasks.size());
  if (tasks.empty()) return out;
  auto inputs = session_.use("input_of_execution");
  auto changes = session_.use("changes_of_execution");
  for (const auto& task : tasks) {
    inputs.add(task.execution);
    changes.add(task.execution);
  }
  inputs.send();
  changes.send();
  std::size_t found = 0;
  for (; inputs.step(); ++found) out[inputs.input()].input = inputs.text(0);
  if (found != tasks.size()) throw Error(ErrorCode::Corrupt, "a claimed task has no execution");
  while (changes.step()) out[changes.input()].changes.emplace_back(static_cast<Position>(changes.integer(0)), changes.text(1));
  return out;
}

DueSchedules SqlStore::due_schedules(Timestamp now, int limit) {
  const Timestamp at = clock(now);
  return {at, sql::due_schedules(session_, at, limit)};
}

std::vector<ScheduleRow> SqlStore::reboot_schedules(std::span<const std::string> workflows) {
  std::vector<ScheduleRow> rows;
  for (const auto& workflow : workflows) {
    auto use = session_.use("reboot_schedules");
    for (auto& row : read_schedules(use.bind(workflow))) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ScheduleRow> SqlStore::schedules_of_other_zones(const std::string& zones, ScheduleKey after, int limit) {
  auto use = session_.use("schedules_of_other_zones");
  return read_schedules(use.bind(zones, after, limit));
}

std::optional<ScheduleRow> SqlStore::find_schedule(const std::string& name) { return sql::find_schedule(session_, name); }

bool SqlStore::write_schedules(std::span<const ScheduleWrite> writes, Timestamp now) {
  return transact([&] {
    if (in_doubt() && std::all_of(writes.begin(), writes.end(), [&](const auto& w) { return is_done(session_, w); })) return true;
    const Timestamp at = clock(now);
    for (const auto& write : writes) {
      if (!apply(session_, write, at)) return false;
    }
    return true;
  });
}

BackfillKey SqlStore::open_backfill(ScheduleKey schedule, Timestamp from, Timestamp to, int concurrency, Timestamp now) {
  BackfillKey key = 0;
  transact([&] {
    session_.use("insert_backfill").bind(schedule, from, to, concurrency, clock(now)).run();
    auto use = session_.use("find_backfill");
    if (!use.bind(schedule, from, to).step()) throw Error(ErrorCode::Internal, "a backfill was stored and is not there");
    key = use.integer(0);
    return true;
  });
  return key;
}

std::vector<ExecutionId> SqlStore::open_executions(BackfillKey backfill, int limit) {
  std::vector<ExecutionId> ids;
  auto use = session_.use("open_of_gate");
  use.bind(-backfill, limit);
  while (use.step()) ids.push_back(id_of(use.blob(0)));
  return ids;
}

namespace {

/// The keys that may go, and where the next look begins.
std::pair<std::vector<std::int64_t>, std::optional<std::int64_t>> candidates(Use& use, int limit) {
  std::vector<std::int64_t> keys;
  std::int64_t last = 0;
  int seen = 0;
  for (; use.step(); ++seen) {
    last = use.integer(0);
    if (!use.is_null(1) && use.integer(1) != 0) keys.push_back(last);
  }
  return {std::move(keys), seen == limit ? std::optional(last) : std::nullopt};
}

}  // namespace

Pruned SqlStore::prune(const PruneScan& scan) {
  Pruned out;
  transact([&] {
    std::vector<ExecutionKey> keys;
    {
      auto use = session_.use("prunable");
      use.bind(scan.before, static_cast<std::int64_t>(scan.statuses), scan.after, scan.through, scan.limit);
      std::tie(keys, out.next) = candidates(use, scan.limit);
    }
    out.deleted = 0;
    if (keys.empty()) return false;
    std::vector<ExecutionKey> held;  // by this transaction
    {
      auto use = session_.use("lock_prunable");
      for (const auto key : keys) use.add(key, scan.before, static_cast<std::int64_t>(scan.statuses));
      while (use.step()) held.push_back(keys[use.input()]);
    }
    if (held.empty()) return false;
    std::sort(held.begin(), held.end());
    {
      auto raise = session_.use("raise_last_key");
      if (!raise.bind(held.back()).step()) session_.use("first_last_key").bind(held.back()).run();
    }
    for (const auto* name : {"delete_tasks", "delete_attempts", "delete_output", "delete_events", "delete_execution"}) {
      auto use = session_.use(name);
      for (const auto key : held) use.add(key);
      use.defer();
    }
    out.deleted = static_cast<int>(held.size());
    return true;
  });
  return out;
}

Pruned SqlStore::prune_firings(const PruneScan& scan) {
  Pruned out;
  transact([&] {
    std::vector<std::int64_t> keys;
    {
      auto use = session_.use("prunable_firings");
      use.bind(scan.before, scan.after, scan.limit);
      std::tie(keys, out.next) = candidates(use, scan.limit);
    }
    out.deleted = static_cast<int>(keys.size());
    if (keys.empty()) return false;
    auto use = session_.use("delete_firing");
    for (const auto key : keys) use.add(key);
    use.defer();
    return true;
  });
  return out;
}

std::optional<ExecutionKey> SqlStore::newest_ended(std::int64_t skip) {
  auto use = session_.use("newest_ended");
  return use.bind(skip).step() ? std::optional(use.integer(0)) : std::nullopt;
}

}  // namespace cloacina::store::sql
