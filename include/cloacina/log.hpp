#pragma once

#include <functional>
#include <string_view>

#include "cloacina/export.hpp"

namespace cloacina {

enum class LogLevel { Debug, Info, Warning, Error };

/// Receives every line the library has to say; without one it says nothing. Called from the library's threads, one call at a time.
/// What it throws is ignored.
using LogSink = std::function<void(LogLevel level, std::string_view text)>;

/// A sink that writes lines with time and level to stderr.
[[nodiscard]] CLOACINA_API LogSink log_to_stderr(LogLevel lowest = LogLevel::Info);

}  // namespace cloacina
