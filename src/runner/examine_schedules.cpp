// What `doctor` says of schedules: the store keeps them as texts, and the cron layer knows what they mean.
#include "runner/examine_schedules.hpp"
#include "cron/schedule_json.hpp"

namespace cloacina::runner {

namespace {

/// What is wrong with a stored schedule, or nothing.
std::string trouble_of(const store::ScheduleRow& row) {
  try {
    const auto schedule = cron::schedule_from_text(row.definition);
    const auto cursor = cron::cursor_from_text(row.cursor);
    if (row.paused || row.reboot || row.disabled_reason) return {};
    const auto next = cron::next_run_at(cron::make_rule(schedule, row.created_at), cron::to_cursor(cursor, row.created_at));
    if (row.next_run_at || !next) return {};
    return "has a slot at " + format_seconds(*next) + " and is not due for it; put it again";
  } catch (const Error& error) {
    return std::string(error.what()) + "; put it again, or remove it";
  }
}

}  // namespace

std::vector<Finding> examine_schedules(store::Reader& reader) {
  constexpr int page_size = 500;
  constexpr std::size_t findings_max = 20;
  std::vector<Finding> findings;
  ScheduleFilter filter;
  filter.limit = page_size;
  for (;;) {
    const auto rows = reader.list_schedules(filter);
    for (const auto& row : rows) {
      const auto trouble = trouble_of(row);
      if (trouble.empty()) continue;
      findings.push_back({"schedules", true, "schedule '" + row.name + "' " + trouble});
      if (findings.size() == findings_max) return findings;
    }
    if (rows.size() < page_size) return findings;
    filter.after = rows.back().name;
  }
}

}  // namespace cloacina::runner
