#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloacina/export.hpp"

namespace cloacina::core {

/// The known name nearest to `wanted` by edit distance, letter case ignored; none when nothing is near (more than a third of it
/// differs).
[[nodiscard]] std::optional<std::string> nearest(std::string_view wanted, const std::vector<std::string>& known);

/// ` (did you mean 'fetch'?)`, or nothing.
[[nodiscard]] std::string suggestion(std::string_view wanted, const std::vector<std::string>& known);

/// Whether `name` is a task's or workflow's name: `[A-Za-z0-9_.-]{1,128}` (cli.md, 1).
[[nodiscard]] bool is_name(std::string_view name);

/// `text` for an error message: control characters and what is not UTF-8 escaped, at most 80 bytes of it.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace cloacina::core
