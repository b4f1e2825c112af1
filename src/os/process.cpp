#include "os/process.hpp"

#include <pwd.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/fd.hpp"

namespace cloacina::os {

std::string host_name() {
  utsname names{};
  if (::uname(&names) != 0 || names.nodename[0] == '\0') return "localhost";
  return names.nodename;
}

std::string user_name() {
  const auto uid = ::geteuid();
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4'096> texts{};
  if (::getpwuid_r(uid, &entry, texts.data(), texts.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(uid);
}

std::int64_t process_id() noexcept { return ::getpid(); }

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  // Reads of up to 256 bytes are never short; only the wait for the first entropy after a boot can be interrupted.
  while (::getrandom(&seed, sizeof seed, 0) < 0) {
    if (errno != EINTR) throw_errno("cannot get random numbers", errno);
  }
  return seed;
}

std::string random_text(std::size_t size) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  while (text.size() < size) {
    for (std::uint64_t bits = random_seed(), left = 10; left > 0 && text.size() < size; --left, bits >>= 6) {
      // Six bits have 64 values; two of them would make two letters likelier than the rest.
      if ((bits & 63) < alphabet.size()) text += alphabet[bits & 63];
    }
  }
  return text;
}

char** environment() noexcept { return environ; }

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace cloacina::os
