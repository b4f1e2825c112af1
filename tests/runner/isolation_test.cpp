// Tasks that run in processes of their own.
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "cloacina/isolation.hpp"
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;

class Isolated : public RunnerTest {
 protected:
  /// A workflow of one isolated task, `only`, that is not retried.
  static Workflow isolated(TaskFunction run, const Isolation& isolation = {}) {
    WorkflowBuilder flow("flow");
    flow.task("only", std::move(run)).retry(RetryPolicy::none()).isolated(isolation);
    return flow.build();
  }
  /// The error of its only attempt.
  static std::string error_of_only(const Execution& e) {
    EXPECT_EQ(e.status, ExecutionStatus::Failed);
    return e.task("only").error.value_or("no error");
  }
};

TEST_F(Isolated, HasTheContextOfAnyTaskAndAProcessOfItsOwn) {
  WorkflowBuilder flow("flow");
  flow.task("before", [](TaskContext& t) { t.context().set("gone", 1); });
  flow.task("apart",
            [](TaskContext& t) {
              t.context().set("saw", t.context().json());
              t.context().set("who", Json{{"execution", t.execution().to_string()},
                                          {"task", t.task()},
                                          {"workflow", t.workflow()},
                                          {"attempt", t.attempt()},
                                          {"fence", t.fence()}});
              t.context().set("pid", ::getpid());
              (void)t.context().remove("gone");
              t.keep_output({.out = "said", .err = "", .out_truncated = true});
            })
      .after("before")
      .isolated();
  flow.task("after", [](TaskContext& t) { t.context().set("has_gone", t.context().contains("gone")); }).after("apart");
  const auto r = started({flow.build()});
  const auto e = r->run("flow", {{"in", "ä"}});
  ASSERT_TRUE(e.completed()) << e.error.value_or("");
  EXPECT_EQ(e.context["saw"], Json({{"in", "ä"}, {"gone", 1}}));
  EXPECT_EQ(e.context["who"],
            Json({{"execution", e.id.to_string()}, {"task", "apart"}, {"workflow", "flow"}, {"attempt", 1}, {"fence", 1}}));
  EXPECT_NE(e.context["pid"], ::getpid());
  EXPECT_EQ(e.context["has_gone"], false);
  const auto logs = r->logs(e.id);
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_EQ(logs[0].text, "said");
  EXPECT_TRUE(logs[0].truncated);
}

TEST_F(Isolated, ASignalFailsTheAttemptAndNothingElse) {
  WorkflowBuilder flow("flow");
  flow.task("only",
            [](TaskContext& t) {
              t.context().set("attempt", t.attempt());
              if (t.attempt() < 3) ::raise(SIGSEGV);
            })
      .retry({.max_attempts = 3, .initial_delay = 1ms, .on = {retry_on::signal()}})
      .isolated();
  const auto r = started({flow.build(), single("other")});
  const auto e = r->run("flow");
  ASSERT_TRUE(e.completed()) << e.error.value_or("");
  const auto& task = e.task("only");
  ASSERT_EQ(task.attempts.size(), 3U);
  EXPECT_EQ(task.attempts[0].error, "killed by SIGSEGV");
  EXPECT_EQ(task.attempts[0].status, AttemptStatus::Failed);
  EXPECT_EQ(task.crashes, 0) << "nothing of the runner has crashed";
  EXPECT_EQ(e.context["attempt"], 3);
  EXPECT_TRUE(r->run("other").completed());
}

TEST_F(Isolated, SaysHowItEnded) {
  const auto r = started({isolated([](TaskContext& t) {
    const auto how = t.context().get<std::string>("how");
    if (how == "error") throw Error(ErrorCode::Unavailable, "no database");
    if (how == "exception") throw std::runtime_error("an exception");
    if (how == "number") throw 7;
    if (how == "exit") ::_exit(3);
    if (how == "terminate") std::terminate();
    if (how == "killed") ::raise(SIGKILL);
    t.complete_in(static_cast<pg_conn*>(nullptr));
  })});
  const auto error_after = [&](const std::string& how) { return error_of_only(r->run("flow", {{"how", how}})); };
  EXPECT_EQ(error_after("error"), "no database");
  EXPECT_EQ(error_after("exception"), "an exception");
  EXPECT_EQ(error_after("number"), "threw something that is not a std::exception");
  EXPECT_EQ(error_after("exit"), "its process ended with exit 3 before it returned");
  EXPECT_EQ(error_after("terminate"), "killed by SIGABRT");
  EXPECT_EQ(error_after("killed"), "killed by SIGKILL, by the system for want of memory or by somebody");
  EXPECT_THAT(error_after("complete_in"), HasSubstr("this task is isolated"));
}

TEST_F(Isolated, TheKindOfAFailureIsKeptForItsPolicy) {
  Journal<Failure> seen;
  WorkflowBuilder flow("flow");
  flow.task("only", [] { throw Error(ErrorCode::Timeout, "slow"); })
      .retry({.max_attempts = 2, .initial_delay = 1ms, .on = {retry_on::when([&](const Failure& f) {
                                                         seen.add(f);
                                                         return true;
                                                       })}})
      .isolated();
  const auto r = started({flow.build()});
  EXPECT_EQ(r->run("flow").status, ExecutionStatus::Failed);
  const auto failures = seen.all();
  ASSERT_GE(failures.size(), 1U) << "the policy's functions run in the runner";
  EXPECT_EQ(failures[0].kind, FailureKind::Exception);
  EXPECT_EQ(failures[0].code, ErrorCode::Timeout);
  EXPECT_EQ(failures[0].error, "slow");
}

