#pragma once

#include <string>
#include <vector>

#include "cloacina/task.hpp"

namespace cloacina::chaos {

// A table of the user's in the same database, over connections of the user's. *Throw* Error{Unavailable}.

void make_effects(const std::string& url);
/// Completes the task together with a row that names it.
void write_effect(const std::string& url, TaskContext& task);
/// All rows: `execution`.
[[nodiscard]] std::vector<std::string> read_effects(const std::string& url);

}  // namespace cloacina::chaos
