#pragma once

#include "conformance/backend.hpp"

namespace cloacina::test {

[[nodiscard]] Backend sqlite_backend();

}  // namespace cloacina::test
