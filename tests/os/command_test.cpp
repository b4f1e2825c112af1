#include "cloacina/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <thread>

#include "cloacina/task.hpp"
#include "flowfile/command_env.hpp"
#include "flowfile/output_file.hpp"
#include "process_help.hpp"

namespace cloacina {
namespace {

using os::test::Fifo;
using os::test::TempDir;
using testing::HasSubstr;

const char* const execution = "0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f";

/// One attempt of a task, as the engine would make it.
struct Attempt {
  explicit Attempt(Json context = Json::object(), std::stop_token stop = {})
      : task({.execution = ExecutionId::parse(execution), .workflow = "nightly", .task = "sum", .attempt = 2, .fence = 7},
             Context(std::move(context)), std::move(stop)) {}
  Attempt& run(Command command) {
    command_function(std::move(command))(task);
    return *this;
  }
  Attempt& shell(const std::string& line) { return run({.shell = line}); }
  /// The error of an attempt that must fail.
  CommandError failure(Command command) {
    try {
      run(std::move(command));
    } catch (const CommandError& e) {
      return e;
    }
    ADD_FAILURE() << "the attempt did not fail";
    return {"", {}, {}, ""};
  }
  CommandError shell_failure(const std::string& line) { return failure({.shell = line}); }
  [[nodiscard]] const std::string& out() const { return task.output().out; }

  TaskContext task;
};

TEST(Command, TheContextIsOnStandardInput) {
  const Json context = {{"text", "a\n\"b\" $(c)"}, {"list", {1, 2.5, nullptr}}, {"object", {{"k", true}}}, {"1 no identifier", 1}};
  Attempt attempt(context);
  attempt.run({.argv = {"cat"}});
  EXPECT_EQ(Json::parse(attempt.out()), context);
  EXPECT_TRUE(attempt.task.context().changes().empty());
}

TEST(Command, TheOutputReplacesKeys) {
  Attempt attempt(Json{{"kept", 1}, {"replaced", {1, 2}}});
  attempt.shell(R"(echo '{"replaced": {"deep": [3]}, "new": "x"}' > "$CLOACINA_OUTPUT")");
  EXPECT_EQ(attempt.task.context().json(), Json({{"kept", 1}, {"replaced", {{"deep", {3}}}}, {"new", "x"}}));
  EXPECT_EQ(attempt.task.context().changes().size(), 2U);
}

TEST(Command, AnEmptyOutputChangesNothing) {
  for (const char* line : {":", "echo ' ' > $CLOACINA_OUTPUT", "echo '{}' > $CLOACINA_OUTPUT", "rm $CLOACINA_OUTPUT"}) {
    Attempt attempt(Json{{"a", 1}});
    attempt.shell(line);
    EXPECT_TRUE(attempt.task.context().changes().empty()) << line;
  }
}

TEST(Command, TheOutputFileIsPrivateAndGoesAway) {
  Attempt attempt;
  attempt.shell("stat -c '%a %s' $CLOACINA_OUTPUT; stat -c '%a' $(dirname $CLOACINA_OUTPUT); echo $CLOACINA_OUTPUT");
  std::istringstream lines(attempt.out());
  std::string file, folder, path;
  std::getline(lines, file);
  std::getline(lines, folder);
  std::getline(lines, path);
  EXPECT_EQ(file, "600 0");
  EXPECT_EQ(folder, "700");
  EXPECT_TRUE(path.starts_with("/"));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path()));

  Attempt failing;
  failing.shell_failure("touch $CLOACINA_OUTPUT.more; echo $CLOACINA_OUTPUT; exit 1");
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(failing.out()).parent_path()));
}

