#pragma once

#include <span>

#include "store/sql/session.hpp"
#include "store/store.hpp"

/// The cold side of schedules: reading, and edits by their owners. What fires is part of a turn (firings.cpp).
namespace cloacina::store::sql {

/// *Requires* one of the statements that select a whole row.
[[nodiscard]] ScheduleRow read_schedule(const Use& use);
[[nodiscard]] std::vector<ScheduleRow> read_schedules(Use& use);
[[nodiscard]] std::optional<ScheduleRow> find_schedule(Session& session, const std::string& name);

[[nodiscard]] std::vector<ScheduleRow> due_schedules(Session& session, Timestamp now, int limit);
/// *Requires* a transaction.
[[nodiscard]] bool apply(Session& session, const ScheduleWrite& write, Timestamp now);
/// Whether what it wants is so: it was applied, or somebody else wanted the same.
[[nodiscard]] bool is_done(Session& session, const ScheduleWrite& write);

[[nodiscard]] std::vector<ScheduleRow> list_schedules(Session& session, const ScheduleFilter& filter);
[[nodiscard]] std::optional<Reader::LastFiring> last_firing(Session& session, ScheduleKey schedule);
[[nodiscard]] FiringPage firings(Session& session, ScheduleKey schedule, const FiringFilter& filter);
[[nodiscard]] std::vector<Event> schedule_events(Session& session, ScheduleKey schedule, int limit);
[[nodiscard]] std::optional<Event> schedule_removal(Session& session, const std::string& name);
[[nodiscard]] ScheduleStats schedule_stats(Session& session, ScheduleKey schedule, Timestamp since);

}  // namespace cloacina::store::sql
