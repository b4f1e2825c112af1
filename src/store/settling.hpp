#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace cloacina::store {

/// When to look again after a hint that another process is writing.
///
/// A hint may come before the commit that it announces is visible: SQLite writes the log, syncs it, and only then publishes the new
/// end in shared memory, which nobody can watch. So a hint is followed by looks at growing distances, and then by silence.
class Settling {
 public:
  using Clock = std::chrono::steady_clock;

  void hint(Clock::time_point now) {
    gap_ = first_gap;
    started_ = now;
    next_ = now + gap_;
  }
  /// How long until the next look; none when it is quiet.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> wait(Clock::time_point now) const {
    if (!next_) return std::nullopt;
    return std::max<std::chrono::nanoseconds>(*next_ - now, std::chrono::nanoseconds{0});
  }
  /// A look was taken.
  void looked(Clock::time_point now) {
    if (!next_ || now < *next_) return;
    gap_ = std::min(gap_ * 2, last_gap);
    next_ = now - started_ < horizon ? std::optional(now + gap_) : std::nullopt;
  }

 private:
  static constexpr std::chrono::nanoseconds first_gap = std::chrono::microseconds{500};
  static constexpr std::chrono::nanoseconds last_gap = std::chrono::seconds{4};
  static constexpr std::chrono::nanoseconds horizon = std::chrono::seconds{20};

  std::chrono::nanoseconds gap_{};
  Clock::time_point started_{};
  std::optional<Clock::time_point> next_;
};

}  // namespace cloacina::store
