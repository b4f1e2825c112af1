#include "flowfile/utf8.hpp"

#include <algorithm>
#include <cstdint>

#include "core/utf8.hpp"

namespace cloacina::flowfile {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view text, std::size_t index) { return static_cast<std::uint8_t>(text[index]); }
bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

}  // namespace

std::string printable(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto sequence = core::first_sequence(bytes);
    text += sequence.valid ? bytes.substr(0, sequence.size) : replacement;
    bytes.remove_prefix(sequence.size);
  }
  return text;
}

std::string_view last_bytes(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  return without_cut_character(text.substr(text.size() - bytes_max));
}

std::string_view without_cut_character(std::string_view bytes) {
  constexpr std::size_t continuations_max = 3;
  std::size_t count = 0;
  while (count < continuations_max && count < bytes.size() && is_continuation(byte_at(bytes, count))) ++count;
  return bytes.substr(count);
}

std::string_view last_lines(std::string_view text, std::size_t lines_max, std::size_t bytes_max) {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  std::size_t start = text.size();
  for (std::size_t lines = 0; lines < lines_max && start > 0; ++lines) {
    const std::size_t newline = text.rfind('\n', start - 1);
    start = newline == std::string_view::npos ? 0 : newline;
  }
  if (start > 0) ++start;  // behind the newline
  return last_bytes(text.substr(std::min(start, text.size())), bytes_max);
}

}  // namespace cloacina::flowfile
