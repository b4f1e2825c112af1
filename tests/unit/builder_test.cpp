#include <gmock/gmock.h>

#include <limits>

#include "cloacina/workflow.hpp"
#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void nothing(TaskContext& /*task*/) {}

std::vector<std::string> texts(const WorkflowBuilder& flow) {
  std::vector<std::string> out;
  for (const auto& problem : flow.problems()) out.push_back(problem.text);
  return out;
}

TEST(WorkflowBuilder, AWorkflowNeedsATask) {
  EXPECT_THAT(texts(WorkflowBuilder{"w"}), ElementsAre("it has no task"));
  EXPECT_EQ(error_of([] { (void)WorkflowBuilder{"w"}.build(); }),
            "InvalidWorkflow: workflow 'w' cannot be built:\n  it has no task");
}

TEST(WorkflowBuilder, NamesHaveTheirCharacters) {
  WorkflowBuilder flow{"my flow"};
  flow.task("", nothing);
  flow.task("a/b", nothing);
  flow.task(std::string(129, 'x'), nothing);
  EXPECT_THAT(texts(flow),
              ElementsAre("workflow name 'my flow' must have 1 to 128 of the characters A-Z a-z 0-9 _ . -",
                          "task name '' must have 1 to 128 of the characters A-Z a-z 0-9 _ . -",
                          "task name 'a/b' must have 1 to 128 of the characters A-Z a-z 0-9 _ . -", HasSubstr("xxx…' must have")));
}

TEST(WorkflowBuilder, ATaskIsDeclaredOnce) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing);
  flow.task("b", nothing);
  flow.task("a", nothing);
  EXPECT_THAT(texts(flow), ElementsAre("task 'a' is declared twice"));
  EXPECT_EQ(flow.problems()[0].task, 2U);
}

TEST(WorkflowBuilder, AnUnknownDependencyIsNamedWithTheNearest) {
  WorkflowBuilder flow{"w"};
  flow.task("fetch", nothing);
  flow.task("sum", nothing).after("fetcj", "elsewhere");
  flow.task("self", nothing).after("self");
  EXPECT_THAT(texts(flow), ElementsAre("task 'sum' comes after the unknown task 'fetcj' (did you mean 'fetch'?)",
                                       "task 'sum' comes after the unknown task 'elsewhere'", "task 'self' comes after itself"));
}

TEST(WorkflowBuilder, ACycleIsShownWithItsPath) {
  WorkflowBuilder flow{"w"};
  flow.task("a", nothing).after("c");
  flow.task("b", nothing).after("a");
  flow.task("c", nothing).after("b");
  flow.task("x", nothing).after("y");
  flow.task("y", nothing).after("x");
  const auto problems = flow.problems();
  ASSERT_EQ(problems.size(), 2U) << "every cycle of its own is shown";
  EXPECT_EQ(problems[0].task, 0U);
  EXPECT_EQ(problems[0].text, "cycle: a -> b -> c -> a");
  EXPECT_EQ(problems[1].text, "cycle: x -> y -> x");
}

TEST(WorkflowBuilder, ARuleNamesAncestors) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("aside", nothing);
  auto b = flow.task("base", nothing);
  auto c = flow.task("child", nothing).after(b).when(all_of({completed("base")}));
  flow.task("grand", nothing)
      .after(c)
      .when(any_of({failed("base"), failed("bsae"), skipped("aside"), completed("grand"), context_value("").exists()}));
  flow.task("root", nothing).when(any_failed());
  flow.task("other", nothing).when(always());
  EXPECT_THAT(texts(flow),
              ElementsAre("task 'grand': its rule names the unknown task 'bsae' (did you mean 'base'?)",
                          "task 'grand': its rule names task 'aside', which does not come before it; add it to 'after'",
                          "task 'grand': its rule names task 'grand', which does not come before it; add it to 'after'",
                          "task 'grand': its rule has a condition on a context key without a name",
                          "task 'root': its rule 'any_failed' needs a dependency, and it has none"));
  (void)a;
}

