#include "cli/json.hpp"

namespace cloacina::cli {

namespace {

OrderedJson time(const std::optional<Timestamp>& at) { return at ? OrderedJson(format_timestamp(*at)) : OrderedJson(nullptr); }

}  // namespace

OrderedJson to_json(const ScheduleInfo& info) {
  const Json definition = info.definition;
  OrderedJson json;
  for (const char* key : {"name", "workflow", "cron", "time_zone"}) json[key] = definition.at(key);
  json["paused"] = info.paused;
  json["next_run_at"] = time(info.next_run_at);
  json["last_slot"] = info.last_slot ? OrderedJson(format_seconds(*info.last_slot)) : OrderedJson(nullptr);
  json["disabled_reason"] = info.disabled_reason ? OrderedJson(*info.disabled_reason) : OrderedJson(nullptr);
  json["source"] = info.source.empty() ? OrderedJson(nullptr) : OrderedJson(info.source);
  // Whether it is paused is its state, not what its definition began with.
  for (const auto& [key, value] : definition.items()) {
    if (!json.contains(key)) json[key] = value;
  }
  json["id"] = info.id;
  json["revision"] = info.revision;
  json["created_at"] = format_timestamp(info.created_at);
  json["pause_note"] = info.pause_note.empty() ? OrderedJson(nullptr) : OrderedJson(info.pause_note);
  return json;
}

OrderedJson to_json(const Firing& f) {
  OrderedJson json;
  json["schedule"] = f.schedule;
  json["slot"] = format_seconds(f.slot);
  json["through"] = format_seconds(f.through);
  json["count"] = f.count;
  json["outcome"] = to_string(f.outcome);
  json["reason"] = f.reason ? OrderedJson(to_string(*f.reason)) : OrderedJson(nullptr);
  json["execution"] = f.execution ? OrderedJson(f.execution->to_string()) : OrderedJson(nullptr);
  json["fired_at"] = format_timestamp(f.fired_at);
  json["kind"] = to_string(f.kind);
  return json;
}

}  // namespace cloacina::cli
