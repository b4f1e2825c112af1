#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "flow_help.hpp"

namespace cloacina {
namespace {

using test::problems_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

/// `part` again and again behind `start`, 4 MiB in all.
std::string filled(std::string text, std::string_view part) {
  text.reserve(4 * mebibyte);
  while (text.size() + part.size() <= 4 * mebibyte) text += part;
  return text;
}

std::string many(int count, const std::function<std::string(int)>& line) {
  std::string out = "cloacina: 1\nworkflows:\n- name: w\n  tasks:\n";
  for (int i = 0; i < count; ++i) out += "    " + line(i) + "\n";
  return out;
}

std::string task(int i) { return "t" + std::to_string(i); }

TEST(HostileFlowFile, BillionLaughs) {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1);
    text += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) text += before + (i < 9 ? "," : "]\n");
  }
  EXPECT_THAT(problems_of(text), ElementsAre("5:29: more than 100,000 values (an alias counts as all that it stands for)"));
}

TEST(HostileFlowFile, WhatTheScannerWouldCollectIsStopped) {
  const std::string stopped = "1:1: too large: more than 600,000 marks of punctuation before the end of what begins here";
  for (const char* part : {"[", "{", "[a,", "{a: ", "*a ", "&a ", "!a ", "? ", ": "}) {
    EXPECT_THAT(problems_of(filled("[", part)), ElementsAre(stopped)) << part;
  }
  EXPECT_THAT(problems_of(filled("", "\"\" ")), ElementsAre(stopped));
}

TEST(HostileFlowFile, NestingIsRefusedAtTheSixtyFifthLevel) {
  const std::string brackets = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_THAT(problems_of(brackets), ElementsAre("1:65: more than 64 levels of lists and mappings"));
  EXPECT_THAT(problems_of(filled("", "- ")), ElementsAre("1:129: more than 64 levels of lists and mappings"));
  std::string maps;
  for (std::size_t i = 0; i < 2'000; ++i) maps += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(problems_of(maps), ElementsAre("65:65: more than 64 levels of lists and mappings"));
}

TEST(HostileFlowFile, ManyWrongZones) {
  std::string text = "cloacina: 1\nworkflows:\n- name: w\n  tasks: {a: {run: x}}\n  schedules:\n";
  for (int i = 0; i < 10'000; ++i)
    text += "  - {name: s" + std::to_string(i) + ", cron: '@daily', time_zone: Z" + std::to_string(i) + "}\n";
  EXPECT_EQ(problems_of(text).size(), 100U);  // each costs milliseconds: one looks for what was meant
}

TEST(HostileFlowFile, ManyKeys) {
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(problems_of(keys), ElementsAre("100000:1: more than 100,000 values (an alias counts as all that it stands for)"));
  std::string same;
  for (int i = 0; i < 99'000; ++i) same += "k: 1\n";
  const auto problems = problems_of(same);
  EXPECT_EQ(problems.size(), 99'002U);
  EXPECT_EQ(problems.back(), "99000:1: the key 'k' is already there, in line 1");
}

TEST(HostileFlowFile, OneLongText) {
  EXPECT_THAT(problems_of(filled("", "k")), ElementsAre(HasSubstr("1:1: a workflow file must be a mapping; found the text 'kkk")));
  EXPECT_THAT(problems_of(filled("a: |\n", "  {\"a\": [1, 2]}\n")), ::testing::SizeIs(1));
  EXPECT_THAT(problems_of(filled("", "é ")), ElementsAre(HasSubstr("1:1: a workflow file must be a mapping; found the text 'é é")));
  EXPECT_THAT(problems_of(std::string(50 * mebibyte, 'x')),
              ElementsAre("1:1: larger than 4 MiB, the most a workflow file may have"));
}

TEST(HostileFlowFile, BytesThatAreNoText) {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    std::string bytes(1 + random() % 5'000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_THAT(problems_of(bytes), ::testing::Not(IsEmpty()));
  }
  EXPECT_THAT(problems_of("\x1f\x8b\x08"), ElementsAre("1:1: not a text: control character U+001F"));
  EXPECT_THAT(problems_of("\x7f"
                          "ELF"),
              ElementsAre("1:1: not a text: control character U+007F"));
}

TEST(HostileFlowFile, AnEnvironmentForEachOfManyTasksIsBounded) {
  std::string env = "cloacina: 1\nworkflows:\n- name: w\n  env: {";
  for (int i = 0; i < 30'000; ++i) env += "k" + std::to_string(i) + ": v, ";
  env += "}\n  tasks:\n";
  for (int i = 0; i < 20'000; ++i) env += "    " + task(i) + ": {run: x}\n";
  EXPECT_THAT(problems_of(env), ElementsAre("4:3: env and cwd, given to each of 20000 tasks, are more than 16 MiB"));
  std::string cwd = "cloacina: 1\nworkflows:\n- name: w\n  cwd: " + std::string(mebibyte, 'x') + "\n  tasks:\n";
  for (int i = 0; i < 20'000; ++i) cwd += "    " + task(i) + ": {run: x}\n";
  EXPECT_THAT(problems_of(cwd), ElementsAre("3:3: env and cwd, given to each of 20000 tasks, are more than 16 MiB"));
}

TEST(HostileFlowFile, LargeGraphs) {
  EXPECT_THAT(
      problems_of(
          many(10'000, [](int i) { return task(i) + ": {run: x" + (i == 0 ? std::string{} : ", after: " + task(i - 1)) + "}"; })),
      IsEmpty());
  const auto cycle =
      problems_of(many(10'000, [](int i) { return task(i) + ": {run: x, after: " + task((i + 9'999) % 10'000) + "}"; }));
  ASSERT_EQ(cycle.size(), 1U);
  EXPECT_THAT(cycle.front(), HasSubstr("5:25: cycle: t0 -> t1 -> t2 -> "));
  EXPECT_THAT(cycle.front(), HasSubstr(" -> t19 -> (9980 more) -> t0"));
  // Every name misspelt: the suggestions stop when they have cost enough, the problems do not.
  const std::string long_name(100, 'n');
  const auto unknown = problems_of(many(
      10'000, [&](int i) { return long_name + std::to_string(i) + ": {run: x, after: m" + long_name + std::to_string(i) + "}"; }));
  EXPECT_EQ(unknown.size(), 10'000U);
}

}  // namespace
}  // namespace cloacina
