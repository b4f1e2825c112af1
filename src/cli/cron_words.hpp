#pragma once

#include <string>

#include "cli/json.hpp"
#include "cloacina/cron.hpp"

/// How occurrences of a rule are put into words for people, and into JSON for programs.
namespace cloacina::cli {

/// "2026-03-29T01:00:00Z"; with decimals only when there are some, as `@every 1500ms` has.
[[nodiscard]] std::string instant(Timestamp at);

/// What a change of the clock did to `occurrence`: "02:30 does not exist that day: moved to 03:00". Empty when nothing.
[[nodiscard]] std::string remark_on(const CronRule& rule, Timestamp occurrence);
/// Why these did not fire: "02:30 comes twice that day: only the first pass fires".
[[nodiscard]] std::string remark_on(const CronRule& rule, const SuppressedTimes& times);
/// The first of them on the zone's clock, with its offset when it exists.
[[nodiscard]] std::string local_time(const CronRule& rule, const SuppressedTimes& times);

[[nodiscard]] OrderedJson to_json(const CronRule& rule, Timestamp occurrence);
[[nodiscard]] OrderedJson to_json(const SuppressedTimes& times);

/// `problem`, and below it the expression with its place underlined, where that can be shown.
[[nodiscard]] std::string with_place(const CronProblem& problem, std::string expression);

}  // namespace cloacina::cli
