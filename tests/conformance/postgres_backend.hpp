#pragma once

#include "conformance/backend.hpp"

namespace cloacina::test {

[[nodiscard]] Backend postgres_backend();
/// The same through a pooler that gives a connection away after every transaction.
[[nodiscard]] Backend pooled_backend();

}  // namespace cloacina::test
