#pragma once

#include <span>
#include <string_view>

namespace cloacina::store {

/// One embedded SQL file: its path below `src/store` without the ending, and its text.
struct SqlFile {
  std::string_view name;
  std::string_view text;
};

/// All of them, sorted by name. Generated at build time.
[[nodiscard]] std::span<const SqlFile> sql_files();

}  // namespace cloacina::store
