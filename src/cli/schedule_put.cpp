#include <chrono>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/values.hpp"
#include "cloacina/runner.hpp"

namespace cloacina::cli {

namespace {

std::map<std::string, std::string> read_tags(const std::vector<std::string>& words) {
  std::map<std::string, std::string> tags;
  for (const auto& word : words) {
    const auto sign = word.find('=');
    if (sign == 0 || sign == std::string::npos) {
      throw Error(ErrorCode::InvalidArgument, "--tag '" + word + "': write KEY=VALUE");
    }
    if (!tags.emplace(word.substr(0, sign), word.substr(sign + 1)).second) {
      throw Error(ErrorCode::InvalidArgument, "--tag '" + word + "': '" + word.substr(0, sign) + "' is there twice");
    }
  }
  return tags;
}

Schedule definition_of(const SchedulePutArguments& a) {
  Schedule s{.name = a.name, .workflow = a.workflow, .cron = a.cron};
  s.input = read_input(a.input);
  s.dialect = parse_dialect(a.dialect);
  s.time_zone = a.zone;
  s.gap = parse_gap_policy(a.gap);
  s.overlap = parse_overlap_policy(a.overlap);
  if (a.start_at) s.start_at = read_time("--start-at", *a.start_at);
  if (a.end_at) s.end_at = read_time("--end-at", *a.end_at);
  s.catchup = parse_catchup(a.catchup);
  s.max_lateness = read_duration("--max-lateness", a.max_lateness);
  s.catchup_window = read_duration("--catchup-window", a.catchup_window);
  s.concurrency = parse_concurrency(a.concurrency);
  s.jitter = read_duration("--jitter", a.jitter);
  s.paused = a.paused;
  s.priority = a.priority;
  s.tags = read_tags(a.tags);
  return s;
}

std::string_view word_of(Schedules::Put result) {
  switch (result) {
    case Schedules::Put::Created:
      return "created";
    case Schedules::Put::Updated:
      return "updated";
    case Schedules::Put::Unchanged:
      return "unchanged";
  }
  return {};
}

}  // namespace

int execute(Console& console, const Globals& globals, const SchedulePutArguments& a) {
  const auto schedule = definition_of(a);
  // Before a database is made for it.
  validate(schedule, utc_now());
  Runner client({.database = globals.database, .tenant = globals.tenant, .actor = actor()});
  const auto result = word_of(client.schedules().put(schedule));
  if (globals.json) {
    OrderedJson json;
    json["schedule"] = schedule.name;
    json["result"] = result;
    console.out.line(line(json));
  } else {
    console.out.line(result);
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
