// The code of the guard process. It runs in a fork of a program with many threads, so that any lock may be held for ever and any
// memory may be half written: nothing here allocates, and nothing but system calls leaves this file.

#include "os/guard.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <concepts>
#include <ctime>
#include <type_traits>

#include "os/shrink.hpp"

/// glibc's clone() by its other name. ThreadSanitizer replaces the first one by a function that takes locks.
extern "C" int cloacina_plain_clone(int (*run)(void*), void* stack, int flags, void* argument, ...) __asm__("__clone");

namespace cloacina::os {

namespace {

constexpr int control_fd = 3;
constexpr int extra_fd = 4;
constexpr int last_signal = 64;
constexpr std::int64_t never = INT64_MAX;
constexpr std::int64_t ms = 1'000'000;
/// How long the guard tries to kill what the command left. Only processes that hang inside the kernel need more.
constexpr std::int64_t cleanup_ns_max = 2'000 * ms;
constexpr std::int64_t cleanup_round_ns = 10 * ms;

using SignalMask = std::uint64_t;  // the kernel's, not the C library's

template <class T>
  requires std::integral<T> || std::is_enum_v<T>
constexpr long word(T value) {
  return static_cast<long>(value);
}
long word(const void* pointer) { return reinterpret_cast<long>(pointer); }

// The C library's wrappers may be cancellation points, cache process ids or be replaced by a sanitizer.
template <class... Args>
long call(long number, Args... args) {
  return ::syscall(number, word(args)...);
}

std::int64_t now_ns() {
  timespec now{};
  call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void set_mask(SignalMask mask, SignalMask* before = nullptr) { call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof mask); }

void kill_group(pid_t group, int signal) { call(SYS_kill, -group, signal); }

/// False when the runner is dead.
bool report(GuardReport::Event event, int number, bool stopped = false) {
  const GuardReport report{.event = event, .number = number, .stopped = stopped};
  return call(SYS_sendto, control_fd, &report, sizeof report, MSG_NOSIGNAL, nullptr, 0) > 0;
}

// --- The command, from the fork to its exec. It borrows the guard's memory, and the guard sleeps until the exec.

struct Spawn {
  const Launch* launch;
  long guard;
  GuardReport::Event stage = GuardReport::Event::NotStarted;
  int error = 0;
};

/// Returns only when no program could be started: the reason.
int try_programs(const Launch& launch) {
  int error = ENOENT;
  // As execvp does: a program that may not be executed is remembered while better ones are looked for.
  for (const char* const* program = launch.programs; *program != nullptr; ++program) {
    call(SYS_execve, *program, launch.argv, launch.env);
    const bool elsewhere = errno == ENOENT || errno == ENOTDIR;
    if (!elsewhere || error != EACCES) error = errno;
    if (!elsewhere && errno != EACCES) break;
  }
  return error;
}

int exec_command(void* argument) {
  Spawn& spawn = *static_cast<Spawn*>(argument);
  const Launch& launch = *spawn.launch;
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  call(SYS_setsid);
  // From here, not by the guard afterwards: killed in between it would leave a group that nobody knows.
  report(GuardReport::Event::Started, static_cast<int>(call(SYS_getpid)));
  if (launch.cwd != nullptr && call(SYS_chdir, launch.cwd) != 0) {
    spawn.stage = GuardReport::Event::FolderMissing;
    spawn.error = errno;
  } else if (call(SYS_getppid) == spawn.guard) {  // else the guard died before the first line could notice
    set_mask(0);
    // Written after the last exec failed: the guard would see what was written before one that succeeds.
    spawn.error = try_programs(launch);
  }
  call(SYS_exit_group, 127);
  return 127;
}

/// The command's process id, or -1 with `spawn` telling why.
pid_t spawn_command(Spawn& spawn) {
  alignas(16) char stack[16 * 1024];
  const int pid = cloacina_plain_clone(exec_command, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &spawn);
  if (pid < 0) spawn.error = errno;
  return spawn.error == 0 ? pid : -1;
}

/// A function's process: a fork with all that belongs to one, as the memory is whole.
pid_t spawn_function(Spawn& spawn) {
  const pid_t pid = ::fork();
  if (pid < 0) spawn.error = errno;
  if (pid != 0) return pid;
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  call(SYS_setsid);
  report(GuardReport::Event::Started, static_cast<int>(call(SYS_getpid)));
  call(SYS_close, control_fd);
  call(SYS_close_range, extra_fd + 1, ~0U, 0);
  int status = 127;
  if (call(SYS_getppid) == spawn.guard) {
    set_mask(SignalMask{1} << (SIGTERM - 1));
    status = spawn.launch->function(spawn.launch->argument);
  }
  call(SYS_exit_group, status);
  return -1;
}

// --- The guard.

/// Descriptors 0 to 3 become what the command and the guard need, all others of the runner are closed.
bool take_descriptors(const Launch& launch) {
  return call(SYS_dup3, launch.in, 0, 0) >= 0 && call(SYS_dup3, launch.out, 1, 0) >= 0 && call(SYS_dup3, launch.err, 2, 0) >= 0 &&
         call(SYS_dup3, launch.control, control_fd, O_CLOEXEC) >= 0 &&
         (launch.extra < 0 || call(SYS_dup3, launch.extra, extra_fd, 0) >= 0) &&
         call(SYS_close_range, launch.extra < 0 ? extra_fd : extra_fd + 1, ~0U, 0) == 0;
}

void default_signals() {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    SignalMask mask;
  } const action{};  // the kernel's sigaction: the C library's refuses the signals that it keeps for itself
  for (int signal = 1; signal <= last_signal; ++signal) call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

/// Whether the command has ended; other children that did are taken off. The command stays a zombie, so that the number of its
/// process group cannot be given to somebody else before the group is killed.
bool command_ended(pid_t command) {
  while (true) {
    siginfo_t info{};
    if (call(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, nullptr) != 0 || info.si_pid == 0) return false;
    if (info.si_pid == command) return true;
    call(SYS_waitid, P_PID, info.si_pid, &info, WEXITED | WNOHANG, nullptr);
  }
}

/// Takes off every child that has ended; false when no child is left.
bool reap_children() {
  siginfo_t info{};
  long result = 0;
  do {
    info.si_pid = 0;
    result = call(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, nullptr);
  } while (result == 0 && info.si_pid != 0);
  return result == 0;
}

/// Kills the guard's children: orphans of the command's tree become such. False when there was none that could be killed.
bool kill_children() {
  const long file = call(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return false;
  bool any = false;
  pid_t pid = 0;
  char buffer[1024];
  for (long size; (size = call(SYS_read, file, buffer, sizeof buffer)) > 0;) {
    for (long i = 0; i < size; ++i) {
      if (buffer[i] >= '0' && buffer[i] <= '9') {
        pid = pid * 10 + (buffer[i] - '0');
      } else if (pid != 0) {
        any = call(SYS_kill, pid, SIGKILL) == 0 || any;
        pid = 0;
      }
    }
  }
  call(SYS_close, file);
  return any;
}

/// Waits for one of `fds` until `until_ns`.
void wait_for(pollfd* fds, unsigned count, std::int64_t until_ns) {
  timespec left{};
  if (until_ns != never) {
    const std::int64_t ns = until_ns - now_ns();
    if (ns > 0) left = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  if (call(SYS_ppoll, fds, count, until_ns == never ? nullptr : &left, nullptr, 0) <= 0) {
    for (unsigned i = 0; i < count; ++i) fds[i].revents = 0;
  }
}

class Guard {
 public:
  Guard(long runner, const Launch& launch) : kill_after_ns_(launch.kill_after_ns) {
    for (std::size_t i = 0; i + 1 < sizeof scratch_file_ && launch.scratch_file[i] != 0; ++i)
      scratch_file_[i] = launch.scratch_file[i];
    // The socket's end alone could be kept open by a process that the host program forked without an exec.
    runner_ = static_cast<int>(call(SYS_pidfd_open, runner, 0));
    const SignalMask children = SignalMask{1} << (SIGCHLD - 1);
    deaths_ = static_cast<int>(call(SYS_signalfd4, -1, &children, sizeof children, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  /// False, with errno, when it could not notice the end of a command. It can do without the runner's pidfd.
  [[nodiscard]] bool can_watch() const { return deaths_ >= 0; }

  void watch(pid_t command) {
    command_ = command;
    bool runner_lives = true;
    bool ended = false;
    while (runner_lives && !(ended = command_ended(command_))) {
      pollfd fds[] = {{control_fd, POLLIN, 0}, {runner_, POLLIN, 0}, {deaths_, POLLIN, 0}};
      wait_for(fds, 3, kill_at_ns_);
      if (fds[0].revents != 0) runner_lives = read_control();
      if (fds[1].revents != 0) runner_lives = false;
      if (fds[2].revents != 0) forget_deaths();
      if (now_ns() >= kill_at_ns_) {
        kill_group(command_, SIGKILL);
        kill_at_ns_ = never;
      }
    }
    kill_group(command_, SIGKILL);
    siginfo_t info{};
    if (ended) call(SYS_waitid, P_PID, command_, &info, WEXITED, nullptr);
    kill_tree();
    const auto how = info.si_code == CLD_EXITED ? GuardReport::Event::Exited : GuardReport::Event::Killed;
    if (!ended || !report(how, info.si_status, stopped_)) remove_scratch();
  }

 private:
  /// False when the runner is dead.
  bool read_control() {
    char byte = 0;
    const long size = call(SYS_recvfrom, control_fd, &byte, sizeof byte, MSG_DONTWAIT, nullptr, nullptr);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    if (!stopped_) {
      stopped_ = true;
      kill_group(command_, SIGTERM);
      kill_group(command_, SIGCONT);  // what is suspended cannot act on a SIGTERM
      kill_at_ns_ = kill_after_ns_ < never - now_ns() ? now_ns() + kill_after_ns_ : never;
    }
    return true;
  }

  void forget_deaths() {
    signalfd_siginfo info;
    while (call(SYS_read, deaths_, &info, sizeof info) > 0) {
    }
  }

  /// Kills children until there are none: each death makes the guard the parent of the dead one's children.
  void kill_tree() {
    const std::int64_t give_up_ns = now_ns() + cleanup_ns_max;
    do {
      if (!reap_children()) return;
      if (!kill_children()) return;
      pollfd fds[] = {{deaths_, POLLIN, 0}};
      wait_for(fds, 1, now_ns() + cleanup_round_ns);
      forget_deaths();
    } while (now_ns() < give_up_ns);
  }

  /// What the runner would have removed, had it lived.
  void remove_scratch() {
    if (scratch_file_[0] != '/') return;
    call(SYS_unlinkat, AT_FDCWD, scratch_file_, 0);
    std::size_t slash = 0;
    for (std::size_t i = 0; scratch_file_[i] != 0; ++i) slash = scratch_file_[i] == '/' ? i : slash;
    scratch_file_[slash] = 0;
    call(SYS_unlinkat, AT_FDCWD, scratch_file_, AT_REMOVEDIR);
  }

  char scratch_file_[PATH_MAX] = {};  // a copy: the launch is gone once the memory was shrunk
  pid_t command_ = -1;
  std::int64_t kill_after_ns_;
  std::int64_t kill_at_ns_ = never;
  int deaths_;
  int runner_;
  bool stopped_ = false;
};

void guard_main(const Launch& launch, long parent) {
  call(SYS_setsid);  // what is sent to the runner's process group or terminal is not for the guard
  call(SYS_prctl, PR_SET_NAME, "cloacina-guard", 0, 0, 0);
  call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  default_signals();
  Spawn spawn{.launch = &launch, .guard = call(SYS_getpid)};
  if (!take_descriptors(launch)) {
    // The control socket may not be in its place: whatever was reached, the runner sees its end.
    const GuardReport failed{.event = GuardReport::Event::NotStarted, .number = errno, .stopped = false};
    call(SYS_sendto, launch.control, &failed, sizeof failed, MSG_NOSIGNAL, nullptr, 0);
    return;
  }
  if (call(SYS_getppid) != parent) return;
  Guard guard(launch.runner != 0 ? launch.runner : parent, launch);
  if (!guard.can_watch()) return void(report(GuardReport::Event::NotStarted, errno));
  const pid_t command = launch.function == nullptr ? spawn_command(spawn) : spawn_function(spawn);
  if (command < 0) return void(report(spawn.stage, spawn.error));
  call(SYS_close_range, 0, 2, 0);
  if (launch.extra >= 0) call(SYS_close, extra_fd);
  shrink_memory();
  guard.watch(command);
}

}  // namespace

pid_t start_guard(const Launch& launch) noexcept {
  const long parent = call(SYS_getpid);
  // No handler of the host program may run in the guard, which keeps everything blocked for its whole life.
  SignalMask before = 0;
  set_mask(~SignalMask{0}, &before);
  // No death signal (the 0 in the flags), no handlers of pthread_atfork: the host program is not concerned.
  const long pid = call(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
  const int error = errno;
  if (pid == 0) {
    guard_main(launch, parent);
    call(SYS_exit_group, 0);
  }
  set_mask(before);
  return pid < 0 ? -error : static_cast<pid_t>(pid);
}

void reap_guard(pid_t guard) noexcept {
  while (call(SYS_wait4, guard, nullptr, __WALL, nullptr) < 0 && errno == EINTR) {
  }
}

}  // namespace cloacina::os
