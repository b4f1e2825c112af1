#include "cloacina/retry.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

namespace cloacina {

namespace {

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

constexpr std::array<std::string_view, 10> transient_words{"connection",  "network",     "timeout", "timed out",  "temporary",
                                                           "temporarily", "unavailable", "busy",    "overloaded", "rate limit"};

}  // namespace

bool RetryCondition::matches(const Failure& failure) const {
  switch (kind) {
    case Kind::Any:
      return true;
    case Kind::Never:
      return false;
    case Kind::Transient:
      return failure.kind == FailureKind::Timeout || failure.code == ErrorCode::Unavailable || failure.code == ErrorCode::Timeout ||
             std::any_of(transient_words.begin(), transient_words.end(),
                         [&](std::string_view word) { return contains_ignoring_case(failure.error, word); });
    case Kind::Timeout:
      return failure.kind == FailureKind::Timeout;
    case Kind::Signal:
      return failure.kind == FailureKind::Signal;
    case Kind::Exit:
      return failure.exit == exit;
    case Kind::Text:
      return contains_ignoring_case(failure.error, text) || contains_ignoring_case(failure.output_tail, text);
    case Kind::Predicate:
      return predicate && predicate(failure);
  }
  return false;
}

std::optional<std::chrono::milliseconds> RetryPolicy::delay_after(int attempt, double random) const {
  if (attempt >= max_attempts) return std::nullopt;
  // A thousand years are for ever, and keep every sum with a time far from overflow.
  const double cap = std::min(static_cast<double>(max_delay.count()), 365'000.0 * 86'400'000.0);
  double ms = 0;
  if (delay) {
    ms = static_cast<double>(delay(attempt).count());
  } else if (backoff == Backoff::Linear) {
    ms = static_cast<double>(initial_delay.count()) * attempt * factor;
  } else {
    ms = static_cast<double>(initial_delay.count()) * std::pow(factor, attempt - 1);
  }
  // Not a number and below zero become zero; infinite becomes the cap.
  ms = ms > 0 ? std::min(ms, cap) : 0;
  return std::chrono::milliseconds{static_cast<std::int64_t>(ms * (1.0 - jitter * random))};
}

bool RetryPolicy::retries(const Failure& failure) const {
  return on.empty() || std::any_of(on.begin(), on.end(), [&](const RetryCondition& c) { return c.matches(failure); });
}

std::vector<std::string> RetryPolicy::problems() const {
  std::vector<std::string> out;
  if (max_attempts < 1) out.push_back("max_attempts is " + std::to_string(max_attempts) + ", it must be at least 1");
  if (initial_delay.count() < 0) out.push_back("initial_delay is negative");
  if (!(factor >= 1.0) || !std::isfinite(factor)) out.push_back("factor is " + std::to_string(factor) + ", it must be at least 1");
  if (max_delay < initial_delay) out.push_back("max_delay is shorter than initial_delay");
  if (!(jitter >= 0.0 && jitter <= 1.0)) out.push_back("jitter is " + std::to_string(jitter) + ", it must be from 0 to 1");
  return out;
}

}  // namespace cloacina
