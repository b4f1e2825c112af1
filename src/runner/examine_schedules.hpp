#pragma once

#include <vector>

#include "cloacina/admin.hpp"
#include "store/store.hpp"

namespace cloacina::runner {

/// Schedules whose stored texts cannot be read, whose rule is none any more, or which are not due for a slot that they have. The
/// first twenty.
[[nodiscard]] std::vector<Finding> examine_schedules(store::Reader& reader);

}  // namespace cloacina::runner
