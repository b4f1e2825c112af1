#include "os/readiness.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace cloacina::os {

bool wait_until_ready(int fd, bool writing, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    pollfd one{fd, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    const auto ms = std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max());
    const int ready = ::poll(&one, 1, static_cast<int>(ms));
    if (ready > 0) return true;
    if (ready == 0 && left <= ms) return false;
    if (ready < 0 && errno != EINTR) return true;  // whoever uses it sees what is wrong with it
  }
}

}  // namespace cloacina::os
