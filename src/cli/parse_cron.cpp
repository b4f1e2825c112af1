#include "cli/declare.hpp"

namespace cloacina::cli {

namespace {

/// A command below `cron`, with the options that all of them have.
template <class T>
std::pair<CLI::App*, T*> cron_command(const Declare& cron, const std::string& name, const std::string& description,
                                      const std::string& lines) {
  auto [sub, a] = cron.command<T>(name, description);
  sub->footer("\nAlso --json. No database is needed.\n\nExamples:\n" + lines);
  sub->add_option("EXPR", a->expression, "A cron expression, in quotes")->required()->type_name("");
  sub->add_option("--zone", a->zone, "The time zone, as Europe/Berlin (default: UTC)")->type_name("Z");
  sub->add_option("--dialect", a->dialect, "ocps or extended")->capture_default_str()->type_name("DIALECT");
  sub->add_option("--name", a->name, "The schedule's name, which H is hashed from (default: empty)")->type_name("NAME");
  return {sub, a};
}

}  // namespace

void declare_cron(const Declare& declare) {
  const Declare cron = declare.group("cron", "Look at cron expressions: next, check, explain");

  auto [next, n] = cron_command<CronNextArguments>(
      cron, "next", "Print when an expression fires, in UTC, one instant a line; none when it does not",
      "  cloacinactl cron next '0 2 * * *' --zone Europe/Berlin --count 3\n"
      "  cloacinactl cron next '30 2 * * *' --zone Europe/Berlin --after 2026-03-28T12:00:00Z --local\n"
      "  cloacinactl cron next '@every 90s' --dialect extended --after 2026-01-01T00:00:00Z --before 2026-01-01T00:10:00Z "
      "--count 100");
  next->add_option("--after", n->after, "Later than this, RFC 3339 (default: now)")->type_name("T");
  next->add_option("--before", n->before, "Earlier than this, RFC 3339 (default: no end)")->type_name("T");
  next->add_option("--count", n->count, "At most so many")->capture_default_str()->type_name("N");
  next->add_option("--gap", n->gap, "A local time that does not exist: next_valid, shift or skip")
      ->capture_default_str()
      ->type_name("POLICY");
  next->add_option("--overlap", n->overlap, "A local time that exists twice: automatic, first, second or both")
      ->capture_default_str()
      ->type_name("POLICY");
  next->add_flag("--local", n->local, "Also the zone's clock, and what its changes moved or skipped");

  cron_command<CronCheckArguments>(cron, "check", "Print valid, or what is wrong with an expression; exit 2 when it is not",
                                   "  cloacinactl cron check '*/15 9-17 * * MON-FRI' --zone America/New_York");
  cron_command<CronExplainArguments>(cron, "explain", "Say in a sentence when an expression fires",
                                     "  cloacinactl cron explain '0 9 * * MON#1' --zone Europe/Berlin");
}

}  // namespace cloacina::cli
