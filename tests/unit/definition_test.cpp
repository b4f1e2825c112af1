#include "core/definition.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <set>

#include "cloacina/workflow.hpp"
#include "core/definition_json.hpp"
#include "core/hash.hpp"
#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::HasSubstr;

void nothing(TaskContext& /*task*/) {}

/// A workflow that uses every member of a definition.
WorkflowBuilder everything() {
  WorkflowBuilder flow{"nightly"};
  flow.description("Adds up the orders of a day.")
      .version("7")
      .tag("team", "sales")
      .tag("area", "eu")
      .default_input({{"day", "today"}});
  flow.deadline(2h);
  auto fetch =
      flow.task("fetch", nothing)
          .retry(
              {.max_attempts = 5, .initial_delay = 500ms, .max_delay = 10s, .on = {retry_on::timeout(), retry_on::text("busy")}});
  fetch.timeout(2min).description("gets them");
  auto sum =
      flow.command("sum", {.argv = {"python3", "sum.py"}, .env = {{"TZ", "UTC"}}, .cwd = "/srv"}).after(fetch).max_crashes(5);
  flow.task("alarm", nothing).after(fetch, sum).when(any_failed());
  flow.task("mend", nothing).after(sum).when(all_of({failed("sum"), context_value("day").not_equals("never")})).recovers();
  return flow;
}

TEST(Definition, SurvivesItsText) {
  const auto workflow = everything().build();
  const auto& d = workflow.definition();
  const auto back = core::definition_from_text(d.text);
  EXPECT_EQ(back->text, d.text);
  EXPECT_EQ(back->version, d.version);
  EXPECT_EQ(core::to_json(*back), core::to_json(d));
  EXPECT_EQ(back->order, d.order);
  EXPECT_EQ(back->leaves, d.leaves);
  EXPECT_EQ(back->dependents, d.dependents);
  EXPECT_EQ(back->tasks[1].retry.max_attempts, 1) << "a command is not retried unless it says so";
  EXPECT_EQ(back->tasks[2].retry.max_attempts, 3);
  EXPECT_FALSE(back->only_commands);
  EXPECT_EQ(core::command_from_json(back->tasks[1].command).argv, (std::vector<std::string>{"python3", "sum.py"}));
}

TEST(Definition, EveryKindOfRuleAndConditionSurvivesItsJson) {
  const ContextKey k{"k"};
  const std::vector<Condition> conditions{completed("a"),        failed("a"),         skipped("a"),    k.equals({{"x", 1}}),
                                          k.not_equals(nullptr), k.greater_than(1.5), k.less_than(-1), k.contains("x"),
                                          k.not_contains(2),     k.exists(),          k.not_exists()};
  for (const auto& rule : {all_succeeded(), always(), any_failed(), all_failed(), any_succeeded(), all_of(conditions),
                           any_of(conditions), none_of({})}) {
    const auto json = core::to_json(rule);
    const auto back = core::rule_from_json(json);
    EXPECT_EQ(back.kind, rule.kind) << json;
    ASSERT_EQ(back.conditions.size(), rule.conditions.size()) << json;
    for (std::size_t i = 0; i < rule.conditions.size(); ++i) {
      EXPECT_EQ(back.conditions[i].kind, rule.conditions[i].kind) << json[i];
      EXPECT_EQ(back.conditions[i].op, rule.conditions[i].op) << i;
      EXPECT_EQ(back.conditions[i].name, rule.conditions[i].name) << i;
      EXPECT_EQ(back.conditions[i].value, rule.conditions[i].value) << i;
    }
    EXPECT_EQ(core::to_json(back), json);
  }
}

