#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cloacina::core {

/// BLAKE2b-128 of `text`, as 32 lower-case hexadecimal digits. The same on every build and machine.
[[nodiscard]] std::string content_hash(std::string_view text);

/// The same hash as bytes.
[[nodiscard]] std::array<std::uint8_t, 16> hash_bytes(std::string_view text);
/// Fills `size` bytes from the system's randomness. Thread-safe.
void random_bytes(std::uint8_t* out, std::size_t size);

}  // namespace cloacina::core