TEST(Command, WhatIsNoObjectFailsTheAttempt) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"echo '[1]' > $CLOACINA_OUTPUT", "is a JSON array, not an object"},
      {"echo null > $CLOACINA_OUTPUT", "is a JSON null, not an object"},
      {"echo '{\"a\":' > $CLOACINA_OUTPUT", "is not JSON: parse error at line 2, column 1"},
      {"echo '{\"a\":1} x' > $CLOACINA_OUTPUT", "is not JSON: parse error"},
      {"printf '{\"a\":\"\\377\"}' > $CLOACINA_OUTPUT", "is not JSON: parse error"},
      {"echo '{\"\":1}' > $CLOACINA_OUTPUT", "a context key must not be empty"},
      {"{ printf '{\"a\":'; head -c 5000000 /dev/zero | tr '\\0' '['; } > $CLOACINA_OUTPUT", "is nested more than 64 levels deep"},
      {"head -c 17M /dev/zero > $CLOACINA_OUTPUT", "has more than 16 MiB"},
      {"truncate -s 1T $CLOACINA_OUTPUT", "has more than 16 MiB"},
      {"ln -sf /etc/shadow $CLOACINA_OUTPUT", "is a link, not a regular file"},
      {"rm $CLOACINA_OUTPUT; mkfifo $CLOACINA_OUTPUT", "is not a regular file"},
      {"rm $CLOACINA_OUTPUT; mkdir $CLOACINA_OUTPUT", "is not a regular file"},
  };
  for (const auto& [line, error] : table) {
    Attempt attempt;
    const CommandError e = attempt.shell_failure(std::string(line) + "; echo seen");
    EXPECT_THAT(e.what(), HasSubstr(error)) << line;
    EXPECT_EQ(e.exit(), 0) << line;
    EXPECT_EQ(attempt.out(), "seen\n") << line;
  }
}

TEST(Command, AnOutputOfSixteenMebibytesIsTaken) {
  Attempt attempt;
  attempt.shell("{ printf '{\"a\":\"'; head -c 16777207 /dev/zero | tr '\\0' x; printf '\"}'; } > $CLOACINA_OUTPUT");
  EXPECT_EQ(attempt.task.context().get<std::string>("a").size(), 16'777'207U);
  EXPECT_THAT(Attempt().shell_failure("head -c 16777217 /dev/zero > $CLOACINA_OUTPUT").what(), HasSubstr("has more than 16 MiB"));
}

TEST(Command, AFailedCommandsOutputIsNotRead) {
  Attempt attempt;
  EXPECT_STREQ(attempt.shell_failure("echo '{\"a\":1}' > $CLOACINA_OUTPUT; exit 3").what(), "exit 3");
  EXPECT_TRUE(attempt.task.context().changes().empty());
}

TEST(Command, SeesWhoItIs) {
  Attempt attempt;
  attempt.shell("echo $CLOACINA_EXECUTION $CLOACINA_WORKFLOW $CLOACINA_TASK $CLOACINA_ATTEMPT $CLOACINA_FENCE");
  EXPECT_EQ(attempt.out(), std::string(execution) + " nightly sum 2 7\n");
}

TEST(Command, ItsEnvironmentIsTheRunnersWithItsOwnAndTheContexts) {
  ::setenv("CLOACINA_TEST_INHERITED", "from the runner", 1);
  ::setenv("CLOACINA_TEST_REPLACED", "from the runner", 1);
  ::setenv("CTX_other", "of another task", 1);
  ::setenv("CLOACINA_TASK", "of another task", 1);
  Attempt attempt(Json{{"day", "today"}});
  attempt.run({.shell = "echo $CLOACINA_TEST_INHERITED,$CLOACINA_TEST_REPLACED,$CTX_day,$CTX_own,${CTX_other-none},$CLOACINA_TASK",
               .env = {{"CLOACINA_TEST_REPLACED", "own"}, {"CTX_own", "mine"}, {"CTX_day", "hidden"}}});
  for (const char* name : {"CLOACINA_TEST_INHERITED", "CLOACINA_TEST_REPLACED", "CTX_other", "CLOACINA_TASK"}) ::unsetenv(name);
  EXPECT_EQ(attempt.out(), "from the runner,own,today,mine,none,sum\n");
}

