#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "os/child.hpp"
#include "os/fd.hpp"
#include "temp_dir.hpp"

extern char** environ;

namespace cloacina::os::test {

/// How long a test waits for what should happen at once, on a machine that is busy.
constexpr int patience_ms = 20'000;

inline std::vector<std::string> environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

inline ChildSpec command(std::vector<std::string> argv) { return {.argv = std::move(argv), .env = environment()}; }
inline ChildSpec shell(const std::string& line) { return command({"/bin/sh", "-c", line}); }
inline ChildResult run(const ChildSpec& spec) { return run_child(spec, {}); }

/// A named pipe in which commands tell something to the test.
class Fifo {
 public:
  explicit Fifo(const std::filesystem::path& path) : path_(path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo " + path.string());
    // Open for writing too: otherwise the end of each writer would be the end of the file.
    fd_ = Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  }
  [[nodiscard]] std::string path() const { return path_.string(); }
  /// The next line; throws when none comes.
  std::string line() {
    std::string text;
    while (true) {
      pollfd fd{fd_.get(), POLLIN, 0};
      char letter = 0;
      if (::poll(&fd, 1, patience_ms) != 1 || ::read(fd_.get(), &letter, 1) != 1) throw std::runtime_error("no line in " + path());
      if (letter == '\n') return text;
      text += letter;
    }
  }
  pid_t pid() { return std::stoi(line()); }

 private:
  std::filesystem::path path_;
  Fd fd_;
};

/// Names one process for ever: a number may be given to another one.
class Pid {
 public:
  explicit Pid(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  /// Waits until the process has ended, true at once if it had before.
  [[nodiscard]] bool gone_within(std::chrono::milliseconds limit) const {
    if (!fd_) return true;
    pollfd fd{fd_.get(), POLLIN, 0};
    return ::poll(&fd, 1, static_cast<int>(limit.count())) == 1;
  }

 private:
  Fd fd_;
};

}  // namespace cloacina::os::test
