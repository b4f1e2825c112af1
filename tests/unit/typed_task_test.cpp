#include <gmock/gmock.h>

#include "cloacina/workflow.hpp"
#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Orders {
  std::vector<int> amounts;
};
void to_json(Json& json, const Orders& o) { json = {{"amounts", o.amounts}}; }
void from_json(const Json& json, Orders& o) { json.at("amounts").get_to(o.amounts); }

/// Runs every task in order on one context, as the engine would along a chain.
Json run_all(const Workflow& workflow, Json input) {
  Context context(std::move(input));
  for (const auto position : std::vector<std::size_t>{0, 1, 2, 3}) {
    if (position >= workflow.size()) break;
    TaskContext t({.task = "t", .attempt = 2, .fence = 9}, context, {});
    workflow.code(position).run(t);
    context = Context(t.context().json());
  }
  return context.json();
}

TEST(TypedTask, ResultsReachTheirDependantsAsArguments) {
  WorkflowBuilder flow{"typed"};
  auto orders = flow.task<Orders>("orders", [](TaskContext& t) { return Orders{{t.context().get<int>("first"), 2, 3}}; });
  auto rate = flow.task<double>("rate", [] { return 0.5; });
  auto sum = flow.task(
      "sum", [](const Orders& o, double r) { return (o.amounts[0] + o.amounts[1] + o.amounts[2]) * r; }, orders, rate);
  flow.task(
      "note", [](TaskContext& t, double total) { t.context().set("noted", total); }, sum);
  const auto workflow = flow.build();
  EXPECT_THAT(workflow.dependencies("sum"), ElementsAre("orders", "rate"));
  const auto out = run_all(workflow, {{"first", 1}});
  EXPECT_EQ(out["orders"], (Json{{"amounts", {1, 2, 3}}})) << "a result is kept under the name of its task";
  EXPECT_EQ(out["sum"], 3.0);
  EXPECT_EQ(out["noted"], 3.0);
  EXPECT_FALSE(out.contains("note")) << "a task without a result keeps none";
}

TEST(TypedTask, TheDeclaredResultIsWhatIsKept) {
  WorkflowBuilder flow{"typed"};
  flow.task<double>("number", [] { return 7; });
  EXPECT_TRUE(run_all(flow.build(), Json::object())["number"].is_number_float());
}

TEST(TypedTask, StylesMix) {
  WorkflowBuilder flow{"typed"};
  auto plain = flow.task("plain", [](TaskContext& t) { t.context().set("seen", true); });
  auto one = flow.task<int>("one", [] { return 1; }).after(plain);
  flow.task("two", [](TaskContext& t) { t.context().set("two", t.context().get<int>("one") + 1); }).after(one);
  const auto workflow = flow.build();
  EXPECT_THAT(workflow.dependencies("one"), ElementsAre("plain"));
  EXPECT_EQ(run_all(workflow, Json::object()), (Json{{"seen", true}, {"one", 1}, {"two", 2}}));
}

TEST(TypedTask, AResultThatIsNotThereIsAnError) {
  WorkflowBuilder flow{"typed"};
  auto one = flow.task<int>("one", [] { return 1; });
  flow.task(
          "two", [](int n) { return n; }, one)
      .when(always());
  const auto workflow = flow.build();
  TaskContext absent({}, Context{}, {});
  EXPECT_EQ(error_of([&] { workflow.code(1).run(absent); }), "NotFound: the context has no key 'one'; it is empty");
  TaskContext wrong({}, Context(Json{{"one", "text"}}), {});
  EXPECT_THAT(error_of([&] { workflow.code(1).run(wrong); }), HasSubstr("InvalidArgument: context key 'one' holds string"));
}

TEST(TypedTask, KeepsStateOfItsFunctionObject) {
  WorkflowBuilder flow{"w"};
  flow.task("count", [n = 0](TaskContext& t) mutable { t.context().set("n", ++n); });
  int quiet = 0;
  flow.task("quiet", [&quiet]() mutable { ++quiet; });
  const auto workflow = flow.build();
  EXPECT_EQ(run_all(workflow, Json::object())["n"], 1);
  EXPECT_EQ(run_all(workflow, Json::object())["n"], 2);
  EXPECT_EQ(quiet, 2);
}

TEST(TaskContext, TellsWhoItIs) {
  std::stop_source stop;
  const auto id = ExecutionId::generate();
  TaskContext t({.execution = id, .workflow = "w", .task = "t", .attempt = 2, .fence = 5}, Context(Json{{"k", 1}}),
                stop.get_token());
  EXPECT_EQ(t.execution(), id);
  EXPECT_EQ(t.workflow(), "w");
  EXPECT_EQ(t.task(), "t");
  EXPECT_EQ(t.attempt(), 2);
  EXPECT_EQ(t.fence(), 5);
  EXPECT_FALSE(t.stop_requested());
  stop.request_stop();
  EXPECT_TRUE(t.stop_requested());
  t.keep_output({.out = "a"});
  t.keep_output({.out = "b", .err_truncated = true});
  EXPECT_EQ(t.output().out, "b");
  EXPECT_TRUE(t.take_output().err_truncated);
}

TEST(TaskCallbacks, AreKeptWithTheCode) {
  WorkflowBuilder flow{"w"};
  std::string heard;
  flow.task("a", [] {})
      .on_success([&](const ExecutionId&, std::string_view task) { heard += "good " + std::string(task); })
      .on_failure([&](const ExecutionId&, std::string_view, const Failure& f) { heard += " bad " + f.error; });
  const auto workflow = flow.build();
  workflow.code(0).on_success({}, "a");
  workflow.code(0).on_failure({}, "a", {.error = "x"});
  EXPECT_EQ(heard, "good a bad x");
}

}  // namespace
}  // namespace cloacina
