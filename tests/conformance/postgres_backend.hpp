#pragma once

#include "conformance/backend.hpp"

namespace cloacina::test {

[[nodiscard]] Backend postgres_backend();

}  // namespace cloacina::test
