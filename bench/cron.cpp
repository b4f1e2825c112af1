// Cost of a cron expression: parse, next, previous, count. Prints nanoseconds; asserts nothing.
#include <benchmark/benchmark.h>

#include "cloacina/cron.hpp"
#include "cron/plan.hpp"

namespace {

using namespace cloacina;

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

void parse(benchmark::State& state, const Case& c) {
  for (auto _ : state) benchmark::DoNotOptimize(CronExpression::parse(c.expression));
}

void next(benchmark::State& state, const Case& c) {
  const CronRule rule = rule_of(c);
  Timestamp from = parse_timestamp(c.from);
  for (auto _ : state) {
    benchmark::DoNotOptimize(from);
    benchmark::DoNotOptimize(rule.next(from));
  }
}

void previous(benchmark::State& state, const Case& c) {
  const CronRule rule = rule_of(c);
  Timestamp from = parse_timestamp(c.from[0] == '1' ? "2199-12-31T00:00:00Z" : c.from);
  for (auto _ : state) {
    benchmark::DoNotOptimize(from);
    benchmark::DoNotOptimize(rule.previous(from));
  }
}

void walk_a_year(benchmark::State& state) {
  const CronRule rule = rule_of({"", "0 * * * *", "Europe/Berlin", ""});
  for (auto _ : state) {
    Timestamp at = parse_timestamp("2026-01-01T00:00:00Z");
    for (int i = 0; i < 8'760; ++i) at = *rule.next(at);
    benchmark::DoNotOptimize(at);
  }
  state.SetItemsProcessed(state.iterations() * 8'760);
}

void count_a_year_of_seconds(benchmark::State& state) {
  const CronRule rule = rule_of({"", "* * * * * *", "Europe/Berlin", ""});
  const auto from = parse_timestamp("2026-01-01T00:00:00Z");
  const auto to = parse_timestamp("2027-01-01T00:00:00Z");
  for (auto _ : state) benchmark::DoNotOptimize(rule.count(from, to));
}

void plan_a_year_of_missed_seconds(benchmark::State& state) {
  const cron::ScheduleRule rule{.name = "s", .rule = rule_of({"", "* * * * * *", "Europe/Berlin", ""})};
  const cron::Cursor cursor{.settled = parse_timestamp("2026-01-01T00:00:00Z")};
  const auto now = parse_timestamp("2027-01-01T00:00:00Z");
  for (auto _ : state) benchmark::DoNotOptimize(cron::plan(rule, cursor, now));
}

void plan_one_due_slot(benchmark::State& state) {
  const cron::ScheduleRule rule{.name = "s", .rule = rule_of({"", "0 * * * *", "Europe/Berlin", ""})};
  const cron::Cursor cursor{.settled = parse_timestamp("2026-01-01T00:00:00Z")};
  const auto now = parse_timestamp("2026-01-01T01:00:00Z");
  for (auto _ : state) benchmark::DoNotOptimize(cron::plan(rule, cursor, now));
}

void load_a_zone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ZoneDatabase::system().zone("Europe/Berlin"));
}

const bool registered = [] {
  for (const Case& c : cases) {
    benchmark::RegisterBenchmark((std::string("parse/") + c.name).c_str(), parse, c);
    benchmark::RegisterBenchmark((std::string("next/") + c.name).c_str(), next, c);
    benchmark::RegisterBenchmark((std::string("previous/") + c.name).c_str(), previous, c);
  }
  benchmark::RegisterBenchmark("next/walk_a_year_of_hours", walk_a_year);
  benchmark::RegisterBenchmark("count/a_year_of_seconds", count_a_year_of_seconds);
  benchmark::RegisterBenchmark("plan/one_due_slot", plan_one_due_slot);
  benchmark::RegisterBenchmark("plan/a_year_of_missed_seconds", plan_a_year_of_missed_seconds);
  benchmark::RegisterBenchmark("zone/load", load_a_zone);
  return true;
}();

}  // namespace

BENCHMARK_MAIN();
