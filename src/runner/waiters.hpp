#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "cloacina/id.hpp"

namespace cloacina::runner {

/// Threads that wait for executions to end. A call of `finished` or `recheck` before the wait is not lost: it counts from
/// `Ticket`'s making.
class Waiters {
 public:
  class Ticket {
   public:
    Ticket(Waiters& waiters, const ExecutionId& id) : waiters_(waiters), id_(id) {
      const std::lock_guard lock(waiters_.mutex_);
      auto& slot = waiters_.slots_[id_];
      if (!slot) slot = std::make_shared<Slot>();
      ++slot->users;
      slot_ = slot;
      seen_ = slot->signals + waiters_.rechecks_;
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() {
      const std::lock_guard lock(waiters_.mutex_);
      if (--slot_->users == 0) waiters_.slots_.erase(id_);
    }
    enum class Why { TimedOut, LookAgain, Finished };
    /// The key of the execution, once it has finished here.
    [[nodiscard]] std::int64_t key() const {
      const std::lock_guard lock(waiters_.mutex_);
      return slot_->key;
    }
    Why wait(std::optional<std::chrono::steady_clock::time_point> until) {
      std::unique_lock lock(waiters_.mutex_);
      const auto signalled = [&] { return slot_->signals + waiters_.rechecks_ != seen_; };
      if (until) {
        if (!slot_->changed.wait_until(lock, *until, signalled)) return Why::TimedOut;
      } else {
        slot_->changed.wait(lock, signalled);
      }
      seen_ = slot_->signals + waiters_.rechecks_;
      return slot_->signals > 0 ? Why::Finished : Why::LookAgain;
    }

   private:
    friend class Waiters;
    struct Slot {
      std::condition_variable changed;
      std::uint64_t signals = 0;
      int users = 0;
      std::int64_t key = 0;
    };
    Waiters& waiters_;
    ExecutionId id_;
    std::shared_ptr<Slot> slot_;
    std::uint64_t seen_ = 0;
  };

  void finished(const ExecutionId& id, std::int64_t key) {
    const std::lock_guard lock(mutex_);
    if (const auto it = slots_.find(id); it != slots_.end()) {
      ++it->second->signals;
      it->second->key = key;
      it->second->changed.notify_all();
    }
  }
  /// Everybody looks again: others wrote, or the runner stopped.
  void recheck() {
    const std::lock_guard lock(mutex_);
    ++rechecks_;
    for (auto& [id, slot] : slots_) slot->changed.notify_all();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<ExecutionId, std::shared_ptr<Ticket::Slot>> slots_;
  std::uint64_t rechecks_ = 0;
};

}  // namespace cloacina::runner
