#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "cloacina/export.hpp"

namespace cloacina {

/// What the caller can do about an error.
enum class ErrorCode {
  InvalidArgument,  ///< correct the value that the text names, then call again
  InvalidWorkflow,  ///< correct the definition; the text lists every problem, one a line
  NotFound,         ///< the named thing does not exist
  Conflict,         ///< the state of the thing does not allow it (a terminal execution cannot be cancelled)
  Unavailable,      ///< the database could not be reached, was locked or had no space; try again later
  Timeout,          ///< the time given was up
  Corrupt,          ///< what is stored cannot be read; restore a backup or ask `doctor`
  Internal,         ///< a bug of this library
};

/// The enumerator's name, e.g. "NotFound".
[[nodiscard]] CLOACINA_API std::string_view to_string(ErrorCode code);

/// The one exception type of the public interface: a code, and a sentence that names the object, what was attempted and what
/// happened.
class CLOACINA_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace cloacina
