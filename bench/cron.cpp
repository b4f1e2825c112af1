// Cost of a cron expression, in nanoseconds: parse, next, previous, count, plan.
#include "cloacina/cron.hpp"

#include <memory>

#include "cron/fields.hpp"
#include "cron/plan.hpp"
#include "harness.hpp"

namespace cloacina::bench {

namespace {

struct Case {
  const char* name;
  const char* expression;
  const char* zone;
  const char* from;
  GapPolicy gap = GapPolicy::NextValid;
};

constexpr Case cases[] = {
    {"minutely", "* * * * *", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"daily", "0 2 * * *", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"daily_utc", "0 2 * * *", "UTC", "2026-06-01T12:34:56Z"},
    {"office_hours", "*/15 9-17 * * MON-FRI", "America/New_York", "2026-06-05T22:00:00Z"},
    {"nearest_weekday", "0 0 15W * *", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"friday_13th", "0 0 13 * +FRI", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"last_friday", "0 0 * * FRI#L", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"yearly", "@yearly", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"leap_day_monday", "0 0 29 2 +MON", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"gap_now", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"},
    {"after_2037", "30 2 * * *", "Europe/Berlin", "2150-03-28T12:00:00Z"},
    {"impossible", "0 0 31 2 *", "Europe/Berlin", "2026-06-01T12:34:56Z"},
    {"impossible_every_month", "0 0 31 2,4,6,9,11 *", "Africa/Casablanca", "1970-01-01T00:00:00Z"},
    {"last_year_only", "59 59 23 31 12 * 2199", "Europe/Berlin", "1970-01-01T00:00:00Z"},
    // Only local times that no clock in the zone ever shows: the search visits every transition of 230 years and finds nothing.
    {"only_in_gaps", "0 30 2 25-31 3 +SUN 1996-2199", "Europe/Berlin", "1970-01-01T00:00:00Z", GapPolicy::Skip},
    {"only_in_gaps_busiest_zone", "0 30 2 8-14 3 +SUN 2007-2199", "America/New_York", "1970-01-01T00:00:00Z", GapPolicy::Skip},
};

CronRule rule_of(const Case& c) {
  return {.expression = CronExpression::parse(c.expression), .zone = ZoneDatabase::system().zone(c.zone), .gap = c.gap};
}

/// Keeps the compiler from leaving out what nobody looks at.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// Nanoseconds of one `work()`: the best of several rounds, each long enough for the clock.
template <class Work>
double nanoseconds(const Work& work) {
  constexpr double round_seconds = 0.01;
  constexpr int rounds = 7;
  std::int64_t repeats = 1;
  double best = 0;
  for (int round = 0; round < rounds;) {
    const Stopwatch watch;
    for (std::int64_t i = 0; i < repeats; ++i) work();
    const double seconds = watch.seconds();
    if (seconds < round_seconds) {
      repeats *= 2;
      continue;
    }
    const double each = seconds * 1e9 / static_cast<double>(repeats);
    best = round == 0 ? each : std::min(best, each);
    ++round;
  }
  return best;
}

Result result(std::string name, double ns, double floor, std::string settings) {
  return {std::move(name), "-", ns, "ns", floor, floor > 0 ? ns / floor : 0, std::move(settings)};
}

std::string settings_of(const Case& c) { return std::string("'") + c.expression + "' " + c.zone; }

/// The least that a parser does: a copy of the text, and room for its result.
double floor_parse(const Case& c) {
  return nanoseconds([&] {
    const auto room = std::make_shared<cron::Compiled>();
    room->text = c.expression;
    keep(*room);
  });
}

/// The least that a search does: the date and the time of day of an instant, and back.
double floor_search(Timestamp from) {
  return nanoseconds([&] {
    keep(from);
    const auto day = std::chrono::floor<std::chrono::days>(from);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{from - day};
    keep(std::chrono::sys_days{date} + time.to_duration());
  });
}

std::vector<Result> parse() {
  std::vector<Result> out;
  for (const Case& c : cases) {
    const double ns = nanoseconds([&] { keep(CronExpression::parse(c.expression)); });
    out.push_back(result(std::string("cron_parse_") + c.name, ns, floor_parse(c), settings_of(c) + ", floor: a copy of the text"));
  }
  return out;
}

std::vector<Result> search(bool forwards) {
  std::vector<Result> out;
  for (const Case& c : cases) {
    const CronRule rule = rule_of(c);
    // Backwards, the searches that find nothing begin at the other end.
    const Timestamp from = parse_timestamp(!forwards && c.from[0] == '1' ? "2199-12-31T00:00:00Z" : c.from);
    const double ns = nanoseconds([&] {
      keep(from);
      keep(forwards ? rule.next(from) : rule.previous(from));
    });
    out.push_back(result(std::string(forwards ? "cron_next_" : "cron_previous_") + c.name, ns, floor_search(from),
                         settings_of(c) + ", floor: a date from an instant and back"));
  }
  return out;
}

std::vector<Result> others() {
  const auto from = parse_timestamp("2026-01-01T00:00:00Z");
  const auto to = parse_timestamp("2027-01-01T00:00:00Z");
  const CronRule hourly = rule_of({"", "0 * * * *", "Europe/Berlin", ""});
  const CronRule secondly = rule_of({"", "* * * * * *", "Europe/Berlin", ""});
  const double floor = floor_search(from);
  std::vector<Result> out;
  constexpr int hours = 8'760;
  const double walk = nanoseconds([&] {
    Timestamp at = from;
    for (int i = 0; i < hours; ++i) at = *hourly.next(at);
    keep(at);
  });
  out.push_back(
      result("cron_walk_a_year_of_hours", walk / hours, floor, "each of 8760 hours, floor: a date from an instant and back"));
  out.push_back(result("cron_count_a_year_of_seconds", nanoseconds([&] { keep(secondly.count(from, to)); }), 0, "31536000 slots"));
  const cron::ScheduleRule every_hour{.name = "s", .rule = hourly};
  const cron::ScheduleRule every_second{.name = "s", .rule = secondly};
  const cron::Cursor cursor{.settled = from};
  const Timestamp one_later = from + std::chrono::hours{1};
  out.push_back(
      result("cron_plan_one_due_slot", nanoseconds([&] { keep(cron::plan(every_hour, cursor, one_later)); }), 0, "hourly"));
  out.push_back(result("cron_plan_a_year_of_missed_seconds", nanoseconds([&] { keep(cron::plan(every_second, cursor, to)); }), 0,
                       "31536000 slots, catch-up none"));
  out.push_back(
      result("cron_load_a_zone", nanoseconds([] { keep(ZoneDatabase::system().zone("Europe/Berlin")); }), 0, "Europe/Berlin"));
  return out;
}

}  // namespace

std::vector<Benchmark> cron_benchmarks() {
  return {
      {"cron_parse", parse},
      {"cron_next", [] { return search(true); }},
      {"cron_previous", [] { return search(false); }},
      {"cron_others", others},
  };
}

}  // namespace cloacina::bench
