#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cloacina/flowfile.hpp"

namespace cloacina::cli {

/// Reads files and folders. When there are problems, they are on `err` and there is no result.
[[nodiscard]] std::optional<FlowFile> load(Console& console, const std::vector<std::string>& paths);

/// The workflow `name`, or the only one when `name` is empty. *Throws* Error{InvalidArgument} when there are several,
/// Error{NotFound}.
[[nodiscard]] const Workflow& choose(const FlowFile& loaded, const std::string& file, const std::string& name);

}  // namespace cloacina::cli