TEST_F(Isolated, WaitsAsAnyTaskDoes) {
  const auto flag = folder() / "flag";
  const auto r = started({isolated([flag](TaskContext& t) {
    t.context().set("runs", t.context().get_or("runs", 0) + 1);
    t.sleep_for(1ms);
    t.defer_until([&] { return std::filesystem::exists(flag); }, 5ms);
    t.context().set("waited", t.waiting_since().has_value());
  })});
  const auto id = r->submit("flow");
  EXPECT_TRUE(eventually([&] { return r->get(id).task("only").deferrals >= 3; }));
  std::ofstream(flag) << "";
  const auto e = r->wait(id);
  ASSERT_TRUE(e.completed()) << e.error.value_or("");
  EXPECT_EQ(e.task("only").attempts.size(), 1U);
  EXPECT_GE(e.context["runs"].get<int>(), 4);
  EXPECT_EQ(e.context["waited"], true);
}

TEST_F(Isolated, StopsAtItsTimeoutWillingOrNot) {
  const auto closed = gate();
  for (const bool willing : {true, false}) {
    WorkflowBuilder flow("flow");
    flow.task("only",
              [willing, closed](TaskContext& t) {
                if (willing) {
                  closed->pass(t.stop_token());
                } else {
                  closed->pass();
                }
              })
        .retry(RetryPolicy::none())
        .timeout(50ms)
        .isolated({.kill_after = 50ms});
    flow.version(willing ? "1" : "2");
    const auto r = started({flow.build()});
    EXPECT_THAT(error_of_only(r->run("flow")), HasSubstr("timed out after 50ms"));
    EXPECT_EQ(r->stats().written_off, 0);
  }
}

TEST_F(Isolated, CancelReachesIt) {
  const auto file = folder() / "begun";
  const auto closed = gate();
  const auto r = started({isolated([file, closed](TaskContext& t) {
    std::ofstream(file) << "";
    closed->pass(t.stop_token());
  })});
  const auto id = r->submit("flow");
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file); }));
  r->cancel(id);
  EXPECT_EQ(r->wait(id).status, ExecutionStatus::Cancelled);
  EXPECT_FALSE(r->stop(patience).threads_left);
}

TEST_F(Isolated, ALimitOfProcessorTimeIsNamed) {
  const auto r = started({isolated(
      [](TaskContext&) {
        while (true) {
        }
      },
      {.cpu_time_max = 1s})});
  EXPECT_EQ(error_of_only(r->run("flow")), "killed by SIGXCPU: it used 1s of the processor");
}

#ifndef CLOACINA_SANITIZED  // their shadow memory is address space too
TEST_F(Isolated, ALimitOfMemoryIsAnException) {
  const auto r = started(
      {isolated([](TaskContext& t) { t.context().set("large", std::string(100 << 20, 'x')); }, {.memory_bytes_max = 20 << 20})});
  EXPECT_THAT(error_of_only(r->run("flow")), HasSubstr("bad_alloc"));
}
#endif

TEST_F(Isolated, ManyAtOnceBesideOthers) {
  WorkflowBuilder flow("flow");
  for (int i = 0; i < 20; ++i) {
    auto task = flow.task("t" + std::to_string(i), [i](TaskContext& t) { t.context().set("k" + std::to_string(i), i); });
    if (i % 2 == 0) task.isolated();
  }
  const auto r = started({flow.build()});
  const auto e = r->run("flow");
  ASSERT_TRUE(e.completed()) << e.error.value_or("");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(e.context["k" + std::to_string(i)], i);
}

#ifndef __SANITIZE_THREAD__  // it starts no thread in the fork of a process that had several
TEST_F(Isolated, AWorkflowCanBeAddedToARunnerThatRuns) {
  const auto r = started({});
  r->add(isolated([](TaskContext& t) { t.context().set("pid", ::getpid()); }));
  EXPECT_NE(r->run("flow").context["pid"], ::getpid());
}
#endif

TEST(IsolatedBuilder, NamesWhatCannotBe) {
  WorkflowBuilder flow("flow");
  flow.command("program", {.argv = {"true"}}).isolated();
  flow.task("small", [] {}).isolated({.memory_bytes_max = 100, .cpu_time_max = 0s, .kill_after = -1ms});
  const auto text = error_of([&] { (void)flow.build(); }, ErrorCode::InvalidWorkflow);
  EXPECT_THAT(text, HasSubstr("task 'program': a command has a process of its own and cannot be isolated"));
  EXPECT_THAT(text, HasSubstr("task 'small': isolated: memory_bytes_max must be at least 1 MiB"));
  EXPECT_THAT(text, HasSubstr("task 'small': isolated: cpu_time_max must be at least 1 s"));
  EXPECT_THAT(text, HasSubstr("task 'small': isolated: kill_after must not be negative"));
}

}  // namespace
}  // namespace cloacina::runner::test
