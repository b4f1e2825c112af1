#include "flowfile/yaml_input.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace cloacina::flowfile {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Length of the UTF-8 sequence at `at`, 0 when there is none: overlong forms, surrogates and what is above U+10FFFF are none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    return first == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    return first == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

[[noreturn]] void refuse_byte(std::string_view text, std::size_t at, const char* what, const char* format) {
  char number[16];
  std::snprintf(number, sizeof number, format, static_cast<unsigned>(static_cast<unsigned char>(text[at])));
  throw YamlError(position_of(text, at), std::string("not a text: ") + what + ' ' + number);
}

bool is_mark(char c) { return std::string_view("[]{},:?\"'&*!%").find(c) != std::string_view::npos; }

}  // namespace

Position position_of(std::string_view text, std::size_t offset) {
  Position at;
  const auto before = text.substr(0, offset);
  at.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_end = before.rfind('\n');
  at.column += static_cast<int>(line_end == std::string_view::npos ? offset : offset - line_end - 1);
  return at;
}

void count_characters(std::string_view text, std::vector<Position>& positions) {
  int line = 1;
  std::size_t at = 0;  // of the byte at (line, column)
  int column = 1;
  int characters = 1;
  for (auto& position : positions) {
    while (line < position.line) {
      const std::size_t end = text.find('\n', at);
      if (end == std::string_view::npos) return;
      at = end + 1;
      ++line;
      column = characters = 1;
    }
    for (; column < position.column && at < text.size() && text[at] != '\n'; ++at, ++column) {
      if (!is_continuation(text[at])) ++characters;
    }
    position.column = characters + (position.column - column);
  }
}

void check_input(std::string_view text) {
  if (text.size() > file_bytes_max) throw YamlError({}, "larger than 4 MiB, the most a workflow file may have");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) refuse_byte(text, at, "not UTF-8 at byte", "0x%02X");
    const char c = text[at];
    const auto code = static_cast<unsigned char>(c);
    // A carriage return alone would be a line end for YAML and none for the scanner.
    const bool ends_line = c == '\n' || (c == '\r' && text.substr(at + 1, 1) == "\n");
    if ((code < 0x20 && c != '\t' && !ends_line) || code == 0x7F) refuse_byte(text, at, "control character", "U+%04X");
    at += length;
  }
}

MeteredInput::int_type MeteredInput::underflow() {
  const auto part = text_.substr(offset_, chunk_.size());
  if (part.empty()) return traits_type::eof();
  offset_ += part.size();
  marks_ += static_cast<std::size_t>(std::count_if(part.begin(), part.end(), is_mark));
  if (marks_ > marks_max) {
    throw YamlError(last_, "too large: more than 600,000 marks of punctuation before the end of what begins here");
  }
  std::copy(part.begin(), part.end(), chunk_.begin());
  setg(chunk_.data(), chunk_.data(), chunk_.data() + part.size());
  return traits_type::to_int_type(chunk_[0]);
}

}  // namespace cloacina::flowfile
