#pragma once

#include <chrono>
#include <optional>

#include "os/fd.hpp"

namespace cloacina::os {

/// Wakes one waiting thread. Wakes before and during a wait are kept and fall together into one.
class Waker {
 public:
  enum class Why { Woken, Readable, TimedOut };

  /// *Throws* Error{Unavailable} when the process has no file descriptor left.
  Waker();

  /// Makes the current or the next wait() return. From any thread and from a signal handler; keeps errno.
  void wake() noexcept;

  /// Waits for a wake, for input (or the end) of `also_fd`, or for `timeout`; nullopt waits for ever, a negative one not at all.
  /// A wake comes before input when there are both. Signals do not end the wait. One thread at a time.
  /// The timeout is measured by the monotonic clock: setting the system's time changes nothing.
  [[nodiscard]] Why wait(std::optional<std::chrono::nanoseconds> timeout, int also_fd = -1);

 private:
  Fd event_;
};

}  // namespace cloacina::os
