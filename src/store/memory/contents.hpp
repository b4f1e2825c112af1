#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include "store/memory/table.hpp"
#include "store/records.hpp"

namespace cloacina::store::memory {

using Integer = std::int64_t;
using MaybeInteger = std::optional<std::int64_t>;
using MaybeText = std::optional<std::string>;
using IdBytes = std::array<std::uint8_t, 16>;

// Tables and columns are those of the SQL backends: what the columns mean is said in src/store/sqlite/migrations. Times are
// microseconds since 1970.

struct DefinitionRow {
  Integer key = 0;
  std::string name;
  std::string version;
  std::string text;
  Integer only_commands = 0;
};
struct DefinitionTable : Table<Integer, DefinitionRow, DefinitionTable> {
  Index<DefinitionRow, std::pair<std::string, Integer>> by_version{
      [](const DefinitionRow& r) { return std::optional(std::pair(r.version, r.key)); }};
  void reindex(const DefinitionRow* before, const DefinitionRow* after) { by_version.update(before, after); }
  [[nodiscard]] const DefinitionRow* find_version(const std::string& version) const {
    const auto it = by_version.from({version, 0});
    return it == by_version.end() || it->first != version ? nullptr : find(it->second);
  }
};

struct WorkflowRow {
  Integer key = 0;
  Integer current = 0;
};
/// By name.
struct WorkflowTable : Table<std::string, WorkflowRow, WorkflowTable> {};

struct ExecutionRow {
  Integer key = 0;
  IdBytes id{};
  Integer workflow = 0;
  Integer definition = 0;
  Integer status = 0;
  Integer priority = 0;
  MaybeText unique_key;
  Integer submitted_at = 0;
  Integer due_at = 0;
  MaybeInteger started_at;
  MaybeInteger finished_at;
  MaybeInteger deadline_at;
  Integer open_leaves = 0;
  Integer failed = 0;
  Integer retried = 0;
  std::string input;
  MaybeText error;
  MaybeText pause_reason;
  MaybeInteger schedule;
  MaybeInteger slot;
  MaybeInteger gate;
  Integer gate_max = 0;
  Integer waiting = 0;

  [[nodiscard]] bool open() const { return status < 3; }
};
struct ExecutionTable : Table<Integer, ExecutionRow, ExecutionTable> {
  using Row = ExecutionRow;
  Index<Row, std::pair<IdBytes, Integer>> by_id{[](const Row& r) { return std::optional(std::pair(r.id, r.key)); }};
  Index<Row, std::pair<std::string, Integer>> by_unique_key{
      [](const Row& r) { return r.unique_key ? std::optional(std::pair(*r.unique_key, r.key)) : std::nullopt; }};
  Index<Row, std::pair<Integer, Integer>> deadlines{
      [](const Row& r) { return r.deadline_at && r.open() ? std::optional(std::pair(*r.deadline_at, r.key)) : std::nullopt; }};
  Index<Row, std::tuple<Integer, Integer, Integer>> gates{
      [](const Row& r) { return r.gate && r.open() ? std::optional(std::tuple(*r.gate, r.waiting, r.key)) : std::nullopt; }};
  Index<Row, std::tuple<Integer, Integer, Integer>> waiting{[](const Row& r) {
    return r.waiting > 0 && r.open() ? std::optional(std::tuple(r.waiting, r.workflow, r.key)) : std::nullopt;
  }};
  void reindex(const Row* before, const Row* after) {
    by_id.update(before, after);
    by_unique_key.update(before, after);
    deadlines.update(before, after);
    gates.update(before, after);
    waiting.update(before, after);
  }
  [[nodiscard]] const Row* find_id(const IdBytes& id) const {
    const auto it = by_id.from({id, 0});
    return it == by_id.end() || it->first != id ? nullptr : find(it->second);
  }
  [[nodiscard]] const Row* find_unique_key(const std::string& key) const {
    const auto it = by_unique_key.from({key, 0});
    return it == by_unique_key.end() || it->first != key ? nullptr : find(it->second);
  }
};

struct TaskRow {
  Integer id = 0;
  Integer state = 0;
  Integer definition = 0;
  Integer rank = 0;
  Integer due_at = 0;
  MaybeInteger wake_at;
  Integer fence = 0;
  Integer number = 0;
  Integer failures = 0;
  Integer crashes = 0;
  Integer done = 0;
  Integer completed = 0;
  Integer failed = 0;
  MaybeInteger runner;
  MaybeInteger started_at;
  MaybeInteger finished_at;
  MaybeText changes;
  MaybeText error;
  MaybeText deferred;

