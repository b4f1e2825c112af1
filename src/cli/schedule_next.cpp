#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/cron_words.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/occurrences.hpp"
#include "cli/schedule_words.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

namespace {

std::string_view word_of(OccurrenceKind kind) {
  switch (kind) {
    case OccurrenceKind::Regular:
      return "regular";
    case OccurrenceKind::AfterGap:
      return "after_gap";
    case OccurrenceKind::FirstPass:
      return "first_pass";
    case OccurrenceKind::SecondPass:
      return "second_pass";
  }
  return {};
}

void print_json(Stream& out, const ScheduleInfo& info, const CronRule& rule, const std::vector<Timestamp>& slots) {
  for (const auto slot : slots) {
    OrderedJson json;
    json["schedule"] = info.definition.name;
    json["slot"] = format_seconds(slot);
    json["local"] = rule.zone.format(slot);
    json["kind"] = word_of(rule.kind(slot));
    out.line(line(json));
  }
}

/// With the wall clock of the zone, and what its transitions did, those slots included that do not fire.
void print_for_people(Stream& out, const CronRule& rule, const std::vector<Timestamp>& slots, Timestamp now) {
  auto from = now;
  for (const auto slot : slots) {
    for (const auto& lost : rule.suppressed(from, slot))
      out.line(out.paint(Color::Yellow,
                         "- " + day_text(std::chrono::floor<std::chrono::days>(lost.first)) + " " + remark_on(rule, lost)));
    from = slot;
    const auto remark = remark_on(rule, slot);
    out.line(format_seconds(slot) + "  " + rule.zone.format(slot) + "  " + out.paint(Color::Dim, relative(slot, now)) +
             (remark.empty() ? "" : "  " + out.paint(Color::Yellow, remark)));
  }
}

}  // namespace

int execute(Console& console, const Globals& globals, const ScheduleNextArguments& a) {
  const auto client = open_client(globals);
  const auto schedules = client->schedules();
  const auto info = schedules.get(a.name);
  const auto slots = schedules.next(a.name, a.count);
  if (!globals.json && !console.out.terminal()) {
    for (const auto slot : slots) console.out.line(format_seconds(slot));
  } else if (!slots.empty()) {
    const auto rule = rule_of(info.definition, info.created_at);
    if (globals.json) {
      print_json(console.out, info, rule, slots);
    } else {
      print_for_people(console.out, rule, slots, utc_now());
    }
  }
  if (slots.empty() && !globals.json) console.out.line("none");
  return ExitStatus::done;
}

}  // namespace cloacina::cli
