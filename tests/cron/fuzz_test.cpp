#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "cron/oracle.hpp"

// The fuzz targets as they are, run over seeded inputs: a corpus, its mutations, and plain noise.
#define LLVMFuzzerTestOneInput fuzz_cron_parse
#include "fuzz/cron_parse.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_cron_rule
#include "fuzz/cron_rule.cpp"
#undef LLVMFuzzerTestOneInput

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

void run(Target target, const std::string& input) { target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

std::string noise(std::mt19937& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

void mutate(std::string& text, std::mt19937& random) {
  constexpr std::string_view alphabet = "0123456789*,-/?#+LWH() @\tlwhSUNMONJAN\n\xff";
  for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    const char c = alphabet[random() % alphabet.size()];
    switch (random() % 3) {
      case 0:
        text.insert(at, 1, c);
        break;
      case 1:
        if (!text.empty()) text[at] = c;
        break;
      default:
        if (!text.empty()) text.erase(at, 1);
    }
  }
}

TEST(Fuzz, ParserSurvivesTheCorpusItsMutationsAndNoise) {
  std::mt19937 random(oracle::seed(1));
  std::vector<std::string> corpus = oracle::nasty_expressions();
  for (const char* text :
       {"@daily", "@every 90s", "@reboot", "H(1-5)/2 H * * H", "0 0 LW * *", "0 0 L-3,L * *", "0 0 * * +FRI#L", "0 0 15W * ?"}) {
    corpus.emplace_back(text);
  }
  const int rounds = oracle::soak() ? 2'000'000 : 30'000;
  for (int i = 0; i < rounds; ++i) {
    std::string text = i % 2 == 0 ? corpus[random() % corpus.size()] : oracle::random_expression(random);
    if (i % 10 != 0) mutate(text, random);
    if (i % 50 == 0) text = noise(random, random() % 64);
    run(fuzz_cron_parse, std::string(1, static_cast<char>(i)) + text);
  }
}

TEST(Fuzz, RulesKeepTheirPromises) {
  std::mt19937 random(oracle::seed(2));
  const int rounds = oracle::soak() ? 5'000'000 : 40'000;
  for (int i = 0; i < rounds; ++i) {
    std::string text =
        i % 3 == 0 ? oracle::nasty_expressions()[random() % oracle::nasty_expressions().size()] : oracle::random_expression(random);
    if (i % 7 == 0) mutate(text, random);
    run(fuzz_cron_rule, noise(random, 11) + text);
  }
}

}  // namespace
