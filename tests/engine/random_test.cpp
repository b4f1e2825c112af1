// Random workflows with random outcomes, crashes, failed commits and controls, driven to the end.
#include <rapidcheck.h>

#include <random>
#include <set>

#include "harness.hpp"

namespace cloacina::engine::test {

namespace {

/// What a play needs of the harness, without being a test of its own.
class Play : public EngineTest {
 public:
  Play(const std::string& backend, std::uint64_t seed) : EngineTest(backend), random_(seed) {}

  void TestBody() override {}

  void run() {
    const int size = 1 + below(11);
    WorkflowBuilder flow("random");
    for (int i = 0; i < size; ++i) {
      auto ref = flow.task("t" + std::to_string(i), [](TaskContext& t) { t.context().set(t.task(), t.attempt()); });
      for (int parent = 0; parent < i; ++parent) {
        if (below(3) == 0) ref.after("t" + std::to_string(parent));
      }
      ref.retry({.max_attempts = 1 + below(3), .initial_delay = 1s});
      if (below(5) == 0) ref.when(always());
    }
    workflow_ = std::make_unique<Workflow>(flow.build());
    options.workers = 1 + below(4);
    add(*workflow_);
    const int executions = 1 + below(3);
    for (int i = 0; i < executions; ++i) ids_.push_back(submit("random"));
    step();  // durable
    boot();
    for (int turn = 0; turn < 5'000; ++turn) {
      if (all_ended()) break;
      play_turn();
    }
    for (int i = 0; i < 200 && engine().in_flight() != 0; ++i) play_turn();
    RC_ASSERT(all_ended());
    check();
  }

 private:
  /// Evenly in [0, end).
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }

  bool all_ended() {
    return std::all_of(ids_.begin(), ids_.end(), [&](const auto& id) { return is_terminal(get(id).status); });
  }

  void play_turn() {
    const int dice = below(40);
    if (dice == 0 && crashes_ < 6) {
      ++crashes_;
      flying_.clear();
      boot();
    }
    if (dice == 1) watch.failing_commits = 2;
    if (dice == 2) watch.failing_contexts = 1;
    if (dice == 3) {
      paused_ = !paused_;
      for (const auto& any : ids_) (void)control(paused_ ? store::Control::Kind::Pause : store::Control::Kind::Resume, any);
    }
    if (dice == 4)
      (void)control(store::Control::Kind::Cancel, ids_[static_cast<std::size_t>(below(static_cast<int>(ids_.size())))]);
    const auto effects = step();
    for (const auto& item : effects.start) {
      check_start(item);
      flying_.push_back(item);
    }
    // Some of what flies lands, some of it without success.
    Items stay;
    for (const auto& item : flying_) {
      switch (below(6)) {
        case 0:
        case 1:
          stay.push_back(item);
          break;
        case 2:
          fail(item);
          break;
        case 3:
          give_back(item);
          break;
        default:
          perform_all({item});
      }
    }
    flying_ = std::move(stay);
    if (flying_.empty() && inbox().empty()) {
      if (paused_) {
        for (const auto& any : ids_) (void)control(store::Control::Kind::Resume, any);
        paused_ = false;
      } else if (effects.wake_utc) {
        advance(std::max<std::chrono::microseconds>(*effects.wake_utc - now.utc, 1us));
      }
    }
  }

  void check_start(const std::shared_ptr<WorkItem>& item) {
    RC_ASSERT(item->context != nullptr);
    // Never before its dependencies have ended, never after it has ended itself, never twice at once.
    const auto e = get(item->claimed.id);
    for (const auto parent : item->task().after) RC_ASSERT(is_terminal(e.tasks[parent].status));
    RC_ASSERT(e.tasks[item->claimed.task.position].status == TaskStatus::Running);
    for (const auto& other : flying_) RC_ASSERT(other->claimed.task != item->claimed.task);
    RC_ASSERT(fences_[item->claimed.task] < item->claimed.fence);
    fences_[item->claimed.task] = item->claimed.fence;
  }

  void check() {
    std::set<store::ExecutionKey> ended;
    for (const auto& f : finished) RC_ASSERT(ended.insert(f.key).second);
    RC_ASSERT(ended.size() == ids_.size());
    for (const auto& id : ids_) {
      const auto e = get(id);
      bool any_failed = false;
      for (const auto& t : e.tasks) {
        if (t.status == TaskStatus::Running) RC_ASSERT(e.status == ExecutionStatus::Cancelled);
        if (e.status != ExecutionStatus::Cancelled) RC_ASSERT(is_terminal(t.status));
        any_failed = any_failed || t.status == TaskStatus::Failed;
        const auto failed =
            std::count_if(t.attempts.begin(), t.attempts.end(), [](const auto& a) { return a.status == AttemptStatus::Failed; });
        const auto& policy = workflow_->definition().tasks[*workflow_->definition().find(t.name)].retry;
        RC_ASSERT(failed <= policy.max_attempts);
        const auto done =
            std::count_if(t.attempts.begin(), t.attempts.end(), [](const auto& a) { return a.status == AttemptStatus::Completed; });
        RC_ASSERT(done == (t.status == TaskStatus::Completed ? 1 : 0));
        RC_ASSERT(static_cast<int>(t.attempts.size()) <= policy.max_attempts + t.crashes + 1);
        RC_ASSERT(e.context.contains(t.name) == (t.status == TaskStatus::Completed));
      }
      if (e.status != ExecutionStatus::Cancelled) RC_ASSERT((e.status == ExecutionStatus::Failed) == any_failed);
    }
    RC_ASSERT(engine().in_flight() == 0U);
    expect_sound();
  }

  std::mt19937_64 random_;
  std::unique_ptr<Workflow> workflow_;
  std::vector<ExecutionId> ids_;
  Items flying_;
  std::map<store::TaskKey, std::int64_t> fences_;
  int crashes_ = 0;
  bool paused_ = false;
};

}  // namespace

TEST(RandomWorkflows, EndWithOneOutcomeForEveryTaskWhateverHappens) {
  EXPECT_TRUE(rc::check("random workflows", [](std::uint64_t seed) { Play("sqlite", seed).run(); }));
}

TEST(RandomWorkflows, EndSoOnAServerToo) {
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play("postgres", seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace cloacina::engine::test