TEST(WorkflowBuilder, PoliciesAreInRange) {
  WorkflowBuilder flow{"w"};
  flow.deadline(0ms);
  flow.task("a", nothing).retry({.max_attempts = 0, .jitter = 2}).timeout(0ms).max_crashes(0);
  flow.task("b", nothing).timeout(std::chrono::milliseconds::max());
  EXPECT_THAT(texts(flow),
              ElementsAre("deadline must be more than zero", "task 'a': retry: max_attempts is 0, it must be at least 1",
                          "task 'a': retry: jitter is 2.000000, it must be from 0 to 1", "task 'a': timeout must be more than zero",
                          "task 'a': max_crashes must be at least 1", "task 'b': timeout is longer than a thousand years"));
  flow.deadline(std::chrono::milliseconds::max());
  EXPECT_EQ(texts(flow)[0], "deadline is longer than a thousand years");
}

TEST(WorkflowBuilder, CommandsAreWhole) {
  WorkflowBuilder flow{"w"};
  flow.command("none", {});
  flow.command("both", {.argv = {"ls"}, .shell = "ls"});
  flow.command("empty", {.argv = {""}});
  flow.command("hasty", {.argv = {"ls"}, .kill_after = -1ms});
  EXPECT_THAT(texts(flow), ElementsAre("task 'none': a command needs exactly one of argv and shell",
                                       "task 'both': a command needs exactly one of argv and shell",
                                       "task 'empty': a command needs a program: argv[0] is empty",
                                       "task 'hasty': a command needs a kill_after of at least 0"));
}

TEST(WorkflowBuilder, TextsAreUtf8) {
  WorkflowBuilder flow{"w"};
  flow.description("\xff");
  flow.task("a", nothing).description("\xff");
  flow.task("b", nothing).retry({.on = {retry_on::text("\xff")}});
  EXPECT_THAT(texts(flow), ElementsAre(HasSubstr("a text is not UTF-8"), HasSubstr("task 'a': a text is not UTF-8"),
                                       HasSubstr("task 'b': a text is not UTF-8")));
  EXPECT_THAT(error_of([&] { (void)flow.build(); }), HasSubstr("InvalidWorkflow"));
}

TEST(WorkflowBuilder, DefaultsAreAnObject) {
  WorkflowBuilder flow{"w"};
  EXPECT_EQ(error_of([&] { flow.default_input(Json::array()); }),
            "InvalidArgument: workflow 'w': the default input is a JSON object, not array");
}

TEST(WorkflowBuilder, AllProblemsComeAtOnceInTheOrderOfDeclaration) {
  WorkflowBuilder flow{"bad name"};
  flow.task("a", nothing).after("b").timeout(-1ms);
  flow.task("b", nothing).after("a", "nobody");
  flow.task("b", nothing);
  EXPECT_EQ(error_of([&] { (void)flow.build(); }),
            "InvalidWorkflow: workflow 'bad name' cannot be built:\n"
            "  workflow name 'bad name' must have 1 to 128 of the characters A-Z a-z 0-9 _ . -\n"
            "  task 'a': timeout must be more than zero\n"
            "  cycle: a -> b -> a\n"
            "  task 'b' comes after the unknown task 'nobody'\n"
            "  task 'b' is declared twice");
}

TEST(WorkflowBuilder, CanBeMendedAndBuiltAgain) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("a", nothing).timeout(0ms);
  EXPECT_THAT(error_of([&] { (void)flow.build(); }), HasSubstr("InvalidWorkflow"));
  a.timeout(1s);
  const auto first = flow.build();
  flow.task("b", nothing).after(a);
  EXPECT_EQ(flow.build().size(), 2U);
  EXPECT_EQ(first.size(), 1U) << "what was built does not change";
}

TEST(WorkflowBuilder, DependenciesMayBeNamedBeforeTheyAreDeclaredAndTwice) {
  WorkflowBuilder flow{"w"};
  flow.task("last", nothing).after("first", "first").after(std::vector<std::string>{"middle", "first"});
  flow.task("first", nothing);
  flow.task("middle", nothing).after("first");
  EXPECT_THAT(flow.problems(), IsEmpty());
  EXPECT_THAT(flow.build().dependencies("last"), ElementsAre("first", "middle"));
}

TEST(WorkflowBuilder, HoldsAsManyTasksAsThereAreAndNoMore) {
  WorkflowBuilder flow{"w"};
  for (int i = 0; i < 65'536; ++i) flow.task("t" + std::to_string(i), nothing);
  EXPECT_THAT(texts(flow), ElementsAre("it has 65536 tasks, 65535 is the most"));
}

}  // namespace
}  // namespace cloacina
