#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

// The fuzz targets as they are, run over their corpora, mutations of them, and plain noise.
#define LLVMFuzzerTestOneInput fuzz_stored
#include "fuzz/stored.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_words
#include "fuzz/words.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_zone_file
#include "fuzz/zone_file.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_database
#include "fuzz/database.cpp"
#undef LLVMFuzzerTestOneInput

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

void run(Target target, const std::string& input) { target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

void run_near_corpus(Target target, const std::string& name, int rounds) {
  const char* chosen = std::getenv("CLOACINA_TEST_SEED");
  std::mt19937_64 random(chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10));
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    run(target, corpus.back());
  }
  ASSERT_GE(corpus.size(), 8U);
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = i % 4 != 0 ? corpus[random() % corpus.size()] : std::string(random() % 160, '\0');
    const std::size_t edits = i % 4 != 0 ? 1 + random() % 8 : bytes.size();
    for (std::size_t e = 0; e < edits && !bytes.empty(); ++e) {
      bytes[i % 4 != 0 ? random() % bytes.size() : e] = static_cast<char>(random());
    }
    run(target, bytes);
  }
}

TEST(StoredTextFuzz, IsReadOrRefused) { run_near_corpus(fuzz_stored, "stored", 20'000); }
TEST(WordFuzz, IsReadOrRefused) { run_near_corpus(fuzz_words, "words", 20'000); }
TEST(ZoneFileFuzz, IsReadOrRefused) { run_near_corpus(fuzz_zone_file, "zone_file", 5'000); }
TEST(DatabaseFuzz, IsReadOrRefused) { run_near_corpus(fuzz_database, "database", 300); }

}  // namespace
