#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include "cloacina/error.hpp"

namespace cloacina::os {

/// Owns one file descriptor; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// The text of an errno value, e.g. `No such file or directory`.
[[nodiscard]] inline std::string errno_text(int error) { return std::system_category().message(error); }

/// *Throws* Error{Unavailable} `WHAT: errno text`.
[[noreturn]] inline void throw_errno(const std::string& what, int error) {
  throw Error(ErrorCode::Unavailable, what + ": " + errno_text(error));
}

}  // namespace cloacina::os
