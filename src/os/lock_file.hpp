#pragma once

#include <cstdint>
#include <filesystem>

#include "os/fd.hpp"

namespace cloacina::os {

/// One file whose bytes are locks: byte n is slot n. A lock belongs to this object (an open file description), not to the process,
/// so that two of them in one process exclude each other; it ends with the object or with the process, however that died.
///
/// Calls on one object are thread-safe, as they are one system call each.
class LockFile {
 public:
  /// Opens the file and creates it when it is missing. *Throws* Error{Unavailable} that names the path.
  explicit LockFile(const std::filesystem::path& path);

  /// Takes the lock without waiting; false when another LockFile holds it. True again for a slot that is held here.
  [[nodiscard]] bool try_lock(std::int64_t slot);
  void unlock(std::int64_t slot);
  /// Whether another LockFile, of this or of another process, holds the slot.
  [[nodiscard]] bool is_locked(std::int64_t slot) const;

 private:
  /// *Requires* slot >= 0. The errno of the fcntl call, 0 for success.
  [[nodiscard]] int call(int command, short& type, std::int64_t slot) const;
  [[noreturn]] void fail(const char* action, std::int64_t slot, int error) const;

  std::filesystem::path path_;
  Fd fd_;
};

}  // namespace cloacina::os
