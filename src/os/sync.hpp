#pragma once

#include <filesystem>

namespace cloacina::os {

/// Brings what was written to `file` to the disk. *Throws* Error{Unavailable} that names it.
void sync_file(const std::filesystem::path& file);
/// The same with the names in a folder.
void sync_folder(const std::filesystem::path& folder);

}  // namespace cloacina::os
