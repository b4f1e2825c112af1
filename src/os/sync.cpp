#include "os/sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "os/fd.hpp"

namespace cloacina::os {

namespace {

void sync(const std::filesystem::path& path, int flags) {
  const Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw_errno("writing " + path.string() + " to the disk", errno);
}

}  // namespace

void sync_file(const std::filesystem::path& file) { sync(file, O_RDWR); }
void sync_folder(const std::filesystem::path& folder) { sync(folder, O_RDONLY | O_DIRECTORY); }

}  // namespace cloacina::os
