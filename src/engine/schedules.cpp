#include "engine/schedules.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "cron/schedule_json.hpp"

namespace cloacina::engine {

namespace {

store::ScheduleTurn turn_of(const store::ScheduleRow& row, const Schedule& schedule) {
  store::ScheduleTurn turn;
  turn.key = row.key;
  turn.revision = row.revision;
  turn.turn = row.turn;
  turn.workflow = row.workflow;
  turn.priority = schedule.priority;
  turn.concurrency = schedule.concurrency;
  turn.cursor = row.cursor;
  turn.zones = row.zones;
  turn.next_run_at = row.next_run_at;
  turn.disabled_reason = row.disabled_reason;
  return turn;
}

store::SlotFiring firing_of(const Schedule& schedule, const store::ScheduleRow& row, Timestamp slot, Timestamp due) {
  return {slot, due, execution_of_slot(row.id, slot), firing_input(schedule, row.id, slot)};
}

/// The turn that `work` makes; what it throws disables the schedule.
template <class F>
store::ScheduleTurn guarded(const store::ScheduleRow& row, const F& work) {
  store::ScheduleTurn turn;
  turn.key = row.key;
  turn.revision = row.revision;
  turn.turn = row.turn;
  turn.cursor = row.cursor;
  turn.zones = row.zones;
  try {
    work(turn);
  } catch (const Error& e) {
    turn.fire.clear();
    turn.skip.clear();
    turn.cursor = row.cursor;
    turn.next_run_at.reset();
    turn.disabled_reason = e.what();
  }
  return turn;
}

}  // namespace

std::shared_ptr<const ReadSchedule> ReadSchedules::get(const store::ScheduleRow& row) {
  auto found = known_.find(row.key);
  if (found != known_.end() && found->second->definition == row.definition) return found->second;
  Schedule schedule = cron::schedule_from_text(row.definition);
  auto rule = cron::make_rule(schedule, row.created_at);
  auto read = std::make_shared<const ReadSchedule>(ReadSchedule{row.definition, std::move(schedule), std::move(rule)});
  if (known_.size() >= most) known_.clear();
  known_[row.key] = read;
  return read;
}

store::ScheduleTurn plan_schedule(const store::ScheduleRow& row, Timestamp now, int slots_max, const std::string& zones,
                                  ReadSchedules& read) {
  return guarded(row, [&](store::ScheduleTurn& turn) {
    const auto known = read.get(row);
    const auto& [definition, schedule, rule] = *known;
    turn = turn_of(row, schedule);
    auto stored = cron::cursor_from_text(row.cursor);
    const auto plan = cron::plan(rule, cron::to_cursor(stored, row.created_at), now, slots_max);
    turn.fire.reserve(plan.fire.size());
    for (const auto& f : plan.fire) turn.fire.push_back(firing_of(schedule, row, f.slot, f.due));
    for (const auto& s : plan.skipped) turn.skip.push_back({s.slot, s.through, s.count, s.reason});
    turn.cursor = cron::to_text(cron::after_plan(std::move(stored), plan.cursor));
    turn.next_run_at = plan.next_run_at;
    turn.zones = zones_of(schedule, zones);
    turn.disabled_reason.reset();
  });
}

store::ScheduleTurn plan_reboot(const store::ScheduleRow& row, Timestamp boot) {
  return guarded(row, [&](store::ScheduleTurn& turn) {
    const Schedule schedule = cron::schedule_from_text(row.definition);
    turn = turn_of(row, schedule);
    if (row.paused) {
      turn.skip.push_back({boot, boot, 1, SkipReason::Paused});
    } else if ((!schedule.start_at || *schedule.start_at <= boot) && (!schedule.end_at || boot < *schedule.end_at)) {
      turn.fire.push_back(firing_of(schedule, row, boot, boot));
    }
  });
}

store::ScheduleTurn plan_rezone(const store::ScheduleRow& row, Timestamp now, const std::string& zones) {
  return guarded(row, [&](store::ScheduleTurn& turn) {
    const Schedule schedule = cron::schedule_from_text(row.definition);
    turn = turn_of(row, schedule);
    const auto rule = cron::make_rule(schedule, row.created_at);
    auto stored = cron::cursor_from_text(row.cursor);
    // A slot that waits for its jitter, or for a turn, is still owed.
    const bool owes = row.next_run_at && *row.next_run_at - schedule.jitter <= now;
    if (!owes && !row.disabled_reason && stored.owed.empty() && stored.pauses.empty())
      stored.settled = std::max(stored.settled, now);
    turn.cursor = cron::to_text(stored);
    turn.next_run_at = cron::next_run_at(rule, cron::to_cursor(stored, row.created_at));
    turn.zones = zones_of(schedule, zones);
    turn.disabled_reason.reset();
  });
}

std::string firing_input(const Schedule& schedule, const ExecutionId& schedule_id, Timestamp slot) {
  Json input = schedule.input;
  input["scheduled_time"] = format_seconds(slot);
  input["schedule_id"] = schedule_id.to_string();
  input["schedule_timezone"] = schedule.time_zone;
  input["schedule_expression"] = schedule.cron;
  input["schedule_name"] = schedule.name;
  return input.dump();
}

ExecutionId execution_of_slot(const ExecutionId& schedule_id, Timestamp slot) {
  const auto ms = static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(slot).time_since_epoch().count());
  auto bytes = core::hash_bytes(schedule_id.to_string() + "/" + std::to_string(slot.time_since_epoch().count()));
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)) & 0xff);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return ExecutionId{bytes};
}

std::string zones_of(const Schedule& schedule, const std::string& zones) { return schedule.time_zone == "UTC" ? "" : zones; }

}  // namespace cloacina::engine
