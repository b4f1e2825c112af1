#include "cli/cron_words.hpp"

#include <algorithm>
#include <string_view>

namespace cloacina::cli {

namespace {

using std::chrono::local_seconds;

/// "2026-03-29T02:30:00".
std::string iso(local_seconds at) {
  std::string text = format_seconds(Timestamp{at.time_since_epoch()});
  text.pop_back();
  return text;
}

std::string date(local_seconds at) { return iso(at).substr(0, 10); }

/// "02:30", or "02:30:15".
std::string clock(local_seconds at) {
  const std::string text = iso(at).substr(11);
  return text.ends_with(":00") ? text.substr(0, 5) : text;
}

std::string date_and_clock(local_seconds at) { return date(at) + " " + clock(at); }

/// Local times in a row, as a subject: "02:30 does", "02:00 and 02:30 do", "02:00 to 02:45 (4 times) do".
struct Subject {
  local_seconds first;
  local_seconds last;
  std::int64_t count;

  [[nodiscard]] bool one_day() const { return date(first) == date(last); }
  [[nodiscard]] std::string text(bool with_date) const {
    const std::string from = with_date ? date_and_clock(first) : clock(first);
    if (count == 1) return from;
    const std::string to = with_date && !one_day() ? date_and_clock(last) : clock(last);
    if (count == 2) return from + " and " + to;
    return from + " to " + to + " (" + std::to_string(count) + " times)";
  }
  [[nodiscard]] std::string does_not_exist() const { return count == 1 ? " does not exist" : " do not exist"; }
  [[nodiscard]] std::string comes_twice() const { return count == 1 ? " comes twice" : " come twice"; }
};

std::string remark_on_moved(const CronRule& rule, Timestamp occurrence, const MovedTimes& moved) {
  const Subject subject{moved.first, moved.last, moved.count};
  const auto here = rule.zone.local(occurrence);
  const bool that_day = date(moved.first) == date(here) && date(moved.last) == date(here);
  // It fires here anyway when its own local time matches.
  const std::string became = rule.kind(occurrence) == OccurrenceKind::AfterGap ? ": moved to " : ": merged with ";
  return subject.text(!that_day) + subject.does_not_exist() + (that_day ? " that day" : "") + became +
         (that_day ? clock(here) : date_and_clock(here));
}

std::string_view name_of(OccurrenceKind kind) {
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
  return "";
}

/// The keys that local times in a row have.
template <class Times>
OrderedJson span(const Times& times) {
  OrderedJson json;
  json["transition"] = instant(times.transition);
  json["first"] = iso(times.first);
  json["last"] = iso(times.last);
  json["count"] = times.count;
  return json;
}

}  // namespace

std::string instant(Timestamp at) {
  return at == std::chrono::floor<std::chrono::seconds>(at) ? format_seconds(at) : format_timestamp(at);
}

std::string remark_on(const CronRule& rule, Timestamp occurrence) {
  if (const auto moved = rule.moved(occurrence)) return remark_on_moved(rule, occurrence, *moved);
  const std::string twice = clock(rule.zone.local(occurrence)) + " comes twice that day: the ";
  switch (rule.kind(occurrence)) {
    case OccurrenceKind::FirstPass:
      return twice + "first pass";
    case OccurrenceKind::SecondPass:
      return twice + "second pass";
    default:
      return "";
  }
}

std::string remark_on(const CronRule& rule, const SuppressedTimes& times) {
  const Subject subject{times.first, times.last, times.count};
  const std::string that_day = subject.one_day() ? " that day" : "";
  if (times.cause == SuppressedTimes::Cause::Overlap) {
    const std::string_view pass = times.at < times.transition ? "second" : "first";
    return subject.text(!subject.one_day()) + subject.comes_twice() + that_day + ": only the " + std::string(pass) + " pass fires";
  }
  const auto before = rule.zone.offset_at(times.transition - std::chrono::microseconds{1});
  if (rule.zone.offset_at(times.transition) - before >= std::chrono::days{1}) {
    return date(times.first) + " does not exist in " + rule.zone.name() +
           (times.count == 1 ? "" : " (" + std::to_string(times.count) + " times)");
  }
  return subject.text(!subject.one_day()) + subject.does_not_exist() + that_day;
}

std::string local_time(const CronRule& rule, const SuppressedTimes& times) {
  return times.cause == SuppressedTimes::Cause::Overlap ? rule.zone.format(times.at) : iso(times.first);
}

OrderedJson to_json(const CronRule& rule, Timestamp occurrence) {
  OrderedJson json;
  json["slot"] = instant(occurrence);
  json["local"] = rule.zone.format(occurrence);
  json["kind"] = name_of(rule.kind(occurrence));
  const auto moved = rule.moved(occurrence);
  json["moved"] = moved ? span(*moved) : OrderedJson(nullptr);
  return json;
}

OrderedJson to_json(const SuppressedTimes& times) {
  OrderedJson json;
  json["cause"] = times.cause == SuppressedTimes::Cause::Gap ? "gap" : "overlap";
  json.update(span(times));
  return {{"skipped", std::move(json)}};
}

std::string with_place(const CronProblem& problem, std::string expression) {
  constexpr std::size_t columns_max = 100;
  if (problem.position == 0 || expression.size() > columns_max) return problem.text;
  std::replace(expression.begin(), expression.end(), '\t', ' ');
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::all_of(expression.begin(), expression.end(), printable)) return problem.text;
  return problem.text + "\n  " + expression + "\n  " + std::string(problem.position - 1, ' ') + "^" +
         std::string(problem.length > 1 ? problem.length - 1 : 0, '~');
}

}  // namespace cloacina::cli