TEST(Command, ScalarsAreVariables) {
  const Json context = {{"text", "a b"},       {"empty", ""},        {"whole", -3},     {"real", 2.5}, {"yes", true},
                        {"large", 1ULL << 63}, {"_under9", "x"},     {"null", nullptr}, {"list", {1}}, {"object", {{"a", 1}}},
                        {"9digit", "x"},       {"with-hyphen", "x"}, {"", "x"},         {"a=b", "x"},  {"\xC3\xA4", "x"}};
  const flowfile::Environment expected = {{"CTX_text", "a b"}, {"CTX_empty", ""},   {"CTX_whole", "-3"},
                                          {"CTX_real", "2.5"}, {"CTX_yes", "true"}, {"CTX_large", "9223372036854775808"},
                                          {"CTX__under9", "x"}};
  EXPECT_EQ(flowfile::context_variables(context), expected);
}

TEST(Command, VariablesHaveLimitsAndStandardInputHasNone) {
  const std::string most(32 * 1024, 'x');
  Json context = {{"most", most}, {"above", most + "x"}, {"nul", std::string("a\0b", 3)}};
  EXPECT_EQ(flowfile::context_variables(context), (flowfile::Environment{{"CTX_most", most}}));

  for (char key = 'a'; key <= 'j'; ++key) context[std::string(1, key)] = most;
  context["z"] = "small";
  std::size_t bytes = 0;
  const auto variables = flowfile::context_variables(context);
  for (const auto& [name, value] : variables) bytes += name.size() + value.size() + 2;
  EXPECT_EQ(variables.size(), 8U);  // seven large ones and what still fits
  EXPECT_TRUE(variables.contains("CTX_g") && variables.contains("CTX_z"));
  EXPECT_LE(bytes, flowfile::context_variables_bytes_max);

  Attempt attempt(context);
  attempt.shell("wc -c");
  EXPECT_EQ(std::stoul(attempt.out()), context.dump().size() + 1);
}

TEST(Command, HostileValuesStayData) {
  const TempDir dir;
  const std::string touch = "touch " + (dir / "x").string();
  const std::vector<std::string> values = {"$(" + touch + ")",      "`" + touch + "`",      "'; " + touch + "; '",
                                           "\"; " + touch + "; \"", "\n" + touch + "\n",    "() { :;}; " + touch,
                                           std::string("-n\\c%s"),  "a'b\"c\\d\r\n\t*?[!]~"};
  for (const auto& value : values) {
    Attempt attempt(Json{{"value", value}});
    attempt.shell("printf %s \"$CTX_value\"");
    EXPECT_EQ(attempt.out(), value);
    Attempt vector;
    vector.run({.argv = {"printf", "%s", value}});
    EXPECT_EQ(vector.out(), value);
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "x"));
}

TEST(Command, FailuresAreNamed) {
  const CommandError exit = Attempt().shell_failure("exit 3");
  EXPECT_STREQ(exit.what(), "exit 3");
  EXPECT_EQ(exit.exit(), 3);
  EXPECT_EQ(exit.signal(), std::nullopt);
  const CommandError segv = Attempt().shell_failure("kill -SEGV $$");
  EXPECT_STREQ(segv.what(), "killed by SIGSEGV");
  EXPECT_EQ(segv.signal(), SIGSEGV);
  EXPECT_EQ(segv.exit(), std::nullopt);
  EXPECT_STREQ(Attempt().shell_failure("kill -40 $$").what(), "killed by signal 40");
  const CommandError missing = Attempt().failure({.argv = {"no-such-program"}});
  EXPECT_STREQ(missing.what(), "cannot run 'no-such-program': No such file or directory");
  EXPECT_FALSE(missing.exit() || missing.signal());
  EXPECT_STREQ(Attempt().failure({.argv = {"true"}, .cwd = "/no/such"}).what(),
               "cannot run 'true' in '/no/such': No such file or directory");
}

