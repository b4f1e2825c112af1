#include "os/shrink.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace cloacina::os {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

/// One line of /proc/self/maps: `55d0-55e0 rw-p 00000000 00:00 0    [heap]`.
struct Mapping {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
  bool writable = false;
  bool is_private = false;
  bool has_file = false;
  char name[2] = {};  // the first two letters of the last field
};

/// Reads the file letter by letter; a line needs no room.
class MapsParser {
 public:
  /// True when `letter` ended a line, which is then in mapping().
  bool feed(char letter) {
    if (letter == '\n') {
      done_ = current_;
      current_ = {};
      field_ = column_ = 0;
      return true;
    }
    if (letter == ' ' && field_ < 5) {
      ++field_;
      column_ = 0;
      return false;
    }
    if (field_ == 0) {
      address(letter);
    } else if (field_ == 1) {
      if (column_ == 1) current_.writable = letter == 'w';
      if (column_ == 3) current_.is_private = letter == 'p';
    } else if (field_ == 4) {
      current_.has_file = current_.has_file || letter != '0';  // the inode
    } else if (field_ == 5 && letter != ' ') {
      name(letter);
    }
    ++column_;
    return false;
  }
  [[nodiscard]] const Mapping& mapping() const { return done_; }

 private:
  void address(char letter) {
    if (letter == '-') {
      current_.start = current_.end;
      current_.end = 0;
    } else {
      const int digit = letter <= '9' ? letter - '0' : letter - 'a' + 10;
      current_.end = current_.end * 16 + static_cast<std::uintptr_t>(digit);
    }
  }
  void name(char letter) {
    if (current_.name[0] == 0) {
      current_.name[0] = letter;
    } else if (current_.name[1] == 0) {
      current_.name[1] = letter;
    }
  }

  Mapping current_;
  Mapping done_;
  int field_ = 0;
  int column_ = 0;
};

bool contains(const Mapping& mapping, const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  return mapping.start <= at && at < mapping.end;
}

/// Whether it is memory of the parent's own making: nameless, [heap], [stack] or [anon:…]; not [vdso] and the like.
bool is_dispensable(const Mapping& mapping) {
  const char kind = mapping.name[0] == '[' ? mapping.name[1] : mapping.name[0];
  const bool own = kind == 0 || (mapping.name[0] == '[' && (kind == 'h' || kind == 's' || kind == 'a'));
  return own && mapping.writable && mapping.is_private && !mapping.has_file;
}

}  // namespace

void shrink_memory() noexcept {
  if (sanitized) return;
  const long file = ::syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return;
  MapsParser parser;
  std::uintptr_t file_end = 0;
  char buffer[4096];
  for (long size; (size = ::syscall(SYS_read, file, buffer, sizeof buffer)) > 0;) {
    for (long i = 0; i < size; ++i) {
      if (!parser.feed(buffer[i])) continue;
      const Mapping& mapping = parser.mapping();
      if (mapping.has_file) file_end = mapping.end;
      // Nameless memory right behind a file's is the .bss of that program or library. errno stands for the thread's variables.
      const bool needed = mapping.start == file_end || contains(mapping, buffer) || contains(mapping, &errno);
      if (is_dispensable(mapping) && !needed) ::syscall(SYS_munmap, mapping.start, mapping.end - mapping.start);
    }
  }
  ::syscall(SYS_close, file);
}

}  // namespace cloacina::os
