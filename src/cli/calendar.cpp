#include <algorithm>
#include <map>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/days.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/schedule_words.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

namespace {

using std::chrono::days;
using std::chrono::local_days;

constexpr int page_size = 1'000;
/// More slots in a day are one line.
constexpr std::int64_t single_lines_max = 4;

/// One line: a slot of a schedule, or all of them on one day.
struct Line {
  std::string schedule;
  std::string workflow;
  std::string zone;
  std::string first;  ///< the wall clock of the schedule's zone
  std::string last;
  std::int64_t count = 1;
  bool paused = false;
};

/// Days of the schedules' own zones, each with its lines.
class Calendar {
 public:
  Calendar(Timestamp now, int day_count) : now_(now), day_count_(day_count) {}

  /// *Throws* Error{InvalidArgument} when the rule does not work any more.
  void add(const ScheduleInfo& info) {
    const auto rule = rule_of(info.definition, info.created_at);
    if (rule.expression.is_reboot()) return;
    const auto today = std::chrono::floor<days>(rule.zone.local(now_));
    for (int i = 0; i < day_count_; ++i) {
      const local_days day = today + days{i};
      Timestamp from = std::max(begin_of(rule.zone, day), now_ + std::chrono::microseconds{1});
      Timestamp to = begin_of(rule.zone, day + days{1});
      if (info.definition.start_at) from = std::max(from, *info.definition.start_at);
      if (info.definition.end_at) to = std::min(to, *info.definition.end_at);
      if (from < to) add(info, rule, day, from, to);
    }
  }

  [[nodiscard]] const std::map<local_days, std::vector<Line>>& lines() {
    for (auto& [day, lines] : days_) {
      std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.first < b.first; });
    }
    return days_;
  }

 private:
  void add(const ScheduleInfo& info, const CronRule& rule, local_days day, Timestamp from, Timestamp to) {
    const auto count = rule.count(from, to);
    if (count == 0) return;
    const auto clock = [&](Timestamp at) { return clock_text(rule.zone.local(at)); };
    const auto add_line = [&](Timestamp first, Timestamp last, std::int64_t slots) {
      days_[day].push_back({.schedule = info.definition.name,
                            .workflow = info.definition.workflow,
                            .zone = info.definition.time_zone,
                            .first = clock(first),
                            .last = clock(last),
                            .count = slots,
                            .paused = info.paused});
    };
    auto slot = *rule.next(from - std::chrono::microseconds{1});
    if (count > single_lines_max) return add_line(slot, *rule.previous(to), count);
    for (std::int64_t i = 0; i < count; ++i) {
      add_line(slot, slot, 1);
      if (i + 1 < count) slot = *rule.next(slot);
    }
  }

  Timestamp now_;
  int day_count_;
  std::map<local_days, std::vector<Line>> days_;
};

void print_json(Stream& out, local_days day, const Line& l) {
  OrderedJson json;
  json["day"] = day_text(day);
  json["schedule"] = l.schedule;
  json["workflow"] = l.workflow;
  json["time_zone"] = l.zone;
  json["first"] = l.first;
  json["last"] = l.last;
  json["count"] = l.count;
  json["paused"] = l.paused;
  out.line(line(json));
}

void print(Stream& out, const std::map<local_days, std::vector<Line>>& calendar) {
  std::size_t times = 0;
  std::size_t zones = 0;
  std::size_t names = 0;
  const auto times_of = [](const Line& l) { return l.count == 1 ? l.first : l.first + " - " + l.last; };
  for (const auto& [day, lines] : calendar) {
    for (const auto& l : lines) {
      times = std::max(times, width(times_of(l)));
      zones = std::max(zones, width(l.zone));
      names = std::max(names, width(l.schedule));
    }
  }
  const auto padded = [](std::string text, std::size_t columns) { return text + std::string(columns - width(text) + 2, ' '); };
  bool first = true;
  for (const auto& [day, lines] : calendar) {
    if (!first) out.line("");
    first = false;
    out.line(out.paint(Color::Bold, long_day_text(day)));
    for (const auto& l : lines) {
      std::string remark = l.count == 1 ? "" : grouped(l.count) + " times";
      if (l.paused) remark += (remark.empty() ? "paused" : ", paused");
      out.line(
          "  " + padded(times_of(l), times) + out.paint(Color::Dim, padded(l.zone, zones)) +
          (remark.empty() ? l.schedule : padded(l.schedule, names) + out.paint(l.paused ? Color::Yellow : Color::Dim, remark)));
    }
  }
}

}  // namespace

int execute(Console& console, const Globals& globals, const ScheduleCalendarArguments& a) {
  const auto client = open_client_if_any(globals);
  if (!client) {
    console.err.line("cloacinactl: there is no database " + shown_database(globals) + " yet");
    return ExitStatus::done;
  }
  Calendar calendar(utc_now(), a.days);
  ScheduleFilter filter{.limit = page_size};
  for (bool more = true; more;) {
    const auto page = client->schedules().list(filter);
    for (const auto& info : page) {
      try {
        calendar.add(info);
      } catch (const Error& e) {
        console.err.line("cloacinactl: left out: schedule '" + info.definition.name + "': " + e.what());
      }
    }
    more = page.size() == static_cast<std::size_t>(page_size);
    if (more) filter.after = page.back().definition.name;
  }
  const auto& lines = calendar.lines();
  if (globals.json) {
    for (const auto& [day, entries] : lines) {
      for (const auto& entry : entries) print_json(console.out, day, entry);
    }
  } else if (lines.empty()) {
    console.err.line("nothing is due in " + std::to_string(a.days) + (a.days == 1 ? " day" : " days"));
  } else {
    print(console.out, lines);
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
