#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/task.hpp"

namespace cloacina::flowfile {

inline constexpr std::size_t context_variable_bytes_max = 32 * 1024;    ///< of one value
inline constexpr std::size_t context_variables_bytes_max = 256 * 1024;  ///< of all `CTX_key=value` together, each with its NUL

using Environment = std::map<std::string, std::string>;

/// `CTX_<key>` for each string, number and boolean of `context` whose key is a C identifier: strings as they are, the others as
/// JSON text. Left out: values above their limit or with a NUL, and those that, in the order of the keys, do not fit into the limit
/// of all.
[[nodiscard]] Environment context_variables(const Json& context);

/// The whole environment of a command as `NAME=value`: `inherited` without the variables that describe another task, then `added`,
/// then those of this task. Later ones replace earlier ones.
[[nodiscard]] std::vector<std::string> command_environment(const char* const* inherited, const Environment& added,
                                                           const TaskContext& task, const Json& context,
                                                           const std::filesystem::path& output);

}  // namespace cloacina::flowfile
