#include "flowfile/schedule_reader.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "cloacina/error.hpp"
#include "core/text.hpp"
#include "flowfile/fields.hpp"

namespace cloacina::flowfile {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t priority_max = 1'000'000;
/// To find what was meant by a wrong zone costs milliseconds. In a file that has so many problems zones are not looked at.
constexpr std::size_t problems_max = 100;

/// The spellings of `values`, as everywhere else.
template <class T>
Words<T> words(std::initializer_list<T> values) {
  Words<T> out;
  for (const T value : values) out.emplace_back(to_string(value), value);
  return out;
}

void read_policies(Problems& problems, const Fields& fields, Schedule& schedule) {
  const auto word = [&](const char* key, auto& value, const auto& known) {
    if (const Node* n = fields.find(key)) value = read_word(problems, *n, key, known).value_or(value);
  };
  word("dialect", schedule.dialect, words({Dialect::Ocps, Dialect::Extended}));
  word("gap", schedule.gap, words({GapPolicy::NextValid, GapPolicy::Shift, GapPolicy::Skip}));
  word("overlap", schedule.overlap,
       words({OverlapPolicy::Automatic, OverlapPolicy::First, OverlapPolicy::Second, OverlapPolicy::Both}));
  word("catchup", schedule.catchup, words({Catchup::None, Catchup::Latest, Catchup::All}));
  word("concurrency", schedule.concurrency,
       words({Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}));
}

void read_times(Problems& problems, const Fields& fields, Schedule& schedule) {
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

/// The text of `key`; what `use` throws about it is a problem of it.
template <class F>
std::optional<std::string> read_checked(Problems& problems, const Node& node, const char* key, const F& use) {
  auto text = read_text(problems, node, key);
  if (!text) return std::nullopt;
  try {
    use(*text);
    return text;
  } catch (const Error& e) {
    problems.add(node.at, e.what());  // which says what it is about
  }
  return std::nullopt;
}

void read_rule(Problems& problems, const Fields& fields, Schedule& schedule) {
  if (const Node* n = fields.require("cron")) {
    const auto parse = [&](const std::string& text) { (void)CronExpression::parse(text, schedule.dialect, schedule.name); };
    schedule.cron = read_checked(problems, *n, "cron", parse).value_or("");
  }
  if (const Node* n = fields.find("time_zone"); n != nullptr && problems.size() < problems_max) {
    const auto find = [](const std::string& zone) {
      (void)rule_of({.name = {}, .workflow = {}, .cron = "@daily", .time_zone = zone});
    };
    schedule.time_zone = read_checked(problems, *n, "time_zone", find).value_or("UTC");
  }
}

/// The moment at which a schedule is judged: now, but not after its last slot. A file that was good stays good when its window is
/// over.
Timestamp judged_at(const Schedule& schedule) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto last = schedule.end_at ? rule_of(schedule).previous(*schedule.end_at) : std::nullopt;
  return last ? std::min(now, *last - std::chrono::microseconds{1}) : now;
}

/// What no single field is to blame for: an empty window, a rule without a slot.
void check_slots(Problems& problems, const Fields& fields, Schedule schedule) {
  if (schedule.start_at && schedule.end_at && *schedule.end_at <= *schedule.start_at) {
    problems.add(fields.position("end_at"), "the window of the schedule is empty: end_at must be later than start_at");
    return;
  }
  if (schedule.cron.empty()) return;
  // What is wrong with the names has been said.
  if (schedule.name.empty()) schedule.name = "schedule";
  if (schedule.workflow.empty()) schedule.workflow = "workflow";
  const std::string subject = "schedule " + core::quote(schedule.name) + ": ";
  try {
    validate(schedule, judged_at(schedule));
  } catch (const Error& e) {
    std::string text = e.what();
    if (text.starts_with(subject)) text.erase(0, subject.size());
    problems.add(fields.find("cron")->at, text);
  }
}

ScheduleEntry read_schedule(Problems& problems, const Node& node, const std::string& workflow) {
  const Fields fields(problems, node, "a schedule",
                      {"name", "workflow", "input", "cron", "dialect", "time_zone", "gap", "overlap", "start_at", "end_at",
                       "catchup", "max_lateness", "catchup_window", "concurrency", "jitter", "paused", "priority", "tags"});
  ScheduleEntry entry{.schedule = {}, .file = {}, .line = node.at.line, .column = node.at.column};
  Schedule& schedule = entry.schedule;
  schedule.workflow = workflow;
  if (const Node* n = fields.require("name")) {
    schedule.name = read_name(problems, *n, "name").value_or("");
    entry.line = n->at.line;
    entry.column = n->at.column;
  }
  read_workflow(problems, fields, workflow);
  if (const Node* n = fields.find("input")) schedule.input = read_object(problems, *n, "input").value_or(Json::object());
  read_policies(problems, fields, schedule);
  read_rule(problems, fields, schedule);
  read_times(problems, fields, schedule);
  if (const Node* n = fields.find("paused")) schedule.paused = read_flag(problems, *n, "paused").value_or(false);
  if (const Node* n = fields.find("priority")) {
    schedule.priority = static_cast<int>(read_integer(problems, *n, "priority", {-priority_max, priority_max}).value_or(0));
  }
  if (const Node* n = fields.find("tags")) schedule.tags = read_texts(problems, *n, "tags");
  check_slots(problems, fields, schedule);
  return entry;
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
