#include "os/waker.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace cloacina::os {

namespace {
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

timespec to_timespec(nanoseconds left) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = static_cast<long>((left - seconds).count())};
}
}  // namespace

Waker::Waker() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw_errno("cannot make an eventfd", errno);
}

void Waker::wake() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full: then a wake is already there.
  while (::write(event_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved;
}

Waker::Why Waker::wait(std::optional<nanoseconds> timeout, int also_fd) {
  const auto start = Clock::now();
  while (true) {
    timespec left{};
    if (timeout) left = to_timespec(std::max(*timeout - (Clock::now() - start), nanoseconds::zero()));
    std::array<pollfd, 2> fds{pollfd{.fd = event_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = also_fd, .events = POLLIN, .revents = 0}};
    const int ready = ::ppoll(fds.data(), fds.size(), timeout ? &left : nullptr, nullptr);
    if (ready == 0) return Why::TimedOut;
    if (ready < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot wait for events", errno);
    }
    std::uint64_t count = 0;
    if (fds[0].revents != 0 && ::read(event_.get(), &count, sizeof count) > 0) return Why::Woken;
    if (fds[1].revents != 0) return Why::Readable;
  }
}

}  // namespace cloacina::os
