// Slots of the past, fired by hand.
#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "cron/schedule_json.hpp"
#include "engine/schedules.hpp"
#include "runner/options.hpp"
#include "runner/schedules.hpp"

namespace cloacina {

namespace {

/// Slots that one transaction fires.
constexpr std::size_t at_once = 100;

/// Fires what has not fired meanwhile, and says what that was.
std::vector<Firing> fire_backfill(Schedules::Impl& impl, const store::ScheduleRow& row, Timestamp from, Timestamp to,
                                  const BackfillOptions& options, std::vector<store::ExtraFiring> firings, BackfillReport& report) {
  std::vector<Firing> out;
  if (firings.empty()) return out;
  std::vector<store::SubmitResult> results(firings.size(), {store::Applied::Yes, {}, 0});
  const auto now = impl.now();
  if (!options.dry_run) {
    impl.with_writer([&](store::Store& store) {
      if (report.id == 0) report.id = store.open_backfill(row.key, from, to, options.concurrency, now);
      store::Batch batch;
      batch.now = now;
      for (auto& f : firings) f.backfill = report.id;
      batch.firings = firings;
      results = store.commit(batch).firings;
    });
  }
  for (std::size_t i = 0; i < firings.size(); ++i) {
    if (results[i].applied != store::Applied::Yes) {
      ++report.already;
      continue;
    }
    const auto slot = firings[i].firing.slot;
    Firing firing;
    firing.schedule = row.name;
    firing.kind = Firing::Kind::Backfill;
    firing.slot = firing.through = slot;
    firing.fired_at = now;
    if (!options.dry_run) firing.execution = firings[i].firing.execution;
    out.push_back(std::move(firing));
  }
  return out;
}

}  // namespace

BackfillReport Schedules::backfill(std::string_view name, Timestamp from, Timestamp to, const BackfillOptions& options) {
  runner::check(options);
  const auto row = impl_->find(name);
  const auto schedule = cron::schedule_from_text(row.definition);
  const std::string who = "backfill of schedule " + core::quote(name) + ": ";
  if (to <= from) throw Error(ErrorCode::InvalidArgument, who + "its range is empty: the end must be later than the beginning");
  const auto now = impl_->now();
  if (to > now) {
    throw Error(ErrorCode::InvalidArgument, who + "its range must end in the past; it ends at " + format_seconds(to));
  }
  const auto rule = cron::make_rule(schedule, row.created_at);
  if (schedule.start_at) from = std::max(from, *schedule.start_at);
  if (schedule.end_at) to = std::min(to, *schedule.end_at);
  BackfillReport report;
  if (to <= from) return report;
  // A window at a time, so that a range of any length costs bounded memory.
  constexpr std::size_t window_slots = 1'000;
  const std::chrono::microseconds tick{1};
  auto after = from - tick;
  for (;;) {
    std::vector<Timestamp> slots;
    for (auto slot = rule.rule.next(after); slot && *slot < to && slots.size() < window_slots; slot = rule.rule.next(*slot)) {
      slots.push_back(*slot);
    }
    if (slots.empty()) return report;
    after = slots.back();
    const auto fired = impl_->readers.with([&](store::Reader& r) { return r.fired_slots(row.key, slots.front(), after + tick); });
    const std::set<Timestamp> had(fired.begin(), fired.end());
    std::vector<store::ExtraFiring> batch;
    bool stopped = false;
    const auto flush = [&] {
      for (const auto& firing : fire_backfill(*impl_, row, from, to, options, std::exchange(batch, {}), report)) {
        ++report.fired;
        stopped = (options.on_fired && !options.on_fired(firing)) || stopped;
      }
    };
    for (const auto slot : slots) {
      if (had.contains(slot)) {
        ++report.already;
        continue;
      }
      store::ExtraFiring extra;
      extra.schedule = row.key;
      extra.kind = Firing::Kind::Backfill;
      extra.workflow = row.workflow;
      extra.priority = schedule.priority;
      extra.gate_max = options.concurrency;
      extra.actor = impl_->actor;
      extra.firing = {slot, slot, engine::execution_of_slot(row.id, slot), engine::firing_input(schedule, row.id, slot)};
      batch.push_back(std::move(extra));
      if (batch.size() == at_once) flush();
      if (stopped) return report;
    }
    flush();
    if (stopped) return report;
  }
}

int Schedules::cancel_backfill(std::string_view name, std::int64_t id) {
  (void)impl_->find(name);
  constexpr int cancelled_at_once = 500;
  int cancelled = 0;
  for (;;) {
    int changed = 0;
    impl_->with_writer([&](store::Store& store) {
      store::Batch batch;
      batch.now = impl_->now();
      // Those that wait come first: an end would let them begin.
      for (const auto& execution : store.open_executions(id, cancelled_at_once)) {
        batch.controls.push_back({store::Control::Kind::Cancel, execution, "its backfill was cancelled", {}, impl_->actor});
      }
      if (batch.controls.empty()) return;
      for (const auto& result : store.commit(batch).controls) changed += result.applied == store::Applied::Yes ? 1 : 0;
    });
    cancelled += changed;
    if (changed == 0) return cancelled;
  }
}

}  // namespace cloacina
