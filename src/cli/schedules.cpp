#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/schedule_words.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

namespace {

constexpr int page_size = 1'000;

void field(Stream& out, std::string name, std::string_view value) {
  name.resize(12, ' ');
  out.line(out.paint(Color::Dim, name) + " " + std::string(value));
}

std::string sentence_of(const ScheduleInfo& info) {
  try {
    return rule_of(info.definition, info.created_at).explain();
  } catch (const Error& e) {
    return e.what();
  }
}

void show_policies(Stream& out, const Schedule& s) {
  if (s.start_at) field(out, "start at", format_timestamp(*s.start_at));
  if (s.end_at) field(out, "end at", format_timestamp(*s.end_at));
  field(out, "clock change", "gap " + std::string(to_string(s.gap)) + ", overlap " + std::string(to_string(s.overlap)));
  field(out, "catch-up",
        std::string(to_string(s.catchup)) + (s.catchup == Catchup::None ? ", max lateness " + format_duration(s.max_lateness)
                                                                        : ", window " + format_duration(s.catchup_window)));
  field(out, "concurrency", to_string(s.concurrency));
  if (s.jitter.count() > 0) field(out, "jitter", format_duration(s.jitter));
  if (s.priority != 0) field(out, "priority", std::to_string(s.priority));
  for (const auto& [key, value] : s.tags) field(out, "tag", one_line(key) + "=" + one_line(value));
  if (!s.input.empty()) field(out, "input", s.input.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void show(Stream& out, const ScheduleInfo& info) {
  const auto now = utc_now();
  const auto& s = info.definition;
  const auto next = next_run_of(info, now);
  const auto last = last_run_of(info);
  field(out, "schedule", s.name);
  field(out, "workflow", s.workflow);
  field(out, "rule", s.cron + "  (" + s.time_zone + ", " + std::string(to_string(s.dialect)) + ")");
  field(out, "", sentence_of(info));
  field(out, "next run", out.paint(next.color, next.text));
  if (info.last_slot) {
    field(out, "last slot",
          format_seconds(*info.last_slot) + "  " + out.paint(last.color, last.text) +
              (info.last_lateness ? ", " + human_duration(*info.last_lateness) + " late" : ""));
  }
  show_policies(out, s);
  field(out, "created", format_timestamp(info.created_at) + "  (revision " + std::to_string(info.revision) + ")");
  if (!info.source.empty()) field(out, "source", info.source);
}

/// Does it to the schedule, and says `word`.
template <class F>
int control(Console& console, const Globals& globals, const std::string& name, std::string_view word, const F& act) {
  const auto client = open_client(globals);
  auto schedules = client->schedules();
  act(schedules);
  if (globals.json) {
    console.out.line(line(to_json(schedules.get(name))));
  } else {
    console.out.line(word);
  }
  return ExitStatus::done;
}

/// Calls `use` for each schedule, by name, until nobody reads.
template <class F>
void for_each(const Schedules& schedules, ScheduleFilter filter, const Stream& out, const F& use) {
  filter.limit = page_size;
  while (!out.closed()) {
    const auto page = schedules.list(filter);
    for (const auto& info : page) use(info);
    if (page.size() < static_cast<std::size_t>(page_size)) return;
    filter.after = page.back().definition.name;
  }
}

}  // namespace

int execute(Console& console, const Globals& globals, const ScheduleGetArguments& a) {
  const auto info = open_client(globals)->schedules().get(a.name);
  if (globals.json) {
    console.out.line(line(to_json(info)));
  } else {
    show(console.out, info);
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const ScheduleListArguments& a) {
  const auto client = open_client_if_any(globals);
  if (!client) {
    console.err.line("cloacinactl: there is no database " + shown_database(globals) + " yet");
    return ExitStatus::done;
  }
  ScheduleFilter filter;
  if (!a.workflow.empty()) filter.workflow = a.workflow;
  if (a.paused) filter.paused = true;
  const auto now = utc_now();
  Table table({"SCHEDULE", "WORKFLOW", "RULE", "ZONE", "NEXT RUN", "LAST", "LATE"});
  for_each(client->schedules(), filter, console.out, [&](const ScheduleInfo& info) {
    if (globals.json) {
      console.out.line(line(to_json(info)));
      return;
    }
    const auto& s = info.definition;
    table.row({{s.name},
               {s.workflow},
               {s.cron},
               {s.time_zone},
               next_run_of(info, now),
               last_run_of(info),
               {info.last_lateness ? human_duration(*info.last_lateness) : std::string()}});
  });
  if (!globals.json) table.write(console.out);
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const SchedulePauseArguments& a) {
  return control(console, globals, a.name, "paused", [&](Schedules& schedules) { schedules.pause(a.name, a.note); });
}

int execute(Console& console, const Globals& globals, const ScheduleResumeArguments& a) {
  return control(console, globals, a.name, "resumed", [&](Schedules& schedules) { schedules.resume(a.name); });
}

int execute(Console& console, const Globals& globals, const ScheduleRemoveArguments& a) {
  open_client(globals)->schedules().remove(a.name);
  console.out.line(globals.json ? line({{"removed", a.name}}) : "removed");
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const ScheduleRunNowArguments& a) {
  const auto id = open_client(globals)->schedules().run_now(a.name).to_string();
  console.out.line(globals.json ? line({{"id", id}}) : id);
  return ExitStatus::done;
}

}  // namespace cloacina::cli
