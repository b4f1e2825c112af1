#pragma once

#include <string_view>

namespace cloacina::core {

/// As `cloacina::check_tenant_name`: the name becomes that of a schema, of a role, and of a file.
void check_tenant_name(std::string_view name);

}  // namespace cloacina::core
