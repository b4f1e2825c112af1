// A day in virtual time: what is not kept leaves nothing behind.
#include <malloc.h>

#include <filesystem>

#include "runner/pruning.hpp"
#include "schedule_help.hpp"

namespace cloacina::engine::test {
namespace {

/// A sanitizer makes everything several times slower.
#ifdef CLOACINA_SANITIZED
constexpr int hours = 6;
#else
constexpr int hours = 24;
#endif

class LongDay : public ScheduleTest {
 protected:
  struct Sizes {
    std::size_t heap = 0;  ///< in use, bytes
    std::ptrdiff_t descriptors = 0;
    std::uintmax_t file = 0;  ///< bytes; of a file's database
  };
  [[nodiscard]] Sizes sizes() const {
    Sizes s;
    s.heap = ::mallinfo2().uordblks;
    s.descriptors = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    constexpr std::string_view scheme = "sqlite:";
    if (url().starts_with(scheme)) s.file = std::filesystem::file_size(url().substr(scheme.size()));
    return s;
  }

  /// Two schedules, and submissions by hand; tasks that fail and are retried; what is older than an hour goes.
  void live_an_hour() {
    for (int minute = 0; minute < 60; ++minute) {
      advance(30s);
      (void)submit("chain", {{"minute", minute}});
      settle();
      advance(30s);
      settle();
      while (!callbacks.empty()) run_callbacks();
    }
    finished.clear();
    watch.batches.clear();
    (void)runner::prune(client(), {.older_than = 1h, .firings_older_than = 1h}, now.utc, 500, [](int) { return true; });
  }
};

TEST_P(LongDay, GrowsByNothingThatIsNotKept) {
  add(single("one", [runs = 0](TaskContext& t) mutable {
    t.context().set("text", std::string(1'000, 'x'));
    if (++runs % 7 == 0) throw std::runtime_error("once in a while");
  }));
  add(chain("chain", 3));
  schedules().put(minutely());
  schedules().put(minutely(Concurrency::Queue, "other", "chain"));
  for (int hour = 0; hour < 3; ++hour) live_an_hour();
  const auto early = sizes();
  for (int hour = 3; hour < hours; ++hour) live_an_hour();
  const auto late = sizes();
  EXPECT_LE(late.descriptors, early.descriptors);
  EXPECT_LE(late.file, early.file + early.file / 10) << "pages of what was deleted are used again";
  EXPECT_LE(late.heap, early.heap + early.heap / 10 + 256 * 1024);
  EXPECT_LE(executions("one").size(), 150U);
}
CLOACINA_ENGINE_SUITE(LongDay);

}  // namespace
}  // namespace cloacina::engine::test
