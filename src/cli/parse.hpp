#pragma once

#include <variant>

#include "cli/arguments.hpp"
#include "cli/console.hpp"

namespace cloacina::cli {

/// What the words say, or the exit status when there is nothing to do: `--help` and `--version` are answered on `out`, mistakes on
/// `err`.
[[nodiscard]] std::variant<Arguments, int> parse(int argc, const char* const* argv, Console& console);

}  // namespace cloacina::cli