  [[nodiscard]] bool is(State s) const { return state == static_cast<Integer>(s); }
};
struct TaskTable : Table<Integer, TaskRow, TaskTable> {
  using Row = TaskRow;
  using Place = std::tuple<Integer, Integer, Integer, Integer>;
  static Place place(const Row& r) { return {r.definition, r.rank, r.due_at, r.id}; }
  Index<Row, Place> ready{[](const Row& r) { return r.is(State::Ready) ? std::optional(place(r)) : std::nullopt; }};
  Index<Row, Place> last_chance{[](const Row& r) { return r.is(State::LastChance) ? std::optional(place(r)) : std::nullopt; }};
  Index<Row, std::pair<Integer, Integer>> delayed{
      [](const Row& r) { return r.is(State::Delayed) && r.wake_at ? std::optional(std::pair(*r.wake_at, r.id)) : std::nullopt; }};
  Index<Row, std::pair<Integer, Integer>> running{
      [](const Row& r) { return r.is(State::Running) && r.runner ? std::optional(std::pair(*r.runner, r.id)) : std::nullopt; }};
  void reindex(const Row* before, const Row* after) {
    ready.update(before, after);
    last_chance.update(before, after);
    delayed.update(before, after);
    running.update(before, after);
  }
  /// Calls `each(row)` for the tasks of an execution, in the order of their positions.
  template <class F>
  void for_execution(Integer execution, const F& each) const {
    for (auto it = rows().lower_bound(execution << 16); it != rows().end() && it->first >> 16 == execution; ++it) each(it->second);
  }
};

/// Task and number.
using AttemptKey = std::pair<Integer, Integer>;
struct AttemptRow {
  Integer status = 0;
  MaybeInteger runner;
  Integer fence = 0;
  MaybeInteger started_at;
  MaybeInteger finished_at;
  MaybeText error;
  MaybeInteger exit;
};
struct AttemptTable : Table<AttemptKey, AttemptRow, AttemptTable> {};

/// Task, number and stream.
using OutputKey = std::tuple<Integer, Integer, Integer>;
struct OutputRow {
  std::string text;
  Integer truncated = 0;
};
struct OutputTable : Table<OutputKey, OutputRow, OutputTable> {};

struct EventRow {
  Integer at = 0;
  MaybeInteger position;
  std::string kind;
  std::string detail;
  std::string actor;
};
/// By execution, then in the order in which they came.
struct EventTable : Table<std::pair<Integer, Integer>, EventRow, EventTable> {};

struct RunnerRow {
  Integer key = 0;
  std::string id;
  std::string name;
  std::string host;
  Integer pid = 0;
  Integer workers = 0;
  Integer any_commands = 0;
  Integer written_off = 0;
  std::string knows = "[]";
  Integer started_at = 0;
  MaybeInteger stopped_at;
  Integer died = 0;
  MaybeInteger lease_until;
  MaybeInteger heartbeat_at;
};
struct RunnerTable : Table<Integer, RunnerRow, RunnerTable> {
  Index<RunnerRow, Integer> open{[](const RunnerRow& r) { return r.stopped_at ? std::nullopt : std::optional(r.key); }};
  void reindex(const RunnerRow* before, const RunnerRow* after) { open.update(before, after); }
};

struct StoredSchedule {
  Integer key = 0;
  IdBytes id{};
  std::string name;
  std::string workflow;
  std::string definition;
  std::string source;
  Integer revision = 1;
  Integer turn = 0;
  std::string cursor;
  std::string zones;
  Integer reboot = 0;
  Integer paused = 0;
  std::string pause_note;
  MaybeInteger next_run_at;
  MaybeInteger last_slot;
  MaybeText disabled_reason;
  Integer created_at = 0;
  MaybeInteger removed_at;
};
struct ScheduleTable : Table<Integer, StoredSchedule, ScheduleTable> {
  using Row = StoredSchedule;
  Index<Row, std::pair<std::string, Integer>> by_name{
      [](const Row& r) { return r.removed_at ? std::nullopt : std::optional(std::pair(r.name, r.key)); }};
  Index<Row, std::pair<Integer, Integer>> due{
      [](const Row& r) { return r.next_run_at ? std::optional(std::pair(*r.next_run_at, r.key)) : std::nullopt; }};
  void reindex(const Row* before, const Row* after) {
    by_name.update(before, after);
    due.update(before, after);
  }
  /// One that is not removed.
  [[nodiscard]] const Row* find_name(const std::string& name) const {
    const auto it = by_name.from({name, 0});
    return it == by_name.end() || it->first != name ? nullptr : find(it->second);
  }
};

struct ScheduleEventRow {
  Integer at = 0;
  std::string kind;
  std::string detail;
  std::string actor;
};
/// By schedule, then in the order in which they came.
struct ScheduleEventTable : Table<std::pair<Integer, Integer>, ScheduleEventRow, ScheduleEventTable> {};

struct FiringRow {
  Integer key = 0;
  Integer schedule = 0;
  Integer slot = 0;
  Integer outcome = 0;
  Integer kind = 0;
  MaybeInteger reason;
  Integer through = 0;
  Integer count = 0;
  Integer due_at = 0;
  Integer fired_at = 0;
  std::optional<IdBytes> execution;
  MaybeInteger backfill;
};
struct FiringTable : Table<Integer, FiringRow, FiringTable> {
  /// Schedule, slot, outcome, key.
  using Place = std::tuple<Integer, Integer, Integer, Integer>;
  Index<FiringRow, Place> by_slot{[](const FiringRow& r) { return std::optional(Place{r.schedule, r.slot, r.outcome, r.key}); }};
  void reindex(const FiringRow* before, const FiringRow* after) { by_slot.update(before, after); }
  [[nodiscard]] const FiringRow* find_slot(Integer schedule, Integer slot, Integer outcome) const {
    const auto it = by_slot.from({schedule, slot, outcome, 0});
    if (it == by_slot.end()) return nullptr;
    const auto* row = find(std::get<3>(*it));
    return row->schedule == schedule && row->slot == slot && row->outcome == outcome ? row : nullptr;
  }
};

/// Schedule, first slot, and the end of the range.
using BackfillPlace = std::tuple<Integer, Integer, Integer>;
struct BackfillRow {
  Integer key = 0;
  Integer concurrency = 0;
  Integer created_at = 0;
};
struct BackfillTable : Table<BackfillPlace, BackfillRow, BackfillTable> {};

/// All that a database holds.
struct Contents {
  DefinitionTable definitions;
  WorkflowTable workflows;
  ExecutionTable executions;
  TaskTable tasks;
  AttemptTable attempts;
  OutputTable output;
  EventTable events;
  RunnerTable runners;
  ScheduleTable schedules;
  ScheduleEventTable schedule_events;
  FiringTable firings;
  BackfillTable backfills;

  /// Executions up to this key were deleted: it is not given again.
  Integer last_key = 0;
  [[nodiscard]] Integer new_execution_key() const { return std::max(last_key + 1, new_key(executions)); }
  /// A number that was never given before.
  [[nodiscard]] Integer new_number() { return ++numbers_; }
  /// The key of a new row: as in SQLite, that of a row that was never committed is given again.
  template <class T>
  [[nodiscard]] static Integer new_key(const T& table) {
    return table.rows().empty() ? 1 : table.rows().rbegin()->first + 1;
  }

  template <class F>
  void for_tables(const F& each) {
    each(definitions);
    each(workflows);
    each(executions);
    each(tasks);
    each(attempts);
    each(output);
    each(events);
    each(runners);
    each(schedules);
    each(schedule_events);
    each(firings);
    each(backfills);
  }

 private:
  Integer numbers_ = 0;
};

}  // namespace cloacina::store::memory
