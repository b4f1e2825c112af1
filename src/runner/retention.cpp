#include "runner/retention.hpp"

#include <algorithm>

#include "runner/clock.hpp"

namespace cloacina::runner {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int batch = 200;
constexpr std::chrono::milliseconds pause_min{1'000};
constexpr std::chrono::milliseconds pause_max{60'000};
/// It may work for so small a part of the time: between two steps of a pass, and between two passes.
constexpr int of_a_pass = 4;
constexpr int of_all = 50;

/// A tenth of the shortest time that something is kept.
std::chrono::milliseconds pause_of(const Retention& retention) {
  auto pause = pause_max;
  for (const auto& time : {retention.older_than, retention.firings_older_than}) {
    if (time) pause = std::min(pause, *time / 10);
  }
  return std::max(pause, pause_min);
}

}  // namespace

RetentionThread::RetentionThread(store::Database& database, Retention retention, LogSink log)
    : database_(database),
      retention_(std::move(retention)),
      log_(std::move(log)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void RetentionThread::run(const std::stop_token& stop) {
  for (auto next = pause_min; pause(stop, next);) {
    const auto began = Clock::now();
    pass(stop);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    next = std::max(pause_of(retention_), took * of_all / of_a_pass);
  }
}

void RetentionThread::pass(const std::stop_token& stop) {
  try {
    if (!store_) store_ = database_.store();
    auto step_began = Clock::now();
    const auto go_on = [&] {
      const bool on = pause(stop, (Clock::now() - step_began) * of_a_pass);
      step_began = Clock::now();
      return on;
    };
    (void)prune(*store_, retention_, utc_now(), batch, go_on);
  } catch (const std::exception& error) {
    store_.reset();
    if (log_) log_(LogLevel::Warning, "deleting what is not kept any longer failed, trying again: " + std::string(error.what()));
  }
}

bool RetentionThread::pause(const std::stop_token& stop, Clock::duration time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace cloacina::runner
