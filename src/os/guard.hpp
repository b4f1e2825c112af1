#pragma once

#include <sys/types.h>

#include <cstdint>

namespace cloacina::os {

/// What a guard needs to start a command, or to call a function in a process of its own. Plain pointers made before the fork: after
/// it nothing may allocate or take a lock.
struct Launch {
  /// Called instead of a program, in a fork; what it returns is the exit status. Only from a process of one thread, whose memory is
  /// whole in a fork. SIGTERM is blocked there, all other signals are not.
  int (*function)(void*) = nullptr;
  void* argument = nullptr;
  const char* const* programs = nullptr;  ///< paths to try in order; ends with a null pointer
  char* const* argv = nullptr;            ///< as for execve
  char* const* env = nullptr;             ///< as for execve
  const char* cwd = nullptr;              ///< null: the runner's current folder
  const char* scratch_file = "";          ///< absolute; removed with its folder when the runner dies first; empty: none
  int in = -1;                            ///< the command's 0, 1 and 2; every descriptor here >= 5
  int out = -1;
  int err = -1;
  int extra = -1;    ///< the function's 4
  int control = -1;  ///< the guard's end of a SOCK_SEQPACKET pair
  pid_t runner = 0;  ///< with whose death all ends; 0: the calling process
  std::int64_t kill_after_ns = 0;
};

/// What a guard tells the runner through the control socket. Its end without an `Ended` means that the guard was killed.
struct GuardReport {
  enum class Event : std::int32_t {
    NotStarted,     ///< number: errno of the exec
    FolderMissing,  ///< number: errno of the change to `cwd`
    Started,        ///< about to exec; number: process id, which is also the process group. NotStarted may follow
    Exited,         ///< number: exit status
    Killed,         ///< number: signal
  };
  Event event = Event::NotStarted;
  std::int32_t number = 0;
  bool stopped = false;  ///< Exited, Killed: the runner had asked to stop before
};

/// Any message from the runner to the guard asks to stop the command. Its end of the socket closed: the runner is dead.
///
/// Forks a guard, which starts the command, watches it and the runner, and leaves nothing of the command behind: it is the
/// subreaper of the command's descendants. It is a child without a death signal, so that neither a SIGCHLD handler nor a wait() of
/// the host program meets it: end it with reap_guard. Returns the process id, or the negative errno.
[[nodiscard]] pid_t start_guard(const Launch& launch) noexcept;

/// Waits for the end of a guard that has ended or is about to.
void reap_guard(pid_t guard) noexcept;

}  // namespace cloacina::os
