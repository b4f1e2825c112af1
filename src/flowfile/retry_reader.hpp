#pragma once

#include <optional>

#include "cloacina/retry.hpp"
#include "flowfile/problems.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

/// Reads `retry`; `{}` gives the defaults. nullopt when something of it was reported.
[[nodiscard]] std::optional<RetryPolicy> read_retry(Problems& problems, const Node& node);

}  // namespace cloacina::flowfile
