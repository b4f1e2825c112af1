// Random workflows, driven to their end by random outcomes and mishaps, beside a model that keeps no counters.

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>

#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using store::Position;

struct Spec {
  std::vector<std::vector<Position>> after;
  std::vector<Rule::Kind> rules;
  std::vector<bool> recovers;
};

/// Choices from a seed. Not made by RapidCheck: it would shrink them to a run in which nothing ever happens.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// From 0 to n - 1.
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }

 private:
  std::mt19937_64 engine_;
};

Spec random_spec(Dice& dice) {
  using Kind = Rule::Kind;
  constexpr std::array kinds{Kind::AllSucceeded, Kind::AllSucceeded, Kind::AllSucceeded, Kind::AllSucceeded,
                             Kind::Always,       Kind::AnyFailed,    Kind::AllFailed,    Kind::AnySucceeded};
  Spec spec;
  const auto n = static_cast<Position>(1 + dice.below(8));
  for (Position t = 0; t < n; ++t) {
    std::vector<Position> after;
    for (Position p = 0; p < t; ++p) {
      if (dice.below(3) == 0) after.push_back(p);
    }
    spec.rules.push_back(after.empty() ? Kind::AllSucceeded
                                       : kinds[static_cast<std::size_t>(dice.below(static_cast<int>(kinds.size())))]);
    spec.recovers.push_back(dice.below(4) == 0);
    spec.after.push_back(std::move(after));
  }
  return spec;
}

Workflow build(const Spec& spec) {
  WorkflowBuilder flow{"random"};
  for (std::size_t t = 0; t < spec.after.size(); ++t) {
    auto ref = flow.task("t" + std::to_string(t), nothing);
    for (const auto p : spec.after[t]) ref.after("t" + std::to_string(p));
    ref.when({spec.rules[t], {}}).recovers(spec.recovers[t]);
  }
  return flow.build();
}

/// What the statuses have to be, counted anew each time it is asked.
class Model {
 public:
  explicit Model(const Spec& spec) : spec_(spec), status_(spec.after.size(), TaskStatus::NotStarted) { settle(); }

  void set(Position task, TaskStatus status) {
    status_[task] = status;
    settle();
  }
  [[nodiscard]] TaskStatus at(Position task) const { return status_[task]; }
  [[nodiscard]] bool dependencies_ended(Position task) const {
    return std::all_of(spec_.after[task].begin(), spec_.after[task].end(), [&](Position p) { return is_terminal(status_[p]); });
  }
  [[nodiscard]] bool ended() const {
    return std::all_of(status_.begin(), status_.end(), [](auto s) { return is_terminal(s); });
  }
  /// Once all have ended.
  [[nodiscard]] ExecutionStatus outcome() const {
    for (Position t = 0; t < status_.size(); ++t) {
      if (status_[t] != TaskStatus::Failed) continue;
      bool handled = false;
      for (Position r = 0; r < status_.size(); ++r) {
        handled = handled || (spec_.recovers[r] && status_[r] == TaskStatus::Completed && above(r).contains(t));
      }
      if (!handled) return ExecutionStatus::Failed;
    }
    return ExecutionStatus::Completed;
  }
  /// A retry of the whole: what failed, and all below.
  [[nodiscard]] std::set<Position> retried() const {
    std::set<Position> out;
    for (Position t = 0; t < status_.size(); ++t) {
      bool again = status_[t] == TaskStatus::Failed || status_[t] == TaskStatus::Cancelled;
      for (const auto p : above(t)) again = again || status_[p] == TaskStatus::Failed || status_[p] == TaskStatus::Cancelled;
      if (again) out.insert(t);
    }
    return out;
  }
  void reset(const std::set<Position>& tasks) {
    for (const auto t : tasks) status_[t] = TaskStatus::NotStarted;
    settle();
  }

