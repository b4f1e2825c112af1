#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include "cloacina/context.hpp"
#include "cloacina/error.hpp"

namespace cloacina::core {

/// A stored whole number. *Throws* Error{Corrupt} for anything else, and for one that T cannot hold: the JSON library would convert
/// a fraction of any size.
template <std::integral T>
[[nodiscard]] T integer_of(const Json& json) {
  if (json.is_number_unsigned() && std::in_range<T>(json.get<std::uint64_t>())) return static_cast<T>(json.get<std::uint64_t>());
  if (json.is_number_integer() && !json.is_number_unsigned() && std::in_range<T>(json.get<std::int64_t>())) {
    return static_cast<T>(json.get<std::int64_t>());
  }
  throw Error(ErrorCode::Corrupt, "a stored number is none, or out of range");
}

}  // namespace cloacina::core
