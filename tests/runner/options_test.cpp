// Values that are out of range are refused before anything happens, by the name of their field.
#include <unistd.h>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Options = RunnerTest;

TEST_F(Options, EveryInvalidValueIsRefusedByTheNameOfItsField) {
  struct Case {
    const char* field;
    std::function<void(RunnerOptions&)> spoil;
  };
  const std::vector<Case> cases{
      {"workers", [](auto& o) { o.workers = 0; }},
      {"workers", [](auto& o) { o.workers = -1; }},
      {"workers", [](auto& o) { o.workers = 4'097; }},
      {"lanes", [](auto& o) { o.lanes = 0; }},
      {"lanes", [](auto& o) { o.lanes = 2; }},  // on a file
      {"prefetch_max", [](auto& o) { o.prefetch_max = -1; }},
      {"prefetch_max", [](auto& o) { o.prefetch_max = 100'001; }},
      {"written_off_max", [](auto& o) { o.written_off_max = 0; }},
      {"written_off_max", [](auto& o) { o.written_off_max = 4'097; }},
      {"context_bytes_max", [](auto& o) { o.context_bytes_max = 1'023; }},
      {"context_bytes_max", [](auto& o) { o.context_bytes_max = (std::size_t{512} << 20) + 1; }},
      {"context_cache_bytes", [](auto& o) { o.context_cache_bytes = (std::size_t{1} << 40) + 1; }},
      {"inbox_max", [](auto& o) { o.inbox_max = 0; }},
      {"inbox_max", [](auto& o) { o.inbox_max = 10'000'001; }},
      {"heartbeat", [](auto& o) { o.heartbeat = 9ms; }},
      {"heartbeat", [](auto& o) { o.heartbeat = -1ms; }},
      {"lease", [](auto& o) { o.lease = 14'999ms; }},
      {"lease", [](auto& o) { o.lease = -1ms; }},
      {"stop_grace", [](auto& o) { o.stop_grace = -1ms; }},
      {"busy_timeout", [](auto& o) { o.busy_timeout = -1ms; }},
      // What no clock can hold.
      {"lease", [](auto& o) { o.lease = std::chrono::milliseconds::max(); }},
      {"heartbeat", [](auto& o) { o.heartbeat = std::chrono::milliseconds::max(); }},
      {"stop_grace", [](auto& o) { o.stop_grace = std::chrono::milliseconds::max(); }},
      {"busy_timeout", [](auto& o) { o.busy_timeout = std::chrono::milliseconds::max(); }},
      {"durability", [](auto& o) { o.durability = static_cast<Durability>(7); }},
      {"name", [](auto& o) { o.name = "\xff"; }},
  };
  for (const auto& c : cases) {
    auto o = options(std::string("spoilt.db"));
    c.spoil(o);
    EXPECT_THAT(error_of([&] { (void)runner(o); }, ErrorCode::InvalidArgument), HasSubstr(std::string(c.field) + " is "))
        << c.field;
  }
  EXPECT_FALSE(std::filesystem::exists(folder() / "spoilt.db"));
}

TEST_F(Options, TheEdgesOfTheRangesAreValid) {
  const std::vector<std::function<void(RunnerOptions&)>> edges{
      [](auto& o) { o.workers = 1; },
      [](auto& o) { o.workers = 4'096; },
      [](auto& o) { o.prefetch_max = 0; },
      [](auto& o) { o.prefetch_max = 100'000; },
      [](auto& o) { o.written_off_max = 1; },
      [](auto& o) { o.context_bytes_max = 1'024; },
      [](auto& o) { o.context_cache_bytes = 0; },
      [](auto& o) { o.inbox_max = 1; },
      [](auto& o) { o.heartbeat = 10ms, o.lease = 30ms; },
      [](auto& o) { o.lease = 15'000ms; },
      [](auto& o) { o.stop_grace = 0ms; },
      [](auto& o) { o.busy_timeout = 0ms; },
      [](auto& o) { o.log = nullptr; },
  };
  int number = 0;
  for (const auto& edge : edges) {
    auto o = options("edge" + std::to_string(number++) + ".db");
    edge(o);
    EXPECT_TRUE(started({single("flow")}, o)->run("flow").completed()) << "edge " << number;
  }
}

TEST_F(Options, AllProblemsAreNamedAtOnce) {
  auto o = options();
  o.workers = 0;
  o.inbox_max = 0;
  EXPECT_THAT(error_of([&] { (void)runner(o); }, ErrorCode::InvalidArgument),
              AllOf(HasSubstr("workers is 0, it must be from 1 to 4096"), HasSubstr("inbox_max is 0"), Not(HasSubstr("lease"))));
}

TEST_F(Options, OfASubmissionAreRefusedByTheNameOfTheirField) {
  const auto r = runner();
  r->add(single("flow"));
  const std::vector<std::pair<const char*, SubmitOptions>> cases{
      {"priority", {.priority = 1'000'001}},
      {"priority", {.priority = -1'000'001}},
      {"start_at", {.start_at = Timestamp::max()}},
      {"start_at", {.start_at = Timestamp::min()}},
      {"key", {.key = ""}},
      {"key", {.key = std::string(1'025, 'k')}},
  };
  for (const auto& [field, how] : cases) {
    EXPECT_THAT(error_of([&, how = how] { (void)r->submit("flow", {}, how); }, ErrorCode::InvalidArgument), HasSubstr(field));
  }
  EXPECT_THAT(r->list().executions, testing::IsEmpty());
}

TEST_F(Options, OfAListAreRefusedByTheNameOfTheirField) {
  const auto r = runner();
  for (const std::size_t limit : {0u, 1'001u}) {
    EXPECT_THAT(error_of([&] { (void)r->list({.limit = limit}); }, ErrorCode::InvalidArgument), HasSubstr("limit"));
  }
  EXPECT_THAT(error_of([&] { (void)r->list({.page = "no page"}); }, ErrorCode::InvalidArgument), HasSubstr("page"));
}

TEST_F(Options, TheNameIsShownAndDefaultsToHostAndProcess) {
  auto o = options();
  o.name = "Ærlig";
  const auto named = started({}, o);
  const auto unnamed = started({});
  std::vector<std::string> names;
  for (const auto& info : unnamed->runners()) names.push_back(info.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("Ærlig", testing::EndsWith("/" + std::to_string(::getpid()))));
}

}  // namespace
}  // namespace cloacina::runner::test
