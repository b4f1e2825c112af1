#pragma once

#include <string>
#include <string_view>

#include "cloacina/task.hpp"

namespace cloacina::core {

/// What a task keeps while it waits in its own code.
struct Deferral {
  TaskContext::Waited waited;
  ContextValues changes;  ///< what its run had set in the context by then
};

/// The stored form: `{"passed":…,"deferrals":…,"since":…,"changes":…}`, times in microseconds since 1970. *Throws*
/// Error{InvalidArgument} that names a key whose text is not UTF-8.
[[nodiscard]] std::string deferral_to_text(const Deferral& deferral);
/// *Throws* Error{Corrupt}.
[[nodiscard]] Deferral deferral_from_text(std::string_view text);

}  // namespace cloacina::core
