#pragma once

#include <algorithm>
#include <chrono>

#include "cloacina/retention.hpp"

namespace cloacina::runner {

/// How fast what is not kept is deleted. Reads no clock.
///
/// A pass goes over all that may go, in steps. Looking and finding little costs at most a fiftieth of the time. Deleting may cost
/// more: a pass that has much to delete is followed by another soon, and one that lasts takes up to half of the time. So it keeps
/// up with whatever half of its speed keeps up with, and otherwise leaves the database to the work.
class RetentionPace {
 public:
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int batch = 200;
  static constexpr std::chrono::milliseconds pause_min{1'000};
  static constexpr std::chrono::milliseconds pause_max{60'000};
  /// A pass that has lasted for so long does not keep up by the way.
  static constexpr std::chrono::milliseconds long_pass{2'000};

  explicit RetentionPace(const Retention& retention) : usual_(usual(retention)) {}

  /// How long to wait after a step that took `took` and deleted `deleted` of `batch` rows.
  Duration after_step(Duration took, int deleted) {
    const bool much = deleted >= batch / 2;
    if (!much) looked_ += took;
    full_steps_ += much ? 1 : 0;
    const auto pause = much && lasted_ >= long_pass ? took : took * 4;
    lasted_ += took + pause;
    return pause;
  }

  /// How long to wait after a pass, all of whose steps have been told.
  Duration after_pass() {
    const Duration usual = full_steps_ >= much_ ? pause_min : usual_;
    const auto pause = std::max(usual, looked_ * 50);
    looked_ = {};
    lasted_ = {};
    full_steps_ = 0;
    return pause;
  }

 private:
  static constexpr int much_ = 10;

  /// A tenth of the shortest time that something is kept.
  static std::chrono::milliseconds usual(const Retention& retention) {
    auto pause = pause_max;
    for (const auto& time : {retention.older_than, retention.firings_older_than}) {
      if (time) pause = std::min(pause, *time / 10);
    }
    return std::max(pause, pause_min);
  }

  Duration usual_;
  Duration looked_{};
  Duration lasted_{};
  int full_steps_ = 0;
};

}  // namespace cloacina::runner
