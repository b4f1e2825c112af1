#include "store/sql/schedules.hpp"

#include <limits>
#include <set>

namespace cloacina::store::sql {

namespace {

/// Where a page of firings ends: the ledger is ordered by slot, then outcome.
constexpr std::int64_t page_of(Timestamp slot, Firing::Outcome outcome) {
  return slot.time_since_epoch().count() * 2 + (outcome == Firing::Outcome::Skipped ? 1 : 0);
}

Firing read_firing(const Use& use) {
  Firing f;
  f.slot = use.time(0);
  f.outcome = use.integer(1) == 0 ? Firing::Outcome::Fired : Firing::Outcome::Skipped;
  f.kind = static_cast<Firing::Kind>(use.integer(2));
  if (!use.is_null(3)) f.reason = static_cast<SkipReason>(use.integer(3));
  f.through = use.time(4);
  f.count = use.integer(5);
  f.fired_at = use.time(7);
  if (!use.is_null(8)) f.execution = id_of(use.blob(8));
  return f;
}

}  // namespace

ScheduleRow read_schedule(const Use& use) {
  ScheduleRow r;
  r.key = use.integer(0);
  r.id = id_of(use.blob(1));
  r.name = use.text(2);
  r.workflow = use.text(3);
  r.definition = use.text(4);
  r.source = use.text(5);
  r.revision = use.integer(6);
  r.turn = use.integer(7);
  r.cursor = use.text(8);
  r.zones = use.text(9);
  r.reboot = use.integer(10) != 0;
  r.paused = use.integer(11) != 0;
  r.pause_note = use.text(12);
  r.next_run_at = use.optional_time(13);
  r.last_slot = use.optional_time(14);
  r.disabled_reason = use.optional_text(15);
  r.created_at = use.time(16);
  return r;
}

std::vector<ScheduleRow> read_schedules(Use& use) {
  std::vector<ScheduleRow> rows;
  while (use.step()) rows.push_back(read_schedule(use));
  return rows;
}

std::optional<ScheduleRow> find_schedule(Session& session, const std::string& name) {
  auto use = session.use("find_schedule");
  return use.bind(name).step() ? std::optional(read_schedule(use)) : std::nullopt;
}

std::vector<ScheduleRow> due_schedules(Session& session, Timestamp now, int limit) {
  std::vector<ScheduleRow> rows;
  {
    auto use = session.use("due_schedules");
    rows = read_schedules(use.bind(now, limit));
  }
  if (static_cast<int>(rows.size()) < limit) return rows;
  // There are more: half of the turn is for those that are due since a moment only.
  rows.resize(static_cast<std::size_t>(limit - limit / 2));
  std::set<ScheduleKey> known;
  for (const auto& row : rows) known.insert(row.key);
  auto use = session.use("due_schedules_latest");
  use.bind(now, limit / 2);
  while (use.step()) {
    if (!known.contains(use.integer(0))) rows.push_back(read_schedule(use));
  }
  return rows;
}

namespace {

bool write(Session& session, const ScheduleWrite& write, Timestamp now) {
  const auto& r = write.row;
  switch (write.kind) {
    case ScheduleWrite::Kind::Create:
      return session.use("insert_schedule")
                 .bind(r.id.bytes(), r.name, r.workflow, r.definition, r.source, r.cursor, r.zones, r.reboot, r.paused,
                       r.pause_note, r.next_run_at, r.created_at)
                 .run() == 1;
    case ScheduleWrite::Kind::Update:
      return session.use("update_schedule")
                 .bind(r.key, r.turn, r.workflow, r.definition, r.source, r.revision, r.cursor, r.zones, r.reboot, r.paused,
                       r.pause_note, r.next_run_at, r.disabled_reason)
                 .run() == 1;
    case ScheduleWrite::Kind::Remove:
      return session.use("remove_schedule").bind(r.key, r.turn, now).run() == 1;
  }
  return false;
}

std::vector<Event> read_events(Use& use) {
  std::vector<Event> events;
  while (use.step()) {
    Event event;
    event.at = use.time(0);
    event.kind = use.text(1);
    event.detail = use.text(2);
    event.actor = use.text(3);
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace

bool apply(Session& session, const ScheduleWrite& change, Timestamp now) {
  if (!write(session, change, now)) return false;
  if (const auto& event = change.event) {
    session.use("insert_schedule_event").bind(change.row.id.bytes(), now, event->kind, event->detail, event->actor).run();
  }
  return true;
}

bool is_done(Session& session, const ScheduleWrite& change) {
  const auto& wanted = change.row;
  const auto row = find_schedule(session, wanted.name);
  switch (change.kind) {
    case ScheduleWrite::Kind::Create:
      return row && row->id == wanted.id;
    case ScheduleWrite::Kind::Update:
      // Since then it may have fired.
      return row && row->key == wanted.key && row->turn > wanted.turn && row->revision >= wanted.revision &&
             row->definition == wanted.definition && row->source == wanted.source && row->paused == wanted.paused &&
             row->pause_note == wanted.pause_note;
    case ScheduleWrite::Kind::Remove:
      return !row || row->key != wanted.key;
  }
  return false;
}

std::vector<Event> schedule_events(Session& session, ScheduleKey schedule, int limit) {
  auto use = session.use("schedule_events");
  return read_events(use.bind(schedule, limit));
}

std::optional<Event> schedule_removal(Session& session, const std::string& name) {
  auto use = session.use("schedule_removal");
  auto found = read_events(use.bind(name));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<ScheduleRow> list_schedules(Session& session, const ScheduleFilter& filter) {
  auto use = session.use(filter.workflow ? "list_schedules_by_workflow"
                         : filter.source ? "list_schedules_by_source"
                                         : "list_schedules");
  return read_schedules(use.bind(filter.after, filter.workflow, filter.source, filter.paused, filter.limit));
}

std::optional<Reader::LastFiring> last_firing(Session& session, ScheduleKey schedule) {
  Reader::LastFiring last;
  {
    auto use = session.use("firings");
    use.bind(schedule, Timestamp::max(), Timestamp::min(), nullptr);
    if (!use.step()) return std::nullopt;
    last.firing = read_firing(use);
    last.due_at = use.time(6);
  }
  if (last.firing.execution) {
    auto use = session.use("status_of_execution");
    if (use.bind(last.firing.execution->bytes()).step()) last.status = static_cast<ExecutionStatus>(use.integer(0));
  }
  return last;
}

FiringPage firings(Session& session, ScheduleKey schedule, const FiringFilter& filter) {
  const std::int64_t before = filter.before.value_or(std::numeric_limits<std::int64_t>::max());
  const Timestamp newest = filter.before ? Timestamp{std::chrono::microseconds{before / 2}} : Timestamp::max();
  std::optional<std::int64_t> outcome;
  if (filter.outcome) outcome = *filter.outcome == Firing::Outcome::Fired ? 0 : 1;
  FiringPage page;
  auto use = session.use("firings");
  use.bind(schedule, newest, filter.since.value_or(Timestamp::min()), outcome);
  while (use.step()) {
    auto firing = read_firing(use);
    if (filter.before && page_of(firing.slot, firing.outcome) >= before) continue;
    if (static_cast<int>(page.firings.size()) == filter.limit) {
      page.next = page_of(page.firings.back().slot, page.firings.back().outcome);
      break;
    }
    page.firings.push_back(std::move(firing));
  }
  return page;
}

ScheduleStats schedule_stats(Session& session, ScheduleKey schedule, Timestamp since) {
  ScheduleStats stats;
  {
    auto use = session.use("firing_counts");
    use.bind(schedule, since);
    while (use.step()) {
      const auto count = use.integer(3);
      if (use.integer(0) == 1) {
        stats.skipped[static_cast<SkipReason>(use.integer(2))] += count;
        continue;
      }
      switch (static_cast<Firing::Kind>(use.integer(1))) {
        case Firing::Kind::Slot:
          stats.fired += count;
          break;
        case Firing::Kind::RunNow:
          stats.run_now += count;
          break;
        case Firing::Kind::Backfill:
          stats.backfilled += count;
          break;
      }
    }
  }
  {
    auto use = session.use("firing_statuses");
    use.bind(schedule, since);
    while (use.step()) {
      const auto count = use.integer(1);
      switch (static_cast<ExecutionStatus>(use.integer(0))) {
        case ExecutionStatus::Completed:
          stats.completed += count;
          break;
        case ExecutionStatus::Failed:
          stats.failed += count;
          break;
        case ExecutionStatus::Cancelled:
          stats.cancelled += count;
          break;
        default:
          stats.open += count;
      }
    }
  }
  const auto lateness = [&](std::int64_t rank) -> std::optional<std::chrono::microseconds> {
    auto use = session.use("firing_lateness");
    if (!use.bind(schedule, since, rank).step()) return std::nullopt;
    return std::chrono::microseconds{use.integer(0)};
  };
  if (stats.fired > 0) {
    stats.lateness_p50 = lateness((stats.fired - 1) / 2);
    stats.lateness_p99 = lateness((stats.fired - 1) * 99 / 100);
  }
  return stats;
}

}  // namespace cloacina::store::sql
