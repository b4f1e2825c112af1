#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "cloacina/log.hpp"
#include "runner/pruning.hpp"
#include "runner/retention_pace.hpp"

namespace cloacina::runner {

/// A thread that deletes what a runner does not keep: passes with pauses, over a connection of its own. Any number of them may work
/// on one database. Its end waits for the step that it is at.
class RetentionThread {
 public:
  RetentionThread(store::Database& database, Retention retention, LogSink log);
  void request_stop() { thread_.request_stop(); }

 private:
  void run(const std::stop_token& stop);
  void pass(const std::stop_token& stop);
  /// Whether it is to go on after that time.
  bool pause(const std::stop_token& stop, std::chrono::steady_clock::duration time);

  store::Database& database_;
  std::unique_ptr<store::Store> store_;
  Retention retention_;
  RetentionPace pace_;
  LogSink log_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace cloacina::runner
