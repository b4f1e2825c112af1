#pragma once

#include <deque>
#include <list>
#include <set>

#include "engine/engine.hpp"
#include "testing/faulty_store.hpp"
#include "testing/features.hpp"
#include "testing/invariants.hpp"

namespace cloacina::simulation {

using engine::Steady;

/// What a virtual runner needs of the world around it.
class Surroundings : public CommitObserver {
 public:
  [[nodiscard]] virtual Steady steady() const = 0;
  /// The wall clock of a runner.
  [[nodiscard]] virtual Timestamp utc(int runner) const = 0;
  [[nodiscard]] virtual const Features& features() const = 0;
  [[nodiscard]] virtual Invariants& invariants() = 0;
  [[nodiscard]] virtual bool tells() const = 0;
  virtual void tell(std::string line) = 0;
  /// A name for an execution in a story.
  [[nodiscard]] virtual std::string name_of(const ExecutionId& id) const = 0;
  /// Whether the tasks' own code runs when they are to succeed.
  [[nodiscard]] virtual bool runs_code() const = 0;
};

/// A runner without threads: the engine of production with its inbox, and in place of the lane and the workers what a scheduler
/// calls step by step. It does what they do, in their order, and any time may pass between two steps.
class VirtualRunner {
 public:
  struct Setting {
    int number = 0;
    engine::EngineOptions options;
    std::unique_ptr<store::Store> store;
    std::vector<engine::RegisterRequest> workflows;
  };
  VirtualRunner(Surroundings& world, Setting setting);
  VirtualRunner(const VirtualRunner&) = delete;
  VirtualRunner& operator=(const VirtualRunner&) = delete;

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] store::RunnerKey key() const { return options_.runner; }
  [[nodiscard]] std::string name() const { return "r" + std::to_string(number_); }

  // ---- the lane

  /// Whether the lane has a reason to go on now.
  [[nodiscard]] bool lane_is_due() const;
  enum class End { None, Crashed, SignedOff };
  /// One go of the lane: a turn of the engine, or what follows from one. `faults` are those of this turn.
  End go(Dice& dice, const Faults& faults);
  /// The next time at which something happens by itself; none when it waits for others.
  [[nodiscard]] std::optional<Steady> next_event() const;

  /// What it has in hand, for a story.
  [[nodiscard]] std::string describe() const;

  // ---- the workers

  [[nodiscard]] bool has_work() const;
  /// One thing that a thread of a worker does. Whether it kills the runner.
  End work(Dice& dice);
  /// Whether all its tasks do as they are told from now on.
  void calm() { calm_ = true; }

  // ---- what comes from outside

  [[nodiscard]] engine::Inbox& inbox() { return *inbox_; }
  /// A submission; `when_answered` is called with what came of it, unless the runner dies before.
  void submit(engine::SubmitRequest request, std::function<void(std::optional<std::vector<store::SubmitResult>>)> when_answered);
  void control(store::Control control, std::function<void(std::optional<store::ControlResult>)> when_answered);
  void hint(Steady at) { hint_at_ = std::min(hint_at_, at); }
  void somebody_died(Steady at) { death_at_ = std::min(death_at_, at); }
  void stall(Steady until) { stalled_until_ = std::max(stalled_until_, until); }
  [[nodiscard]] bool stalled() const { return world_.steady() < stalled_until_; }
  void cut_off(Steady until) { cut_off_until_ = std::max(cut_off_until_, until); }
  [[nodiscard]] bool is_cut_off() const { return world_.steady() < cut_off_until_; }
  void drain(bool halt);
  void give_up();
  [[nodiscard]] bool draining() const { return engine_->draining(); }
  /// An answer was lost that gave it claims it does not know of: only its death gives them back.
  [[nodiscard]] bool lost_claims() const { return store_->lost_claims(); }
  [[nodiscard]] bool is_idle() const {
    return engine_->in_flight() == 0 && inbox_->empty() && !effects_ && reports_.empty() && queue_.empty();
  }
  /// Takes what keeps it alive in the database out of it: destroyed, it dies there; kept, its leases run on.
  [[nodiscard]] std::unique_ptr<store::Store> take_store() { return store_->take(); }

 private:
  enum class Plan { Succeed, Fail, FailForGood, Defer, Hang, Ignore, Kill };
  struct Thread {
    std::shared_ptr<engine::WorkItem> item;
    Plan plan = Plan::Succeed;
    Steady ends{};
    Timestamp began{};
    bool written_off = false;
  };
  struct Report {
    engine::WorkDone done;
    Steady at;
  };
  enum class Phase { Awake, Rests, BacksOff };

  [[nodiscard]] engine::Now now() const { return {world_.utc(number_), world_.steady()}; }
  void look_for_changes();
  void wake_up();
  [[nodiscard]] End finish_turn(Dice& dice);
  bool apply(engine::Effects& effects, int crash_after);
  void recall(engine::Recall which);
  void write_off(const std::shared_ptr<engine::WorkItem>& item);
  void check_flights();
  void check_start(const std::vector<std::shared_ptr<engine::WorkItem>>& items);
  void rest(const engine::Effects& effects, Dice& dice);
  End sign_off(bool settled);

  [[nodiscard]] int threads_free() const;
  [[nodiscard]] bool ends(const Thread& thread) const;
  void begin(Dice& dice);
  End end(std::list<Thread>::iterator thread, Dice& dice);
  [[nodiscard]] engine::WorkDone outcome(const Thread& thread, Dice& dice);
  void report(engine::WorkDone done, Dice& dice);
  [[nodiscard]] std::string name_of(const engine::WorkItem& item) const;

  Surroundings& world_;
  int number_;
  engine::EngineOptions options_;
  Faults faults_;
  std::unique_ptr<FaultyStore> store_;
  std::shared_ptr<engine::Inbox> inbox_ = std::make_shared<engine::Inbox>(1'000'000);
  std::unique_ptr<engine::Engine> engine_;

  Phase phase_ = Phase::Awake;
  Steady until_{};  // BacksOff
  std::optional<Timestamp> wake_utc_;
  std::optional<Steady> wake_steady_;
  Steady hint_at_ = Steady::max();
  Steady death_at_ = Steady::max();
  Steady stalled_until_{};
  Steady cut_off_until_{};
  std::optional<engine::Effects> effects_;  // of a turn, still to be applied
  Steady effects_at_{};
  std::chrono::milliseconds trouble_wait_{0};
  bool settled_ = false;
  bool gives_up_ = false;
  bool last_ = false;  // the turn that gave up
  bool calm_ = false;
  std::vector<std::function<void()>> waiting_;  // callers of messages in the inbox
  std::vector<std::function<void()>> taken_;    // callers of messages that the turn has taken

  std::deque<std::function<void()>> jobs_;
  std::deque<std::shared_ptr<engine::WorkItem>> queue_;
  std::list<Thread> threads_;
  std::vector<Report> reports_;
};

}  // namespace cloacina::simulation
