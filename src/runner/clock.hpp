#pragma once

#include <chrono>

#include "cloacina/time.hpp"

namespace cloacina::runner {

/// This machine's clock.
[[nodiscard]] inline Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace cloacina::runner
