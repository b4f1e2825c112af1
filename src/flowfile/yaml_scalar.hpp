#pragma once

#include <optional>
#include <string_view>

#include "cloacina/context.hpp"

namespace cloacina::flowfile {

/// What a plain scalar is in the YAML 1.2 core schema.
enum class ScalarKind { Null, Bool, Int, Float, Text };

/// YAML 1.2, 10.3.2 (tag resolution of the core schema): `on`, `yes` and `y` are texts, `0o17` is 15, `0123` is 123.
[[nodiscard]] ScalarKind scalar_kind(std::string_view plain);

/// The value of a Bool, Int or Float; nullopt where JSON has none: an integer outside -2^63 … 2^64-1, a float outside the range of
/// a double, `.inf`, `.nan`.
[[nodiscard]] std::optional<Json> scalar_json(std::string_view plain);

}  // namespace cloacina::flowfile
