#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/cron.hpp"
#include "cloacina/execution.hpp"
#include "cloacina/export.hpp"

namespace cloacina {

/// What happens to a slot while an execution of an earlier slot is not terminal. Executions of `run_now` and of backfills do not
/// count.
enum class Concurrency {
  Allow,    ///< it starts beside the others
  Skip,     ///< it is skipped, reason `concurrency`
  Queue,    ///< its execution waits until the earlier ones have ended, oldest first
  Replace,  ///< the others are cancelled
};
[[nodiscard]] CLOACINA_API std::string_view to_string(Concurrency value);
/// *Throws* Error{InvalidArgument} that lists the spellings.
[[nodiscard]] CLOACINA_API Concurrency parse_concurrency(std::string_view text);

/// A stored cron rule for a workflow, as its author writes it (cron.md, 3).
struct Schedule {
  std::string name;             ///< unique in the database: `[A-Za-z0-9_.-]{1,128}`
  std::string workflow;         ///< need not be known yet: executions wait for it
  Json input = Json::object();  ///< of the executions, over the workflow's own; they also get `scheduled_time`, `schedule_id`,
                                ///< `schedule_timezone`, `schedule_expression` and `schedule_name`
  std::string cron;
  Dialect dialect = Dialect::Ocps;
  std::string time_zone = "UTC";
  GapPolicy gap = GapPolicy::NextValid;
  OverlapPolicy overlap = OverlapPolicy::Automatic;
  std::optional<Timestamp> start_at{};  ///< slots from here on
  std::optional<Timestamp> end_at{};    ///< slots before; later than start_at
  Catchup catchup = Catchup::None;
  std::chrono::milliseconds max_lateness{60'000};                          ///< with `None`; >= 0
  std::chrono::milliseconds catchup_window{std::chrono::hours{365 * 24}};  ///< with `Latest` and `All`; >= 0
  Concurrency concurrency = Concurrency::Allow;
  std::chrono::milliseconds jitter{0};  ///< >= 0
  bool paused = false;                  ///< a value like the others: the same definition again undoes no `pause` or `resume`
  int priority = 0;                     ///< -1'000'000..1'000'000
  std::map<std::string, std::string> tags{};

  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// As `schedule list --json` shows a definition: words as in files, times as RFC 3339, durations as `1h30m`.
CLOACINA_API void to_json(Json& json, const Schedule& schedule);
CLOACINA_API void from_json(const Json& json, Schedule& schedule);

/// The expression in its zone. `created` is where `@every` counts from when there is no `start_at`. *Throws* Error{InvalidArgument}
/// that names the field.
[[nodiscard]] CLOACINA_API CronRule rule_of(const Schedule& schedule, Timestamp created = {});
/// *Throws* Error{InvalidArgument} that names the field, what was found and what would be right: also for a schedule that has no
/// slot after `now`, unless its expression has a year and had one.
CLOACINA_API void validate(const Schedule& schedule, Timestamp now);
/// The next slots of a schedule that is not stored, at most `count`, strictly later than `after` and inside its window.
[[nodiscard]] CLOACINA_API std::vector<Timestamp> preview(const Schedule& schedule, Timestamp after, int count);

/// What happened to a slot, or to consecutive slots that were skipped for one reason.
struct Firing {
  enum class Outcome { Fired, Skipped };
  enum class Kind { Slot, RunNow, Backfill };
  std::string schedule;
  Kind kind = Kind::Slot;
  Outcome outcome = Outcome::Fired;
  Timestamp slot{};     ///< RunNow: when it was asked for
  Timestamp through{};  ///< the last slot of the run; `slot` for a single one
  std::int64_t count = 1;
  std::optional<SkipReason> reason;      ///< Skipped
  std::optional<ExecutionId> execution;  ///< Fired; it may have been pruned since
  Timestamp fired_at{};                  ///< when it was recorded
};
[[nodiscard]] CLOACINA_API std::string_view to_string(Firing::Outcome value);  ///< "fired", "skipped"
[[nodiscard]] CLOACINA_API std::string_view to_string(Firing::Kind value);     ///< "slot", "run_now", "backfill"
[[nodiscard]] CLOACINA_API Firing::Outcome parse_firing_outcome(std::string_view text);

/// A schedule as it is stored.
struct ScheduleInfo {
  Schedule definition;
  std::string id;             ///< a UUID: another one when the name is removed and put again
  std::string source;         ///< who put it and may remove it; empty: nobody in particular
  std::int64_t revision = 1;  ///< grows with every edit
  Timestamp created_at{};
  bool paused = false;
  std::string pause_note;
  std::optional<Timestamp> next_run_at;  ///< none after the end, while paused, and when disabled
  std::optional<Timestamp> last_slot;    ///< the last slot that fired or was skipped
  std::optional<std::string> disabled_reason;
  std::optional<Firing> last_firing;                       ///< the newest, skipped ones too
  std::optional<ExecutionStatus> last_status;              ///< of the last firing's execution
  std::optional<std::chrono::microseconds> last_lateness;  ///< of the last firing that fired: recorded - due
};

struct ScheduleFilter {
  std::optional<std::string> workflow{};
  std::optional<std::string> source{};
  std::optional<bool> paused{};
  std::string after{};  ///< names after this one: where the last page ended
  int limit = 100;      ///< 1..10'000
};

struct FiringFilter {
  std::optional<Firing::Outcome> outcome{};
  std::optional<Timestamp> since{};      ///< slots from here on
  std::optional<std::int64_t> before{};  ///< the `next` of the last page
  int limit = 100;                       ///< 1..10'000
};
struct FiringPage {
  std::vector<Firing> firings;       ///< newest first
  std::optional<std::int64_t> next;  ///< none at the end
};

struct ScheduleStats {
  std::int64_t fired = 0;  ///< slots
  std::int64_t run_now = 0;
  std::int64_t backfilled = 0;
  std::map<SkipReason, std::int64_t> skipped;
  std::int64_t completed = 0;  ///< executions, as far as they are kept
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t open = 0;
  std::optional<std::chrono::microseconds> lateness_p50;  ///< recorded - due, of slots
  std::optional<std::chrono::microseconds> lateness_p99;
};

struct BackfillOptions {
  int concurrency = 1;                            ///< executions of this backfill that may be open at once, 1..10'000
  bool dry_run = false;                           ///< counts and lists, fires nothing
  std::function<bool(const Firing&)> on_fired{};  ///< called as they are recorded; false ends the backfill early
};
struct BackfillReport {
  std::int64_t id = 0;       ///< for `cancel_backfill`; 0 when nothing was to be done
  std::int64_t fired = 0;    ///< or would be
  std::int64_t already = 0;  ///< slots of the range that had fired before
};

/// The schedules of a runner's database. A handle, cheap to copy; not to be used after its runner. All calls are thread-safe, and
/// none needs a started runner.
class CLOACINA_API Schedules {
 public:
  struct Impl;
  explicit Schedules(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}  ///< of `Runner::schedules`
  enum class Put { Created, Updated, Unchanged };
  /// Creates or updates by name. An update settles what the old rule owes first. *Throws* Error{InvalidArgument} as `validate`.
  Put put(const Schedule& schedule, const std::string& source = {});
  /// Several in one transaction, or none.
  std::vector<Put> put_many(const std::vector<Schedule>& schedules, const std::string& source = {});
  /// Makes the schedules of `source` these: puts them, and removes those of that source that are not among them.
  struct SyncReport {
    int created = 0;
    int updated = 0;
    int unchanged = 0;
    int removed = 0;
  };
  SyncReport sync(const std::string& source, const std::vector<Schedule>& schedules);

  /// All of the following *throw* Error{NotFound} with the nearest name.
  [[nodiscard]] ScheduleInfo get(std::string_view name) const;
  [[nodiscard]] std::vector<ScheduleInfo> list(const ScheduleFilter& filter = {}) const;
  /// Slots from now on are skipped, reason `paused`. Pausing twice only changes the note.
  void pause(std::string_view name, const std::string& note = {});
  void resume(std::string_view name);
  /// Its executions and its history stay.
  void remove(std::string_view name);
  /// An execution outside of the slots; the schedule may be paused.
  ExecutionId run_now(std::string_view name);
  /// Fires every slot of [from, to) that has not fired yet, oldest first; executions beyond `concurrency` wait for those before
  /// them. Durable step by step: after a kill the same call goes on, and what has fired is not fired twice. *Throws*
  /// Error{InvalidArgument} when the range does not end in the past.
  BackfillReport backfill(std::string_view name, Timestamp from, Timestamp to, const BackfillOptions& options = {});
  /// Cancels the executions of a backfill that have not ended; returns how many.
  int cancel_backfill(std::string_view name, std::int64_t id);
  /// The next slots, at most `count`, pauses not considered.
  [[nodiscard]] std::vector<Timestamp> next(std::string_view name, int count = 1) const;
  [[nodiscard]] FiringPage history(std::string_view name, const FiringFilter& filter = {}) const;
  /// What its owners did to it, newest first, at most `limit` (1..10'000): `created`, `updated` with what was changed, `paused`
  /// with its note, `resumed`; each with who did it. An execution's own events say who asked for it by `run_now` or a backfill.
  [[nodiscard]] std::vector<Event> events(std::string_view name, int limit = 100) const;
  [[nodiscard]] ScheduleStats stats(std::string_view name, std::optional<Timestamp> since = {}) const;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace cloacina
