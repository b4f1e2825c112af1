#include "os/fork_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <system_error>
#include <thread>
#include <vector>

#include "os/descriptors.hpp"
#include "os/guard.hpp"

namespace cloacina::os {

namespace {

constexpr int server_fd = 3;
constexpr int reply_fd = 4;
constexpr int status_no_reply = 70;
constexpr std::size_t call_fds = 3;  // its guard's control socket, the request, the reply

/// What a server is asked with the descriptors of a call.
struct CallMessage {
  std::int64_t kill_after_ns = 0;
  std::int64_t memory_bytes_max = -1;
  std::int64_t cpu_seconds_max = -1;
};

// --- In the copy of a copy: one call.

struct Attempt {
  const ForkServer::Function* function;
  bool ignores_pipes;  ///< as the host did; all other signals are at their defaults
  CallMessage message;
};

bool ignores_pipes() {
  struct sigaction now {};
  return ::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void limit(__rlimit_resource_t what, std::int64_t value) {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(static_cast<rlim_t>(value), now.rlim_max);
  ::setrlimit(what, &now);
}

/// In bytes.
std::int64_t address_space() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

void set_limits(const CallMessage& message) {
  // Should memory run out, the kernel takes this process rather than the one that has all the others to look after.
  std::ofstream("/proc/self/oom_score_adj") << 500;
  if (message.cpu_seconds_max >= 0) limit(RLIMIT_CPU, message.cpu_seconds_max);
  if (message.memory_bytes_max >= 0) limit(RLIMIT_AS, address_space() + message.memory_bytes_max);
}

int run_attempt(void* argument) {
  const auto& attempt = *static_cast<Attempt*>(argument);
  ::prctl(PR_SET_NAME, "cloacina-task", 0, 0, 0);
  if (attempt.ignores_pipes) ::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  // Its guard sends SIGTERM, which is blocked in every thread. Never joined: the process ends without it.
  const auto* listener = new std::thread([&stop] {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    int which = 0;
    ::sigwait(&signals, &which);
    stop.request_stop();
  });
  static_cast<void>(listener);
  try {
    const std::string request = read_all(STDIN_FILENO);
    if (const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC)); null) ::dup2(null.get(), STDIN_FILENO);
    set_limits(attempt.message);
    write_all(reply_fd, (*attempt.function)(request, stop.get_token()));
  } catch (...) {
    return status_no_reply;
  }
  std::cout.flush();
  std::fflush(stdout);
  std::fflush(stderr);
  return 0;
}

// --- In the copy: the server.

/// Receives one call's message and descriptors; false at the end of the socket.
bool receive(CallMessage& message, std::array<int, call_fds>& fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> space{};
  iovec data{&message, sizeof message};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = space.data();
  header.msg_controllen = space.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(server_fd, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  const cmsghdr* control = CMSG_FIRSTHDR(&header);
  if (size != sizeof message || control == nullptr || control->cmsg_len != CMSG_LEN(sizeof fds)) return false;
  std::memcpy(fds.data(), CMSG_DATA(control), sizeof fds);
  return true;
}

class Server {
 public:
  Server(const ForkServer::Function& function, pid_t runner) : function_(&function), runner_(runner) {}

  void serve() {
    watch_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, runner_, 0)));
    const pid_t self = ::getpid();
    if (::send(server_fd, &self, sizeof self, MSG_NOSIGNAL) < 0) return;
    for (;;) {
      std::array<pollfd, 2> fds{pollfd{server_fd, POLLIN, 0}, pollfd{watch_.get(), POLLIN, 0}};
      // Guards end without a signal, and are taken off while there are any.
      const int ready = ::poll(fds.data(), fds.size(), guards_.empty() ? -1 : 1'000);
      std::erase_if(guards_, [](pid_t guard) { return ::waitpid(guard, nullptr, WNOHANG | __WALL) != 0; });
      if (ready < 0 && errno != EINTR) return;
      if (fds[1].revents != 0) return;
      if (ready > 0 && fds[0].revents != 0 && !start_one()) return;
    }
  }

