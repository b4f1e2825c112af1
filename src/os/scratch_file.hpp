#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace cloacina::os {

/// An empty file in a folder of its own that nobody else may enter. Both go with the object.
class ScratchFile {
 public:
  /// *Throws* Error{Unavailable} when there is no room for temporary files.
  ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// What is in it; nothing when somebody removed it. Follows no link and waits for no pipe. *Throws* Error{InvalidArgument} with a
  /// text that begins with `what` when it is something else than a regular file of at most `bytes_max`.
  [[nodiscard]] std::string read(std::size_t bytes_max, const std::string& what) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

}  // namespace cloacina::os
