#pragma once

#include <string>
#include <vector>

#include "cloacina/admin.hpp"

namespace cloacina::test {

/// What a doctor finds contradictory, where clocks are moved by hand: who is behind, or ahead, is told by the real one.
[[nodiscard]] inline std::vector<std::string> contradictions(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) {
    const bool of_rows = f.check == "consistency" || f.check == "integrity";
    if (f.problem && of_rows && f.text.find("submitted in the future") == std::string::npos) out.push_back(f.text);
  }
  return out;
}

}  // namespace cloacina::test
