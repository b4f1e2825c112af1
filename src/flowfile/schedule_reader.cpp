#include "flowfile/schedule_reader.hpp"

#include <utility>

#include "core/text.hpp"
#include "flowfile/fields.hpp"

namespace cloacina::flowfile {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t priority_max = 1'000'000;

/// The checks that need more than one field. What the cron text and the zone mean belongs here too.
void check_rule(Problems& problems, const Fields& fields, const ScheduleEntry& schedule) {
  if (schedule.start_at && schedule.end_at && *schedule.end_at <= *schedule.start_at) {
    problems.add(fields.position("end_at"), "the window of the schedule is empty: end_at must be later than start_at");
  }
}

void read_policies(Problems& problems, const Fields& fields, ScheduleEntry& schedule) {
  using S = ScheduleEntry;
  if (const Node* n = fields.find("dialect")) {
    const Words<S::Dialect> words{{"ocps", S::Dialect::Ocps}, {"extended", S::Dialect::Extended}};
    schedule.dialect = read_word(problems, *n, "dialect", words).value_or(S::Dialect::Ocps);
  }
  if (const Node* n = fields.find("gap")) {
    const Words<S::Gap> words{{"next_valid", S::Gap::NextValid}, {"shift", S::Gap::Shift}, {"skip", S::Gap::Skip}};
    schedule.gap = read_word(problems, *n, "gap", words).value_or(S::Gap::NextValid);
  }
  if (const Node* n = fields.find("overlap")) {
    const Words<S::Overlap> words{{"automatic", S::Overlap::Automatic},
                                  {"first", S::Overlap::First},
                                  {"second", S::Overlap::Second},
                                  {"both", S::Overlap::Both}};
    schedule.overlap = read_word(problems, *n, "overlap", words).value_or(S::Overlap::Automatic);
  }
  if (const Node* n = fields.find("catchup")) {
    const Words<S::Catchup> words{{"none", S::Catchup::None}, {"latest", S::Catchup::Latest}, {"all", S::Catchup::All}};
    schedule.catchup = read_word(problems, *n, "catchup", words).value_or(S::Catchup::None);
  }
  if (const Node* n = fields.find("concurrency")) {
    const Words<S::Concurrency> words{{"allow", S::Concurrency::Allow},
                                      {"skip", S::Concurrency::Skip},
                                      {"queue", S::Concurrency::Queue},
                                      {"replace", S::Concurrency::Replace}};
    schedule.concurrency = read_word(problems, *n, "concurrency", words).value_or(S::Concurrency::Allow);
  }
}

void read_times(Problems& problems, const Fields& fields, ScheduleEntry& schedule) {
  if (const Node* n = fields.find("start_at")) schedule.start_at = read_instant(problems, *n, "start_at");
  if (const Node* n = fields.find("end_at")) schedule.end_at = read_instant(problems, *n, "end_at");
  const auto duration = [&](const char* key, milliseconds& value) {
    if (const Node* n = fields.find(key)) value = read_duration(problems, *n, key, milliseconds{0}).value_or(value);
  };
  duration("max_lateness", schedule.max_lateness);
  duration("catchup_window", schedule.catchup_window);
  duration("jitter", schedule.jitter);
}

void read_workflow(Problems& problems, const Fields& fields, const std::string& workflow) {
  const Node* node = fields.find("workflow");
  if (node == nullptr) return;
  const auto name = read_name(problems, *node, "workflow");
  if (!name || *name == workflow) return;
  problems.add(node->at,
               "a schedule starts the workflow that it stands in, " + core::quote(workflow) + "; found " + describe(*node));
}

ScheduleEntry read_schedule(Problems& problems, const Node& node, const std::string& workflow) {
  const Fields fields(problems, node, "a schedule",
                      {"name", "workflow", "input", "cron", "dialect", "time_zone", "gap", "overlap", "start_at", "end_at",
                       "catchup", "max_lateness", "catchup_window", "concurrency", "jitter", "paused", "priority", "tags"});
  ScheduleEntry schedule;
  schedule.workflow = workflow;
  schedule.line = node.at.line;
  schedule.column = node.at.column;
  if (const Node* n = fields.require("name")) {
    schedule.name = read_name(problems, *n, "name").value_or("");
    schedule.line = n->at.line;
    schedule.column = n->at.column;
  }
  read_workflow(problems, fields, workflow);
  if (const Node* n = fields.require("cron")) schedule.cron = read_text(problems, *n, "cron").value_or("");
  if (const Node* n = fields.find("time_zone")) schedule.time_zone = read_text(problems, *n, "time_zone").value_or("UTC");
  if (const Node* n = fields.find("input")) schedule.input = read_object(problems, *n, "input").value_or(Json::object());
  read_policies(problems, fields, schedule);
  read_times(problems, fields, schedule);
  if (const Node* n = fields.find("paused")) schedule.paused = read_flag(problems, *n, "paused").value_or(false);
  if (const Node* n = fields.find("priority")) {
    schedule.priority = static_cast<int>(read_integer(problems, *n, "priority", {-priority_max, priority_max}).value_or(0));
  }
  if (const Node* n = fields.find("tags")) schedule.tags = read_texts(problems, *n, "tags");
  check_rule(problems, fields, schedule);
  return schedule;
}

}  // namespace

std::vector<ScheduleEntry> read_schedules(Problems& problems, const Node& node, const std::string& workflow) {
  std::vector<ScheduleEntry> out;
  if (node.kind != Node::Kind::List) {
    report_type(problems, node, "schedules", "a list of schedules");
    return out;
  }
  for (const Node* item : node.items) out.push_back(read_schedule(problems, *item, workflow));
  return out;
}

}  // namespace cloacina::flowfile