TEST(Command, AFailureKeepsTheOutputAndTheEndOfStderr) {
  Attempt attempt;
  const CommandError e = attempt.shell_failure("echo out; seq 1000 >&2; echo; echo >&2; exit 1");
  EXPECT_EQ(attempt.out(), "out\n\n");
  EXPECT_TRUE(e.output_tail().starts_with("981\n")) << e.output_tail();
  EXPECT_TRUE(e.output_tail().ends_with("\n1000")) << e.output_tail();
}

TEST(Command, AStopNamesTheSignal) {
  const TempDir dir;
  Fifo ready(dir / "ready");
  std::stop_source stop;
  std::jthread stopper([&] {
    ready.line();
    stop.request_stop();
  });
  Attempt attempt(Json::object(), stop.get_token());
  EXPECT_STREQ(attempt.shell_failure("echo before; echo > " + ready.path() + "; exec sleep 1000").what(), "killed by SIGTERM");
  EXPECT_EQ(attempt.out(), "before\n");
  EXPECT_STREQ(attempt.shell_failure("echo never").what(), "stopped before the command began");
  EXPECT_EQ(attempt.out(), "") << "what an attempt before it left must not be taken for its output";
}

TEST(Command, KeptOutputIsTextWhateverWasPrinted) {
  Attempt attempt;
  attempt.run({.shell = "printf 'a\\377b\\0c\\303\\244'; printf '\\303' >&2", .output_bytes_max = 100});
  EXPECT_EQ(attempt.out(), "a\uFFFDb\uFFFDc\u00E4");
  EXPECT_EQ(attempt.task.output().err, "\uFFFD");
  EXPECT_FALSE(attempt.task.output().out_truncated);
}

TEST(Command, TheCutFallsBetweenCharacters) {
  for (const std::size_t limit : {7U, 8U, 9U, 10U}) {
    Attempt attempt;
    attempt.run({.shell = "for i in 1 2 3 4 5 6; do printf '\\342\\202\\254'; done", .output_bytes_max = limit});
    std::string expected;
    for (std::size_t i = 0; i < limit / 3; ++i) expected += "\u20AC";
    EXPECT_EQ(attempt.out(), expected) << limit;
    EXPECT_TRUE(attempt.task.output().out_truncated);
  }
}

TEST(Command, RubbishDoesNotGrowBeyondTheLimit) {
  Attempt attempt;
  attempt.run({.shell = "head -c 100 /dev/zero", .output_bytes_max = 100});
  EXPECT_EQ(attempt.out().size(), 99U);
  EXPECT_TRUE(attempt.task.output().out_truncated);
}

TEST(Command, RefusesWhatCannotBeMeant) {
  const std::vector<std::pair<Command, const char*>> table = {
      {{}, "a command needs exactly one of argv and shell"},
      {{.argv = {"true"}, .shell = "true"}, "a command needs exactly one of argv and shell"},
      {{.argv = {""}}, "a command needs a program: argv[0] is empty"},
      {{.argv = {"a", std::string("b\0", 2)}}, "a command must not contain a NUL character"},
      {{.shell = std::string("b\0", 2)}, "a command must not contain a NUL character"},
      {{.argv = {"a"}, .env = {{"A=B", "x"}}}, "a command cannot have a variable named 'A=B'"},
      {{.argv = {"a"}, .env = {{"", "x"}}}, "a command cannot have a variable named ''"},
      {{.argv = {"a"}, .env = {{"A", std::string("b\0", 2)}}}, "a command cannot have a NUL character in its variable 'A'"},
      {{.argv = {"a"}, .kill_after = std::chrono::milliseconds(-1)}, "a command needs a kill_after of at least 0"},
  };
  for (const auto& [command, error] : table) {
    try {
      (void)command_function(command);
      ADD_FAILURE() << error;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::InvalidArgument);
      EXPECT_STREQ(e.what(), error);
    }
  }
}

}  // namespace
}  // namespace cloacina
