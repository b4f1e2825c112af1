#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "os/fd.hpp"

namespace cloacina::os {

// What a process shares with the guards and children that it starts. Every descriptor made here is closed by an exec, and lies
// above those that a guard arranges for itself. *Throw* std::system_error.

/// The lowest number of them.
constexpr int first_shared_fd = 5;

/// Owns `fd`, moved out of a guard's way. -1 stands for a call that failed: errno is thrown.
[[nodiscard]] Fd shared_fd(int fd);
/// A pipe that is read without blocking: the end to read, the end to write.
[[nodiscard]] std::pair<Fd, Fd> make_pipe();
/// A pair of connected SOCK_SEQPACKET sockets.
[[nodiscard]] std::pair<Fd, Fd> make_control();
/// A file without a name that holds `content`, at its start.
[[nodiscard]] Fd make_memory_file(std::string_view content);
/// All of a file, from its start.
[[nodiscard]] std::string read_all(int fd);
void write_all(int fd, std::string_view content);

}  // namespace cloacina::os
