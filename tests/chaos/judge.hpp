#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cloacina::chaos {

[[nodiscard]] std::vector<std::string> lines_of(const std::filesystem::path& file);

/// Compares what the database says with what was written down. Prints one line of numbers, and every fault it finds; 1 when there
/// is one. All executions have ended by now.
int judge(const std::string& url, const std::filesystem::path& folder);

}  // namespace cloacina::chaos
