#pragma once

#include <chrono>

namespace cloacina::os {

/// Waits until `fd` can be read (or, with `writing`, written), or has failed; false when `timeout` passed first.
[[nodiscard]] bool wait_until_ready(int fd, bool writing, std::chrono::milliseconds timeout);

}  // namespace cloacina::os
