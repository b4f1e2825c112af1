#pragma once

#include <span>

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

/// The cold side of schedules: reading, and edits by their owners. What fires is part of a turn (firings.cpp).
namespace cloacina::store::sqlite {

/// *Requires* one of the statements that select a whole row.
[[nodiscard]] ScheduleRow read_schedule(const Use& use);
[[nodiscard]] std::vector<ScheduleRow> read_schedules(Use& use);
[[nodiscard]] std::optional<ScheduleRow> find_schedule(Connection& connection, const std::string& name);

[[nodiscard]] std::vector<ScheduleRow> due_schedules(Connection& connection, Timestamp now, int limit);
/// *Requires* a transaction.
[[nodiscard]] bool apply(Connection& connection, const ScheduleWrite& write, Timestamp now);

[[nodiscard]] std::vector<ScheduleRow> list_schedules(Connection& connection, const ScheduleFilter& filter);
[[nodiscard]] std::optional<Reader::LastFiring> last_firing(Connection& connection, ScheduleKey schedule);
[[nodiscard]] FiringPage firings(Connection& connection, ScheduleKey schedule, const FiringFilter& filter);
[[nodiscard]] ScheduleStats schedule_stats(Connection& connection, ScheduleKey schedule, Timestamp since);

}  // namespace cloacina::store::sqlite
