#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cloacina/runner.hpp"

namespace cloacina::cli {

/// Who does what is done here: CLOACINA_ACTOR; empty leaves it to the library.
[[nodiscard]] std::string actor();
/// A runner that runs nothing: access to a database that exists. *Throws* Error{NotFound} rather than making an empty one.
[[nodiscard]] std::unique_ptr<Runner> open_client(const Globals& globals);
/// As above; nullptr when there is no database yet, which is as good as an empty one.
[[nodiscard]] std::unique_ptr<Runner> open_client_if_any(const Globals& globals);

}  // namespace cloacina::cli
