#include "core/rules.hpp"

#include <gtest/gtest.h>

#include <map>

namespace cloacina::core {
namespace {

TaskDefinition task(Rule rule, std::size_t dependencies = 3) {
  TaskDefinition t;
  t.name = "t";
  for (Position p = 0; p < dependencies; ++p) t.after.push_back(p);
  t.rule = std::move(rule);
  return t;
}

bool by_counts(const Rule& rule, DependencyCounts counts, std::size_t dependencies = 3) {
  return decide(
      task(rule, dependencies), counts,
      [](const std::string&) -> TaskStatus {
        ADD_FAILURE() << "asked for a status";
        return TaskStatus::Failed;
      },
      []() -> Context {
        ADD_FAILURE() << "asked for the context";
        return {};
      });
}

TEST(Rule, SimpleOnesNeedOnlyTheCounts) {
  const struct {
    DependencyCounts counts;  // of three dependencies
    bool all_succeeded, any_failed, all_failed, any_succeeded;
  } table[] = {
      {{3, 3, 0}, true, false, false, true}, {{3, 2, 1}, false, true, false, true},   {{3, 2, 0}, false, false, false, true},
      {{3, 0, 3}, false, true, true, false}, {{3, 0, 0}, false, false, false, false}, {{3, 1, 2}, false, true, false, true},
  };
  for (const auto& row : table) {
    const auto text = std::to_string(row.counts.completed) + " completed, " + std::to_string(row.counts.failed) + " failed";
    EXPECT_EQ(by_counts(all_succeeded(), row.counts), row.all_succeeded) << text;
    EXPECT_EQ(by_counts(any_failed(), row.counts), row.any_failed) << text;
    EXPECT_EQ(by_counts(all_failed(), row.counts), row.all_failed) << text;
    EXPECT_EQ(by_counts(any_succeeded(), row.counts), row.any_succeeded) << text;
    EXPECT_TRUE(by_counts(always(), row.counts)) << text;
  }
}

TEST(Rule, ARootRunsUnlessItsRuleIsFalse) {
  EXPECT_TRUE(by_counts(all_succeeded(), {}, 0));
  EXPECT_TRUE(by_counts(always(), {}, 0));
  EXPECT_FALSE(by_counts(any_failed(), {}, 0));
  EXPECT_FALSE(by_counts(all_failed(), {}, 0));
  EXPECT_FALSE(by_counts(any_succeeded(), {}, 0));
}

TEST(Rule, EmptyListsAreTrueForAllAndNoneAndFalseForAny) {
  EXPECT_TRUE(by_counts(all_of({}), {3, 0, 3}));
  EXPECT_TRUE(by_counts(none_of({}), {3, 0, 3}));
  EXPECT_FALSE(by_counts(any_of({}), {3, 3, 0}));
}

bool with_statuses(const Rule& rule) {
  static const std::map<std::string, TaskStatus> statuses{
      {"good", TaskStatus::Completed}, {"bad", TaskStatus::Failed}, {"left", TaskStatus::Skipped}};
  return decide(
      task(rule), {3, 1, 1}, [](const std::string& name) { return statuses.at(name); },
      [] {
        return Context(Json{{"n", 5}});
      });
}

TEST(Rule, ListsCombineConditionsOfEitherKind) {
  EXPECT_TRUE(with_statuses(all_of({completed("good"), failed("bad"), skipped("left"), context_value("n").equals(5)})));
  EXPECT_FALSE(with_statuses(all_of({completed("good"), failed("good")})));
  EXPECT_FALSE(with_statuses(all_of({completed("left")}))) << "skipped is not completed";
  EXPECT_FALSE(with_statuses(all_of({failed("left")})));
  EXPECT_TRUE(with_statuses(any_of({failed("good"), context_value("n").greater_than(4)})));
  EXPECT_FALSE(with_statuses(any_of({failed("good"), completed("bad")})));
  EXPECT_TRUE(with_statuses(none_of({failed("good"), skipped("bad"), context_value("m").exists()})));
  EXPECT_FALSE(with_statuses(none_of({failed("good"), skipped("left")})));
}

TEST(Rule, ReplacesTheDefault) { EXPECT_TRUE(with_statuses(all_of({failed("bad")}))) << "runs although a dependency failed"; }

TEST(Rule, SaysWhatItNeeds) {
  EXPECT_FALSE(needs_statuses(always()));
  EXPECT_FALSE(needs_context(all_of({failed("a")})));
  EXPECT_TRUE(needs_statuses(all_of({failed("a")})));
  EXPECT_TRUE(needs_context(any_of({failed("a"), context_value("k").exists()})));
}

TEST(Condition, ComparesContextValues) {
  const ContextKey k{"k"};
  const auto object = Json{{"a", 1}};
  const struct {
    Condition condition;
    std::vector<Json> holds;
    std::vector<Json> fails;
    bool absent;
  } table[] = {
      {k.equals(5), {5, 5U, 5.0}, {6, "5", nullptr, true, Json::array({5})}, false},
      {k.equals(nullptr), {nullptr}, {0, false, ""}, false},
      {k.equals(object), {object}, {Json{{"a", 2}}, Json::object()}, false},
      {k.not_equals(5), {6, "5", nullptr}, {5, 5.0}, true},
      {k.greater_than(5), {6, 5.5, 1e300}, {5, 4, -1, "6", nullptr, true, Json::array({9})}, false},
      {k.greater_than(5.5), {6, 5.6}, {5, 5.5}, false},
      {k.greater_than("a"), {}, {"b", 1}, false},
      {k.less_than(5), {4, -1, 4.9}, {5, 6, "4", false, nullptr}, false},
      {k.less_than(-1), {-2, -1.5}, {0, 1U, -1}, false},
      {k.contains("bc"), {"abcd", "bc", Json::array({"bc"})}, {"b", "", 5, Json::array({"abcd"}), Json{{"bc", 1}}, nullptr}, false},
      {k.contains(""), {"", "x"}, {5, Json::array()}, false},
      {k.contains(2), {Json::array({1, 2}), Json::array({2.0})}, {"2", 2, Json::array(), Json::array({Json::array({2})})}, false},
      {k.contains(object), {Json::array({object})}, {object}, false},
      {k.not_contains("bc"), {"b", 5, nullptr, Json::array()}, {"abcd", Json::array({"bc"})}, true},
      {k.exists(), {nullptr, 0, ""}, {}, false},
      {k.not_exists(), {}, {nullptr, 0, ""}, true},
  };
  for (const auto& [condition, yes, no, absent] : table) {
    const auto text = "operator " + std::to_string(static_cast<int>(condition.op)) + " " + condition.value.dump() + " on ";
    for (const auto& value : yes) EXPECT_TRUE(holds(condition, &value)) << text << value;
    for (const auto& value : no) EXPECT_FALSE(holds(condition, &value)) << text << value;
    EXPECT_EQ(holds(condition, nullptr), absent) << text << "an absent key";
  }
}

TEST(SkipReason, SaysWhyForPeople) {
  EXPECT_EQ(skip_reason(task(all_succeeded()), {3, 2, 1}), "1 of 3 dependencies did not complete, because of a failure");
  EXPECT_EQ(skip_reason(task(all_succeeded()), {3, 1, 0}), "2 of 3 dependencies did not complete");
  EXPECT_EQ(skip_reason(task(any_failed()), {3, 3, 0}), "its rule 'any_failed' was false");
  EXPECT_EQ(skip_reason(task(all_of({failed("a")})), {3, 3, 0}), R"(its rule '{"all":[{"is":"failed","task":"a"}]}' was false)");
  EXPECT_EQ(skip_reason(task(any_of({})), {3, 3, 0}), R"(its rule '{"any":[]}' was false)");
}

}  // namespace
}  // namespace cloacina::core
