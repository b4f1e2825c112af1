#include "core/merge.hpp"

#include <gtest/gtest.h>

#include "unit/merge_help.hpp"

namespace cloacina::core {
namespace {

using test::changes;
using test::graph;

/// The context behind `heads`, the tasks having changed what `by_task` says; null: nothing recorded.
Json merged(const std::vector<std::vector<Position>>& after, const Json& input, const std::vector<Json>& by_task,
            const std::vector<Position>& heads) {
  ChangesByTask all;
  for (Position p = 0; p < by_task.size(); ++p) {
    if (!by_task[p].is_null()) all.emplace(p, changes(by_task[p]));
  }
  return json_of(merge(*graph(after), values_of(input.is_null() ? Json::object() : input), heads, all));
}

const std::vector<std::vector<Position>> diamond{{}, {0}, {0}, {1, 2}};

TEST(Merge, TheInputIsSeenByEveryTask) {
  EXPECT_EQ(merged(diamond, {{"day", "Monday"}}, {}, {3}), (Json{{"day", "Monday"}}));
  EXPECT_EQ(merged(diamond, {{"day", "Monday"}}, {}, {}), (Json{{"day", "Monday"}}));
}

TEST(Merge, AChangeReplacesWhatItHadSeen) {
  EXPECT_EQ(merged({{}, {0}}, {{"k", {1}}}, {{{"k", {2}}}, {{"k", {3}}}}, {1}), (Json{{"k", {3}}}))
      << "a sequence concatenates nothing";
  EXPECT_EQ(merged({{}, {0}}, {{"k", {{"a", 1}}}}, {{{"k", {{"b", 2}}}}}, {1}), (Json{{"k", {{"b", 2}}}})) << "nor with the input";
}

TEST(Merge, TheLaterDependencyWins) {
  EXPECT_EQ(merged(diamond, {}, {nullptr, {{"k", "one"}}, {{"k", "two"}}}, {1, 2}), (Json{{"k", "two"}}));
  EXPECT_EQ(merged(diamond, {}, {nullptr, {{"k", "one"}}, {{"k", "two"}}}, {2, 1}), (Json{{"k", "one"}}));
}

TEST(Merge, ABranchThatLeftAKeyAloneNeverOverrides) {
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {{{"k", 1}}, {{"k", 2}}, nullptr}, {1, 2}), (Json{{"k", 2}}));
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {{{"k", 1}}, {{"k", 2}}, {{"other", true}}}, {1, 2}), (Json{{"k", 2}, {"other", true}}));
}

TEST(Merge, ArraysOfBranchesAreConcatenatedWithoutRepeats) {
  EXPECT_EQ(merged(diamond, {}, {nullptr, {{"k", {1, 2, 2}}}, {{"k", {2, 3, 3}}}}, {1, 2}), (Json{{"k", {1, 2, 2, 3}}}));
  EXPECT_EQ(merged(diamond, {}, {{{"k", {9}}}, {{"k", {9, 1}}}, {{"k", {9, 2}}}}, {1, 2}), (Json{{"k", {9, 1, 2}}}));
}

TEST(Merge, OneNumberIsOneNumberWhateverKindHoldsIt) {
  const Json counted = Json::array({std::int64_t{5}, Json{{"n", std::int64_t{7}}}});
  const Json read_back = Json::parse(R"([5, {"n": 7}, 5.0, -1])");
  EXPECT_EQ(merge_values(counted, read_back), Json::parse(R"([5, {"n": 7}, -1])"));
}

TEST(Merge, ObjectsOfBranchesAreMergedRecursively) {
  EXPECT_EQ(
      merged(diamond, {}, {nullptr, {{"k", {{"a", 1}, {"in", {{"x", {1}}}}}}}, {{"k", {{"a", 2}, {"in", {{"x", {2}}, {"y", 3}}}}}}},
             {1, 2}),
      (Json{{"k", {{"a", 2}, {"in", {{"x", {1, 2}}, {"y", 3}}}}}}));
}

