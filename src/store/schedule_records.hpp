#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/schedule.hpp"

namespace cloacina::store {

using ScheduleKey = std::int64_t;
using BackfillKey = std::int64_t;

/// Why an execution has not begun although it is due. It has no task rows yet.
enum class Waiting {
  No = 0,
  Gate = 1,      ///< as many executions as may be are open in its gate
  Workflow = 2,  ///< nobody has registered its workflow yet: it is pinned to a placeholder without tasks
};

/// A schedule as it is stored. What the texts mean is known to the cron layer.
struct ScheduleRow {
  ScheduleKey key = 0;
  ExecutionId id;  ///< a UUID
  std::string name;
  std::string workflow;
  std::string definition;
  std::string source;
  std::int64_t revision = 1;
  std::int64_t turn = 0;  ///< what compare-and-swap compares: grows with every write
  std::string cursor;
  std::string zones;
  bool reboot = false;
  bool paused = false;
  std::string pause_note;
  std::optional<Timestamp> next_run_at;
  std::optional<Timestamp> last_slot;
  std::optional<std::string> disabled_reason;
  Timestamp created_at{};
};

/// A change of a schedule by its owner. Applied only where the stored row still has the `turn` that `row` was read with.
struct ScheduleWrite {
  enum class Kind { Create, Update, Remove };
  Kind kind = Kind::Update;
  ScheduleRow row;
  std::optional<Event> event{};  ///< kept with the schedule; its time is that of the write
};

struct SlotFiring {
  Timestamp slot;
  Timestamp due;
  ExecutionId execution;
  std::string input;  ///< a JSON object, over the workflow's own
};

struct SlotSkip {
  Timestamp slot;
  Timestamp through;
  std::int64_t count = 1;
  SkipReason reason = SkipReason::Missed;
};

/// What one turn does with a schedule: all of it, or nothing when the row is not as it was read.
struct ScheduleTurn {
  ScheduleKey key = 0;
  std::int64_t revision = 0;
  std::int64_t turn = 0;
  std::string workflow;
  int priority = 0;
  Concurrency concurrency = Concurrency::Allow;
  std::vector<SlotFiring> fire;  ///< these two: oldest first
  std::vector<SlotSkip> skip;
  std::string cursor;
  std::string zones;
  std::optional<Timestamp> next_run_at;
  std::optional<std::string> disabled_reason;
};

/// A firing outside of the schedule's own turn: `run_now`, or a slot of a backfill.
struct ExtraFiring {
  ScheduleKey schedule = 0;
  Firing::Kind kind = Firing::Kind::RunNow;
  SlotFiring firing;
  std::string workflow;
  int priority = 0;
  BackfillKey backfill = 0;
  int gate_max = 0;
  std::string actor{};  ///< an event of the execution says who it was, if anybody
};

/// Schedules to plan, and the clock that decides about them.
struct DueSchedules {
  Timestamp now{};
  std::vector<ScheduleRow> rows;
};

}  // namespace cloacina::store
