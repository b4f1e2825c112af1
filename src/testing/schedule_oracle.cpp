// What a ledger must hold: an independent walk over the rules of a schedule's past.
#include <algorithm>

#include "testing/schedule_owners.hpp"

namespace cloacina::simulation {

std::vector<Timestamp> ScheduleOwners::Reign::slots(Timestamp until) const {
  std::vector<Timestamp> out;
  const auto rule = rule_of(definition, created);
  for (auto slot = rule.next(after); slot && *slot <= std::min(through, until); slot = rule.next(*slot)) {
    if (definition.start_at && *slot < *definition.start_at) continue;
    if (definition.end_at && *slot >= *definition.end_at) break;
    out.push_back(*slot);
  }
  return out;
}

bool ScheduleOwners::Past::in_pause(Timestamp slot) const {
  return std::any_of(pauses.begin(), pauses.end(), [&](const auto& p) { return slot >= p.first && slot < p.second; }) ||
         (paused_since && slot >= *paused_since);
}

void ScheduleOwners::broken(const std::string& name, Timestamp slot, const std::string& what) {
  world_.invariants().broken("slots", "schedule " + name + ": slot " + format_timestamp(slot) + " " + what);
}

std::vector<Firing> ScheduleOwners::history(const std::string& name) {
  std::vector<Firing> firings;
  FiringFilter filter{.limit = 10'000};
  do {
    auto page = schedules_.history(name, filter);
    firings.insert(firings.end(), page.firings.begin(), page.firings.end());
    filter.before = page.next;
  } while (filter.before);
  return firings;
}

void ScheduleOwners::check(Timestamp until, const std::function<bool(const ExecutionId&)>& was_pruned) {
  for (const auto& [name, past] : pasts_) check(name, past, until, was_pruned);
}

void ScheduleOwners::check(const std::string& name, const Past& past, Timestamp until,
                           const std::function<bool(const ExecutionId&)>& was_pruned) {
  std::map<Timestamp, std::vector<const Firing*>> by_slot;  // every slot that a firing is about
  std::map<Timestamp, const Reign*> slots;
  const auto latest = std::max(until, outside_.now());
  for (const auto& reign : past.reigns) {
    for (const auto slot : reign.slots(latest)) {
      if (!slots.emplace(slot, &reign).second) broken(name, slot, "belongs to two definitions");
    }
  }
  std::set<Timestamp> backfilled;
  std::set<ExecutionId> executions;
  int run_now = 0;
  const auto firings = history(name);
  for (const auto& f : firings) {
    if (f.outcome == Firing::Outcome::Fired) {
      if (!executions.insert(f.execution.value()).second) broken(name, f.slot, "has the execution of another one");
      const auto e = outside_.readers().with([&](store::Reader& r) { return r.get(*f.execution); });
      if (!e && !was_pruned(*f.execution)) broken(name, f.slot, "has fired, and its execution is not there");
      if (f.kind == Firing::Kind::RunNow) {
        ++run_now;
        continue;
      }
      if (e && (e->schedule != name || e->slot != f.slot)) broken(name, f.slot, "has the execution of another slot");
      if (f.kind == Firing::Kind::Backfill) {
        backfilled.insert(f.slot);
      } else if (!slots.contains(f.slot)) {
        broken(name, f.slot, "has fired and is none");
      }
      by_slot[f.slot].push_back(&f);
      continue;
    }
    std::int64_t count = 0;
    std::int64_t taken = 0;
    for (auto slot = slots.lower_bound(f.slot); slot != slots.end() && slot->first <= f.through; ++slot, ++count) {
      by_slot[slot->first].push_back(&f);
      taken += past.backfilled.contains(slot->first) ? 1 : 0;
    }
    if (!slots.contains(f.slot) || !slots.contains(f.through)) broken(name, f.slot, "is the end of a skipped run and is none");
    if (f.count > count || f.count < count - taken) {
      broken(name, f.slot, "begins a skipped run of " + std::to_string(f.count) + ", and there are " + std::to_string(count));
    }
  }
  if (backfilled != past.backfilled) broken(name, until, "and before: the ledger has other backfills than were made");
  if (run_now != past.run_now) broken(name, until, "and before: the ledger has other runs by hand than were made");
  for (const auto& [slot, reign] : slots) {
    if (slot <= until) check_slot(name, slot, *reign, past, by_slot[slot]);
  }
}

void ScheduleOwners::check_slot(const std::string& name, Timestamp slot, const Reign& reign, const Past& past,
                                const std::vector<const Firing*>& records) {
  int turns = 0;
  for (const auto* f : records) {
    if (f->kind == Firing::Kind::Backfill) continue;
    ++turns;
    const bool paused = f->outcome == Firing::Outcome::Skipped && f->reason == SkipReason::Paused;
    if (paused != past.in_pause(slot))
      broken(name, slot, paused ? "was skipped as paused and was not" : "lies in a pause and was not skipped");
    if (f->outcome == Firing::Outcome::Fired || paused) continue;
    const auto catchup = reign.definition.catchup;
    const bool allowed = *f->reason == SkipReason::Missed          ? catchup == Catchup::None
                         : *f->reason == SkipReason::Superseded    ? catchup == Catchup::Latest
                         : *f->reason == SkipReason::CatchupWindow ? catchup != Catchup::None
                         : *f->reason == SkipReason::Concurrency   ? reign.definition.concurrency == Concurrency::Skip
                                                                   : &reign != &past.reigns.back();
    if (!allowed) broken(name, slot, "was skipped as " + std::string(to_string(*f->reason)) + ", which its policies do not do");
  }
  if (turns > 1) broken(name, slot, "was settled twice");
  if (turns == 0 && !past.backfilled.contains(slot)) broken(name, slot, "is neither fired nor skipped");
}

}  // namespace cloacina::simulation
