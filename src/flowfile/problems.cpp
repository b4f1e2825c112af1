#include "flowfile/problems.hpp"

#include <algorithm>
#include <set>

#include "flowfile/yaml_input.hpp"

namespace cloacina::flowfile {

std::vector<FlowFileProblem> Problems::report(const std::string& file, std::string_view text) const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::set<std::pair<Position, std::string>> seen;
  std::erase_if(sorted, [&](const auto& problem) { return !seen.insert(problem).second; });
  std::vector<Position> positions;
  positions.reserve(sorted.size());
  for (const auto& problem : sorted) positions.push_back(problem.first);
  count_characters(text, positions);
  std::vector<FlowFileProblem> out;
  out.reserve(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    out.push_back({file, positions[i].line, positions[i].column, std::move(sorted[i].second)});
  }
  return out;
}

}  // namespace cloacina::flowfile
