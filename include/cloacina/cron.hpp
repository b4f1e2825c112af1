#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"
#include "cloacina/time.hpp"
#include "cloacina/time_zone.hpp"

namespace cloacina {

namespace cron {
struct Compiled;
}

/// Which expressions are accepted.
enum class Dialect {
  Ocps,      ///< Open Cron Pattern Specification 1.4, strict
  Extended,  ///< and what Quartz, Jenkins, Cronos and systemd know: `5/15`, `22-2`, `L-3`, `LW`, full names, `H`, `@every 90s`
};

/// What happens to a fixed-time expression whose local time does not exist. An interval-like expression never fires inside a gap.
enum class GapPolicy {
  NextValid,  ///< fires once, at the first instant after the gap
  Shift,      ///< fires as long after the gap's end as it lay after its beginning: 02:30 becomes 03:30
  Skip,       ///< does not fire
};

/// What happens to a local time that exists twice.
enum class OverlapPolicy {
  Automatic,  ///< fixed-time: the first pass only; interval-like: both passes
  First,
  Second,
  Both,
};

/// What happens to slots that were missed while no runner was there.
enum class Catchup {
  None,    ///< slots later than `max_lateness` are skipped, reason `missed`
  Latest,  ///< the last due slot fires, the ones before it are skipped, reason `superseded`
  All,     ///< every slot fires, oldest first
};

/// Why a slot did not fire.
enum class SkipReason {
  Paused,         ///< the schedule was paused
  Missed,         ///< catch-up `none`, and it was too late
  Superseded,     ///< catch-up `latest`, and a later slot fired
  CatchupWindow,  ///< older than `catchup_window`
  Concurrency,    ///< an execution of an earlier slot was still going on
  Edited,         ///< its rule was replaced before it came to its turn
};

/// "next_valid", "shift", "skip", and so on: the spelling of files and of the command line.
[[nodiscard]] CLOACINA_API std::string_view to_string(Dialect value);
[[nodiscard]] CLOACINA_API std::string_view to_string(GapPolicy value);
[[nodiscard]] CLOACINA_API std::string_view to_string(OverlapPolicy value);
[[nodiscard]] CLOACINA_API std::string_view to_string(Catchup value);
[[nodiscard]] CLOACINA_API std::string_view to_string(SkipReason value);
/// Read those spellings back. *Throw* Error{InvalidArgument} that lists them.
[[nodiscard]] CLOACINA_API Dialect parse_dialect(std::string_view text);
[[nodiscard]] CLOACINA_API GapPolicy parse_gap_policy(std::string_view text);
[[nodiscard]] CLOACINA_API OverlapPolicy parse_overlap_policy(std::string_view text);
[[nodiscard]] CLOACINA_API Catchup parse_catchup(std::string_view text);
[[nodiscard]] CLOACINA_API SkipReason parse_skip_reason(std::string_view text);

/// What is wrong with the text of an expression.
struct CronProblem {
  std::string text;          ///< the sentence that CronExpression::parse throws
  std::string field;         ///< "minute", "day-of-month", …; empty when it is not about one field
  std::size_t position = 0;  ///< where it is: 1 = the first byte; 0 when it is about the whole text
  std::size_t length = 0;    ///< how many bytes from there; 0 where something is missing
};

/// A parsed cron expression: `[second] minute hour day-of-month month day-of-week [year]`, a nickname such as `@daily`, `@reboot`,
/// or in the extended dialect `@every <duration>`. A cheap immutable value, safe to share between threads.
class CLOACINA_API CronExpression {
 public:
  /// Reads `text`. `name` is what `H` is hashed from: the schedule's name. *Throws* Error{InvalidArgument} that names the field,
  /// the position (1 = the first byte of `text`), what was found, and where one exists the spelling that would work.
  [[nodiscard]] static CronExpression parse(std::string_view text, Dialect dialect = Dialect::Ocps, std::string_view name = {});
  /// What `parse` would throw, as a value; none when it would not. For who wants to show the place.
  [[nodiscard]] static std::optional<CronProblem> check(std::string_view text, Dialect dialect = Dialect::Ocps,
                                                        std::string_view name = {});

  /// The text as it was given.
  [[nodiscard]] const std::string& text() const noexcept;
  [[nodiscard]] Dialect dialect() const noexcept;

