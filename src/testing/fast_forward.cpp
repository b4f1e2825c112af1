#include <algorithm>

#include "cloacina/testing.hpp"
#include "cron/plan.hpp"
#include "cron/schedule_json.hpp"

namespace cloacina {

namespace {

/// The first instant from `at` on at which a runner lives.
Timestamp first_up(Timestamp at, std::vector<Downtime> down) {
  std::sort(down.begin(), down.end(), [](const Downtime& a, const Downtime& b) { return a.from < b.from; });
  for (const auto& d : down) {
    if (d.from <= at && at < d.to) at = d.to;
  }
  return at;
}

}  // namespace

std::vector<Firing> fast_forward(const Schedule& schedule, Timestamp from, Timestamp to, const std::vector<Downtime>& down) {
  validate(schedule, from);
  std::vector<Firing> out;
  if (schedule.paused) return out;
  const auto rule = cron::make_rule(schedule, from);
  auto cursor = cron::first_cursor(rule, from);
  auto next = cron::next_run_at(rule, cursor);
  Timestamp now = from;
  while (next) {
    now = first_up(std::max(now, *next), down);
    if (now >= to) break;
    auto plan = cron::plan(rule, cursor, now);
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    for (const auto& f : plan.fire) {
      out.push_back({.schedule = schedule.name, .slot = f.slot, .through = f.slot, .reason = {}, .execution = {}, .fired_at = now});
    }
    for (const auto& s : plan.skipped) {
      out.push_back({.schedule = schedule.name,
                     .outcome = Firing::Outcome::Skipped,
                     .slot = s.slot,
                     .through = s.through,
                     .count = s.count,
                     .reason = s.reason,
                     .execution = {},
                     .fired_at = now});
    }
    std::sort(out.begin() + first, out.end(), [](const Firing& a, const Firing& b) { return a.slot < b.slot; });
    cursor = std::move(plan.cursor);
    next = plan.next_run_at;
  }
  return out;
}

}  // namespace cloacina