TEST(Merge, ThingsOfDifferentKindsAreNotMixed) {
  EXPECT_EQ(merge_values(Json::array({1}), Json{{"a", 1}}), (Json{{"a", 1}}));
  EXPECT_EQ(merge_values(Json{{"a", 1}}, Json::array({1})), Json::array({1}));
  EXPECT_EQ(merge_values(Json::array({1}), nullptr), nullptr);
  EXPECT_EQ(merge_values(7, Json::array()), Json::array());
  const std::vector<std::vector<Position>> three{{}, {}, {}};
  EXPECT_EQ(merged(three, {}, {{{"k", {1}}}, {{"k", 5}}, {{"k", {2}}}}, {0, 1, 2}), (Json{{"k", {2}}}))
      << "5 replaced the first list";
}

TEST(Merge, ARemovedKeyStaysRemovedUnlessAParallelBranchSetIt) {
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {nullptr, {{"k", "-"}}, nullptr}, {1, 2}), Json::object());
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {nullptr, {{"k", "-"}}, {{"k", 2}}}, {1, 2}), (Json{{"k", 2}}));
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {nullptr, {{"k", 2}}, {{"k", "-"}}}, {1, 2}), (Json{{"k", 2}}));
  EXPECT_EQ(merged(diamond, {{"k", 0}}, {{{"k", 1}}, {{"k", "-"}}, nullptr}, {1, 2}), Json::object()) << "the set was seen";
  EXPECT_EQ(merged(diamond, {}, {{{"k", "-"}}, {{"k", 1}}}, {1, 2}), (Json{{"k", 1}})) << "set again after its removal";
}

TEST(Merge, WhatWasSeenOnlyThroughOneBranchStillCounts) {
  // 0 sets, 1 replaces it; 2 comes after 0 alone: the change of 0 was seen by 1, so it does not come back through 2.
  EXPECT_EQ(merged(diamond, {}, {{{"k", {1}}}, {{"k", {2}}}, {{"x", 1}}}, {2, 1}), (Json{{"k", {2}}, {"x", 1}}));
}

TEST(Merge, AncestryGoesThroughTasksThatChangedNothing) {
  // 0 sets; 1 failed or was skipped and contributes nothing; 2 replaces what it has seen through it.
  EXPECT_EQ(merged({{}, {0}, {1}}, {}, {{{"k", {1}}}, nullptr, {{"k", {2}}}}, {2}), (Json{{"k", {2}}}));
}

TEST(Merge, TasksThatAreNoAncestorsContributeNothing) {
  EXPECT_EQ(merged(diamond, {}, {nullptr, {{"a", 1}}, {{"b", 2}}, {{"c", 3}}}, {1}), (Json{{"a", 1}}));
}

TEST(Merge, TheFinalContextIsTheSameMergeOverTheLeaves) {
  const std::vector<std::vector<Position>> leaves{{}, {0}, {0}, {0}};
  EXPECT_EQ(merged(leaves, {{"k", 0}}, {{{"k", 1}}, {{"l", {1}}}, {{"l", {2}}}, {{"l", {3}}}}, graph(leaves)->leaves),
            (Json{{"k", 1}, {"l", {1, 2, 3}}}));
}

TEST(Merge, AChainOf5000AndAFanInOf10000AreNoWork) {
  constexpr Position length = 5'000;
  std::vector<std::vector<Position>> chain(length);
  ChangesByTask of_chain;
  for (Position p = 0; p < length; ++p) {
    if (p > 0) chain[p] = {p - 1};
    of_chain.emplace(p, changes({{"same", {p}}, {"key" + std::to_string(p), p}}));
  }
  const auto line = merge(*graph(chain), {}, std::vector<Position>{length - 1}, of_chain);
  EXPECT_EQ(line.size(), length + 1);
  EXPECT_EQ(*line.at("same"), Json::array({length - 1}));

  constexpr Position width = 10'000;
  std::vector<std::vector<Position>> fan(width + 1);
  ChangesByTask of_fan;
  for (Position p = 0; p < width; ++p) {
    fan[width].push_back(p);
    of_fan.emplace(p, changes({{"list", {p}}, {"map", {{"m" + std::to_string(p), p}}}, {"last", p}}));
  }
  const auto wide = merge(*graph(fan), {}, std::vector<Position>{width}, of_fan);
  EXPECT_EQ(wide.at("list")->size(), width);
  EXPECT_EQ(wide.at("map")->size(), width);
  EXPECT_EQ(*wide.at("last"), width - 1);
}

}  // namespace
}  // namespace cloacina::core
