#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/error.hpp"
#include "cloacina/export.hpp"

namespace cloacina {

/// What kind of thing ended an attempt without success.
enum class FailureKind { Exception, Timeout, Exit, Signal, Crash };

/// One failed attempt, as retry conditions and failure callbacks see it.
struct Failure {
  FailureKind kind = FailureKind::Exception;
  std::string error{};              ///< the text of the exception, or what happened: `exit 3`, `timed out after 2m`
  std::optional<ErrorCode> code{};  ///< of a cloacina::Error
  std::optional<int> exit{};        ///< exit status of a command, or of an isolated task's process
  std::optional<int> signal{};      ///< the signal that killed it
  std::string output_tail{};        ///< last lines of a command's stderr
};

/// Which failures run again. Make one with the functions of `retry_on`.
struct RetryCondition {
  enum class Kind { Any, Never, Transient, Timeout, Signal, Exit, Text, Predicate };
  Kind kind = Kind::Any;
  int exit = 0;                                     ///< Exit: the status
  std::string text{};                               ///< Text: the part to look for, letter case ignored
  std::function<bool(const Failure&)> predicate{};  ///< Predicate

  [[nodiscard]] CLOACINA_API bool matches(const Failure& failure) const;
};

namespace retry_on {
inline RetryCondition any() { return {}; }
inline RetryCondition never() { return {.kind = RetryCondition::Kind::Never}; }
/// A timeout, an Error with Unavailable or Timeout, or a text with one of: connection, network, timeout, timed out, temporary,
/// temporarily, unavailable, busy, overloaded, rate limit (reference, 1.9).
inline RetryCondition transient() { return {.kind = RetryCondition::Kind::Transient}; }
inline RetryCondition timeout() { return {.kind = RetryCondition::Kind::Timeout}; }
inline RetryCondition signal() { return {.kind = RetryCondition::Kind::Signal}; }
inline RetryCondition exit(int status) { return {.kind = RetryCondition::Kind::Exit, .exit = status}; }
/// Part of the error text or of the last lines of a command's stderr.
inline RetryCondition text(std::string part) { return {.kind = RetryCondition::Kind::Text, .text = std::move(part)}; }
inline RetryCondition when(std::function<bool(const Failure&)> predicate) {
  return {.kind = RetryCondition::Kind::Predicate, .predicate = std::move(predicate)};
}
}  // namespace retry_on

/// How the delay grows from attempt to attempt.
enum class Backoff {
  Exponential,  ///< initial_delay * factor^(n-1); factor 1 gives a fixed delay
  Linear,       ///< initial_delay * n * factor
};

/// When a failed attempt runs again.
///
/// Delay before attempt n+1: the backoff's value, at most `max_delay`, then spread by up to `jitter` downwards, so that the cap
/// holds. A value type: no clock, no randomness of its own.
struct RetryPolicy {
  int max_attempts = 3;                            ///< total attempts, >= 1; 1 means no retry
  std::chrono::milliseconds initial_delay{1'000};  ///< >= 0
  double factor = 2.0;                             ///< >= 1
  std::chrono::milliseconds max_delay{60'000};     ///< >= initial_delay
  double jitter = 0.25;                            ///< fraction of the delay, 0..1
  Backoff backoff = Backoff::Exponential;
  std::vector<RetryCondition> on{};  ///< any match retries; empty means every failure
  /// Own function of the attempt that just failed (1 = the first); replaces the backoff, the cap and the jitter still apply.
  std::function<std::chrono::milliseconds(int)> delay{};

  /// Delay after `attempt` (1 = the first) failed; nullopt when no attempt is left. `random` in [0, 1).
  [[nodiscard]] CLOACINA_API std::optional<std::chrono::milliseconds> delay_after(int attempt, double random) const;
  /// Whether `failure` is one that runs again, attempts left or not.
  [[nodiscard]] CLOACINA_API bool retries(const Failure& failure) const;
  /// The problems of the fields, each naming its field; empty when valid.
  [[nodiscard]] CLOACINA_API std::vector<std::string> problems() const;

  [[nodiscard]] static RetryPolicy none() { return {.max_attempts = 1}; }
  [[nodiscard]] static RetryPolicy fixed(int max_attempts, std::chrono::milliseconds every) {
    return {.max_attempts = max_attempts, .initial_delay = every, .factor = 1.0, .max_delay = every, .jitter = 0.0};
  }
};

}  // namespace cloacina
