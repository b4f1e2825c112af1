#include "cli/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>

namespace cloacina::cli {

namespace {
constexpr int wake_signal = SIGUSR1;
}  // namespace

Signals::Signals() {
  sigemptyset(&set_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, wake_signal}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

std::optional<Signals::Kind> Signals::next(std::optional<std::chrono::milliseconds> timeout) {
  int signal = -1;
  if (timeout) {
    timespec limit{};
    limit.tv_sec = timeout->count() / 1'000;
    limit.tv_nsec = timeout->count() % 1'000 * 1'000'000;
    signal = sigtimedwait(&set_, nullptr, &limit);
  } else {
    do {
      signal = sigwaitinfo(&set_, nullptr);
    } while (signal < 0 && errno == EINTR);
  }
  switch (signal) {
    case SIGINT:
    case SIGTERM:
      return Kind::Stop;
    case SIGHUP:
      return Kind::Reload;
    case wake_signal:
      return Kind::Wake;
    default:
      return std::nullopt;
  }
}

void Signals::wake() { ::kill(::getpid(), wake_signal); }

}  // namespace cloacina::cli
