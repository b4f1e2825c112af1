#include "core/utf8.hpp"

#include <cstdint>

namespace cloacina::core {

Utf8Sequence first_sequence(std::string_view text) {
  const auto byte_at = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
  const std::uint8_t lead = byte_at(0);
  if (lead < 0x80) return {.size = 1, .valid = lead != 0};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Neither overlong forms, nor surrogates, nor what is above U+10FFFF.
  const std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < 2 || byte_at(1) < low || byte_at(1) > high) return {};
  for (std::size_t i = 2; i < size; ++i) {
    if (i >= text.size() || (byte_at(i) & 0xC0U) != 0x80U) return {.size = i, .valid = false};
  }
  return {.size = size, .valid = true};
}

}  // namespace cloacina::core
