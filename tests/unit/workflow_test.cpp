#include "cloacina/workflow.hpp"

#include <gmock/gmock.h>

#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

void nothing(TaskContext& /*task*/) {}

/// late <- early; report <- sum, count; sum, count <- fetch; alone
Workflow sample() {
  WorkflowBuilder flow{"sample"};
  flow.description("words").version("2").tag("k", "v").default_input({{"n", 1}}).deadline(std::chrono::seconds{5});
  flow.task("report", nothing).after("sum", "count").when(all_of({completed("fetch"), context_value("n").equals("a\"b")}));
  flow.task("fetch", nothing);
  flow.task("sum", nothing).after("fetch");
  flow.task("count", nothing).after("fetch").recovers();
  flow.task("alone", nothing);
  return flow.build();
}

TEST(Workflow, SaysWhatItIs) {
  const auto w = sample();
  EXPECT_EQ(w.name(), "sample");
  EXPECT_EQ(w.description(), "words");
  EXPECT_EQ(w.user_version(), "2");
  EXPECT_EQ(w.tags().at("k"), "v");
  EXPECT_EQ(w.default_input(), (Json{{"n", 1}}));
  EXPECT_EQ(w.deadline(), std::chrono::seconds{5});
  EXPECT_EQ(w.version().size(), 32U);
  EXPECT_EQ(w.size(), 5U);
}

TEST(Workflow, OrdersDependenciesFirstAndEqualsAsDeclared) {
  EXPECT_THAT(sample().tasks(), ElementsAre("fetch", "sum", "count", "report", "alone"));
}

TEST(Workflow, AnswersAboutItsGraph) {
  const auto w = sample();
  EXPECT_THAT(w.roots(), ElementsAre("fetch", "alone"));
  EXPECT_THAT(w.leaves(), ElementsAre("report", "alone"));
  EXPECT_THAT(w.dependencies("report"), ElementsAre("sum", "count"));
  EXPECT_THAT(w.dependents("fetch"), ElementsAre("sum", "count"));
  EXPECT_THAT(w.dependents("report"), IsEmpty());
  EXPECT_THAT(w.levels(), ElementsAre(ElementsAre("fetch", "alone"), ElementsAre("sum", "count"), ElementsAre("report")));
}

TEST(Workflow, TellsWhatMayRunInParallel) {
  const auto w = sample();
  const struct {
    const char* a;
    const char* b;
    bool parallel;
  } table[] = {{"sum", "count", true},
               {"alone", "report", true},
               {"fetch", "report", false},
               {"sum", "fetch", false},
               {"sum", "sum", false}};
  for (const auto& [a, b, parallel] : table) {
    EXPECT_EQ(w.can_run_parallel(a, b), parallel) << a << " " << b;
    EXPECT_EQ(w.can_run_parallel(b, a), parallel) << b << " " << a;
  }
}

TEST(Workflow, AnUnknownTaskIsNotFound) {
  const auto w = sample();
  const std::string text = "NotFound: workflow 'sample' has no task 'fetsh' (did you mean 'fetch'?)";
  EXPECT_EQ(error_of([&] { (void)w.dependencies("fetsh"); }), text);
  EXPECT_EQ(error_of([&] { (void)w.dependents("fetsh"); }), text);
  EXPECT_EQ(error_of([&] { (void)w.can_run_parallel("sum", "fetsh"); }), text);
  EXPECT_EQ(error_of([&] { (void)w.subgraph({"sum", "fetsh"}); }), text);
}

TEST(Workflow, ASubgraphHasTheTasksAndTheirAncestors) {
  const auto part = sample().subgraph({"sum"});
  EXPECT_EQ(part.name(), "sample-subgraph");
  EXPECT_THAT(part.tasks(), ElementsAre("fetch", "sum"));
  EXPECT_THAT(part.dependencies("sum"), ElementsAre("fetch"));
  EXPECT_THAT(part.leaves(), ElementsAre("sum"));
  EXPECT_NE(part.version(), sample().version());
  EXPECT_EQ(part.to_json()["tasks"].size(), 2U);
  EXPECT_EQ(Json::parse(part.to_json().dump())["name"], "sample-subgraph");
  EXPECT_THAT(sample().subgraph({"report", "alone"}).tasks(), ElementsAre("fetch", "sum", "count", "report", "alone"));
  EXPECT_EQ(error_of([] { (void)sample().subgraph({}); }),
            "InvalidArgument: a subgraph of workflow 'sample' needs at least one task");
}

TEST(Workflow, ASubgraphKeepsTheCode) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("a", nothing);
  flow.task("b", [](TaskContext& t) { t.context().set("ran", "b"); });
  flow.task("c", nothing).after(a);
  const auto part = flow.build().subgraph({"b"});
  TaskContext t({}, Context{}, {});
  part.code(0).run(t);
  EXPECT_EQ(t.context().get<std::string>("ran"), "b");
}

TEST(Workflow, CopiesShareWhatIsImmutable) {
  const auto a = sample();
  const auto b = a;
  EXPECT_EQ(&a.definition(), &b.definition());
}

TEST(Workflow, DrawsItselfAsText) {
  const auto w = sample();
  EXPECT_EQ(w.to_text(), "sample  (version " + w.version() +
                             ")\n"
                             "  fetch\n"
                             "  sum <- fetch\n"
                             "  count <- fetch  recovers\n"
                             "  report <- sum, count  when "
                             "{\"all\":[{\"is\":\"completed\",\"task\":\"fetch\"},{\"context\":\"n\",\"equals\":\"a\\\"b\"}]}\n"
                             "  alone\n");
}

TEST(Workflow, DrawsItselfAsDot) {
  EXPECT_EQ(sample().to_dot(),
            "digraph \"sample\" {\n"
            "  rankdir=LR;\n"
            "  node [shape=box, style=rounded];\n"
            "  \"report\" [label=\"report\\nwhen {\\\"all\\\":[{\\\"is\\\":\\\"completed\\\",\\\"task\\\":\\\"fetch\\\"},"
            "{\\\"context\\\":\\\"n\\\",\\\"equals\\\":\\\"a\\\\\\\"b\\\"}]}\"];\n"
            "  \"fetch\";\n"
            "  \"sum\";\n"
            "  \"count\";\n"
            "  \"alone\";\n"
            "  \"sum\" -> \"report\";\n"
            "  \"count\" -> \"report\";\n"
            "  \"fetch\" -> \"sum\";\n"
            "  \"fetch\" -> \"count\";\n"
            "}\n");
}

TEST(Workflow, DrawsItselfAsMermaid) {
  WorkflowBuilder flow{"w"};
  auto a = flow.task("a", nothing);
  auto b = flow.task("b", nothing).after(a).when(any_failed());
  flow.task("c", nothing).after(a, b).when(any_of({failed("a")}));
  EXPECT_EQ(flow.build().to_mermaid(),
            "flowchart LR\n"
            "  t0[\"a\"]\n"
            "  t1[\"b<br/>when any_failed\"]\n"
            "  t2[\"c<br/>when {#quot;any#quot;:[{#quot;is#quot;:#quot;failed#quot;,#quot;task#quot;:#quot;a#quot;}]}\"]\n"
            "  t0 --> t1\n"
            "  t0 --> t2\n"
            "  t1 --> t2\n");
}

}  // namespace
}  // namespace cloacina