 private:
  bool start_one() {
    Attempt attempt{function_, ignores_pipes_, {}};
    std::array<int, call_fds> raw{};
    if (!receive(attempt.message, raw)) return false;
    std::array<Fd, call_fds> fds{Fd(raw[0]), Fd(raw[1]), Fd(raw[2])};
    try {
      for (auto& fd : fds) fd = shared_fd(fd.release());
      const Fd out = shared_fd(::dup(STDOUT_FILENO));
      const Fd err = shared_fd(::dup(STDERR_FILENO));
      Launch launch;
      launch.function = run_attempt;
      launch.argument = &attempt;
      launch.in = fds[1].get();
      launch.out = out.get();
      launch.err = err.get();
      launch.extra = fds[2].get();
      launch.control = fds[0].get();
      launch.runner = runner_;
      launch.kill_after_ns = attempt.message.kill_after_ns;
      const pid_t guard = start_guard(launch);
      if (guard < 0) {
        report(fds[0], -guard);
      } else {
        guards_.push_back(guard);
      }
    } catch (const std::system_error& e) {
      report(fds[0], e.code().value());
    }
    return true;
  }
  static void report(const Fd& control, int error) {
    const GuardReport failed{.event = GuardReport::Event::NotStarted, .number = error, .stopped = false};
    ::send(control.get(), &failed, sizeof failed, MSG_NOSIGNAL);
  }

  const ForkServer::Function* function_;
  pid_t runner_;
  bool ignores_pipes_ = ignores_pipes();
  Fd watch_;
  std::vector<pid_t> guards_;
};

[[noreturn]] void be_server(const ForkServer::Function& function, int socket, pid_t runner) noexcept {
  try {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::setsid();
    ::prctl(PR_SET_NAME, "cloacina-fork", 0, 0, 0);
    // What the host had printed and not written yet is the host's to write.
    ::__fpurge(stdout);
    if (socket == server_fd || ::dup3(socket, server_fd, O_CLOEXEC) >= 0) {
      // The lock that shows that the host lives is among these.
      ::syscall(SYS_close_range, server_fd + 1, ~0U, 0);
      // Descriptors 0 to 2 must be something.
      for (int fd = 0; fd < server_fd; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        const int null = ::open("/dev/null", O_RDWR);
        if (null != fd) ::dup2(null, fd);
      }
      Server(function, runner).serve();
    }
  } catch (...) {
    // The host sees the end of the socket.
  }
  ::_exit(0);
}

}  // namespace

void lift_memory_limit() noexcept {
  rlimit now{};
  if (::getrlimit(RLIMIT_AS, &now) != 0) return;
  now.rlim_cur = now.rlim_max;
  ::setrlimit(RLIMIT_AS, &now);
}

// --- In the host.

/// One call, seen from the process that wants its result.
class ForkServer::Call {
 public:
  Call(std::string_view request, const ForkLimits& limits) : request_(make_memory_file(request)), reply_(make_memory_file({})) {
    auto ends = make_control();
    control_ = std::move(ends.first);
    theirs_ = std::move(ends.second);
    message_.kill_after_ns = std::chrono::nanoseconds(limits.kill_after).count();
    if (limits.memory_bytes_max) message_.memory_bytes_max = static_cast<std::int64_t>(*limits.memory_bytes_max);
    if (limits.cpu_time_max) message_.cpu_seconds_max = limits.cpu_time_max->count();
  }

