#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "os/waker.hpp"
#include "store/settling.hpp"
#include "store/store.hpp"

namespace cloacina::runner {

/// Watches for threads that wait without a loop: one is kept, because a server gives each a connection.
class Watches {
 public:
  explicit Watches(store::Database& database) : database_(database) {}

  [[nodiscard]] std::unique_ptr<store::ChangeWatch> take() {
    {
      const std::lock_guard lock(mutex_);
      if (idle_) return std::move(idle_);
    }
    return database_.watch();
  }
  void give(std::unique_ptr<store::ChangeWatch> watch) {
    const std::lock_guard lock(mutex_);
    if (!idle_) idle_ = std::move(watch);
  }

 private:
  store::Database& database_;
  std::mutex mutex_;
  std::unique_ptr<store::ChangeWatch> idle_;
};

/// Waits for others to write, with a watch of its own: whatever is written after it was made is not missed.
class Lookout {
 public:
  explicit Lookout(Watches& watches);
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;
  ~Lookout() { watches_.give(std::move(watch_)); }

  /// Returns when somebody may have written, at most every few milliseconds, or at `until`; false when it was not a hint that ended
  /// the wait.
  bool wait(std::optional<std::chrono::steady_clock::time_point> until);

 private:
  Watches& watches_;
  std::unique_ptr<store::ChangeWatch> watch_;
  os::Waker waker_;
  store::Settling settling_;
  std::chrono::milliseconds poll_gap_;
};

}  // namespace cloacina::runner
