#pragma once

#include <memory>
#include <unordered_map>

#include "cron/plan.hpp"
#include "store/records.hpp"

/// From a stored schedule to what one turn does with it: pure functions of the row and the time.
namespace cloacina::engine {

/// A schedule's definition and what follows from it.
struct ReadSchedule {
  std::string definition;
  Schedule schedule;
  cron::ScheduleRule rule;
};

/// Definitions that were read before: to read one takes longer than to plan with it. To be cleared when the zone database changes.
class ReadSchedules {
 public:
  /// *Throws* Error when the definition works no more.
  [[nodiscard]] std::shared_ptr<const ReadSchedule> get(const store::ScheduleRow& row);
  void clear() { known_.clear(); }

 private:
  static constexpr std::size_t most = 4'096;  // about 2 KiB each

  std::unordered_map<store::ScheduleKey, std::shared_ptr<const ReadSchedule>> known_;
};

/// Settles what is due, at most `slots_max` firings and skipped runs. A rule that works no more (its zone has left the database)
/// disables the schedule, with the reason. `zones` is the version of the zone database.
[[nodiscard]] store::ScheduleTurn plan_schedule(const store::ScheduleRow& row, Timestamp now, int slots_max,
                                                const std::string& zones, ReadSchedules& read);

/// Fires `@reboot` for a runner that began at `boot`.
[[nodiscard]] store::ScheduleTurn plan_reboot(const store::ScheduleRow& row, Timestamp boot);

/// Computes the next slot anew after the zone database has changed. Slots up to `now` follow the rules that were. A schedule that
/// was disabled for want of its zone owes the slots since then, as after a sleep.
[[nodiscard]] store::ScheduleTurn plan_rezone(const store::ScheduleRow& row, Timestamp now, const std::string& zones);

/// What the executions of a schedule start with: its input and the five keys about the slot.
[[nodiscard]] std::string firing_input(const Schedule& schedule, const ExecutionId& schedule_id, Timestamp slot);
/// The execution of a slot has one id, whoever fires it.
[[nodiscard]] ExecutionId execution_of_slot(const ExecutionId& schedule_id, Timestamp slot);
/// What `ScheduleRow::zones` says: nothing for a rule that no update of the database can change.
[[nodiscard]] std::string zones_of(const Schedule& schedule, const std::string& zones);

}  // namespace cloacina::engine
