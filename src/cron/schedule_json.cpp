#include "cron/schedule_json.hpp"

#include <algorithm>

#include "core/json_number.hpp"

namespace cloacina::cron {

namespace {

Json time_or_null(const std::optional<Timestamp>& at) { return at ? Json(format_timestamp(*at)) : Json(nullptr); }

std::optional<Timestamp> optional_time(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(parse_timestamp(json.get<std::string>()));
}

Json micros(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp time_of(const Json& json) { return Timestamp{std::chrono::microseconds{core::integer_of<std::int64_t>(json)}}; }

template <class F>
auto reading(const char* what, const F& read) {
  try {
    return read();
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::Corrupt, std::string("a stored ") + what + " cannot be read: " + e.what());
  } catch (const Error& e) {
    throw Error(ErrorCode::Corrupt, std::string("a stored ") + what + " cannot be read: " + e.what());
  }
}

}  // namespace

std::string to_text(const Schedule& schedule) { return Json(schedule).dump(); }

Schedule schedule_from_text(std::string_view text) {
  return reading("schedule", [&] { return Json::parse(text).get<Schedule>(); });
}

std::string to_text(const StoredCursor& cursor) {
  Json json{{"settled", micros(cursor.settled)}};
  for (const auto& owed : cursor.owed) {
    json["owed"].push_back({{"schedule", owed.schedule}, {"until", micros(owed.until)}, {"edited", owed.edited}});
  }
  for (const auto& pause : cursor.pauses) {
    json["pauses"].push_back({{"from", micros(pause.from)}, {"until", pause.until ? micros(*pause.until) : Json(nullptr)}});
  }
  return json.dump();
}

StoredCursor cursor_from_text(std::string_view text) {
  return reading("cursor of a schedule", [&] {
    const Json json = Json::parse(text);
    StoredCursor cursor;
    cursor.settled = time_of(json.at("settled"));
    for (const auto& owed : json.value("owed", Json::array())) {
      cursor.owed.push_back({owed.at("schedule").get<Schedule>(), time_of(owed.at("until")), owed.at("edited").get<bool>()});
    }
    for (const auto& pause : json.value("pauses", Json::array())) {
      const auto& until = pause.at("until");
      cursor.pauses.push_back({time_of(pause.at("from")), until.is_null() ? std::nullopt : std::optional(time_of(until))});
    }
    return cursor;
  });
}

Cursor to_cursor(const StoredCursor& stored, Timestamp created) {
  Cursor cursor{.settled = stored.settled, .owed = {}, .pauses = stored.pauses};
  for (const auto& owed : stored.owed) {
    cursor.owed.push_back({.rule = make_rule(owed.schedule, created), .until = owed.until, .edited = owed.edited});
  }
  return cursor;
}

StoredCursor after_plan(StoredCursor before, const Cursor& after) {
  before.settled = after.settled;
  before.pauses = after.pauses;
  // The oldest owed rules go first.
  before.owed.erase(before.owed.begin(), before.owed.end() - static_cast<std::ptrdiff_t>(after.owed.size()));
  return before;
}

StoredCursor after_edit(StoredCursor before, const Cursor& after, const Schedule& old) {
  before.settled = after.settled;
  before.pauses = after.pauses;
  if (after.owed.size() > before.owed.size()) {
    before.owed.push_back({old, after.owed.back().until, after.owed.back().edited});
  }
  return before;
}

ScheduleRule make_rule(const Schedule& schedule, Timestamp created) {
  return {.name = schedule.name,
          .rule = rule_of(schedule, created),
          .start_at = schedule.start_at,
          .end_at = schedule.end_at,
          .catchup = schedule.catchup,
          .max_lateness = schedule.max_lateness,
          .catchup_window = schedule.catchup_window,
          .jitter = schedule.jitter};
}

}  // namespace cloacina::cron

namespace cloacina {

void to_json(Json& json, const Schedule& s) {
  json = Json{{"name", s.name},
              {"workflow", s.workflow},
              {"input", s.input},
              {"cron", s.cron},
              {"dialect", to_string(s.dialect)},
              {"time_zone", s.time_zone},
              {"gap", to_string(s.gap)},
              {"overlap", to_string(s.overlap)},
              {"start_at", cron::time_or_null(s.start_at)},
              {"end_at", cron::time_or_null(s.end_at)},
              {"catchup", to_string(s.catchup)},
              {"max_lateness", format_duration(s.max_lateness)},
              {"catchup_window", format_duration(s.catchup_window)},
              {"concurrency", to_string(s.concurrency)},
              {"jitter", format_duration(s.jitter)},
              {"paused", s.paused},
              {"priority", s.priority},
              {"tags", s.tags}};
}

void from_json(const Json& json, Schedule& s) {
  const auto text = [&](const char* key) { return json.at(key).get<std::string>(); };
  s.name = text("name");
  s.workflow = text("workflow");
  s.input = json.at("input");
  s.cron = text("cron");
  s.dialect = parse_dialect(text("dialect"));
  s.time_zone = text("time_zone");
  s.gap = parse_gap_policy(text("gap"));
  s.overlap = parse_overlap_policy(text("overlap"));
  s.start_at = cron::optional_time(json.at("start_at"));
  s.end_at = cron::optional_time(json.at("end_at"));
  s.catchup = parse_catchup(text("catchup"));
  s.max_lateness = parse_duration(text("max_lateness"));
  s.catchup_window = parse_duration(text("catchup_window"));
  s.concurrency = parse_concurrency(text("concurrency"));
  s.jitter = parse_duration(text("jitter"));
  s.paused = json.at("paused").get<bool>();
  s.priority = core::integer_of<int>(json.at("priority"));
  s.tags = json.at("tags").get<std::map<std::string, std::string>>();
}

}  // namespace cloacina
