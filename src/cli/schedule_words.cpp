#include "cli/schedule_words.hpp"

#include "cli/words.hpp"
#include "cloacina/error.hpp"

namespace cloacina::cli {

TimeZone zone_of(const Schedule& schedule) {
  try {
    return rule_of(schedule).zone;
  } catch (const Error&) {
    return {};
  }
}

std::string relative(Timestamp at, Timestamp now) {
  if (at > now) return "in " + human_duration(at - now);
  if (now - at < std::chrono::seconds{1}) return "now";
  return human_duration(now - at) + " ago";
}

Table::Cell next_run_of(const ScheduleInfo& info, Timestamp now) {
  if (info.disabled_reason) return {"disabled: " + one_line(*info.disabled_reason), Color::Red};
  if (info.paused) return {"paused" + (info.pause_note.empty() ? "" : ": " + one_line(info.pause_note)), Color::Yellow};
  if (info.next_run_at) return {zone_of(info.definition).format(*info.next_run_at) + "  " + relative(*info.next_run_at, now)};
  return {info.definition.cron == "@reboot" ? "at the start of a runner" : "none: its last slot is over", Color::Dim};
}

Table::Cell last_run_of(const ScheduleInfo& info) {
  if (!info.last_firing) return {"-", Color::Dim};
  const auto& firing = *info.last_firing;
  if (firing.outcome == Firing::Outcome::Skipped) {
    return {"skipped" + (firing.reason ? ": " + std::string(to_string(*firing.reason)) : ""), Color::Yellow};
  }
  if (!info.last_status) return {"fired", Color::None};
  return {std::string(to_string(*info.last_status)), color_of(*info.last_status)};
}

std::string_view meaning_of(SkipReason reason) {
  switch (reason) {
    case SkipReason::Paused:
      return "the schedule was paused";
    case SkipReason::Missed:
      return "nobody ran at the time";
    case SkipReason::Superseded:
      return "a later slot was caught up instead";
    case SkipReason::CatchupWindow:
      return "older than the catch-up window";
    case SkipReason::Concurrency:
      return "an earlier execution had not ended";
    case SkipReason::Edited:
      return "the rule was replaced before its turn";
  }
  return {};
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

}  // namespace cloacina::cli
