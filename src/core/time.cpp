#include "cloacina/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "cloacina/error.hpp"
#include "core/text.hpp"

namespace cloacina {

namespace {

using namespace std::chrono;

std::string format(Timestamp at, bool decimals) {
  const auto second = floor<seconds>(at);
  const auto day = floor<days>(second);
  const year_month_day date{day};
  const hh_mm_ss clock{second - day};
  char text[64];
  int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  if (decimals) {
    length += std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), ".%06d",
                            static_cast<int>((at - second).count()));
  }
  text[length++] = 'Z';
  return {text, static_cast<std::size_t>(length)};
}

/// Reads `digits` decimal digits at `at` and moves on; -1 when they are not there.
int take(std::string_view text, std::size_t& at, std::size_t digits) {
  int value = 0;
  if (at + digits > text.size()) return -1;
  for (std::size_t i = 0; i < digits; ++i, ++at) {
    if (text[at] < '0' || text[at] > '9') return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool take(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

std::string format_timestamp(Timestamp at) { return format(at, true); }
std::string format_seconds(Timestamp at) { return format(at, false); }

Timestamp parse_timestamp(std::string_view text) {
  const auto fail = [&]() -> Timestamp {
    throw Error(ErrorCode::InvalidArgument, core::quote(text) +
                                                " is no time: write RFC 3339 with an offset, as 2026-03-29T01:00:00Z or "
                                                "2026-03-29T03:00:00+02:00");
  };
  std::size_t at = 0;
  const int y = take(text, at, 4);
  if (y < 0 || !take(text, at, "-")) return fail();
  const int mo = take(text, at, 2);
  if (mo < 1 || !take(text, at, "-")) return fail();
  const int d = take(text, at, 2);
  if (d < 1 || !take(text, at, "Tt")) return fail();
  const int h = take(text, at, 2);
  if (h < 0 || h > 23 || !take(text, at, ":")) return fail();
  const int mi = take(text, at, 2);
  if (mi < 0 || mi > 59 || !take(text, at, ":")) return fail();
  const int s = take(text, at, 2);
  if (s < 0 || s > 59) return fail();
  std::int64_t micro = 0;
  if (take(text, at, ".")) {
    int digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits < 6) micro = micro * 10 + (text[at] - '0');
    }
    if (digits == 0 || digits > 9) return fail();
    for (; digits < 6; ++digits) micro *= 10;
  }
  minutes offset{0};
  if (!take(text, at, "Zz")) {
    const bool west = at < text.size() && text[at] == '-';
    if (!take(text, at, "+-")) return fail();
    const int oh = take(text, at, 2);
    if (oh < 0 || oh > 23 || !take(text, at, ":")) return fail();
    const int om = take(text, at, 2);
    if (om < 0 || om > 59) return fail();
    offset = hours{oh} + minutes{om};
    if (west) offset = -offset;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (at != text.size() || !date.ok()) return fail();
  return sys_days{date} + hours{h} + minutes{mi} + seconds{s} + microseconds{micro} - offset;
}

std::chrono::milliseconds parse_duration(std::string_view text) {
  const auto fail = [&](const char* why) -> std::chrono::milliseconds {
    throw Error(ErrorCode::InvalidArgument, core::quote(text) + " is no duration" + why + ": write 250ms, 10s, 2m, 1h30m or 7d");
  };
  constexpr std::int64_t most = std::int64_t{365} * 1'000 * 86'400'000;  // a thousand years: keeps every sum far from overflow
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::size_t at = 0;
  if (text.empty()) return fail("");
  while (at < text.size()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    const auto digits = static_cast<std::size_t>(end - (text.data() + at));
    if (error == std::errc::result_out_of_range) return fail(" (too long)");
    if (error != std::errc{} || text[at] == '-') return fail("");
    at += digits;
    std::size_t length = 0;
    while (at + length < text.size() && text[at + length] >= 'a' && text[at + length] <= 'z') ++length;
    if (length == 0) return fail(" (a number needs a unit)");
    std::size_t unit = next_unit;
    while (unit < units.size() && units[unit].name != text.substr(at, length)) ++unit;
    if (unit == units.size()) return fail("");
    if (value > (most - total) / units[unit].milliseconds) return fail(" (too long)");
    total += value * units[unit].milliseconds;
    next_unit = unit + 1;
    at += length;
  }
  return std::chrono::milliseconds{total};
}

std::string format_duration(std::chrono::milliseconds value) {
  std::int64_t rest = value.count();
  std::string out;
  for (const auto& unit : units) {
    if (rest >= unit.milliseconds) {
      out += std::to_string(rest / unit.milliseconds) + std::string(unit.name);
      rest %= unit.milliseconds;
    }
  }
  return out.empty() ? "0s" : out;
}

}  // namespace cloacina
