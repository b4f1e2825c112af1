#include <algorithm>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/schedule_words.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

namespace {

constexpr std::uint64_t page_size = 1'000;
constexpr int changes_max = 20;

/// Calls `use` for each firing, newest first, until there is no more, `limit` is reached or nobody reads.
template <class F>
void for_each(const Schedules& schedules, const std::string& name, FiringFilter filter, std::uint64_t limit, const Stream& out,
              const F& use) {
  while (limit > 0 && !out.closed()) {
    filter.limit = static_cast<int>(std::min(limit, page_size));
    const auto page = schedules.history(name, filter);
    for (const auto& firing : page.firings) use(firing);
    limit -= std::min<std::uint64_t>(limit, page.firings.size());
    if (!page.next) return;
    filter.before = page.next;
  }
}

/// One slot, or the first and the last of several.
std::string slots_of(const Firing& f) {
  if (f.count == 1) return format_seconds(f.slot);
  return format_seconds(f.slot) + " to " + format_seconds(f.through);
}

void add_row(Table& table, const Firing& f) {
  const bool fired = f.outcome == Firing::Outcome::Fired;
  std::string remark;
  if (fired) {
    remark = f.execution ? f.execution->to_string() : "its execution was deleted";
  } else if (f.reason) {
    remark = std::string(to_string(*f.reason)) + ": " + std::string(meaning_of(*f.reason));
  }
  // Only slots have a time at which they were due.
  const bool slot = fired && f.kind == Firing::Kind::Slot;
  table.row({{slots_of(f)},
             {grouped(f.count)},
             {std::string(to_string(f.outcome)), fired ? Color::Green : Color::Yellow},
             {fired ? std::string(to_string(f.kind)) : std::string()},
             {slot ? human_duration(f.fired_at - f.slot) : std::string()},
             {remark}});
}

std::optional<Timestamp> since_of(const std::string& word) {
  if (word.empty()) return std::nullopt;
  return read_since("--since", word, utc_now());
}

/// What was done to the schedule itself.
void show_changes(Stream& out, const std::vector<Event>& events, std::optional<Timestamp> since) {
  Table table({"CHANGED AT", "CHANGE", "WHAT", "BY"});
  bool any = false;
  for (const auto& event : events) {
    if (since && event.at < *since) break;
    table.row({{format_seconds(event.at)}, {event.kind}, {one_line(event.detail)}, {one_line(event.actor), Color::Dim}});
    any = true;
  }
  if (!any) return;
  out.line("");
  table.write(out);
}

OrderedJson micros(const std::optional<std::chrono::microseconds>& value) {
  return value ? OrderedJson(value->count()) : OrderedJson(nullptr);
}

OrderedJson to_json(const std::string& name, const ScheduleStats& s) {
  OrderedJson json;
  json["schedule"] = name;
  json["fired"] = s.fired;
  json["run_now"] = s.run_now;
  json["backfilled"] = s.backfilled;
  json["skipped"] = OrderedJson::object();
  for (const auto& [reason, count] : s.skipped) json["skipped"][std::string(to_string(reason))] = count;
  json["completed"] = s.completed;
  json["failed"] = s.failed;
  json["cancelled"] = s.cancelled;
  json["open"] = s.open;
  json["lateness_p50_us"] = micros(s.lateness_p50);
  json["lateness_p99_us"] = micros(s.lateness_p99);
  return json;
}

void show(Stream& out, const ScheduleStats& s) {
  const auto row = [&](std::string name, std::int64_t count, Color color = Color::None, std::string_view remark = {}) {
    name.resize(24, ' ');
    out.line(name + " " + out.paint(count > 0 ? color : Color::None, grouped(count)) +
             (remark.empty() ? "" : "  " + out.paint(Color::Dim, remark)));
  };
  row("fired", s.fired, Color::Green);
  if (s.run_now > 0) row("run now", s.run_now);
  if (s.backfilled > 0) row("backfilled", s.backfilled);
  for (const auto& [reason, count] : s.skipped) {
    row("skipped: " + std::string(to_string(reason)), count, Color::Yellow, meaning_of(reason));
  }
  row("executions completed", s.completed, Color::Green);
  row("executions failed", s.failed, Color::Red);
  if (s.cancelled > 0) row("executions cancelled", s.cancelled, Color::Yellow);
  if (s.open > 0) row("executions open", s.open, Color::Blue);
  if (s.lateness_p50) out.line("lateness, median         " + human_duration(*s.lateness_p50));
  if (s.lateness_p99) out.line("lateness, 99 of 100      " + human_duration(*s.lateness_p99));
}

}  // namespace

int execute(Console& console, const Globals& globals, const ScheduleHistoryArguments& a) {
  FiringFilter filter;
  if (!a.outcome.empty()) filter.outcome = parse_firing_outcome(a.outcome);
  filter.since = since_of(a.since);
  const auto client = open_client(globals);
  Table table({"SLOT", "COUNT", "OUTCOME", "KIND", "LATE", "EXECUTION OR REASON"});
  for_each(client->schedules(), a.name, filter, a.limit, console.out, [&](const Firing& firing) {
    if (globals.json) {
      console.out.line(line(cli::to_json(firing)));
    } else {
      add_row(table, firing);
    }
  });
  if (globals.json) return ExitStatus::done;
  table.write(console.out);
  show_changes(console.out, client->schedules().events(a.name, changes_max), filter.since);
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const ScheduleStatsArguments& a) {
  const auto since = since_of(a.since);
  const auto stats = open_client(globals)->schedules().stats(a.name, since);
  if (globals.json) {
    console.out.line(line(to_json(a.name, stats)));
  } else {
    show(console.out, stats);
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const ScheduleBackfillArguments& a) {
  const auto from = read_time("--from", a.from);
  const auto to = read_time("--to", a.to);
  const auto client = open_client(globals);
  BackfillOptions options{.concurrency = a.concurrency, .dry_run = a.dry_run};
  options.on_fired = [&](const Firing& firing) {
    if (globals.json) {
      console.out.line(line(cli::to_json(firing)));
    } else {
      console.out.line(format_seconds(firing.slot) + (firing.execution ? "  " + firing.execution->to_string() : ""));
    }
    // A closed pipe is no reason to stop half-way; the one who asked knows the range.
    console.out.flush();
    return true;
  };
  const auto report = client->schedules().backfill(a.name, from, to, options);
  console.err.line((a.dry_run ? "would fire " : "fired ") + grouped(report.fired) + (report.fired == 1 ? " slot" : " slots") +
                   (report.already > 0 ? ", " + grouped(report.already) + " had fired before" : ""));
  return ExitStatus::done;
}

}  // namespace cloacina::cli
