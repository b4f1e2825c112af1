#pragma once

#include <functional>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <unordered_map>

#include "engine/inbox.hpp"
#include "engine/schedules.hpp"
#include "store/store.hpp"

namespace cloacina::engine {

struct EngineOptions {
  store::RunnerKey runner = 0;
  int workers = 8;
  int prefetch_max = 1'024;
  int written_off_max = 64;
  std::chrono::milliseconds stop_grace{10'000};
  std::chrono::milliseconds heartbeat{5'000};  ///< how often a lease is renewed, where there are leases
  std::size_t context_bytes_max = 16 << 20;
  std::size_t context_cache_bytes = 64 << 20;
  bool any_commands = false;
  std::string zones;  ///< version of the zone database
  bool boots = true;  ///< fires `@reboot` schedules of what it gets to know
  std::shared_ptr<UserTransactions> transactions{};
  std::uint64_t seed = 1;
};

/// Makes a stored definition runnable. *Throws* when it cannot be.
using Materialise = std::function<Workflow(const std::shared_ptr<const core::Definition>&)>;

/// Which claimed tasks that no worker has begun are to come back.
enum class Recall { None, Stopped, All };

/// What a turn asks the shell around the engine to do, after the commit.
struct Effects {
  std::vector<std::shared_ptr<WorkItem>> start;      ///< in the order in which to run them
  std::vector<std::shared_ptr<WorkItem>> stop;       ///< request their stop tokens; that may run user code
  std::vector<std::shared_ptr<WorkItem>> write_off;  ///< ignored their stop token; replace their threads
  std::vector<std::function<void()>> callbacks;      ///< user code that follows final outcomes; for a worker
  std::vector<store::FinishedExecution> finished;
  std::vector<std::function<void()>> answers;  ///< to callers; they only set a promise
  Recall recall = Recall::None;                ///< bring back what no worker has begun
  bool again = false;                          ///< there is more to do at once
  std::optional<Timestamp> wake_utc;           ///< when a timer of the store is due
  std::optional<Steady> wake_steady;           ///< when a timer of the engine is due
  bool committed = false;
  bool changed_by_others = false;
  std::optional<std::string> trouble;  ///< the commit failed; try again later
};

/// The whole engine: turns messages and time into one batch, the batch into one commit, and the commit's result into effects. Given
/// the inbox, the clocks, the seed and the store, a step has one result. No thread, no clock and no user code of its own. For one
/// thread.
class Engine {
 public:
  Engine(store::Store& store, std::shared_ptr<Inbox> inbox, const EngineOptions& options, Materialise materialise);

  [[nodiscard]] Effects step(Now now);

  /// Others may have written: look for work, and whether what runs is still wanted.
  void hint() { look_ = check_ = true; }
  /// The zone database is another one: schedules have to be planned anew.
  void rezone(std::string zones);
  /// A runner is known to have died.
  void recover() { recover_ = true; }

  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] int written_off() const { return written_off_; }
  [[nodiscard]] bool draining() const { return draining_; }
  /// Gives back everything that is still in flight, with the next turn, whatever its threads do.
  void give_up(Timestamp now);
  /// What was cut off by a halt and given back.
  [[nodiscard]] const std::vector<std::shared_ptr<WorkItem>>& cut_off() const { return cut_off_; }
  [[nodiscard]] std::int64_t turns() const { return turns_; }
  [[nodiscard]] std::int64_t tasks_done() const { return tasks_done_; }
  [[nodiscard]] std::int64_t submitted() const { return submitted_; }

 private:
  struct Flight {
    std::shared_ptr<WorkItem> item;
    StopReason reason = StopReason::None;
    Steady stop_until{};       // asked to stop: until then it has time to
    bool written_off = false;  // a verdict is on its way
  };
  /// A workflow's first appearance here, or a `@reboot` schedule of one. The instant is the slot: whatever is tried again, it is
  /// one.
  struct Boot {
    std::string name;
    Timestamp at;
  };
  struct Timer {
    Steady at;
    store::Held claim;
    bool operator>(const Timer& other) const { return at > other.at; }
  };
  struct ClaimHash {
    std::size_t operator()(const store::Held& c) const noexcept {
      return std::hash<std::int64_t>{}(((c.task.execution << 16) | c.task.position) ^ (c.fence << 48));
    }
  };
  /// By claim: a runner that was taken for dead may claim again what it still runs, and both runs are to be watched.
  using Flights = std::unordered_map<store::Held, Flight, ClaimHash>;

  void take_done(std::vector<WorkDone> done, Timestamp now);
  void conclude(WorkDone&& done, const Flight& flight, Timestamp now);
  void land(Flights::iterator flight);
  void run_timers(const Now& now, Effects& effects);
  // engine_lease.cpp
  /// Stops what runs before others may take it; says when to look again.
  void mind_lease(const Now& now, Effects& effects);
  void renewed(const store::BatchResult& result, const Now& now, Effects& effects);
  [[nodiscard]] bool renewal_is_due(const Now& now) const { return lease_ && now.steady >= next_renewal_; }
  /// A time of the clock that decides, by the clock of this turn.
  [[nodiscard]] static std::optional<Timestamp> by_own_clock(std::optional<Timestamp> time, const store::BatchResult& result,
                                                             const Now& now);
  /// Of attempts that have ended: with long timeouts there would be no end to them.
  void drop_old_timers();
  void stop(Flight& flight, StopReason reason, const Now& now, Effects& effects);
  void write_off(Flight& flight, const Now& now, Effects& effects);
  [[nodiscard]] std::chrono::milliseconds grace(const WorkItem& item) const;
  [[nodiscard]] int room() const;
  void take_messages(Messages& messages, const Now& now, Effects& effects);
  // engine_schedules.cpp
  void plan_schedules(store::Batch& batch, const Now& now, Effects& effects);
  void plan_reboots(store::Batch& batch);
  void plan_rezones(store::Batch& batch, const Now& now);
  void settle_schedules(const store::BatchResult& result, const store::Batch& batch, const Now& now, Effects& effects);
  [[nodiscard]] bool fill(store::Batch& batch, const Messages& messages, const Now& now);
  void after_commit(store::BatchResult& result, const store::Batch& batch, Messages& messages, const Now& now, Effects& effects);
  void settle_outcomes(const store::BatchResult& result, Effects& effects);
  void answer(const store::BatchResult& result, Messages& messages, Effects& effects);
  void start(const store::BatchResult& result, const store::Batch& batch, const Now& now, Effects& effects);
  void find_contexts(std::vector<std::shared_ptr<WorkItem>>& items, const store::BatchResult& result, const store::Batch& batch,
                     const Now& now, Effects& effects);
  /// Nothing, and trouble, when the store cannot say what it is.
  [[nodiscard]] std::optional<Workflow> workflow(store::DefinitionKey key, Effects& effects);
  void call_back(const WorkItem& item, const Failure* failure, Effects& effects);
  void call_back(const store::TaskKey& task, const ExecutionId& id, const Workflow& workflow, const Failure* failure,
                 Effects& effects);
  void fail(const Error& error, store::Batch& batch, Messages& messages, Effects& effects);

  /// An outcome that waits for its commit, with what is needed after it.
  struct Pending {
    store::AttemptOutcome outcome{};
    std::shared_ptr<WorkItem> item{};  // none: given back before there was one
    Failure failure{};
    bool failed_for_good = false;
    bool completed_in = false;  // a transaction of the user's, which has ended these:
    std::vector<store::FinishedExecution> finished{};
    std::shared_ptr<const ContextValues> changes{};
    std::size_t changes_bytes = 0;
  };

  store::Store& store_;
  std::shared_ptr<Inbox> inbox_;
  EngineOptions options_;
  Materialise materialise_;
  std::mt19937_64 random_;
  ContextCache contexts_;
  std::map<store::DefinitionKey, Workflow> workflows_;  // registered here
  std::map<store::DefinitionKey, Workflow> adopted_;    // stored by others, commands only
  Flights in_flight_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<Pending> pending_;
  std::vector<store::NewEvent> events_;
  std::vector<std::shared_ptr<WorkItem>> cut_off_;
  std::optional<std::chrono::milliseconds> lease_ = store_.lease();
  Steady lease_until_ = Steady::max();
  Steady next_renewal_ = Steady::max();
  Steady next_death_ = Steady::max();  // when another runner may be dead
  std::optional<Timestamp> next_due_;
  std::optional<Timestamp> next_slot_;
  int schedules_at_once_ = 16;
  ReadSchedules read_schedules_;
  std::set<std::string> booted_;                       // workflows whose `@reboot` schedules are done
  std::vector<Boot> booting_;                          // those that are not
  std::vector<Boot> reboots_;                          // schedules of this turn's `@reboot` firings
  std::vector<Boot> reboot_again_;                     // those whose row was another one by then
  std::optional<store::ScheduleKey> rezone_after_{0};  // how far the look at changed zones has got
  double prefetch_ = 0;
  int written_off_ = 0;
  int last_chance_held_ = 0;
  bool look_ = true;  // the queue may hold something for us
  bool check_ = false;
  bool recover_ = true;
  bool described_ = false;
  bool draining_ = false;
  bool halting_ = false;
  std::int64_t turns_ = 0;
  std::int64_t tasks_done_ = 0;
  std::int64_t submitted_ = 0;
};

}  // namespace cloacina::engine
