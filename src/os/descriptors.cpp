#include "os/descriptors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace cloacina::os {

namespace {

[[noreturn]] void throw_system_error(int error) { throw std::system_error(error, std::system_category()); }

std::pair<Fd, Fd> shared(const std::array<int, 2>& fds) {
  Fd second(fds[1]);
  Fd first = shared_fd(fds[0]);
  return {std::move(first), shared_fd(second.release())};
}

}  // namespace

Fd shared_fd(int fd) {
  if (fd < 0) throw_system_error(errno);
  Fd owned(fd);
  if (fd >= first_shared_fd) return owned;
  Fd higher(::fcntl(fd, F_DUPFD_CLOEXEC, first_shared_fd));
  // There may be no number so high: too few are allowed.
  if (!higher) throw_system_error(errno == EINVAL ? EMFILE : errno);
  return higher;
}

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw_system_error(errno);
  auto ends = shared(fds);
  if (::fcntl(ends.first.get(), F_SETFL, O_NONBLOCK) != 0) throw_system_error(errno);
  return ends;
}

std::pair<Fd, Fd> make_control() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) throw_system_error(errno);
  return shared(fds);
}

Fd make_memory_file(std::string_view content) {
  Fd file = shared_fd(::memfd_create("cloacina", MFD_CLOEXEC));
  write_all(file.get(), content);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_system_error(errno);
  return file;
}

std::string read_all(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) throw_system_error(errno);
  std::string content(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t size = ::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw_system_error(errno);
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  content.resize(done);
  return content;
}

void write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error(errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace cloacina::os