 private:
  [[nodiscard]] std::set<Position> above(Position task) const {
    std::set<Position> out;
    for (const auto p : spec_.after[task]) {
      out.insert(p);
      out.merge(above(p));
    }
    return out;
  }
  [[nodiscard]] bool failure_reaches(Position task) const {
    if (status_[task] == TaskStatus::Failed) return true;
    const auto& after = spec_.after[task];
    return status_[task] == TaskStatus::Skipped &&
           std::any_of(after.begin(), after.end(), [&](Position p) { return failure_reaches(p); });
  }
  [[nodiscard]] bool runs(Position task) const {
    const auto& after = spec_.after[task];
    const auto completed =
        std::count_if(after.begin(), after.end(), [&](Position p) { return status_[p] == TaskStatus::Completed; });
    const auto failed = std::count_if(after.begin(), after.end(), [&](Position p) { return failure_reaches(p); });
    switch (spec_.rules[task]) {
      case Rule::Kind::AllSucceeded:
        return completed == std::ssize(after);
      case Rule::Kind::AnyFailed:
        return failed > 0;
      case Rule::Kind::AllFailed:
        return failed == std::ssize(after);
      case Rule::Kind::AnySucceeded:
        return completed > 0;
      default:
        return true;
    }
  }
  void settle() {
    for (Position t = 0; t < status_.size(); ++t) {  // dependencies come first
      if (status_[t] == TaskStatus::NotStarted && dependencies_ended(t))
        status_[t] = runs(t) ? TaskStatus::Ready : TaskStatus::Skipped;
    }
  }

  const Spec& spec_;
  std::vector<TaskStatus> status_;
};

class RandomWorkflow : public StoreConformance {
 protected:
  void check_against(const Model& model, const ExecutionId& id) {
    const auto e = get(id);
    for (Position t = 0; t < e.tasks.size(); ++t) {
      if (e.tasks[t].status != model.at(t)) {
        RC_FAIL(e.tasks[t].name + " is " + std::string(to_string(e.tasks[t].status)) + " instead of " +
                std::string(to_string(model.at(t))));
      }
    }
    RC_ASSERT(is_terminal(e.status) == model.ended());
    if (model.ended()) RC_ASSERT(e.status == model.outcome());
    RC_ASSERT(GetParam().audit(database_) == std::vector<std::string>{});
  }

  void drive(Dice& dice, Model& model, const ExecutionId& id) {
    std::vector<ClaimedTask> held;
    while (!model.ended()) {
      auto b = batch();
      std::vector<std::size_t> left;
      for (std::size_t i = 0; i < held.size(); ++i) {
        if (dice.below(3) == 0) {
          left.push_back(i);
          continue;
        }
        const int what = dice.below(10);
        const auto position = held[i].task.position;
        if (what < 5) {
          b.outcomes.push_back(completed(held[i]));
          model.set(position, TaskStatus::Completed);
        } else if (what < 8) {
          b.outcomes.push_back(failed(held[i]));
          model.set(position, TaskStatus::Failed);
        } else {
          b.outcomes.push_back(outcome(held[i], what == 8 ? AttemptOutcome::Kind::Returned : AttemptOutcome::Kind::Retry));
          b.outcomes.back().retry_at = now_;
          model.set(position, TaskStatus::Ready);
        }
      }
      if (dice.below(2) == 0) b.claim = request(1 + dice.below(3));
      const auto result = commit(b);
      for (const auto applied : result.outcomes) RC_ASSERT(applied == Applied::Yes);
      std::vector<ClaimedTask> next;
      for (const auto i : left) next.push_back(held[i]);
      for (const auto& task : result.claimed) {
        RC_ASSERT(model.dependencies_ended(task.task.position));
        RC_ASSERT(model.at(task.task.position) == TaskStatus::Ready);
        model.set(task.task.position, TaskStatus::Running);
        next.push_back(task);
      }
      held = std::move(next);
      RC_ASSERT(result.finished.size() == (model.ended() ? 1U : 0U));
      check_against(model, id);
    }
  }
};

TEST_P(RandomWorkflow, EndsAsTheModelSays) {
  const bool good = rc::check([&] {
    Dice dice(*rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()));
    const Spec spec = random_spec(dice);
    Model model(spec);
    const auto id = submit(build(spec));
    check_against(model, id);
    drive(dice, model, id);
    for (int retry = 0; retry < 2; ++retry) {
      const auto again = model.retried();
      const auto result = control(Control::Kind::Retry, id);
      RC_ASSERT((result.applied == Applied::Yes) == !again.empty());
      if (again.empty()) break;
      model.reset(again);
      check_against(model, id);
      drive(dice, model, id);
    }
    pass(std::chrono::seconds{1});
    RC_ASSERT(store_->prune(now_, 10) == 1);
  });
  EXPECT_TRUE(good);
}

INSTANTIATE_TEST_SUITE_P(Backends, RandomWorkflow, ::testing::ValuesIn(backends()),
                         [](const ::testing::TestParamInfo<Backend>& backend) { return backend.param.name; });

}  // namespace
}  // namespace cloacina::test
