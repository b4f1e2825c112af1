#include <algorithm>
#include <charconv>

#include "cli/commands.hpp"
#include "cli/cron_words.hpp"
#include "cli/exit_status.hpp"
#include "cli/listing.hpp"
#include "cli/values.hpp"

namespace cloacina::cli {

namespace {

/// Between two instants that are neighbours.
constexpr std::chrono::microseconds tick{1};

[[noreturn]] void bad(const std::string& text) { throw Error(ErrorCode::InvalidArgument, text); }

/// `read()`; what is wrong is the value of `option`.
template <class Read>
auto value_of(const char* option, Read&& read) {
  try {
    return read();
  } catch (const Error& e) {
    // A damaged file of the zone database is no damaged database: another zone can be written.
    bad(std::string(option) + ": " + e.what());
  }
}

Dialect dialect_of(const CronArguments& a) {
  return value_of("--dialect", [&] { return parse_dialect(a.dialect); });
}

TimeZone zone_of(const CronArguments& a) {
  if (!a.zone) return {};
  return value_of("--zone", [&] { return ZoneDatabase::system().zone(*a.zone); });
}

/// The problem, its place, and whether the other dialect has none.
std::string complaint(const CronProblem& problem, const CronArguments& a) {
  std::string text = with_place(problem, a.expression);
  const bool other = dialect_of(a) == Dialect::Ocps && !CronExpression::check(a.expression, Dialect::Extended, a.name);
  return other ? text + "\nIt is valid with --dialect extended." : text;
}

CronExpression expression_of(const CronArguments& a) {
  const auto dialect = dialect_of(a);
  if (const auto problem = CronExpression::check(a.expression, dialect, a.name)) bad(complaint(*problem, a));
  return CronExpression::parse(a.expression, dialect, a.name);
}

std::uint64_t count_of(const std::string& word) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
  if (error != std::errc{} || end != word.data() + word.size() || count == 0) {
    bad("--count: '" + word + "' is no number of occurrences; write a whole number from 1");
  }
  return count;
}

const char* why_none(const CronExpression& expression) {
  if (expression.is_reboot()) return "@reboot fires when a runner starts, not at a time";
  if (expression.is_impossible()) return "there is no such date between 1970 and 2199";
  return "nothing is left in this window; nothing fires before 1970 and after 2199";
}

}  // namespace

int execute(Console& console, const Globals& globals, const CronNextArguments& a) {
  const auto expression = expression_of(a);
  const auto zone = zone_of(a);
  const auto gap = value_of("--gap", [&] { return parse_gap_policy(a.gap); });
  const auto overlap = value_of("--overlap", [&] { return parse_overlap_policy(a.overlap); });
  const auto count = count_of(a.count);
  // Whole seconds, so that an @every that counts from now is readable.
  const Timestamp after = a.after ? read_time("--after", *a.after) : std::chrono::floor<std::chrono::seconds>(utc_now());
  constexpr Timestamp end_of_time = std::chrono::sys_days{std::chrono::year{2201} / 1 / 1};
  const Timestamp before = a.before ? std::min(read_time("--before", *a.before), end_of_time) : end_of_time;

  const CronRule rule{.expression = expression, .zone = zone, .gap = gap, .overlap = overlap, .every_from = after};
  Listing listing(console.out, rule, {.json = globals.json, .local = a.local});
  Timestamp last = after;
  std::uint64_t printed = 0;
  for (; printed < count && !console.out.closed(); ++printed) {
    const auto at = rule.next(last);
    if (!at || *at >= before) {
      // Nothing fires any more, but something may have been skipped.
      if (last < before) listing.skipped(last, before - tick);
      break;
    }
    listing.skipped(last, *at);
    listing.occurrence(*at);
    last = *at;
  }
  if (printed == 0 && !console.out.closed()) {
    if (!globals.json) console.out.line("none");
    if (console.err.terminal()) console.err.line(std::string("cloacinactl: ") + why_none(expression));
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const CronCheckArguments& a) {
  const auto problem = CronExpression::check(a.expression, dialect_of(a), a.name);
  (void)zone_of(a);
  if (globals.json) {
    OrderedJson json;
    json["valid"] = !problem;
    json["error"] = problem ? OrderedJson(problem->text) : OrderedJson(nullptr);
    json["field"] = problem && !problem->field.empty() ? OrderedJson(problem->field) : OrderedJson(nullptr);
    json["position"] = problem && problem->position > 0 ? OrderedJson(problem->position) : OrderedJson(nullptr);
    console.out.line(line(json));
  }
  if (problem) bad(complaint(*problem, a));
  if (!globals.json) console.out.line("valid");
  if (expression_of(a).is_impossible()) {
    console.err.line("cloacinactl: warning: it never fires: there is no such date between 1970 and 2199");
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const CronExplainArguments& a) {
  const auto expression = expression_of(a);
  const auto zone = zone_of(a);
  const auto sentence = a.zone ? CronRule{.expression = expression, .zone = zone}.explain() : expression.explain();
  if (globals.json) {
    OrderedJson json;
    json["expression"] = expression.text();
    json["sentence"] = sentence;
    console.out.line(line(json));
  } else {
    console.out.line(sentence);
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
