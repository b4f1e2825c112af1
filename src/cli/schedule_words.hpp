#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cloacina/schedule.hpp"

/// How schedules are put into words for people.
namespace cloacina::cli {

/// Of the schedule; UTC when its own cannot be loaded any more.
[[nodiscard]] TimeZone zone_of(const Schedule& schedule);
/// "in 3h 05m", "now", "2m 10s ago".
[[nodiscard]] std::string relative(Timestamp at, Timestamp now);
/// When it runs next, in its zone and from now; or why it does not.
[[nodiscard]] Table::Cell next_run_of(const ScheduleInfo& info, Timestamp now);
/// What became of the last slot.
[[nodiscard]] Table::Cell last_run_of(const ScheduleInfo& info);
/// What a reason means: "nobody ran at the time".
[[nodiscard]] std::string_view meaning_of(SkipReason reason);
/// `1,234,567`.
[[nodiscard]] std::string grouped(std::int64_t number);

}  // namespace cloacina::cli
