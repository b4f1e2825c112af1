#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

// The fuzz target as it is, run over its corpus, mutations of it, and plain noise.
#define LLVMFuzzerTestOneInput fuzz_merge
#include "fuzz/merge.cpp"
#undef LLVMFuzzerTestOneInput

namespace {

void run(const std::string& input) { fuzz_merge(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

TEST(MergeFuzz, AgreesWithTheOracleOverTheCorpusItsMutationsAndNoise) {
  const char* chosen = std::getenv("CLOACINA_TEST_SEED");
  std::mt19937_64 random(chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10));
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/merge")) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    run(corpus.back());
  }
  ASSERT_GE(corpus.size(), 8U);
  for (int i = 0; i < 4'000; ++i) {
    std::string bytes = i % 2 == 0 ? corpus[random() % corpus.size()] : std::string(random() % 160, '\0');
    const std::size_t edits = i % 2 == 0 ? random() % 8 : bytes.size();
    for (std::size_t e = 0; e < edits && !bytes.empty(); ++e) {
      bytes[i % 2 == 0 ? random() % bytes.size() : e] = static_cast<char>(random());
    }
    run(bytes);
  }
}

}  // namespace
