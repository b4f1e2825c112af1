#pragma once

#include <filesystem>

#include "os/fd.hpp"

namespace cloacina::os {

/// Tells when one file is written or appears. The file may be missing, be deleted and come back.
///
/// While the file exists only the file itself is watched, so that its neighbours wake nobody; while it is missing its folder is
/// watched for new names. Not for several threads at once.
class FileWatch {
 public:
  /// Never throws for a lack of inotify: see available().
  explicit FileWatch(std::filesystem::path file);

  /// False when the system gave no watch (a limit was reached, or the folder is gone): look at the file from time to time instead.
  [[nodiscard]] bool available() const noexcept { return static_cast<bool>(inotify_); }
  /// Readable when drain() should be called; never blocks. -1 when not available.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }
  /// Takes what happened: true if the file was written, truncated, created or replaced since the last call. False for a deletion.
  [[nodiscard]] bool drain();

 private:
  /// Watches what is there now; true if that is a file which was not watched before.
  bool arm();

  std::filesystem::path file_;
  std::filesystem::path folder_;
  Fd inotify_;
  int file_watch_ = -1;
  int folder_watch_ = -1;
};

}  // namespace cloacina::os
