#include "cloacina/id.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;

TEST(ExecutionId, ReadsItsTextInEitherCase) {
  const auto id = ExecutionId::parse("0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f");
  EXPECT_EQ(id.to_string(), "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f");
  EXPECT_EQ(ExecutionId::parse("0192D3C5-7B1A-7C3E-9F21-0A1B2C3D4E5F"), id);
  EXPECT_EQ(id.bytes()[0], 0x01);
  EXPECT_EQ(id.bytes()[15], 0x5f);
}

TEST(ExecutionId, RefusesOtherTexts) {
  for (const std::string text :
       {"", "0192d3c5", "0192d3c57b1a7c3e9f210a1b2c3d4e5f", "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5",
        "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f0", "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5g", "0192d3c5x7b1a-7c3e-9f21-0a1b2c3d4e5f",
        "{192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f", "0192d3c5-7b1a-7c3e-9f210-a1b2c3d4e5f"}) {
    EXPECT_EQ(error_of([&] { (void)ExecutionId::parse(text); }),
              "InvalidArgument: '" + text + "' is no execution id: it is a UUID as 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f");
  }
}

TEST(ExecutionId, IsAVersionSevenUuidOfNow) {
  const auto before =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto id = ExecutionId::generate();
  const auto after =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes()[i];
  EXPECT_GE(ms, before);
  EXPECT_LE(ms, after);
  EXPECT_EQ(id.bytes()[6] >> 4, 7);
  EXPECT_EQ(id.bytes()[8] >> 6, 2);
  EXPECT_FALSE(id.is_nil());
  EXPECT_TRUE(ExecutionId{}.is_nil());
}

TEST(ExecutionId, AreAllDifferentOverThreads) {
  std::vector<std::vector<ExecutionId>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& list : made) {
      threads.emplace_back([&list] {
        for (int i = 0; i < 5'000; ++i) list.push_back(ExecutionId::generate());
      });
    }
  }
  std::set<ExecutionId> all;
  for (const auto& list : made) all.insert(list.begin(), list.end());
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(ExecutionId, HashesByItsBytes) {
  const auto id = ExecutionId::generate();
  EXPECT_EQ(std::hash<ExecutionId>{}(id), std::hash<ExecutionId>{}(ExecutionId::parse(id.to_string())));
  EXPECT_NE(std::hash<ExecutionId>{}(id), std::hash<ExecutionId>{}(ExecutionId{}));
}

}  // namespace
}  // namespace cloacina
