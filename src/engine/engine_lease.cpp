// Where runners live by a lease: renewing it, and stopping in time when that fails.
#include <algorithm>

#include "engine/engine.hpp"

namespace cloacina::engine {

namespace {

/// How much of the lease is kept for tasks to stop in.
constexpr int margin_part = 5;
/// What a dead runner held and others were working on is tried again after this.
constexpr std::chrono::milliseconds next_try{200};

}  // namespace

std::optional<Timestamp> Engine::by_own_clock(std::optional<Timestamp> time, const store::BatchResult& result, const Now& now) {
  if (!time) return time;
  return *time - (result.now - now.utc);
}

void Engine::mind_lease(const Now& now, Effects& effects) {
  if (lease_until_ == Steady::max()) {
    // The first turn: the lease is as new as the runner.
    lease_until_ = after(now.steady, *lease_);
    next_renewal_ = after(now.steady, std::min(options_.heartbeat, *lease_ / 3));
  }
  if (now.steady >= next_death_) {
    recover_ = true;
    next_death_ = Steady::max();
  }
  if (now.steady < lease_until_ - *lease_ / margin_part) return;
  for (auto& [claim, flight] : in_flight_) {
    if (flight.reason == StopReason::None) stop(flight, StopReason::LeaseLost, now, effects);
  }
}

void Engine::renewed(const store::BatchResult& result, const Now& now, Effects& effects) {
  // From before the commit: rather too early than too late.
  lease_until_ = after(now.steady, *lease_);
  next_renewal_ = after(now.steady, std::min(options_.heartbeat, *lease_ / 3));
  next_death_ = Steady::max();
  if (result.next_death) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*result.next_death - result.now);
    next_death_ = after(now.steady, std::max(left, next_try));
  }
  if (!result.lease_lost) return;
  check_ = true;
  effects.again = true;
}

}  // namespace cloacina::engine
