#pragma once

#include <random>
#include <thread>

#include "cloacina/log.hpp"
#include "engine/engine.hpp"
#include "engine/workers.hpp"
#include "store/settling.hpp"

namespace cloacina::engine {

struct LaneOptions {
  EngineOptions engine;
  std::chrono::milliseconds heartbeat{5'000};  ///< how often the death of others is looked for, when there are others
  LogSink log;                                 ///< never empty
  /// These two are called on the lane's thread and must not block; what the first returns runs on a worker.
  std::function<std::vector<std::function<void()>>(const std::vector<store::FinishedExecution>&)> on_finished;
  std::function<void()> on_change_by_others;
};

/// One engine loop with one writing connection: the thread around Engine::step.
class Lane {
 public:
  Lane(std::unique_ptr<store::Store> store, std::unique_ptr<store::ChangeWatch> watch, std::shared_ptr<Inbox> inbox,
       LaneOptions options, Materialise materialise);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  /// Takes no new work, waits for what runs until `deadline`, stops the rest and gives it back. What was still running, and whether
  /// some of its threads go on all the same.
  struct Left {
    std::vector<std::shared_ptr<WorkItem>> items;
    bool threads = false;
  };
  Left stop(Steady deadline);
  /// Brings the deadline of a `stop` that waits in another thread forward.
  void hurry(Steady deadline);

  struct Stats {
    std::int64_t turns = 0;
    std::int64_t tasks = 0;
    std::int64_t submitted = 0;
    int written_off = 0;
    bool draining = false;
  };
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] int running() const { return workers_.running(); }

 private:
  void run();
  void sign_off(bool settled);
  void look_at_zones();
  void keep_late_events();
  void apply(Effects& effects);
  void rest(const Effects& effects);
  /// `anyhow`: also when there was no hint.
  bool look_for_changes(bool anyhow);
  void back_off();
  void publish();
  [[nodiscard]] static Now now();
  void log(LogLevel level, const std::string& text) const;

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::ChangeWatch> watch_;
  std::shared_ptr<Inbox> inbox_;
  LaneOptions options_;
  Engine engine_;
  Workers workers_;
  std::atomic<bool> give_up_{false};
  std::minstd_rand random_{static_cast<std::minstd_rand::result_type>(options_.engine.seed)};
  std::chrono::milliseconds trouble_wait_{0};
  std::chrono::milliseconds hint_gap_{0};
  std::chrono::milliseconds poll_gap_{50};
  Steady last_hint_{};
  store::Settling settling_;
  bool hinted_ = false;
  Steady next_zone_look_{};
  int zones_seen_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable ended_cv_;
  bool ended_ = false;
  Steady deadline_ = Steady::max();
  Stats stats_;
  std::thread thread_;
};

}  // namespace cloacina::engine
