#include "cli/files.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/schedule_words.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

std::optional<FlowFile> load(Console& console, const std::vector<std::string>& paths) {
  auto loaded = read_flow_files({paths.begin(), paths.end()});
  if (loaded.problems.empty()) return loaded;
  for (const auto& problem : loaded.problems) console.err.line(problem.to_string());
  return std::nullopt;
}

const Workflow& choose(const FlowFile& loaded, const std::string& file, const std::string& name) {
  std::string names;
  for (const auto& w : loaded.workflows) {
    if (w.name() == name) return w;
    names += (names.empty() ? "" : ", ") + w.name();
  }
  if (loaded.workflows.empty()) throw Error(ErrorCode::InvalidArgument, file + " has no workflow");
  if (!name.empty()) throw Error(ErrorCode::NotFound, file + " has no workflow '" + name + "'; there are: " + names);
  if (loaded.workflows.size() > 1) {
    throw Error(ErrorCode::InvalidArgument, file + " has several workflows; pick one with --workflow: " + names);
  }
  return loaded.workflows.front();
}

namespace {

/// The schedules of `workflow`, which is in `loaded`.
std::vector<const Schedule*> schedules_of(const FlowFile& loaded, const Workflow& workflow) {
  std::vector<const Schedule*> out;
  for (const auto& entry : loaded.schedules) {
    if (entry.schedule.workflow == workflow.name()) out.push_back(&entry.schedule);
  }
  return out;
}

std::string next_of(const Schedule& schedule) {
  if (rule_of(schedule).expression.is_reboot()) return "at the start of a runner";
  const auto slots = preview(schedule, utc_now(), 1);
  return slots.empty() ? "none: its last slot is over" : zone_of(schedule).format(slots.front());
}

OrderedJson to_json(const FlowFile& loaded, const Workflow& workflow) {
  OrderedJson json;
  json["workflow"] = workflow.name();
  json["version"] = workflow.version();
  json["tasks"] = workflow.size();
  json["schedules"] = OrderedJson::array();
  for (const auto* schedule : schedules_of(loaded, workflow)) json["schedules"].push_back(OrderedJson(Json(*schedule)));
  return json;
}

}  // namespace

int execute(Console& console, const Globals& globals, const CheckArguments& a) {
  const auto loaded = load(console, a.files);
  if (!loaded) return ExitStatus::bad_input;
  std::size_t longest = 0;
  for (const auto& w : loaded->workflows) longest = std::max(longest, w.name().size());
  for (const auto& w : loaded->workflows) {
    if (globals.json) {
      console.out.line(line(to_json(*loaded, w)));
      continue;
    }
    console.out.line(w.name() + std::string(longest - w.name().size() + 2, ' ') + w.version());
    for (const auto* s : schedules_of(*loaded, w)) {
      console.out.line("  schedule " + s->name + ": " + s->cron + " " + s->time_zone + ", next " + next_of(*s));
    }
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
