#include "cli/declare.hpp"

namespace cloacina::cli {

namespace {

constexpr int count_max = 100'000;
constexpr int days_max = 366;

void add_name(CLI::App* sub, std::string& name) { sub->add_option("NAME", name, "The schedule")->required()->type_name(""); }

void declare_put(const Declare& declare) {
  auto [put, p] = declare.command<SchedulePutArguments>(
      "put", "Create a schedule, or update the one of that name: what is not given takes its default",
      "  cloacinactl schedule put nightly --workflow nightly --cron '0 2 * * *' --zone Europe/Berlin\n"
      "  cloacinactl schedule put poll --workflow poll --cron '@every 90s' --dialect extended --concurrency skip\n"
      "  cloacinactl schedule put bills --workflow bills --cron '0 6 LW * *' --dialect extended --catchup all --tag team=sales");
  add_name(put, p->name);
  const auto option = [sub = put](const char* name, auto& value, const char* text, const char* type) {
    return sub->add_option(name, value, text)->type_name(type);
  };
  option("--workflow", p->workflow, "What it starts; may be registered later", "W")->required();
  add_input(put, p->input);
  option("--cron", p->cron, "The rule: 5 to 7 fields, or a nickname", "EXPR")->required();
  option("--dialect", p->dialect, "ocps or extended", "DIALECT")->capture_default_str();
  option("--zone", p->zone, "Time zone of the rule", "Z")->capture_default_str();
  option("--gap", p->gap, "Local times that do not exist: next_valid, shift or skip", "POLICY")->capture_default_str();
  option("--overlap", p->overlap, "Local times that exist twice: automatic, first, second or both", "POLICY")
      ->capture_default_str();
  option("--start-at", p->start_at, "Slots from here on, RFC 3339", "T");
  option("--end-at", p->end_at, "Slots before, RFC 3339", "T");
  option("--catchup", p->catchup, "Slots missed while nobody ran: none, latest or all", "C")->capture_default_str();
  option("--max-lateness", p->max_lateness, "With catch-up none: a later slot counts as missed", "D")->capture_default_str();
  option("--catchup-window", p->catchup_window, "With latest and all: older slots are skipped", "D")->capture_default_str();
  option("--concurrency", p->concurrency, "Beside an execution of an earlier slot: allow, skip, queue or replace", "C")
      ->capture_default_str();
  option("--jitter", p->jitter, "Each start is delayed by up to this much", "D")->capture_default_str();
  put->add_flag("--paused", p->paused, "Skip its slots until it is resumed");
  option("--priority", p->priority, "Of its executions; a higher one goes first", "N")->capture_default_str();
  option("--tag", p->tags, "A label; may be repeated", "K=V")->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void declare_looks(const Declare& declare) {
  auto [get, g] = declare.command<ScheduleGetArguments>("get", "Show a schedule");
  add_name(get, g->name);

  auto [list, l] = declare.command<ScheduleListArguments>("list", "List schedules by name, with their next and last runs",
                                                          "  cloacinactl schedule list --paused --json | jq -r .name");
  list->add_option("--workflow", l->workflow, "Only those that start this workflow")->type_name("W");
  list->add_flag("--paused", l->paused, "Only paused ones");

  auto [next, n] = declare.command<ScheduleNextArguments>("next", "Print the coming slots, UTC",
                                                          "  cloacinactl schedule next nightly --count 5");
  add_name(next, n->name);
  next->add_option("--count", n->count, "How many")->capture_default_str()->check(CLI::Range(1, count_max))->type_name("N");

  auto [history, h] =
      declare.command<ScheduleHistoryArguments>("history", "List what became of its slots, newest first",
                                                "  cloacinactl schedule history nightly --outcome skipped --since 7d");
  add_name(history, h->name);
  history->add_option("--outcome", h->outcome, "fired or skipped")->type_name("O");
  history->add_option("--since", h->since, "Slots since: RFC 3339, or a duration ago")->type_name("T");
  history->add_option("--limit", h->limit, "At most so many rows")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->type_name("N");

  auto [stats, s] = declare.command<ScheduleStatsArguments>("stats", "Count what fired, what was skipped and why, and how late");
  add_name(stats, s->name);
  stats->add_option("--since", s->since, "Slots since: RFC 3339, or a duration ago")->type_name("T");

  auto [calendar, c] = declare.command<ScheduleCalendarArguments>("calendar", "Show what is due in the coming days, day by day");
  calendar->add_option("--days", c->days, "How many, today counted")
      ->capture_default_str()
      ->check(CLI::Range(1, days_max))
      ->type_name("N");
}

void declare_controls(const Declare& declare) {
  auto [pause, p] = declare.command<SchedulePauseArguments>("pause", "Skip its slots from now on");
  add_name(pause, p->name);
  pause->add_option("--note", p->note, "Who and why")->type_name("TEXT");
  auto [resume, r] = declare.command<ScheduleResumeArguments>("resume", "Let its slots fire again");
  add_name(resume, r->name);
  auto [remove, m] = declare.command<ScheduleRemoveArguments>("remove", "Delete it; its executions stay");
  add_name(remove, m->name);
  auto [now, n] = declare.command<ScheduleRunNowArguments>("run-now", "Start an execution outside of the slots; prints its id");
  add_name(now, n->name);

  auto [backfill, b] = declare.command<ScheduleBackfillArguments>(
      "backfill", "Fire the slots of a range in the past that have not fired; prints each",
      "  cloacinactl schedule backfill nightly --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --dry-run");
  add_name(backfill, b->name);
  backfill->add_option("--from", b->from, "The first instant of the range, RFC 3339")->required()->type_name("T");
  backfill->add_option("--to", b->to, "The end of the range, itself not in it")->required()->type_name("T");
  backfill->add_option("--concurrency", b->concurrency, "So many of its executions may be open at once")
      ->capture_default_str()
      ->type_name("N");
  backfill->add_flag("--dry-run", b->dry_run, "Only list what would fire");
}

}  // namespace

void declare_schedules(const Declare& declare) {
  const auto schedule = declare.group("schedule", "Create, control and look at schedules");
  declare_put(schedule);
  declare_looks(schedule);
  declare_controls(schedule);
}

}  // namespace cloacina::cli
