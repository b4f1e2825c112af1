#pragma once

#include <map>
#include <set>

#include "cron/schedule_json.hpp"
#include "runner/schedules.hpp"
#include "testing/users.hpp"

namespace cloacina::simulation {

/// Owners of schedules, who put, edit, pause, resume, remove, backfill and run them, and remember what they did: what the ledger
/// must hold at the end is computed from that and from the rules alone, by the public interface of cron expressions.
class ScheduleOwners {
 public:
  ScheduleOwners(Surroundings& world, Outside& outside, Dice& dice);

  void act(Dice& dice);
  /// All schedules go on, or stand still.
  void resume_all();
  void pause_all();
  /// What every slot up to `until` has come to. `was_pruned` says of an execution whether it was deleted.
  void check(Timestamp until, const std::function<bool(const ExecutionId&)>& was_pruned);

 private:
  /// A definition, and the instants (after, through] whose slots are its own.
  struct Reign {
    Schedule definition;
    Timestamp created;
    Timestamp after;
    Timestamp through = Timestamp::max();
    [[nodiscard]] std::vector<Timestamp> slots(Timestamp until) const;
  };
  /// What a schedule went through.
  struct Past {
    std::vector<Reign> reigns;
    std::vector<std::pair<Timestamp, Timestamp>> pauses;  // [first, second)
    std::optional<Timestamp> paused_since;
    std::set<Timestamp> backfilled;
    int run_now = 0;
    [[nodiscard]] bool in_pause(Timestamp slot) const;
  };

  [[nodiscard]] Schedule define(Dice& dice, int i) const;
  void put(Dice& dice, int i);
  void backfill(Dice& dice, const std::string& name, Past& past);
  void begin_pause(Past& past, Timestamp settled);
  void end_pause(Past& past, Timestamp settled);
  /// How far a schedule has got.
  [[nodiscard]] cron::StoredCursor cursor(const std::string& name);
  void check(const std::string& name, const Past& past, Timestamp until, const std::function<bool(const ExecutionId&)>& was_pruned);
  void check_slot(const std::string& name, Timestamp slot, const Reign& reign, const Past& past,
                  const std::vector<const Firing*>& records);
  void broken(const std::string& name, Timestamp slot, const std::string& what);
  [[nodiscard]] std::vector<Firing> history(const std::string& name);

  Surroundings& world_;
  Outside& outside_;
  Schedules schedules_;
  std::vector<Concurrency> concurrency_;
  std::map<std::string, Past> pasts_;
  Timestamp last_call_{};
};

}  // namespace cloacina::simulation
