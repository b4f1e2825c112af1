#include "cloacina/schedule.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cloacina/error.hpp"
#include "core/text.hpp"
#include "cron/schedule_json.hpp"
#include "cron/system_zones.hpp"

namespace cloacina {

namespace {

constexpr std::array<std::pair<std::string_view, Concurrency>, 4> concurrencies{
    {{"allow", Concurrency::Allow}, {"skip", Concurrency::Skip}, {"queue", Concurrency::Queue}, {"replace", Concurrency::Replace}}};
constexpr int priority_max = 1'000'000;

[[noreturn]] void bad(const Schedule& schedule, const std::string& field, const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "schedule " + core::quote(schedule.name) + ": " + field + " " + why);
}

void check_name(const Schedule& schedule, const char* field, const std::string& name) {
  if (core::is_name(name)) return;
  bad(schedule, field, core::quote(name) + " is no name; use 1 to 128 of the characters A-Z a-z 0-9 _ . -");
}

void check_duration(const Schedule& schedule, const char* field, std::chrono::milliseconds value) {
  if (value < std::chrono::milliseconds{0}) bad(schedule, field, std::to_string(value.count()) + "ms is negative");
}

/// Whether the rule has a slot in (after, …) of its window.
bool has_slot(const Schedule& schedule, const CronRule& rule, Timestamp after) {
  if (schedule.start_at) after = std::max(after, *schedule.start_at - std::chrono::microseconds{1});
  const auto slot = rule.next(after);
  return slot && (!schedule.end_at || *slot < *schedule.end_at);
}

}  // namespace

std::string_view to_string(Concurrency value) {
  for (const auto& [name, known] : concurrencies) {
    if (known == value) return name;
  }
  return {};
}

Concurrency parse_concurrency(std::string_view text) {
  for (const auto& [name, known] : concurrencies) {
    if (name == text) return known;
  }
  throw Error(ErrorCode::InvalidArgument,
              "concurrency " + core::quote(text) + " is unknown; write one of allow, skip, queue, replace");
}

std::string_view to_string(Firing::Outcome value) { return value == Firing::Outcome::Fired ? "fired" : "skipped"; }

std::string_view to_string(Firing::Kind value) {
  switch (value) {
    case Firing::Kind::Slot:
      return "slot";
    case Firing::Kind::RunNow:
      return "run_now";
    case Firing::Kind::Backfill:
      return "backfill";
  }
  return {};
}

Firing::Outcome parse_firing_outcome(std::string_view text) {
  if (text == "fired") return Firing::Outcome::Fired;
  if (text == "skipped") return Firing::Outcome::Skipped;
  throw Error(ErrorCode::InvalidArgument, "outcome " + core::quote(text) + " is unknown; write one of fired, skipped");
}

CronRule rule_of(const Schedule& schedule, Timestamp created) {
  CronRule rule{.expression = CronExpression::parse(schedule.cron, schedule.dialect, schedule.name),
                .zone = schedule.time_zone == "UTC" ? TimeZone{} : cron::system_zones().zone(schedule.time_zone),
                .gap = schedule.gap,
                .overlap = schedule.overlap,
                .every_from = schedule.start_at.value_or(created)};
  return rule;
}

void validate(const Schedule& s, Timestamp now) {
  check_name(s, "name", s.name);
  check_name(s, "workflow", s.workflow);
  if (!s.input.is_object()) bad(s, "input", std::string("is a JSON object, not ") + s.input.type_name());
  try {
    (void)cron::to_text(s);
  } catch (const Json::exception& e) {
    bad(s, "has a text that", std::string("is not UTF-8: ") + e.what());
  }
  if (s.start_at && s.end_at && *s.end_at <= *s.start_at) bad(s, "end_at", "is not later than start_at: its window is empty");
  check_duration(s, "max_lateness", s.max_lateness);
  check_duration(s, "catchup_window", s.catchup_window);
  check_duration(s, "jitter", s.jitter);
  if (s.priority < -priority_max || s.priority > priority_max) {
    bad(s, "priority", std::to_string(s.priority) + " is out of range: -1000000 to 1000000");
  }
  const CronRule rule = [&] {
    try {
      return rule_of(s, now);
    } catch (const Error& e) {
      throw Error(e.code(), "schedule " + core::quote(s.name) + ": " + e.what());
    }
  }();
  if (rule.expression.is_reboot()) return;
  if (rule.expression.is_impossible()) bad(s, "cron", core::quote(s.cron) + " has no slot: there is no such date");
  if (has_slot(s, rule, now)) return;
  // A start in the past with a catch-up may owe slots of the past only.
  if (s.start_at && has_slot(s, rule, *s.start_at - std::chrono::microseconds{1})) return;
  if (rule.expression.has_year() && rule.previous(now)) return;
  bad(s, "cron", core::quote(s.cron) + (s.end_at ? " has no slot before end_at" : " has no slot in the future"));
}

std::vector<Timestamp> preview(const Schedule& schedule, Timestamp after, int count) {
  std::vector<Timestamp> slots;
  const auto rule = rule_of(schedule, after);
  if (schedule.start_at) after = std::max(after, *schedule.start_at - std::chrono::microseconds{1});
  while (static_cast<int>(slots.size()) < count) {
    const auto slot = rule.next(after);
    if (!slot || (schedule.end_at && *slot >= *schedule.end_at)) break;
    slots.push_back(after = *slot);
  }
  return slots;
}

}  // namespace cloacina
