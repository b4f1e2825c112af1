#pragma once

#include "conformance/backend.hpp"

namespace cloacina::test {

/// Tables in memory, where a runner lives as long as its store.
[[nodiscard]] Backend memory_backend();
/// The same where runners live by leases.
[[nodiscard]] Backend leased_memory_backend();

}  // namespace cloacina::test
