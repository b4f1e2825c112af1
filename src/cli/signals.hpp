#pragma once

#include <signal.h>

#include <chrono>
#include <optional>

namespace cloacina::cli {

/// Signals as values. Make it in the main thread before any other thread: threads inherit that these signals wait to be fetched.
class Signals {
 public:
  enum class Kind { Stop, Reload, Wake };  ///< SIGINT or SIGTERM, SIGHUP, `wake`

  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next signal; nothing when `timeout` has passed. For one thread.
  std::optional<Kind> next(std::optional<std::chrono::milliseconds> timeout = {});
  /// Makes `next` return. Thread-safe.
  static void wake();

 private:
  sigset_t set_{};
};

}  // namespace cloacina::cli
