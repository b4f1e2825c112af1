#include "flowfile/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace cloacina::flowfile {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view text, std::size_t index) { return static_cast<std::uint8_t>(text[index]); }
bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

struct Sequence {
  std::size_t size = 1;
  bool valid = false;
};

/// What starts at the front of `text`, by table 3-7 of the Unicode standard; of an invalid sequence its longest valid beginning.
Sequence first_sequence(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {.size = 1, .valid = lead != 0};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Neither overlong forms, nor surrogates, nor what is above U+10FFFF.
  const std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < 2 || byte_at(text, 1) < low || byte_at(text, 1) > high) return {};
  for (std::size_t i = 2; i < size; ++i) {
    if (i >= text.size() || !is_continuation(byte_at(text, i))) return {.size = i, .valid = false};
  }
  return {.size = size, .valid = true};
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Sequence sequence = first_sequence(bytes);
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
