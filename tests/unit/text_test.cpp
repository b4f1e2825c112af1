#include "core/text.hpp"

#include <gtest/gtest.h>

#include "core/hash.hpp"

namespace cloacina::core {
namespace {

TEST(Nearest, FindsTypingMistakes) {
  const std::vector<std::string> known{"fetch", "sum", "report", "Report2"};
  EXPECT_EQ(nearest("fetc", known), "fetch");
  EXPECT_EQ(nearest("ftech", known), "fetch");
  EXPECT_EQ(nearest("FETCH", known), "fetch");
  EXPECT_EQ(nearest("repotr", known), "report");
  EXPECT_EQ(nearest("sun", known), "sum");
  EXPECT_EQ(nearest("completely", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest(std::string(300, 'f'), known), std::nullopt);
  EXPECT_EQ(nearest("fetch", {}), std::nullopt);
}

TEST(Suggestion, IsAHintOrNothing) {
  EXPECT_EQ(suggestion("fetc", {"fetch"}), " (did you mean 'fetch'?)");
  EXPECT_EQ(suggestion("zzz", {"fetch"}), "");
}

TEST(Name, HasOneTo128OfItsCharacters) {
  for (const auto& good : std::vector<std::string>{"a", "A-Z_a.z-0", "0", "..", std::string(128, 'x')})
    EXPECT_TRUE(is_name(good)) << good;
  for (const auto& bad :
       std::vector<std::string>{"", "a b", "a/b", "ä", "a\n", "a:b", std::string(129, 'x'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

TEST(Quote, IsSafeToPrint) {
  EXPECT_EQ(quote("plain"), "'plain'");
  EXPECT_EQ(quote(std::string_view("a\0\n\x1b\x7f", 5)), "'a\\x00\\x0a\\x1b\\x7f'");
  EXPECT_EQ(quote("\xff\xe2\x82 é\xc3"), "'\\xff\\xe2\\x82 é\\xc3'") << "what cannot be shown";
  EXPECT_EQ(quote(std::string(200, 'x')), "'" + std::string(80, 'x') + "…'");
  EXPECT_EQ(quote(std::string(79, 'x') + "ü"), "'" + std::string(79, 'x') + "…'") << "never half a character";
}

TEST(ContentHash, IsBlake2bOf128Bits) {
  // Values of `b2sum -l 128`.
  EXPECT_EQ(content_hash(""), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(content_hash("abc"), "cf4ab791c62b8d2b2109c90275287816");
}

}  // namespace
}  // namespace cloacina::core
