#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/cron.hpp"

/// What a schedule does with its slots: pure functions of the rule, of what has been settled, and of the time. No clock, no store.
namespace cloacina::cron {

/// The part of a schedule that decides about slots (cron.md, 3).
struct ScheduleRule {
  std::string name;  ///< what jitter is derived from
  CronRule rule;
  std::optional<Timestamp> start_at{};  ///< slots before it do not exist
  std::optional<Timestamp> end_at{};    ///< nor do slots at it or later
  Catchup catchup = Catchup::None;
  std::chrono::milliseconds max_lateness{60'000};                    ///< with `None`; counted from the jittered time
  std::chrono::milliseconds catchup_window{std::chrono::days{365}};  ///< with `Latest` and `All`; counted from the slot
  std::chrono::milliseconds jitter{0};
};

/// Slots in [from, until) are skipped; open-ended while the schedule is paused.
struct Pause {
  Timestamp from;
  std::optional<Timestamp> until{};

  friend bool operator==(const Pause&, const Pause&) = default;
};

/// A replaced rule that still has slots to settle, those up to `until`.
struct OwedRule {
  ScheduleRule rule;
  Timestamp until;
  bool edited = false;  ///< it was replaced before it came to its turn: its slots are skipped
};

/// How far a schedule has got. Every slot up to `settled` has a firing or is part of a skipped run; none after it has.
struct Cursor {
  Timestamp settled;
  std::vector<OwedRule> owed{};  ///< oldest first; the current rule's slots begin after the last one's `until`
  std::vector<Pause> pauses{};   ///< in order; only those that can touch slots after `settled`
};

/// The cursor of a new schedule: the first slot is the first at or after `start_at`, or after `created` when there is none.
[[nodiscard]] Cursor first_cursor(const ScheduleRule& rule, Timestamp created);
/// `old_rule` is replaced at instant `at`: slots up to it are the old rule's. Also for a zone whose rules changed on disk.
[[nodiscard]] Cursor after_edit(Cursor cursor, const ScheduleRule& old_rule, Timestamp at);
/// Slots from `at` on are paused. Pausing twice changes nothing.
[[nodiscard]] Cursor after_pause(Cursor cursor, Timestamp at);
/// Slots from `at` on are no longer paused. Resuming what is not paused changes nothing.
[[nodiscard]] Cursor after_resume(Cursor cursor, Timestamp at);

/// When `slot` fires: itself plus a fixed part of the jitter, by hash of (name, slot).
[[nodiscard]] Timestamp due_at(const ScheduleRule& rule, Timestamp slot) noexcept;

/// When the schedule wants its next turn: the due time of its next unsettled slot. None when there is no slot, or when the next one
/// lies in a pause that has no end yet.
[[nodiscard]] std::optional<Timestamp> next_run_at(const ScheduleRule& rule, const Cursor& cursor);

struct PlannedFiring {
  Timestamp slot;
  Timestamp due;  ///< slot plus jitter; not later than `now`

  friend bool operator==(const PlannedFiring&, const PlannedFiring&) = default;
};

/// Consecutive slots that are skipped for one reason.
struct SkippedRun {
  Timestamp slot;     ///< the first
  Timestamp through;  ///< the last
  std::int64_t count = 0;
  SkipReason reason = SkipReason::Missed;

  friend bool operator==(const SkippedRun&, const SkippedRun&) = default;
};

/// What one turn does with a schedule.
struct Plan {
  std::vector<PlannedFiring> fire;  ///< oldest first
  std::vector<SkippedRun> skipped;  ///< oldest first
  Cursor cursor;
  std::optional<Timestamp> next_run_at;  ///< not later than `now` when there is more to do than one turn takes
};

/// Settles the slots after `cursor` that are due at `now`, oldest first, at most `max_slots_per_turn` firings and skipped runs
/// together; the cursor stops there and the next turn goes on. Slots are settled in order: one whose jitter has not run out holds
/// back those after it, which stays within their own jitter. A clock that went back settles nothing. *Requires*
/// `max_slots_per_turn` >= 1.
[[nodiscard]] Plan plan(const ScheduleRule& rule, const Cursor& cursor, Timestamp now, int max_slots_per_turn = 100);

}  // namespace cloacina::cron
