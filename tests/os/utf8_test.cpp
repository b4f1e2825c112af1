#include "flowfile/utf8.hpp"

#include <gtest/gtest.h>

namespace cloacina::flowfile {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, WhatIsInvalidIsReplaced) {
  struct Case {
    std::string_view bytes;
    std::string_view text;
  };
  // The rows with several replacements are those of the Unicode standard, 3.9, tables 3-8 to 3-11.
  const Case cases[] = {
      {"", ""},
      {"plain\n", "plain\n"},
      {"\u00E4\u20AC\U0001F600\U0010FFFF", "\u00E4\u20AC\U0001F600\U0010FFFF"},
      {"a\0b"sv, "a\uFFFDb"},
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\uFFFD\uFFFDB"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xE2\x82", "\uFFFD"},
      {"\xF0\x9F\x98", "\uFFFD"},
  };
  for (const auto& one : cases) EXPECT_EQ(printable(one.bytes), one.text) << testing::PrintToString(one.bytes);
}

TEST(Utf8, TheLastBytesBeginWithACharacter) {
  EXPECT_EQ(last_bytes("a\u20ACb", 9), "a\u20ACb");
  EXPECT_EQ(last_bytes("a\u20ACb", 4), "\u20ACb");
  EXPECT_EQ(last_bytes("a\u20ACb", 3), "b");
  EXPECT_EQ(last_bytes("a\u20ACb", 1), "b");
  EXPECT_EQ(last_bytes("a\u20ACb", 0), "");
}

TEST(Utf8, TheLastLines) {
  EXPECT_EQ(last_lines("", 2, 100), "");
  EXPECT_EQ(last_lines("\n \n", 2, 100), "");
  EXPECT_EQ(last_lines("one", 2, 100), "one");
  EXPECT_EQ(last_lines("one\n", 2, 100), "one");
  EXPECT_EQ(last_lines("one\ntwo\nthree\n\n", 2, 100), "two\nthree");
  EXPECT_EQ(last_lines("one\ntwo\nthree\n", 3, 100), "one\ntwo\nthree");
  EXPECT_EQ(last_lines("\ntwo", 2, 100), "\ntwo");
  EXPECT_EQ(last_lines("one\n\nthree", 2, 100), "\nthree");
  EXPECT_EQ(last_lines("one\ntwo", 2, 2), "wo");
}

}  // namespace
}  // namespace cloacina::flowfile
