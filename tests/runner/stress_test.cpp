// Everything at once, in a random order: whatever happens, every execution ends, once, and the books agree.
#include <cstdlib>
#include <map>
#include <random>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

class Stress : public RunnerTest {
 protected:
  std::shared_ptr<Gate> closed = gate();

  /// Tasks that succeed, fail now and then, take long until they are asked to stop, or branch.
  [[nodiscard]] std::vector<Workflow> flows() const {
    WorkflowBuilder diamond("diamond");
    diamond.task("root", [](TaskContext& t) { t.context().set("root", true); });
    diamond.task("left", [] {}).after("root");
    diamond.task("right", [] {}).after("root");
    diamond.task("join", [] {}).after("left", "right").when(always());
    WorkflowBuilder moody("moody");
    moody
        .task("only",
              [](TaskContext& t) {
                if (t.execution().bytes()[15] % 3 == 0 || t.attempt() < 2) throw std::runtime_error("not in the mood");
              })
        .retry(RetryPolicy::fixed(2, 1ms));
    moody.task("alarm", [] {}).after("only").when(any_failed());
    WorkflowBuilder slow("slow");
    slow.task("only", [gate = closed](TaskContext& t) { gate->pass(t.stop_token()); }).timeout(5s).retry(RetryPolicy::none());
    slow.task("next", [] {}).after("only");
    return {single("quick"), chain("chain", 5), diamond.build(), moody.build(), slow.build()};
  }

  /// Random calls; what a state refuses is refused with the code that says so.
  static void play(Runner& r, std::mt19937_64& random, int calls, Journal<ExecutionId>& ids) {
    static constexpr const char* names[] = {"quick", "chain", "diamond", "moody", "slow"};
    const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
    for (int i = 0; i < calls; ++i) {
      const auto known = ids.all();
      const auto id = known.empty() ? ExecutionId::generate() : known[pick(known.size())];
      try {
        switch (pick(10)) {
          case 0:
          case 1:
          case 2:
            ids.add(r.submit(names[pick(5)], {{"i", i}}, {.priority = static_cast<int>(pick(3))}));
            break;
          case 3:
            for (const auto& one : r.submit_many({{.workflow = names[pick(5)]}, {.workflow = names[pick(5)]}})) ids.add(one);
            break;
          case 4:
            r.cancel(id, "by chance");
            break;
          case 5:
            r.pause(id);
            break;
          case 6:
            r.resume(id);
            break;
          case 7:
            r.retry(id);
            break;
          case 8:
            (void)r.wait(id, std::chrono::milliseconds{pick(5)});
            break;
          default:
            EXPECT_EQ(r.get(id).id, id);
        }
      } catch (const Error& e) {
        const bool ordinary = e.code() == ErrorCode::Conflict || e.code() == ErrorCode::Timeout ||
                              (e.code() == ErrorCode::NotFound && known.empty()) || e.code() == ErrorCode::Unavailable;
        EXPECT_TRUE(ordinary) << to_string(e.code()) << ": " << e.what();
      }
    }
  }

  /// Lets everything go on, and checks that it ends and agrees with itself.
  void bring_to_an_end(Runner& r, const std::vector<ExecutionId>& ids) {
    closed->open();
    for (const auto& id : ids) {
      try {
        if (r.get(id).status == ExecutionStatus::Paused) r.resume(id);
      } catch (const Error& e) {
        // The last task that ran when it was paused has ended it meanwhile.
        EXPECT_EQ(e.code(), ErrorCode::Conflict) << e.what();
      }
    }
    for (const auto& id : ids) {
      const auto ended = r.wait(id, patience);
      EXPECT_TRUE(is_terminal(ended.status));
      // Of a cancelled one a task may still be on its way out.
      EXPECT_TRUE(eventually([&] {
        const auto e = r.get(id);
        return std::all_of(e.tasks.begin(), e.tasks.end(), [](const TaskState& t) { return is_terminal(t.status); });
      }));
      check(r.get(id));
    }
  }

  static void check(const Execution& e) {
    bool failed = false;
    bool cancelled = false;
    for (const auto& t : e.tasks) {
      failed = failed || t.status == TaskStatus::Failed;
      cancelled = cancelled || t.status == TaskStatus::Cancelled;
      EXPECT_EQ(t.crashes, 0) << e.workflow << " " << t.name;
      std::int64_t fence = 0;
      int number = 0;
      for (const auto& attempt : t.attempts) {
        EXPECT_GT(attempt.fence, fence);
        EXPECT_GT(attempt.number, number);
        EXPECT_NE(attempt.status, AttemptStatus::Running);
        EXPECT_NE(attempt.status, AttemptStatus::Crashed);
        fence = attempt.fence;
        number = attempt.number;
      }
      EXPECT_FALSE(t.status == TaskStatus::Completed && t.attempts.empty());
    }
    EXPECT_FALSE(e.status == ExecutionStatus::Completed && (failed || cancelled)) << e.id.to_string();
    EXPECT_FALSE(e.status == ExecutionStatus::Failed && !failed) << e.id.to_string();
    EXPECT_TRUE(e.finished_at);
  }

  [[nodiscard]] static std::uint64_t seed() {
    const char* from = std::getenv("CLOACINA_TEST_SEED");
    return from != nullptr ? std::strtoull(from, nullptr, 10) : 1;
  }
};

TEST_F(Stress, RandomCallsOfManyThreadsOnOneRunner) {
  constexpr int threads = 6;
  constexpr int calls = 600 / size_divisor;
  Journal<ExecutionId> ids;
  const auto r = started(flows());
  in_threads(threads, [&](int i) {
    std::mt19937_64 random(seed() * 100 + static_cast<std::uint64_t>(i));
    play(*r, random, calls, ids);
  });
  bring_to_an_end(*r, ids.all());
}

TEST_F(Stress, RandomCallsOnTwoRunnersAndAClientThatCloseAndComeBack) {
  constexpr int calls = 200 / size_divisor;
  constexpr int lives = 3;
  Journal<ExecutionId> ids;
  in_threads(3, [&](int i) {
    std::mt19937_64 random(seed() * 1'000 + static_cast<std::uint64_t>(i));
    for (int life = 0; life < lives; ++life) {
      if (i == 0) {
        const auto client = runner();
        for (const auto& flow : flows()) client->add(flow);
        play(*client, random, calls, ids);
      } else {
        const auto r = started(flows());
        play(*r, random, calls, ids);
        r->stop(std::chrono::milliseconds{life});
      }
    }
  });
  const auto r = started(flows());
  bring_to_an_end(*r, ids.all());
}

}  // namespace
}  // namespace cloacina::runner::test
