#include "os/scratch_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "os/fd.hpp"

namespace cloacina::os {

ScratchFile::ScratchFile() {
  std::error_code no_folder;
  std::filesystem::path temporary = std::filesystem::temp_directory_path(no_folder);
  if (no_folder) temporary = "/tmp";
  std::string name = (std::filesystem::absolute(temporary) / "cloacina-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw_errno("cannot make a temporary folder in '" + temporary.string() + "'", errno);
  folder_ = name;
  path_ = folder_ / "output";
  const Fd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) {
    const int error = errno;
    ::rmdir(folder_.c_str());
    throw_errno("cannot make the file '" + path_.string() + "'", error);
  }
}

ScratchFile::~ScratchFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string ScratchFile::read(std::size_t bytes_max, const std::string& what) const {
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::InvalidArgument, what + " " + why); };
  // A link could lead to what its writer may not read, and opening a pipe could wait for ever.
  const Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return {};
  if (!file && errno == ELOOP) refuse("is a link, not a regular file");
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) refuse("cannot be read: " + errno_text(errno));
  if (!S_ISREG(facts.st_mode)) refuse("is not a regular file");
  std::string text;
  const auto too_large = [&](auto size) { return static_cast<std::size_t>(size) > bytes_max; };
  while (!too_large(facts.st_size)) {
    constexpr std::size_t step = 256 * 1024;
    const std::size_t before = text.size();
    text.resize(before + step);
    const ssize_t size = ::read(file.get(), text.data() + before, step);
    text.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse("cannot be read: " + errno_text(errno));
    if (size == 0) return text;
    if (too_large(text.size())) break;
  }
  refuse("has more than " + std::to_string(bytes_max / (1024 * 1024)) + " MiB");
  return {};
}

}  // namespace cloacina::os
