#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow_help.hpp"

namespace cloacina {
namespace {

using test::problems_of;
using test::with_keys;
using test::with_tasks;
using ::testing::ElementsAre;

struct Case {
  std::string text;
  std::string problem;
};

void expect_one_each(const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_THAT(problems_of(c.text), ElementsAre(c.problem)) << c.text;
}

TEST(FlowFileProblems, OfTheFile) {
  const std::string workflow = "\nworkflows: [{name: w, tasks: {a: {run: x}}}]";
  expect_one_each({
      {"[]", "1:1: a workflow file must be a mapping; found a list"},
      {"cloacina: 2" + workflow, "1:11: cloacina must be 1, the version of the file format; found the number 2"},
      {"cloacina: '1'" + workflow, "1:11: cloacina must be 1, the version of the file format; found the text '1'"},
      {"cloacina:" + workflow, "1:1: cloacina must be 1, the version of the file format; found nothing"},
      {workflow, "2:1: a workflow file needs the key 'cloacina'"},
      {"cloacina: 1", "1:1: a workflow file needs the key 'workflows'"},
      {"cloacina: 1\nworkflows: []", "2:12: workflows must hold at least one workflow"},
      {"cloacina: 1\nworkflows: {name: w}", "2:12: workflows must be a list of workflows; found a mapping"},
      {"cloacina: 1\nx: 1" + workflow, "2:1: unknown key 'x' in a workflow file; known are cloacina, workflows"},
      {"cloacina: 1\n<<: {}" + workflow, "2:1: unknown key '<<' in a workflow file; known are cloacina, workflows"},
      {"cloacina: 1\nworkflows: [{name: w, tasks: {a: {run: x}}}, {name: w, tasks: {a: {run: x}}}]",
       "2:53: workflow 'w' is already there, in line 2"},
  });
}

TEST(FlowFileProblems, OfAWorkflow) {
  const auto with = [](const std::string& keys) { return "cloacina: 1\nworkflows:\n- {tasks: {a: {run: x}}, " + keys + "}"; };
  expect_one_each({
      {"cloacina: 1\nworkflows: [5]", "2:13: a workflow must be a mapping; found the number 5"},
      {with("version: 1"), "3:3: a workflow needs the key 'name'"},
      {with("name: a b"), "3:32: name cannot be 'a b': a name is 1 to 128 of A-Z a-z 0-9 _ . -"},
      {with("name: 5"), "3:32: name must be a text (write it in quotes); found the number 5"},
      {with("name: ''"), "3:32: name must not be empty"},
      {with("name: w, descripton: x"), "3:35: unknown key 'descripton' in a workflow (did you mean 'description'?)"},
      {with("name: w, input: [1]"), "3:42: input must be a mapping; found a list"},
      {with("name: w, input: {a: [.inf]}"), "3:47: the number .inf cannot be kept as JSON: write it in quotes"},
      {with("name: w, deadline: 30"),
       "3:45: deadline must be a duration; found the number 30, which needs a unit: 250ms, 10s, 2m, 1h30m, 7d"},
      {with("name: w, deadline: 0s"), "3:45: deadline must be at least 1ms; found the text '0s'"},
      {with("name: w, version: [1]"), "3:44: version must be a text; found a list"},
      {with("name: w, tags: [a]"), "3:41: tags must be a mapping of texts; found a list"},
      {with("name: w, tags: {a: {}}"), "3:45: tags.a must be a text; found a mapping"},
      {with("name: w, env: {A: }"), "3:44: env.A must be a text (\"\" for an empty one); found nothing"},
      {with("name: w, env: {A=B: x}"), "3:41: 'A=B' cannot be the name of an environment variable"},
      {with("name: w, env: {A: \"x\\0\"}"), "3:44: env.A must not hold the character U+0000"},
      {with("name: w, cwd: [x]"), "3:40: cwd must be a text; found a list"},
      {"cloacina: 1\nworkflows: [{name: w}]", "2:13: a workflow needs the key 'tasks'"},
      {with_tasks("{}"), "3:11: tasks must hold at least one task"},
      {with_tasks("[a]"), "3:11: tasks must be a mapping of names to tasks; found a list"},
  });
}

TEST(FlowFileProblems, OfATask) {
  const std::string neither = "a task needs 'run' (a shell line) or 'command' (a list, the program and its arguments)";
  expect_one_each({
      {with_tasks("{a b: {run: x}}"), "3:12: a task cannot be named 'a b': a name is 1 to 128 of A-Z a-z 0-9 _ . -"},
      {with_tasks("{a: x}"), "3:15: a task must be a mapping; found the text 'x'"},
      {with_tasks("{a: {}}"), "3:15: " + neither},
      {with_tasks("{a: {run: 5}}"), "3:21: run must be a text (write it in quotes); found the number 5"},
      {with_tasks("{a: {run: ''}}"), "3:21: run must not be empty"},
      {with_tasks("{a: {run: [x]}}"), "3:21: run must be a text; found a list"},
      {with_tasks("{a: {command: ls -l}}"),
       "3:25: command must be a list, the program and its arguments ('run' takes a shell line); found the text 'ls -l'"},
      {with_tasks("{a: {command: []}}"), "3:25: command must name a program"},
      {with_tasks("{a: {command: ['']}}"), "3:26: the program of the command must not be empty"},
      {with_tasks("{a: {command: [x, ~]}}"),
       "3:29: an argument of the command must be a text (\"\" for an empty one); found nothing"},
      {with_keys("command: [y]"), "3:24: a task has either 'run' or 'command', not both"},
      {with_keys("retyr: {}"), "3:24: unknown key 'retyr' in a task (did you mean 'retry'?)"},
      {with_keys("timeout: 30"),
       "3:33: timeout must be a duration; found the number 30, which needs a unit: 250ms, 10s, 2m, 1h30m, 7d"},
      {with_keys("timeout: soon"), "3:33: timeout: 'soon' is no duration: write 250ms, 10s, 2m, 1h30m or 7d"},
      {with_keys("timeout: 0ms"), "3:33: timeout must be at least 1ms; found the text '0ms'"},
      {with_keys("kill_after: {}"), "3:36: kill_after must be a duration like 250ms, 10s, 2m, 1h30m or 7d; found a mapping"},
      {with_keys("max_crashes: 0"), "3:37: max_crashes must be a whole number from 1 to 1000000; found the number 0"},
      {with_keys("max_crashes: 1.5"), "3:37: max_crashes must be a whole number from 1 to 1000000; found the number 1.5"},
      {with_keys("recovers: yes"), "3:34: recovers must be true or false; found the text 'yes'"},
      {with_keys("description: [x]"), "3:37: description must be a text; found a list"},
      {with_keys("after: {}"), "3:31: after must be the name of a task, or a list of names; found a mapping"},
      {with_keys("after: a"), "3:31: task 'a' comes after itself"},
      {with_keys("when: any_failed"), "3:30: the rule 'any_failed' needs a task to come after, and there is no 'after'"},
  });
}

TEST(FlowFileProblems, OfRetry) {
  const std::string words = "any, timeout, signal, exit:N, text:PART";
  expect_one_each({
      {with_keys("retry: 3"), "3:31: retry must be a mapping; found the number 3"},
      {with_keys("retry: {max_attemps: 3}"), "3:32: unknown key 'max_attemps' in retry (did you mean 'max_attempts'?)"},
      {with_keys("retry: {max_attempts: 0}"), "3:46: max_attempts must be a whole number from 1 to 1000000; found the number 0"},
      {with_keys("retry: {factor: 0.5}"), "3:40: factor must be a number from 1 to 1000; found the number 0.5"},
      {with_keys("retry: {factor: .nan}"), "3:40: factor must be a number from 1 to 1000; found the number .nan"},
      {with_keys("retry: {jitter: 2}"), "3:40: jitter must be a number from 0 to 1; found the number 2"},
      {with_keys("retry: {initial_delay: 2m}"), "3:32: max_delay (1m when it is not given) must be at least initial_delay (2m)"},
      {with_keys("retry: {initial_delay: 2m, max_delay: 1s}"), "3:51: max_delay (1s) must be at least initial_delay (2m)"},
      {with_keys("retry: {backoff: cubic}"), "3:41: backoff cannot be 'cubic'; write one of exponential, linear"},
      {with_keys("retry: {on: []}"), "3:36: on needs at least one condition; leave it out to retry every failure"},
      {with_keys("retry: {on: [never]}"), "3:37: on cannot be 'never'; write one of " + words},
      {with_keys("retry: {on: timeuot}"), "3:36: on cannot be 'timeuot' (did you mean 'timeout'?)"},
      {with_keys("retry: {on: ['exit:0']}"), "3:37: on: 'exit:0': the exit status of a failure is a number from 1 to 255"},
      {with_keys("retry: {on: ['exit:x']}"), "3:37: on: 'exit:x': the exit status of a failure is a number from 1 to 255"},
      {with_keys("retry: {on: ['text:']}"), "3:37: on: 'text:' needs the part to look for behind the colon"},
      {with_keys("retry: {on: [exit: 75]}"),
       "3:37: on must be a text: write \"exit:75\" or \"text:PART\" in quotes; found a mapping"},
      {with_keys("retry: {on: [75]}"),
       "3:37: on must be one of any, timeout, signal, \"exit:N\", \"text:PART\"; found the number 75"},
  });
}

TEST(FlowFileProblems, OfRules) {
  const auto rule = [](const std::string& when) { return with_tasks("{a: {run: x}, b: {run: x, after: a, when: " + when + "}}"); };
  const std::string forms = "a condition is {task: NAME, is: completed|failed|skipped} or {context: KEY, equals: VALUE}; found ";
  expect_one_each({
      {rule("allways"), "3:53: when cannot be 'allways' (did you mean 'always'?)"},
      {rule("5"),
       "3:53: when must be a word such as always, or a rule such as {all: [{task: NAME, is: failed}]}; found the number 5"},
      {rule("{}"), "3:53: a rule has exactly one of all, any, none; found 0 keys"},
      {rule("{all: [{task: a, is: failed}], any: [{task: a, is: failed}]}"),
       "3:53: a rule has exactly one of all, any, none; found 2 keys"},
      {rule("{some: []}"), "3:54: unknown key 'some' in a rule; known are all, any, none"},
      {rule("{all: []}"), "3:59: all needs at least one condition"},
      {rule("{all: a}"), "3:59: all must be a list of conditions; found the text 'a'"},
      {rule("{all: [a]}"), "3:60: " + forms + "the text 'a'"},
      {rule("{all: [{}]}"), "3:60: " + forms + "a mapping without 'task' and 'context'"},
      {rule("{all: [{task: a}]}"), "3:60: a condition on a task needs the key 'is'"},
      {rule("{all: [{is: failed}]}"), "3:60: a condition on a task needs the key 'task'"},
      {rule("{all: [{task: a, is: done}]}"), "3:74: is cannot be 'done'; write one of completed, failed, skipped"},
      {rule("{all: [{task: z, is: failed}]}"), "3:67: unknown task 'z' (did you mean 'a'?)"},
      {rule("{all: [{task: b, is: failed}]}"),
       "3:67: the rule of task 'b' names task 'b', which does not come before it; add it to 'after'"},
      {rule("{all: [{context: k}]}"), "3:60: a condition on the context needs a comparison, such as 'equals'"},
      {rule("{all: [{context: k, equal: 1}]}"), "3:73: unknown key 'equal' in a condition on the context (did you mean 'equals'?)"},
      {rule("{all: [{context: k, equals: 1, less_than: 2}]}"),
       "3:84: a condition has one comparison; found 'equals' and 'less_than'"},
      {rule("{all: [{context: k, exists: 1}]}"), "3:81: exists must be true or false; found the number 1"},
      {rule("{all: [{context: 1, exists: true}]}"), "3:70: context must be a text (write it in quotes); found the number 1"},
  });
  EXPECT_THAT(problems_of(with_tasks("{a: {run: x}, b: {run: x, when: {all: [{task: a, is: failed}]}}}")),
              ElementsAre("3:57: the rule of task 'b' names task 'a', which does not come before it; add it to 'after'"));
}

TEST(FlowFileProblems, OfDependenciesAreAtTheName) {
  EXPECT_THAT(problems_of(with_tasks("{fetch: {run: x}, b: {run: x, after: [fetch, fecth]}}")),
              ElementsAre("3:56: unknown task 'fecth' (did you mean 'fetch'?)"));
  EXPECT_THAT(problems_of(with_tasks("{a: {run: x}, b: {run: x, after: [a, a]}}")), ElementsAre("3:48: task 'a' is named twice"));
  EXPECT_THAT(problems_of(with_tasks("{a: {run: x, after: c}, b: {run: x, after: a}, c: {run: x, after: b}}")),
              ElementsAre("3:31: cycle: a -> b -> c -> a"));
  EXPECT_THAT(
      problems_of(with_tasks("{a: {run: x, after: b}, b: {run: x, after: a}, c: {run: x, after: d}, d: {run: x, after: c}}")),
      ElementsAre("3:31: cycle: a -> b -> a", "3:77: cycle: c -> d -> c"));
}

TEST(FlowFileProblems, AllAtOnceInTheOrderOfTheTextWithColumnsInCharacters) {
  EXPECT_THAT(problems_of("cloacina: 1\n"
                          "workflows:\n"
                          "- name: w\n"
                          "  tasks:\n"
                          "    a: {description: äöü, run: 5, timeout: 5}\n"
                          "    b: {run: x, run: y, after: c}\n"
                          "- nmae: v\n"
                          "  tasks: {a: {run: x, after: [a]}}\n"),
              ElementsAre("5:32: run must be a text (write it in quotes); found the number 5",
                          "5:44: timeout must be a duration; found the number 5, which needs a unit: 250ms, 10s, 2m, 1h30m, 7d",
                          "6:17: the key 'run' is already there, in line 6", "6:32: unknown task 'c' (did you mean 'a'?)",
                          "7:3: unknown key 'nmae' in a workflow (did you mean 'name'?)", "7:3: a workflow needs the key 'name'",
                          "8:31: task 'a' comes after itself"));
  // What several aliases stand for is reported once.
  EXPECT_THAT(problems_of("cloacina: 1\nworkflows: [{name: w, tasks: {a: &t {run: 5}, b: *t, c: *t}}]"),
              ElementsAre("2:43: run must be a text (write it in quotes); found the number 5"));
}

TEST(FlowFileProblems, QuoteTheBeginningOfLongTextsInWholeCharacters) {
  const std::string start(79, 'n');
  EXPECT_THAT(problems_of(with_tasks("{a: {run: x, after: " + start + "é}}")),
              ElementsAre("3:31: after cannot be '" + start + "…': a name is 1 to 128 of A-Z a-z 0-9 _ . -"));
}

TEST(FlowFileProblems, NothingOfABadFileIsUsed) {
  const auto file = parse_flow_file("cloacina: 1\nworkflows: [{name: v, tasks: {a: {run: x}}}, {name: w, tasks: {}}]", "f", "/");
  EXPECT_EQ(file.problems.size(), 1U);
  EXPECT_TRUE(file.workflows.empty());
  EXPECT_EQ(file.problems.front().to_string(), "f:2:63: tasks must hold at least one task");
}

}  // namespace
}  // namespace cloacina
