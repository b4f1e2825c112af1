#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cloacina::flowfile {

/// What a program printed, as text that every database takes: each NUL and each sequence that is not UTF-8 (RFC 3629) becomes
/// U+FFFD.
[[nodiscard]] std::string printable(std::string_view bytes);

/// The last `bytes_max` bytes of UTF-8 text or a little less: no character is cut.
[[nodiscard]] std::string_view last_bytes(std::string_view text, std::size_t bytes_max);

/// As last_bytes, for bytes whose beginning was cut off anywhere: without the rest of a character at the front.
[[nodiscard]] std::string_view without_cut_character(std::string_view bytes);

/// The last lines of a text that end it, at most `lines_max` and `bytes_max`; blank space at the end does not count.
[[nodiscard]] std::string_view last_lines(std::string_view text, std::size_t lines_max, std::size_t bytes_max);

}  // namespace cloacina::flowfile
