#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace cloacina::os {

/// What a forked call may use.
struct ForkLimits {
  std::optional<std::size_t> memory_bytes_max{};       ///< beyond what the process had before it was copied: RLIMIT_AS
  std::optional<std::chrono::seconds> cpu_time_max{};  ///< RLIMIT_CPU; SIGXCPU ends it
  std::chrono::milliseconds kill_after{0};             ///< from the stop request to SIGKILL
};

/// How a forked call ended. It returned, or one of exit, signal and error says why not; none of them when it was stopped before it
/// began.
struct ForkedResult {
  bool returned = false;
  std::string reply{};
  std::optional<int> exit{};    ///< it ended its process before it returned
  std::optional<int> signal{};  ///< which killed it
  std::string error{};          ///< why it could not be made or watched
  bool stopped = false;         ///< the stop was requested before it ended
};

/// A copy of this process, taken by the constructor, that calls a function in copies of itself: so one call's memory, descriptors
/// and end are its own. A copy has one thread, whatever the process had; see Isolation for what follows from that. The first copy
/// is nobody's child but init's, so that no SIGCHLD handler or wait() of the host program meets it later.
class ForkServer {
 public:
  /// Runs in a copy; the reply must not be empty. `stop` is requested in time. What it throws ends the copy with status 70.
  using Function = std::function<std::string(std::string_view request, const std::stop_token& stop)>;

  /// *Throws* Error{Unavailable} when the process cannot be copied.
  explicit ForkServer(Function function);
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;
  /// The copy ends. Calls under way elsewhere are not disturbed.
  ~ForkServer();

  /// Calls the function in a copy and blocks until that has ended and nothing is left of it. From any thread. Somebody killed the
  /// server: this process is copied anew, as it is by now.
  [[nodiscard]] ForkedResult call(std::string_view request, const ForkLimits& limits, const std::stop_token& stop);

 private:
  class Call;
  void start();
  void end();

  Function function_;
  std::mutex mutex_;  // what follows
  Fd socket_;
  pid_t server_ = -1;
};

/// In a copy, by its function: from here on it may have memory as it likes, to say what happened.
void lift_memory_limit() noexcept;

}  // namespace cloacina::os