TEST(Definition, EveryRetryPolicySurvivesItsJson) {
  RetryPolicy p{
      .max_attempts = 9, .initial_delay = 1ms, .factor = 1.25, .max_delay = 3ms, .jitter = 0.5, .backoff = Backoff::Linear};
  p.on = {retry_on::any(),    retry_on::never(),  retry_on::transient(), retry_on::timeout(),
          retry_on::signal(), retry_on::exit(75), retry_on::text("a:b")};
  const auto json = core::to_json(p);
  EXPECT_EQ(json["on"], (Json{"any", "never", "transient", "timeout", "signal", "exit:75", "text:a:b"}));
  const auto back = core::retry_from_json(json);
  EXPECT_EQ(core::to_json(back), json);
  EXPECT_EQ(back.max_delay, 3ms);
  EXPECT_EQ(back.on[5].exit, 75);
  EXPECT_EQ(back.on[6].text, "a:b");
}

TEST(Definition, KeepsItsVersionWhateverCannotBeReadBack) {
  // Functions of a policy are not stored; the version of what is stored is that of what was built all the same.
  WorkflowBuilder flow{"f"};
  RetryPolicy own;
  own.delay = [](int) { return 1s; };
  own.on = {retry_on::when([](const Failure&) { return true; })};
  flow.task("a", nothing).retry(own);
  const auto workflow = flow.build();
  EXPECT_EQ(core::definition_from_text(workflow.definition().text)->version, workflow.version());
  const auto newer =
      core::definition_from_text(R"({"name":"f","tasks":[{"name":"a","retry":{"max_attempts":1,"initial_delay_ms":0,"factor":1.0,)"
                                 R"("max_delay_ms":0,"jitter":0.0},"member_of_a_later_program":1}]})");
  EXPECT_EQ(newer->version, core::content_hash(newer->text));
}

TEST(Definition, TheHashOfAFixedWorkflowIsFixed) {
  WorkflowBuilder flow{"fixed"};
  auto a = flow.task("a", nothing);
  flow.task("b", nothing).after(a).when(always()).timeout(1500ms);
  const auto workflow = flow.build();
  EXPECT_EQ(workflow.definition().text,
            R"({"name":"fixed","tasks":[{"name":"a","retry":{"factor":2.0,"initial_delay_ms":1000,"jitter":0.25,"max_attempts":3,)"
            R"("max_delay_ms":60000}},{"after":["a"],"name":"b","retry":{"factor":2.0,"initial_delay_ms":1000,"jitter":0.25,)"
            R"("max_attempts":3,"max_delay_ms":60000},"timeout_ms":1500,"when":"always"}]})");
  EXPECT_EQ(workflow.version(), "2592f3bb6f67c8fa39b6a312daaa6956");
}

TEST(Definition, TheHashDependsOnEveryMember) {
  const auto version = everything().build().version();
  EXPECT_EQ(everything().build().version(), version);
  const std::vector<std::pair<const char*, std::function<void(WorkflowBuilder&)>>> changes{
      {"description", [](auto& f) { f.description("other"); }},
      {"version", [](auto& f) { f.version("8"); }},
      {"tag", [](auto& f) { f.tag("team", "ops"); }},
      {"input",
       [](auto& f) {
         f.default_input({{"day", "yesterday"}});
       }},
      {"deadline", [](auto& f) { f.deadline(3h); }},
      {"another task", [](auto& f) { f.task("more", nothing); }},
      {"retry", [](auto& f) { TaskRef<>(&f, 0).retry({}); }},
      {"timeout", [](auto& f) { TaskRef<>(&f, 0).timeout(1s); }},
      {"task description", [](auto& f) { TaskRef<>(&f, 0).description("other"); }},
      {"max_crashes", [](auto& f) { TaskRef<>(&f, 0).max_crashes(2); }},
      {"recovers", [](auto& f) { TaskRef<>(&f, 2).recovers(); }},
      {"rule", [](auto& f) { TaskRef<>(&f, 2).when(all_failed()); }},
      {"dependency", [](auto& f) { TaskRef<>(&f, 3).after("fetch"); }},
      {"command", [](auto& f) { f.command("c", {.shell = "true"}); }},
  };
  std::set<std::string> versions{version};
  for (const auto& [what, change] : changes) {
    auto flow = everything();
    change(flow);
    EXPECT_TRUE(versions.insert(flow.build().version()).second) << what;
  }
  WorkflowBuilder a{"a"};
  a.task("t", nothing);
  WorkflowBuilder b{"b"};
  b.task("t", nothing);
  EXPECT_NE(a.build().version(), b.build().version()) << "name";
}

