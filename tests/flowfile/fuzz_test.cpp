#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/flowfile_target.hpp"

namespace cloacina {
namespace {

std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/flowfile"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return out;
}

/// A few edits of the kind that a fuzzer makes: bytes replaced, parts cut, doubled or taken from another text.
std::string mutated(std::string text, const std::vector<std::string>& others, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  static constexpr std::string_view marks = "[]{},:?\"'&*!|>%@#-\n\t \\~<=0a";
  for (std::size_t edits = 1 + below(8); edits > 0; --edits) {
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, 1, marks[below(marks.size())]);
        break;
      case 1:
        text.erase(at, 1 + below(20));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(200)));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      default: {
        const auto& other = others[below(others.size())];
        text.replace(at, below(50), other.substr(below(other.size() + 1), below(200)));
      }
    }
  }
  return text;
}

TEST(FlowFileFuzz, TheCorpusAndWhatIsNearIt) {
  const auto texts = corpus();
  ASSERT_GE(texts.size(), 8U);
  for (const auto& text : texts) fuzz::read_as_flow_file(text);
  std::mt19937 random{20'260'329};
  for (int round = 0; round < 5'000; ++round) fuzz::read_as_flow_file(mutated(texts[random() % texts.size()], texts, random));
}

}  // namespace
}  // namespace cloacina
