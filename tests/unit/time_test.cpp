#include "cloacina/time.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;
using namespace std::chrono_literals;

TEST(Timestamp, ReadsRfc3339) {
  const struct {
    const char* text;
    const char* utc;
  } good[] = {
      {"2026-03-29T01:00:00Z", "2026-03-29T01:00:00.000000Z"},
      {"2026-03-29t01:00:00z", "2026-03-29T01:00:00.000000Z"},
      {"2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00.000000Z"},
      {"2026-03-28T20:30:00-04:30", "2026-03-29T01:00:00.000000Z"},
      {"2026-03-29T01:00:00.5Z", "2026-03-29T01:00:00.500000Z"},
      {"2026-03-29T01:00:00.123456789Z", "2026-03-29T01:00:00.123456Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
      {"2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00.000000Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
      {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
  };
  for (const auto& [text, utc] : good) EXPECT_EQ(format_timestamp(parse_timestamp(text)), utc) << text;
}

TEST(Timestamp, RefusesEverythingLooser) {
  for (const char* text : {"",
                           "2026",
                           "2026-03-29",
                           "2026-03-29T01:00:00",
                           "2026-03-29 01:00:00Z",
                           "2026-3-29T01:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00+2:00",
                           "2026-01-01T00:00:00+0200",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00ZZ",
                           " 2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00Z ",
                           "12026-01-01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00",
                           "2026-01-01T-1:00:00Z",
                           "now"}) {
    EXPECT_EQ(error_of([&] { (void)parse_timestamp(text); }),
              "InvalidArgument: '" + std::string(text) +
                  "' is no time: write RFC 3339 with an offset, as 2026-03-29T01:00:00Z or 2026-03-29T03:00:00+02:00");
  }
}

TEST(Timestamp, FormatsWithAndWithoutDecimals) {
  EXPECT_EQ(format_timestamp(Timestamp{1us}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(format_seconds(Timestamp{1'999'999us}), "1970-01-01T00:00:01Z");
  EXPECT_EQ(format_seconds(Timestamp{-1us}), "1969-12-31T23:59:59Z");
}

RC_GTEST_PROP(TimestampProperty, TextReadsBack, ()) {
  const auto at =
      Timestamp{std::chrono::microseconds{*rc::gen::inRange<std::int64_t>(-62'000'000'000'000'000, 250'000'000'000'000'000)}};
  RC_ASSERT(parse_timestamp(format_timestamp(at)) == at);
}

TEST(Duration, ReadsWhatTheWorkflowFileWrites) {
  const struct {
    const char* text;
    std::chrono::milliseconds value;
  } good[] = {{"250ms", 250ms},    {"10s", 10s}, {"2m", 2min},   {"1h30m", 90min}, {"7d", 7 * 24h},
              {"0s", 0ms},         {"0ms", 0ms}, {"90m", 90min}, {"010s", 10s},    {"1d2h3m4s5ms", 93784005ms},
              {"1h5ms", 3600005ms}};
  for (const auto& [text, value] : good) EXPECT_EQ(parse_duration(text), value) << text;
}

TEST(Duration, RefusesTheRest) {
  const struct {
    const char* text;
    const char* why;
  } bad[] = {{"", ""},
             {"5", " (a number needs a unit)"},
             {"1h30", " (a number needs a unit)"},
             {"s", ""},
             {"-5s", ""},
             {"+5s", ""},
             {"1.5s", " (a number needs a unit)"},
             {"5 s", " (a number needs a unit)"},
             {"5S", " (a number needs a unit)"},
             {"5w", ""},
             {"5us", ""},
             {"1h1h", ""},
             {"5s5m", ""},
             {"5ms5s", ""},
             {"99999999999999999999s", " (too long)"},
             {"400000d", " (too long)"},
             {"9223372036854775807ms", " (too long)"},
             {"365000d1ms", " (too long)"}};
  for (const auto& [text, why] : bad) {
    EXPECT_EQ(error_of([&] { (void)parse_duration(text); }),
              "InvalidArgument: '" + std::string(text) + "' is no duration" + why + ": write 250ms, 10s, 2m, 1h30m or 7d");
  }
}

TEST(Duration, FormatsAsShortAsItReads) {
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(61'001ms), "1m1s1ms");
}

RC_GTEST_PROP(DurationProperty, TextReadsBack, ()) {
  const std::chrono::milliseconds value{*rc::gen::inRange<std::int64_t>(0, 31'536'000'000'000)};
  RC_ASSERT(parse_duration(format_duration(value)) == value);
}

}  // namespace
}  // namespace cloacina
