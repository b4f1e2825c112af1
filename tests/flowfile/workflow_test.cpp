#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow_help.hpp"
#include "flowfile/flow_reader.hpp"

namespace cloacina {
namespace {

using test::definition_of;
using test::problems_of;
using test::task_of;
using test::with_tasks;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view example = R"(cloacina: 1                                  # format version, required
workflows:
  - name: nightly                            # required, unique in everything loaded together
    description: Adds up the orders of a day.
    input: {day: yesterday}                  # defaults; the submitted input overrides key by key
    env: {TZ: UTC}                           # for every command of the workflow
    cwd: ./scripts                           # relative to the file; default: the file's folder
    tasks:
      fetch:
        run: ./fetch.sh "$CTX_day" > orders.json       # a shell line: /bin/sh -c
        retry: {max_attempts: 5, initial_delay: 1s, factor: 2, max_delay: 1m, jitter: 0.25, on: [timeout, "exit:75", "text:connection"]}
        timeout: 2m
      sum:
        command: [python3, sum.py, --all]              # an argument vector: no shell
        after: fetch                                   # one name or a list
      alarm:
        run: ./page.sh
        after: [fetch, sum]
        when: any_failed                               # tells somebody; the execution still ends Failed
        kill_after: 5s
    schedules:
      - {name: nightly, cron: "0 2 * * *", time_zone: Europe/Berlin, catchup: all, concurrency: skip}
)";

TEST(FlowFileWorkflow, TheExampleIsWhatTheBuilderMakes) {
  using std::chrono::milliseconds;
  WorkflowBuilder flow{"nightly"};
  flow.description("Adds up the orders of a day.").default_input({{"day", "yesterday"}});
  const std::map<std::string, std::string> env{{"TZ", "UTC"}};
  flow.command("fetch", {.shell = "./fetch.sh \"$CTX_day\" > orders.json", .env = env, .cwd = "/flows/scripts"})
      .retry({.max_attempts = 5, .on = {retry_on::timeout(), retry_on::exit(75), retry_on::text("connection")}})
      .timeout(std::chrono::minutes{2});
  flow.command("sum", {.argv = {"python3", "sum.py", "--all"}, .env = env, .cwd = "/flows/scripts"}).after("fetch");
  flow.command("alarm", {.shell = "./page.sh", .env = env, .cwd = "/flows/scripts", .kill_after = milliseconds{5'000}})
      .after("fetch", "sum")
      .when(any_failed());
  const Workflow built = flow.build();

  const FlowFile file = flowfile::load_text(example, {.file = "f", .folder = "/flows"}).content;
  ASSERT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.workflows.size(), 1U);
  EXPECT_EQ(file.workflows.front().to_json(), built.to_json());
  EXPECT_EQ(file.workflows.front().version(), built.version());
  ASSERT_EQ(file.schedules.size(), 1U);
  EXPECT_EQ(file.schedules.front().schedule.name, "nightly");
}

TEST(FlowFileWorkflow, TheVersionDependsOnTheMeaningAlone) {
  const auto version = [](std::string_view text, const char* folder = "/flows") {
    const FlowFile file = flowfile::load_text(text, {.file = "f", .folder = folder}).content;
    return file.workflows.size() == 1 ? file.workflows.front().version() : "not one workflow";
  };
  const std::string first = version(example);
  EXPECT_EQ(version(example), first);
  std::string crlf = "\xEF\xBB\xBF";
  for (const char c : example) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(version(crlf), first);
  EXPECT_EQ(
      version("cloacina: 1\nworkflows: [{name: w, tasks: {a: {command: [x, '1']}, b: {after: [a], run: 'y'}}}]"),
      version(
          "workflows:\n- tasks:\n    a:\n      command:\n      - x\n      - 1\n    b:\n      run: >-\n        y\n      after: a\n"
          "  name: w\ncloacina: 1\n"));
  EXPECT_NE(version(example, "/other"), first);
}

TEST(FlowFileWorkflow, TasksKeepTheOrderOfTheFile) {
  const auto file = parse_flow_file(with_tasks("{z: {run: x}, a: {run: x}, m: {run: x, after: [z, a]}, b: {run: x}}"), "f", "/");
  ASSERT_EQ(file.workflows.size(), 1U);
  EXPECT_THAT(file.workflows.front().roots(), ElementsAre("z", "a", "b"));
  EXPECT_THAT(file.workflows.front().dependencies("m"), ElementsAre("z", "a"));
}

TEST(FlowFileWorkflow, PropertiesOfTheWorkflow) {
  const Json definition = definition_of(
      "cloacina: 1\nworkflows: [{name: w, version: 1.10, description: d, deadline: 1h30m, tags: {tier: 1, on: on},"
      " input: {a: [1, 0o17, .5, true, ~, '5'], b: {c: on}}, tasks: {a: {run: x}}}]");
  EXPECT_EQ(definition.at("version"), "1.10");
  EXPECT_EQ(definition.at("description"), "d");
  EXPECT_EQ(definition.at("deadline_ms"), 5'400'000);
  EXPECT_EQ(definition.at("tags"), Json({{"tier", "1"}, {"on", "on"}}));
  EXPECT_EQ(definition.at("input"), Json::parse(R"({"a": [1, 15, 0.5, true, null, "5"], "b": {"c": "on"}})"));
}

TEST(FlowFileWorkflow, CommandsGetTheWorkflowsEnvironmentAndFolder) {
  const Json definition = definition_of(
      "cloacina: 1\nworkflows: [{name: w, cwd: sub/, env: {A: 1, B: true, C: 1.50}, tasks: {"
      "a: {command: [sleep, 1.50, true, '']}, b: {run: true, env: {B: no, D: ''}, cwd: ../x/./y}, c: {run: x, cwd: /tmp}}}]");
  ASSERT_TRUE(definition.is_object()) << definition;
  const Json& tasks = definition.at("tasks");
  EXPECT_EQ(tasks[0]["command"]["argv"], Json({"sleep", "1.50", "true", ""}));
  EXPECT_EQ(tasks[0]["command"]["env"], Json({{"A", "1"}, {"B", "true"}, {"C", "1.50"}}));
  EXPECT_EQ(tasks[0]["command"]["cwd"], "/flows/sub");
  EXPECT_EQ(tasks[1]["command"]["shell"], "true");
  EXPECT_EQ(tasks[1]["command"]["env"], Json({{"A", "1"}, {"B", "no"}, {"C", "1.50"}, {"D", ""}}));
  // Relative to the file, not to the workflow's folder.
  EXPECT_EQ(tasks[1]["command"]["cwd"], "/x/y");
  EXPECT_EQ(tasks[2]["command"]["cwd"], "/tmp");
}

TEST(FlowFileWorkflow, KeysOfATask) {
  const Json task = task_of("description: d, timeout: 250ms, kill_after: 0s, max_crashes: 5, recovers: true");
  ASSERT_TRUE(task.is_object()) << task;
  EXPECT_EQ(task.at("description"), "d");
  EXPECT_EQ(task.at("timeout_ms"), 250);
  EXPECT_EQ(task.at("command").at("kill_after_ms"), 0);
  EXPECT_EQ(task.at("max_crashes"), 5);
  EXPECT_EQ(task.at("recovers"), true);
  EXPECT_EQ(task_of("timeout: 7d").at("timeout_ms"), 7 * 86'400'000);
  EXPECT_EQ(task_of("timeout: 7d").at("command").at("cwd"), "/flows");
}

TEST(FlowFileWorkflow, RetryInAllForms) {
  const auto policy = [](std::string_view keys) {
    const FlowFile file = parse_flow_file(test::with_keys(keys), "f", "/");
    return file.workflows.size() == 1 ? file.workflows.front().code(0).retry : RetryPolicy{.max_attempts = -1};
  };
  EXPECT_EQ(policy("timeout: 1s").max_attempts, 1);
  const RetryPolicy defaults = policy("retry: {}");
  EXPECT_EQ(defaults.max_attempts, 3);
  EXPECT_EQ(defaults.initial_delay, std::chrono::seconds{1});
  EXPECT_EQ(defaults.factor, 2.0);
  EXPECT_EQ(defaults.max_delay, std::chrono::minutes{1});
  EXPECT_EQ(defaults.jitter, 0.25);
  EXPECT_EQ(defaults.backoff, Backoff::Exponential);
  EXPECT_THAT(defaults.on, IsEmpty());
  const RetryPolicy own = policy(
      "retry: {max_attempts: 9, initial_delay: 0s, factor: 1.5, max_delay: 250ms, jitter: 0, backoff: linear,"
      " on: [any, timeout, signal, exit:255, 'text:it''s : here']}");
  EXPECT_EQ(own.max_attempts, 9);
  EXPECT_EQ(own.initial_delay, std::chrono::seconds{0});
  EXPECT_EQ(own.factor, 1.5);
  EXPECT_EQ(own.max_delay, std::chrono::milliseconds{250});
  EXPECT_EQ(own.jitter, 0.0);
  EXPECT_EQ(own.backoff, Backoff::Linear);
  ASSERT_EQ(own.on.size(), 5U);
  EXPECT_EQ(own.on[0].kind, RetryCondition::Kind::Any);
  EXPECT_EQ(own.on[1].kind, RetryCondition::Kind::Timeout);
  EXPECT_EQ(own.on[2].kind, RetryCondition::Kind::Signal);
  EXPECT_EQ(own.on[3].kind, RetryCondition::Kind::Exit);
  EXPECT_EQ(own.on[3].exit, 255);
  EXPECT_EQ(own.on[4].kind, RetryCondition::Kind::Text);
  EXPECT_EQ(own.on[4].text, "it's : here");
  EXPECT_EQ(policy("retry: {on: timeout}").on.size(), 1U);
}

TEST(FlowFileWorkflow, RulesInAllForms) {
  const auto rule = [](std::string_view when) {
    const Json definition =
        definition_of(with_tasks("{a: {run: x}, b: {run: x, after: a}, c: {run: x, after: b, when: " + std::string(when) + "}}"));
    return definition.is_object() ? definition.at("tasks").at(2).value("when", Json("default")) : definition;
  };
  EXPECT_EQ(rule("all_succeeded"), "default");
  for (const char* word : {"always", "any_failed", "all_failed", "any_succeeded"}) EXPECT_EQ(rule(word), word);
  const char* const rules[] = {
      R"({"all": [{"task": "a", "is": "completed"}, {"task": "b", "is": "failed"}, {"task": "a", "is": "skipped"}]})",
      R"({"any": [{"context": "k", "equals": null}, {"context": "k", "not_equals": [1, {"x": "y"}]}]})",
      R"({"none": [{"context": "k", "greater_than": 1.5}, {"context": "k", "less_than": -3}]})",
      R"({"all": [{"context": "a key", "contains": "x"}, {"context": "k", "not_contains": true}]})",
      R"({"any": [{"context": "k", "exists": true}, {"context": "k", "exists": false}]})",
  };
  for (const char* text : rules) EXPECT_EQ(rule(text), Json::parse(text)) << text;
}

TEST(FlowFileWorkflow, AnchorsShareWhatIsWrittenOnce) {
  const Json definition = definition_of(
      "cloacina: 1\nworkflows:\n- name: w\n  tasks:\n    a: {run: x, env: &e {A: 1}, retry: &r {max_attempts: 7}}\n"
      "    b: {run: x, env: *e, retry: *r, after: a}\n");
  ASSERT_TRUE(definition.is_object()) << definition;
  EXPECT_EQ(definition.at("tasks").at(1).at("command").at("env"), Json({{"A", "1"}}));
  EXPECT_EQ(definition.at("tasks").at(1).at("retry").at("max_attempts"), 7);
}

}  // namespace
}  // namespace cloacina