  /// `@reboot`: once per start of a runner; it has no occurrences in time.
  [[nodiscard]] bool is_reboot() const noexcept;
  /// The interval of `@every`.
  [[nodiscard]] std::optional<std::chrono::milliseconds> every() const noexcept;
  /// The second, minute or hour field contains `*`, a range or a step: daylight saving treats it as an interval, not as a time of
  /// day.
  [[nodiscard]] bool is_interval_like() const noexcept;
  /// A year field limits it, so that it may have had all its occurrences.
  [[nodiscard]] bool has_year() const noexcept;
  /// No date of 1970-2199 satisfies it (`0 0 31 2 *`).
  [[nodiscard]] bool is_impossible() const noexcept;

  /// A sentence in English: "At 02:00 on every weekday nearest to the 15th of the month." For every valid expression.
  [[nodiscard]] std::string explain() const;

  [[nodiscard]] const cron::Compiled& compiled() const noexcept { return *compiled_; }

 private:
  explicit CronExpression(std::shared_ptr<const cron::Compiled> compiled);
  std::shared_ptr<const cron::Compiled> compiled_;
};

/// How an occurrence relates to the zone's transitions.
enum class OccurrenceKind {
  Regular,
  AfterGap,    ///< its local time does not exist; the gap policy moved it here
  FirstPass,   ///< its local time exists twice; this is the earlier
  SecondPass,  ///< its local time exists twice; this is the later
};

/// Local times that satisfy an expression and did not fire because of one transition of the zone.
struct SuppressedTimes {
  enum class Cause { Gap, Overlap };
  Cause cause = Cause::Gap;
  Timestamp transition;              ///< the instant at which the clock was changed
  std::chrono::local_seconds first;  ///< the first local time that did not fire
  std::chrono::local_seconds last;   ///< the last one
  std::int64_t count = 0;
  Timestamp at;  ///< where they stand among the occurrences: when `first` would have fired, for a gap the transition
};

/// Local times that satisfy an expression, that a gap of the zone left out, and that the gap policy moved to one occurrence.
struct MovedTimes {
  Timestamp transition;              ///< the instant at which the clock was put forward
  std::chrono::local_seconds first;  ///< the first local time that does not exist
  std::chrono::local_seconds last;   ///< the last one
  std::int64_t count = 0;
};

/// An expression in a time zone with its daylight-saving policies: a set of instants. A value; every function is pure, allocates
/// nothing unless it returns a vector, and may be called from any thread. Years outside 1970-2199 of local time have no
/// occurrences.
struct CLOACINA_API CronRule {
  CronExpression expression;
  TimeZone zone{};
  GapPolicy gap = GapPolicy::NextValid;
  OverlapPolicy overlap = OverlapPolicy::Automatic;
  Timestamp every_from{};  ///< `@every D` fires at `every_from + k * D` for every whole k

  /// The first occurrence strictly later than `after`; none for `@reboot`.
  [[nodiscard]] std::optional<Timestamp> next(Timestamp after) const noexcept;
  /// The last occurrence strictly earlier than `before`.
  [[nodiscard]] std::optional<Timestamp> previous(Timestamp before) const noexcept;
  /// How many occurrences lie in [from, to). Counts by arithmetic: a year of seconds costs microseconds.
  [[nodiscard]] std::int64_t count(Timestamp from, Timestamp to) const noexcept;

  /// What a transition did to `occurrence`. *Requires* an instant that `next` or `previous` gave.
  [[nodiscard]] OccurrenceKind kind(Timestamp occurrence) const noexcept;
  /// The local times that were moved to `occurrence`, also when it would fire without them. None for most. *Requires* an instant
  /// that `next` or `previous` gave.
  [[nodiscard]] std::optional<MovedTimes> moved(Timestamp occurrence) const noexcept;
  /// The local times that transitions in [from, to) kept from firing, one entry a transition and cause, in order. Times that a gap
  /// policy moved are not among them.
  [[nodiscard]] std::vector<SuppressedTimes> suppressed(Timestamp from, Timestamp to) const;

  /// The expression's sentence with the zone: "At 02:00 every day, Europe/Berlin time."
  [[nodiscard]] std::string explain() const;
};

}  // namespace cloacina
