#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloacina/error.hpp"

namespace cloacina::fuzz {

/// Ends the program, in every build: what a fuzzer takes for a crash.
inline void require(bool truth) {
  if (!truth) std::abort();
}

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Runs what reads an input. It may refuse it with an error of the code that its contract names; anything else ends the program.
template <class Read>
void may_refuse(ErrorCode code, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.code() == code && error.what()[0] != '\0');
  }
}

}  // namespace cloacina::fuzz
