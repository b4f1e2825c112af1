#include "cloacina/retry.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <limits>

namespace cloacina {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<milliseconds> delays(const RetryPolicy& policy, double random = 0) {
  std::vector<milliseconds> out;
  for (int attempt = 1; attempt < 20; ++attempt) {
    const auto delay = policy.delay_after(attempt, random);
    if (!delay) break;
    out.push_back(*delay);
  }
  return out;
}

TEST(RetryPolicy, GrowsExponentiallyByDefault) {
  EXPECT_THAT(delays({}), ElementsAre(1s, 2s));
  EXPECT_THAT(delays({.max_attempts = 8, .initial_delay = 5s}), ElementsAre(5s, 10s, 20s, 40s, 60s, 60s, 60s));
  EXPECT_THAT(delays({.max_attempts = 4, .initial_delay = 100ms, .factor = 1.5}), ElementsAre(100ms, 150ms, 225ms));
}

TEST(RetryPolicy, GrowsLinearly) {
  EXPECT_THAT(delays({.max_attempts = 5, .initial_delay = 100ms, .factor = 2, .max_delay = 700ms, .backoff = Backoff::Linear}),
              ElementsAre(200ms, 400ms, 600ms, 700ms));
}

TEST(RetryPolicy, StaysFixed) { EXPECT_THAT(delays(RetryPolicy::fixed(4, 250ms), 0.9), ElementsAre(250ms, 250ms, 250ms)); }

TEST(RetryPolicy, TakesAnOwnFunctionUnderTheCap) {
  RetryPolicy policy{.max_attempts = 5, .initial_delay = 1s, .max_delay = 10s};
  policy.delay = [](int attempt) { return attempt == 1 ? -5s : attempt == 2 ? 7s : 100s; };
  EXPECT_THAT(delays(policy), ElementsAre(0s, 7s, 10s, 10s));
}

TEST(RetryPolicy, CountsAllAttempts) {
  EXPECT_THAT(delays(RetryPolicy::none()), IsEmpty());
  EXPECT_EQ((RetryPolicy{.max_attempts = 2}.delay_after(1, 0)), 1s);
  EXPECT_EQ((RetryPolicy{.max_attempts = 2}.delay_after(2, 0)), std::nullopt);
  EXPECT_EQ((RetryPolicy{.max_attempts = 2}.delay_after(3, 0)), std::nullopt);
}

TEST(RetryPolicy, SpreadsDownwards) {
  const RetryPolicy policy{.initial_delay = 1s, .jitter = 0.25};
  EXPECT_EQ(policy.delay_after(1, 0.0), 1s);
  EXPECT_EQ(policy.delay_after(1, 0.5), 875ms);
  EXPECT_EQ((RetryPolicy{.initial_delay = 1s, .jitter = 1.0}.delay_after(1, 0.5)), 500ms);
}

TEST(RetryPolicy, SurvivesNumbersThatOverflow) {
  RetryPolicy policy{
      .max_attempts = std::numeric_limits<int>::max(), .initial_delay = 1s, .factor = 1e300, .max_delay = 1h, .jitter = 0};
  EXPECT_EQ(policy.delay_after(1'000, 0), 1h);
  policy.factor = 2;
  EXPECT_EQ(policy.delay_after(2'000'000'000, 0), 1h);
  policy.initial_delay = 0s;
  policy.factor = 1e300;
  EXPECT_EQ(policy.delay_after(1'000, 0), 0s) << "nothing times infinity is no number, and no wait";
  RetryPolicy for_ever{.max_attempts = 9, .initial_delay = milliseconds::max(), .max_delay = milliseconds::max(), .jitter = 0};
  EXPECT_EQ(for_ever.delay_after(1, 0), 365'000 * 24h);
}

RC_GTEST_PROP(RetryPolicyProperty, EveryDelayIsFromZeroToTheCap, ()) {
  RetryPolicy policy;
  policy.max_attempts = *rc::gen::inRange(1, 50);
  policy.initial_delay = milliseconds{*rc::gen::inRange(0, 100'000)};
  policy.max_delay = policy.initial_delay + milliseconds{*rc::gen::inRange(0, 100'000)};
  policy.factor = 1 + *rc::gen::inRange(0, 1'000) / 100.0;
  policy.jitter = *rc::gen::inRange(0, 101) / 100.0;
  policy.backoff = *rc::gen::element(Backoff::Exponential, Backoff::Linear);
  const int attempt = *rc::gen::inRange(1, 60);
  const double random = *rc::gen::inRange(0, 1'000) / 1'000.0;
  const auto delay = policy.delay_after(attempt, random);
  RC_ASSERT(policy.problems().empty());
  RC_ASSERT(delay.has_value() == (attempt < policy.max_attempts));
  if (delay) {
    RC_ASSERT(*delay >= 0ms);
    RC_ASSERT(*delay <= policy.max_delay);
    RC_ASSERT(*delay <= *policy.delay_after(attempt, 0));
  }
}

TEST(RetryCondition, MatchesWhatItSays) {
  const Failure exception{.error = "no such FILE"};
  const Failure timeout{.kind = FailureKind::Timeout, .error = "took too long"};
  const Failure exit3{.kind = FailureKind::Exit, .error = "exit 3", .exit = 3, .output_tail = "cannot open Device"};
  const Failure killed{.kind = FailureKind::Signal, .error = "killed by SIGSEGV", .signal = 11};
  const struct {
    const char* what;
    RetryCondition condition;
    std::array<bool, 4> matches;  // exception, timeout, exit 3, killed
  } table[] = {
      {"any", retry_on::any(), {true, true, true, true}},
      {"never", retry_on::never(), {false, false, false, false}},
      {"transient", retry_on::transient(), {false, true, false, false}},
      {"timeout", retry_on::timeout(), {false, true, false, false}},
      {"signal", retry_on::signal(), {false, false, false, true}},
      {"exit 3", retry_on::exit(3), {false, false, true, false}},
      {"exit 0", retry_on::exit(0), {false, false, false, false}},
      {"text of the error", retry_on::text("file"), {true, false, false, false}},
      {"text of the output", retry_on::text("DEVICE"), {false, false, true, false}},
      {"predicate", retry_on::when([](const Failure& f) { return f.signal == 11; }), {false, false, false, true}},
      {"no predicate", retry_on::when({}), {false, false, false, false}},
  };
  for (const auto& [what, condition, matches] : table) {
    EXPECT_EQ(condition.matches(exception), matches[0]) << what;
    EXPECT_EQ(condition.matches(timeout), matches[1]) << what;
    EXPECT_EQ(condition.matches(exit3), matches[2]) << what;
    EXPECT_EQ(condition.matches(killed), matches[3]) << what;
  }
}

TEST(RetryCondition, KnowsWhatIsTransient) {
  for (const char* text : {"Connection refused", "NETWORK down", "read timeout", "timed out", "temporary failure", "temporarily",
                           "service Unavailable", "device busy", "overloaded", "rate limit exceeded"}) {
    EXPECT_TRUE(retry_on::transient().matches({.error = text})) << text;
  }
  EXPECT_TRUE(retry_on::transient().matches({.error = "x", .code = ErrorCode::Unavailable}));
  EXPECT_TRUE(retry_on::transient().matches({.error = "x", .code = ErrorCode::Timeout}));
  EXPECT_FALSE(retry_on::transient().matches({.error = "wrong password", .code = ErrorCode::InvalidArgument}));
}

TEST(RetryPolicy, AnyConditionThatMatchesRetries) {
  RetryPolicy policy;
  EXPECT_TRUE(policy.retries({.error = "whatever"})) << "no condition means every failure";
  policy.on = {retry_on::timeout(), retry_on::text("busy")};
  EXPECT_TRUE(policy.retries({.kind = FailureKind::Timeout}));
  EXPECT_TRUE(policy.retries({.error = "busy"}));
  EXPECT_FALSE(policy.retries({.error = "broken"}));
  policy.on = {retry_on::never(), retry_on::any()};
  EXPECT_TRUE(policy.retries({.error = "broken"}));
}

TEST(RetryPolicy, NamesEveryFieldThatIsOutOfRange) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THAT((RetryPolicy{.max_attempts = 0, .initial_delay = -1ms, .factor = 0.5, .max_delay = -2ms, .jitter = 1.5}).problems(),
              ElementsAre("max_attempts is 0, it must be at least 1", "initial_delay is negative",
                          "factor is 0.500000, it must be at least 1", "max_delay is shorter than initial_delay",
                          "jitter is 1.500000, it must be from 0 to 1"));
  EXPECT_THAT((RetryPolicy{.factor = nan, .jitter = nan}).problems(), ::testing::SizeIs(2));
  EXPECT_THAT((RetryPolicy{.factor = infinite}).problems(), ::testing::SizeIs(1));
  EXPECT_THAT((RetryPolicy{.jitter = -0.1}).problems(), ::testing::SizeIs(1));
  EXPECT_THAT(RetryPolicy{}.problems(), IsEmpty());
  EXPECT_THAT(RetryPolicy::none().problems(), IsEmpty());
}

}  // namespace
}  // namespace cloacina
