#include "cli/json.hpp"

namespace cloacina::cli {

namespace {

OrderedJson time(const std::optional<Timestamp>& at) { return at ? OrderedJson(format_timestamp(*at)) : OrderedJson(nullptr); }

template <class T>
OrderedJson optional(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson to_json(const Attempt& a) {
  OrderedJson json;
  json["number"] = a.number;
  json["status"] = to_string(a.status);
  json["runner"] = a.runner.empty() ? OrderedJson(nullptr) : OrderedJson(a.runner);
  json["fence"] = a.fence;
  json["started_at"] = format_timestamp(a.started_at);
  json["finished_at"] = time(a.finished_at);
  json["error"] = optional(a.error);
  json["exit"] = optional(a.exit);
  return json;
}

OrderedJson to_json(const TaskState& t) {
  OrderedJson json;
  json["name"] = t.name;
  json["status"] = to_string(t.status);
  json["after"] = t.after;
  json["attempts"] = OrderedJson::array();
  for (const auto& a : t.attempts) json["attempts"].push_back(to_json(a));
  return json;
}

}  // namespace

OrderedJson to_json(const Execution& e, Detail detail) {
  OrderedJson json;
  json["id"] = e.id.to_string();
  json["workflow"] = e.workflow;
  json["version"] = e.version;
  json["status"] = to_string(e.status);
  json["priority"] = e.priority;
  json["key"] = optional(e.key);
  json["submitted_at"] = format_timestamp(e.submitted_at);
  json["started_at"] = time(e.started_at);
  json["finished_at"] = time(e.finished_at);
  json["schedule"] = optional(e.schedule);
  json["slot"] = e.slot ? OrderedJson(format_seconds(*e.slot)) : OrderedJson(nullptr);
  json["input"] = e.input;
  json["context"] = e.context;
  json["error"] = optional(e.error);
  if (detail == Detail::WithoutTasks) return json;
  json["tasks"] = OrderedJson::array();
  for (const auto& t : e.tasks) json["tasks"].push_back(to_json(t));
  return json;
}

OrderedJson to_json(const AttemptLog& log) {
  OrderedJson json;
  json["task"] = log.task;
  json["attempt"] = log.attempt;
  json["stream"] = log.stream;
  json["text"] = log.text;
  json["truncated"] = log.truncated;
  return json;
}

OrderedJson to_json(const RunnerInfo& r) {
  OrderedJson json;
  json["id"] = r.id;
  json["name"] = r.name;
  json["host"] = r.host;
  json["pid"] = r.pid;
  json["alive"] = r.alive;
  json["started_at"] = format_timestamp(r.started_at);
  json["heartbeat_at"] = format_timestamp(r.heartbeat_at);
  json["workers"] = r.workers;
  json["written_off"] = r.written_off;
  json["workflows"] = r.workflows;
  json["runs_stored_commands"] = r.runs_stored_commands;
  json["holds"] = r.holds;
  return json;
}

std::string line(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

}  // namespace cloacina::cli