  /// False when the server is gone.
  [[nodiscard]] bool send(int socket) {
    const std::array<int, call_fds> fds{theirs_.get(), request_.get(), reply_.get()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> space{};
    iovec data{&message_, sizeof message_};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = space.data();
    header.msg_controllen = space.size();
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fds);
    std::memcpy(CMSG_DATA(control), fds.data(), sizeof fds);
    for (;;) {
      if (::sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) return true;
      if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EBADF) return false;
      if (errno != EINTR) throw std::system_error(errno, std::system_category());
    }
  }

  ForkedResult wait(const std::stop_token& stop) {
    theirs_.reset();
    request_.reset();
    const std::stop_callback ask(stop, [this] { ::send(control_.get(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); });
    while (!over_) read_report();
    return std::move(result_);
  }

 private:
  void read_report() {
    GuardReport report;
    const ssize_t size = ::recv(control_.get(), &report, sizeof report, 0);
    if (size < 0 && errno == EINTR) return;
    if (size != sizeof report) return guard_died();
    over_ = report.event != GuardReport::Event::Started;
    result_.stopped = report.stopped;
    switch (report.event) {
      case GuardReport::Event::NotStarted:
      case GuardReport::Event::FolderMissing:
        result_.error = "cannot make a process for it: " + errno_text(report.number);
        return;
      case GuardReport::Event::Started:
        group_ = report.number;
        return;
      case GuardReport::Event::Exited:
        if (report.number == 0) result_.reply = read_all(reply_.get());
        // Without a reply the status is that of a function which called exit().
        result_.returned = !result_.reply.empty();
        if (!result_.returned) result_.exit = report.number;
        return;
      case GuardReport::Event::Killed:
        result_.signal = report.number;
        return;
    }
  }
  /// As for a command: what is left of its group is killed here.
  void guard_died() {
    over_ = true;
    if (group_ > 0) ::kill(-group_, SIGKILL);
    result_.error = "lost its process: the one that guards it was killed";
  }

  CallMessage message_;
  Fd request_;
  Fd reply_;
  Fd control_;
  Fd theirs_;
  ForkedResult result_;
  pid_t group_ = -1;
  bool over_ = false;
};

ForkServer::ForkServer(Function function) : function_(std::move(function)) { start(); }

ForkServer::~ForkServer() { end(); }

void ForkServer::start() {
  const auto refuse = [](int error) { throw_errno("cannot copy this process for isolated tasks", error); };
  try {
    auto ends = make_control();
    const pid_t self = ::getpid();
    const pid_t middle = ::fork();
    if (middle < 0) refuse(errno);
    if (middle == 0) {
      const pid_t server = ::fork();
      if (server == 0) be_server(function_, ends.second.get(), self);
      ::_exit(server < 0 ? 1 : 0);
    }
    ends.second.reset();
    while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_t server = -1;
    ssize_t size = 0;
    do {
      size = ::recv(ends.first.get(), &server, sizeof server, 0);
    } while (size < 0 && errno == EINTR);
    if (size != sizeof server) refuse(EAGAIN);
    socket_ = std::move(ends.first);
    server_ = server;
  } catch (const std::system_error& e) {
    refuse(e.code().value());
  }
}

void ForkServer::end() {
  if (!socket_) return;
  socket_.reset();
  // A program that is the init of its container has become its parent, and has it to take off. It ends at once.
  for (int i = 0; i < 100 && ::waitpid(server_, nullptr, WNOHANG) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

ForkedResult ForkServer::call(std::string_view request, const ForkLimits& limits, const std::stop_token& stop) {
  ForkedResult result;
  result.stopped = stop.stop_requested();
  if (result.stopped) return result;
  try {
    Call call(request, limits);
    {
      const std::lock_guard lock(mutex_);
      if (!call.send(socket_.get())) {
        end();
        start();
        if (!call.send(socket_.get())) throw std::system_error(EPIPE, std::system_category());
      }
    }
    return call.wait(stop);
  } catch (const std::system_error& e) {
    result.error = "cannot make a process for it: " + e.code().message();
  } catch (const Error& e) {
    result.error = e.what();
  }
  return result;
}

}  // namespace cloacina::os
