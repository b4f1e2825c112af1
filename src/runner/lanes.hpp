#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "cloacina/runner.hpp"
#include "engine/lane.hpp"

namespace cloacina::runner {

/// The loops of a started runner: each has a connection that writes, a row of its own among the runners, and its share of the
/// workers. They meet only in the database, like those of different runners.
class Lanes {
 public:
  struct Setup {
    const RunnerOptions& options;
    store::Database& database;
    std::shared_ptr<engine::UserTransactions> transactions;
    std::function<std::vector<std::function<void()>>(const std::vector<store::FinishedExecution>&)> on_finished;
    std::function<void()> on_change_by_others;
    engine::Materialise materialise;
  };

  /// Registers and starts them. *Throws* Error{Unavailable}.
  Lanes(const Setup& setup, const std::vector<engine::RegisterRequest>& registered);
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// A workflow that all of them can run from now on.
  void add(const engine::RegisterRequest& request);
  /// Where the next message goes: they take turns.
  [[nodiscard]] std::shared_ptr<engine::Inbox> next();

  void hurry(engine::Steady deadline);
  engine::Lane::Left stop(engine::Steady deadline);
  [[nodiscard]] Runner::Stats stats() const;

 private:
  struct One {
    std::shared_ptr<engine::Inbox> inbox;
    std::unique_ptr<engine::Lane> lane;
  };
  std::vector<One> lanes_;
  std::atomic<std::size_t> turn_{0};
};

/// What the rows of a runner's lanes say of it.
[[nodiscard]] std::vector<RunnerInfo> without_lanes(std::vector<RunnerInfo> rows);

}  // namespace cloacina::runner
