#include <algorithm>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/listing.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

int execute(Console& console, const Globals& globals, const ScheduleNextArguments& a) {
  const auto client = open_client(globals);
  const auto schedules = client->schedules();
  const auto info = schedules.get(a.name);
  const auto slots = schedules.next(a.name, a.count);
  if (slots.empty()) {
    if (!globals.json) console.out.line("none");
    return ExitStatus::done;
  }
  const auto rule = rule_of(info.definition, info.created_at);
  const auto now = utc_now();
  Listing::Options options{.json = globals.json, .schedule = a.name};
  if (console.out.terminal() && !globals.json) {
    // A person wants to know more than a script.
    options.local = true;
    options.now = now;
  }
  Listing listing(console.out, rule, options);
  auto last = info.definition.start_at ? std::max(now, *info.definition.start_at - std::chrono::microseconds{1}) : now;
  for (const auto slot : slots) {
    listing.skipped(last, slot);
    listing.occurrence(slot);
    last = slot;
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
