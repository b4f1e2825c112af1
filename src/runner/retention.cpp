#include "runner/retention.hpp"

#include "runner/clock.hpp"

namespace cloacina::runner {

using Clock = std::chrono::steady_clock;

RetentionThread::RetentionThread(store::Database& database, Retention retention, LogSink log)
    : database_(database),
      retention_(std::move(retention)),
      pace_(retention_),
      log_(std::move(log)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void RetentionThread::run(const std::stop_token& stop) {
  for (Clock::duration next = RetentionPace::pause_min; pause(stop, next); next = pace_.after_pass()) pass(stop);
}

void RetentionThread::pass(const std::stop_token& stop) {
  try {
    if (!store_) store_ = database_.store();
    auto step_began = Clock::now();
    (void)prune(*store_, retention_, utc_now(), RetentionPace::batch, [&](int deleted) {
      const bool on = pause(stop, pace_.after_step(Clock::now() - step_began, deleted));
      step_began = Clock::now();
      return on;
    });
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
