#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace cloacina {

/// How a task runs in a process of its own (`TaskRef::isolated`).
///
/// `Runner::add` copies the program, as it is then, into a process that waits; every attempt is a fresh copy of that one. So a task
/// sees the memory of that moment: what its function captured and what was loaded by then, and nothing that changed later. Of the
/// other threads of the program there is none in the copy: call `add` before the program starts threads, or see to it that none of
/// them holds a lock that the task needs. Descriptors are closed but 1 and 2, and 0 reads
/// nothing. Handles to databases, the runner itself included, are of no use there.
///
/// The context goes in and the changes come back as for any task; so do waits and what the function throws. `complete_in` is
/// refused. A signal that ends the process, or its exit, is the attempt's failure (FailureKind::Signal or Exit) and the retry
/// policy's business; it is no crash of the runner. The stop token works; SIGKILL follows after `kill_after`, so that such a task
/// never costs the runner a thread. What the process leaves running is killed with it, and all of it dies with the runner, however
/// that dies.
///
/// Costs about as much as a fork of the program for each attempt. ManualRunner and `simulate` run the function in their own
/// process.
struct Isolation {
  /// What the task may allocate beyond what the program had; more of it throws std::bad_alloc. RLIMIT_AS: address space counts,
  /// touched or not. At least 1 MiB.
  std::optional<std::size_t> memory_bytes_max{};
  /// Of the processor, all threads together; at its end the process is killed by SIGXCPU. RLIMIT_CPU: whole seconds, at least 1.
  std::optional<std::chrono::seconds> cpu_time_max{};
  /// From the stop token to SIGKILL, at a timeout, a cancel or a stop of the runner.
  std::chrono::milliseconds kill_after{5'000};
};

}  // namespace cloacina