TEST(Definition, TheHashDoesNotDependOnCodeOrOrderOfTags) {
  WorkflowBuilder a{"w"};
  a.tag("x", "1").tag("y", "2");
  a.task("t", [](TaskContext& t) { t.context().set("k", 1); }).on_success([](const ExecutionId&, std::string_view) {});
  WorkflowBuilder b{"w"};
  b.tag("y", "2").tag("x", "1");
  b.task("t", [] {});
  EXPECT_EQ(a.build().version(), b.build().version());
}

TEST(Definition, MalformedTextIsCorrupt) {
  const std::string retry = R"("retry":{"max_attempts":1,"initial_delay_ms":0,"factor":1.0,"max_delay_ms":0,"jitter":0.0})";
  const auto with = [&](const std::string& members) { return R"({"name":"w","tasks":[{"name":"a",)" + retry + members + "}]}"; };
  EXPECT_EQ(core::definition_from_text(with(""))->name, "w");
  for (
      const std::string& text :
      {std::string(""), std::string("{"), std::string("[]"), std::string("7"), std::string(R"({"name":"w"})"),
       std::string(R"({"name":1,"tasks":[{"name":"a"}]})"), std::string(R"({"name":"w","tasks":[{"name":"a"}]})"),
       with(R"(,"after":["b"])"), with(R"(,"after":["a"])"), with(R"(,"when":"sometimes")"), with(R"(,"when":{"all":[],"any":[]})"),
       with(R"(,"when":7)"), with(R"(,"when":{"all":[{"context":"k"}]})"), with(R"(,"timeout_ms":"1")"),
       R"({"name":"w","tasks":[{"name":"a",)" + retry + R"(},{"name":"a",)" + retry + "}]}",
       std::string(
           R"({"name":"w","tasks":[{"name":"a","retry":{"max_attempts":1,"initial_delay_ms":0,"factor":1.0,"max_delay_ms":0,"jitter":0.0,"on":["exit:x"]}}]})"),
       std::string(
           R"({"name":"w","tasks":[{"name":"a","retry":{"max_attempts":1,"initial_delay_ms":0,"factor":1.0,"max_delay_ms":0,"jitter":0.0,"on":["often"]}}]})")}) {
    EXPECT_THAT(error_of([&] { (void)core::definition_from_text(text); }), HasSubstr("Corrupt: ")) << text;
  }
}

TEST(Definition, FindsOneCycle) {
  using Graph = std::vector<std::vector<core::Position>>;
  EXPECT_TRUE(core::find_cycle(Graph{{}, {0}, {0, 1}}).empty());
  const auto cycle = core::find_cycle(Graph{{}, {0, 3}, {1}, {2}});
  ASSERT_EQ(cycle.size(), 4U);
  EXPECT_EQ(cycle.front(), cycle.back());
  EXPECT_EQ(core::find_cycle(Graph{{0}}), (std::vector<core::Position>{0, 0}));
  Graph chain(100'000);
  for (core::Position p = 1; p < chain.size(); ++p) chain[p] = {p - 1};
  EXPECT_TRUE(core::find_cycle(chain).empty()) << "and no stack overflows on a long chain";
}

TEST(Definition, KnowsAncestorsAndDescendants) {
  const auto workflow = everything().build();
  const auto& d = workflow.definition();
  EXPECT_EQ(core::ancestors(d, 3), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(core::descendants(d, 0), (std::vector<bool>{false, true, true, true}));
  EXPECT_EQ(core::ancestors(d, 0), std::vector<bool>(4, false));
  EXPECT_EQ(d.find("mend"), core::Position{3});
  EXPECT_EQ(d.find("x"), std::nullopt);
}

}  // namespace
}  // namespace cloacina
