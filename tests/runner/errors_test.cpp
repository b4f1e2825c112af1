// Whatever user code throws ends its attempt and nothing else; its text is kept.
#include <exception>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

using Errors = RunnerTest;

struct NoText : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};
struct NotAnException {
  std::string text;
};
/// Throws again when somebody asks too much of it.
struct Nested : std::nested_exception, std::runtime_error {
  explicit Nested(const std::string& text) : std::runtime_error(text) {}
};

TEST_F(Errors, OfAllKindsFailTheirAttemptAndKeepTheirText) {
  struct Case {
    std::string name;
    std::function<void()> raise;
    std::string error;
  };
  const std::vector<Case> cases{
      {"runtime_error", [] { throw std::runtime_error("the file is gone"); }, "the file is gone"},
      {"empty_text", [] { throw std::runtime_error(""); }, "an exception without a text"},
      {"error", [] { throw Error(ErrorCode::Conflict, "somebody was first"); }, "somebody was first"},
      {"bad_alloc", [] { throw std::bad_alloc(); }, "std::bad_alloc"},
      {"no_text", [] { throw NoText(); }, "an exception without a text"},
      {"number", [] { throw 7; }, "threw something that is not a std::exception"},
      {"string", [] { throw "text"; }, "threw something that is not a std::exception"},
      {"object", [] { throw NotAnException{"text"}; }, "threw something that is not a std::exception"},
      {"null", [] { throw nullptr; }, "threw something that is not a std::exception"},
      {"exception_ptr", [] { throw std::make_exception_ptr(1); }, "threw something that is not a std::exception"},
      {"nested",
       [] {
         try {
           throw std::runtime_error("inner");
         } catch (...) {
           throw Nested("outer");
         }
       },
       "outer"},
      {"not_utf8", [] { throw std::runtime_error("caf\xe9"); }, "caf\xef\xbf\xbd"},
      {"utf8", [] { throw std::runtime_error("Größe \xe2\x82\xac\n\"quoted\"\t"); }, "Größe \xe2\x82\xac\n\"quoted\"\t"},
      {"json", [] { [[maybe_unused]] const auto json = Json::parse("{"); }, "[json.exception.parse_error"},
      {"context_type",
       [] {
         (void)Context(Json{{"x", "text"}}).get<int>("x");
       },
       "context key 'x'"},
      {"long", [] { throw std::runtime_error(std::string(1'000'000, 'x')); }, std::string(1'000, 'x')},
  };
  const auto r = runner();
  for (const auto& c : cases) r->add(single(c.name, [raise = c.raise](TaskContext&) { raise(); }));
  r->add(single("good"));
  r->start();
  for (const auto& c : cases) {
    const auto e = r->run(c.name);
    EXPECT_EQ(e.status, ExecutionStatus::Failed) << c.name;
    ASSERT_TRUE(e.task("only").error) << c.name;
    EXPECT_THAT(*e.task("only").error, StartsWith(c.error)) << c.name;
    EXPECT_LE(e.task("only").error->size(), 20'000u) << c.name;
    ASSERT_THAT(e.task("only").attempts, SizeIs(1)) << c.name;
    EXPECT_EQ(e.task("only").attempts[0].status, AttemptStatus::Failed) << c.name;
    EXPECT_EQ(e.task("only").attempts[0].error, e.task("only").error) << c.name;
    EXPECT_TRUE(e.error) << c.name;
    EXPECT_NO_THROW((void)Json(*e.task("only").error).dump()) << c.name;
  }
  EXPECT_TRUE(r->run("good").completed());
}

TEST_F(Errors, AFailedAttemptLeavesNothingInTheContext) {
  WorkflowBuilder flow("flow");
  flow.task("only",
            [](TaskContext& t) {
              t.context().set("attempt" + std::to_string(t.attempt()), true);
              if (t.attempt() == 1) throw std::runtime_error("once");
            })
      .retry(RetryPolicy::fixed(2, 1ms));
  const auto r = started({flow.build()});
  const auto e = r->run("flow");
  EXPECT_TRUE(e.completed());
  EXPECT_EQ(e.context, Json({{"attempt2", true}}));
  EXPECT_EQ(e.task("only").attempts.at(0).error, "once");
}

TEST_F(Errors, AContextThatCannotBeStoredFailsTheAttempt) {
  auto o = options();
  o.context_bytes_max = 2'000;
  const auto r = started({single("not_utf8", [](TaskContext& t) { t.context().set("key", "\xff"); }),
                          single("too_much", [](TaskContext& t) { t.context().set("key", std::string(2'000, 'x')); })},
                         o);
  EXPECT_THAT(r->run("not_utf8").task("only").error.value_or(""), HasSubstr("UTF-8"));
  EXPECT_THAT(r->run("too_much").task("only").error.value_or(""), HasSubstr("context_bytes_max is 2000"));
}

TEST_F(Errors, ARetryPolicyThatThrowsFailsTheTaskAndIsNamed) {
  WorkflowBuilder flow("flow");
  flow.task("only", [] { throw std::runtime_error("first"); })
      .retry({.max_attempts = 3, .delay = [](int) -> std::chrono::milliseconds { throw std::runtime_error("second"); }});
  const auto r = started({flow.build()});
  EXPECT_EQ(r->run("flow").task("only").error, "first; and its retry policy failed: second");
}

TEST_F(Errors, OfACallbackAreEventsOfTheExecution) {
  std::atomic<int> called{0};
  WorkflowBuilder flow("flow");
  flow.task("good", [] {}).on_success([&](const ExecutionId&, std::string_view) {
    ++called;
    throw 7;
  });
  flow.task("bad", [] { throw std::runtime_error("no"); })
      .retry(RetryPolicy::none())
      .on_failure([&](const ExecutionId&, std::string_view, const Failure& f) {
        ++called;
        throw std::runtime_error("after: " + f.error);
      });
  const auto r = started({flow.build()});
  const auto id = r->run("flow").id;
  EXPECT_TRUE(eventually([&] { return r->get(id).events.size() >= 2; }));
  std::vector<std::string> details;
  for (const auto& event : r->get(id).events) {
    EXPECT_EQ(event.kind, "callback_failed");
    details.push_back(event.detail);
  }
  EXPECT_THAT(details,
              testing::UnorderedElementsAre("on_success: threw something that is not a std::exception", "on_failure: after: no"));
  EXPECT_EQ(called.load(), 2);
}

TEST_F(Errors, WhatACallbackThrowsAtTheEndIsStillRecorded) {
  const auto closed = gate();
  WorkflowBuilder flow("flow");
  flow.task("only", [] {}).on_success([closed](const ExecutionId&, std::string_view) {
    closed->pass();
    throw std::runtime_error("late");
  });
  const auto r = started({flow.build()});
  const auto id = r->run("flow").id;
  ASSERT_TRUE(closed->reached());
  {
    std::jthread stops([&] { r->stop(patience); });
    closed->open();
  }
  EXPECT_THAT(r->get(id).events, testing::ElementsAre(testing::Field(&Event::detail, "on_success: late")));
}

}  // namespace
}  // namespace cloacina::runner::test
