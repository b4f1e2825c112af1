#include "runner/lookout.hpp"

#include <algorithm>

namespace cloacina::runner {

namespace {

using std::chrono::milliseconds;

/// Hints come in swarms.
constexpr milliseconds gather{2};
/// How often to look where no hints are to be had: less and less often.
constexpr milliseconds poll_gap_min{20};
constexpr milliseconds poll_gap_max{500};
/// How long to trust a silence that a lost connection could be the cause of.
constexpr milliseconds silence_max{5'000};

}  // namespace

Lookout::Lookout(Watches& watches) : watches_(watches), watch_(watches.take()), poll_gap_(poll_gap_min) {
  (void)watch_->drain();
  if (watch_->hints_early()) settling_.hint(std::chrono::steady_clock::now());  // a commit may be on its way since before the watch
}

bool Lookout::wait(std::optional<std::chrono::steady_clock::time_point> until) {
  const auto clock = std::chrono::steady_clock::now();
  std::optional<std::chrono::nanoseconds> left = settling_.wait(clock);
  const auto at_most = [&](std::chrono::nanoseconds d) {
    left = std::max(std::min(left.value_or(d), d), std::chrono::nanoseconds{0});
  };
  if (until) at_most(*until - clock);
  if (watch_->fd() < 0) {
    at_most(poll_gap_);
    poll_gap_ = std::min(poll_gap_ * 2, poll_gap_max);
  } else if (!watch_->hints_early()) {
    at_most(silence_max);
  }
  const bool hinted = waker_.wait(left, watch_->fd()) != os::Waker::Why::TimedOut;
  if (hinted) (void)waker_.wait(gather);
  const auto woke = std::chrono::steady_clock::now();
  if (watch_->drain() && watch_->hints_early()) settling_.hint(woke);
  settling_.looked(woke);
  return hinted;
}

}  // namespace cloacina::runner
