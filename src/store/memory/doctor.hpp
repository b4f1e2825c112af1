#pragma once

#include <functional>
#include <vector>

#include "cloacina/admin.hpp"
#include "store/memory/contents.hpp"

namespace cloacina::store::memory {

/// Work that nobody does, by this machine's clock.
[[nodiscard]] std::vector<Finding> examine(const Contents& contents, const std::function<bool(RunnerKey)>& lives);

}  // namespace cloacina::store::memory
