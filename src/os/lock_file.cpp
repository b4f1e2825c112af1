#include "os/lock_file.hpp"

#include <fcntl.h>

#include <cerrno>

namespace cloacina::os {

LockFile::LockFile(const std::filesystem::path& path) : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (!fd_) throw_errno("cannot open the lock file '" + path_.string() + "'", errno);
}

bool LockFile::try_lock(std::int64_t slot) {
  short type = F_WRLCK;
  const int error = call(F_OFD_SETLK, type, slot);
  if (error == EAGAIN || error == EACCES) return false;
  if (error != 0) fail("lock", slot, error);
  return true;
}

void LockFile::unlock(std::int64_t slot) {
  short type = F_UNLCK;
  if (const int error = call(F_OFD_SETLK, type, slot)) fail("unlock", slot, error);
}

bool LockFile::is_locked(std::int64_t slot) const {
  short type = F_WRLCK;
  if (const int error = call(F_OFD_GETLK, type, slot)) fail("look at", slot, error);
  return type != F_UNLCK;
}

int LockFile::call(int command, short& type, std::int64_t slot) const {
  struct flock lock {};
  lock.l_whence = SEEK_SET;
  lock.l_start = slot;
  lock.l_len = 1;
  do {
    lock.l_type = type;
    if (::fcntl(fd_.get(), command, &lock) == 0) {
      type = lock.l_type;
      return 0;
    }
  } while (errno == EINTR);
  return errno;
}

void LockFile::fail(const char* action, std::int64_t slot, int error) const {
  throw_errno(std::string("cannot ") + action + " byte " + std::to_string(slot) + " of the lock file '" + path_.string() + "'",
              error);
}

}  // namespace cloacina::os
