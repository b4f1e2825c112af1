#pragma once

#include <cstddef>
#include <string_view>

namespace cloacina::core {

struct Utf8Sequence {
  std::size_t size = 1;
  bool valid = false;  ///< a character other than NUL
};

/// What starts at the front of `text`, by table 3-7 of the Unicode standard; of an invalid sequence its longest valid beginning.
/// *Requires* a text that is not empty.
[[nodiscard]] Utf8Sequence first_sequence(std::string_view text);

}  // namespace cloacina::core
