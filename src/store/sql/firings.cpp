// Slots that fire or are skipped.
#include <algorithm>

#include "core/definition_json.hpp"
#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

namespace {

enum Outcome { fired = 0, skipped = 1 };

/// Whether the firing of a slot hangs on what is open.
bool depends_on_open(Concurrency concurrency) { return concurrency == Concurrency::Skip; }

}  // namespace

void Turn::apply_schedules() {
  const auto& turns = batch_.schedules;
  if (!turns.empty()) {
    result_.schedules.assign(turns.size(), Applied::Stale);
    auto use = session_.use("turn_schedule");
    for (const auto& t : turns) {
      std::optional<Timestamp> last;
      if (!t.fire.empty()) last = t.fire.back().slot;
      if (!t.skip.empty()) last = std::max(last.value_or(t.skip.back().through), t.skip.back().through);
      use.add(t.key, t.revision, t.turn, t.cursor, t.zones, t.next_run_at, last, t.disabled_reason);
    }
    while (use.step()) result_.schedules[use.input()] = Applied::Yes;
  }
  // Slots that fire whatever is open: all into the ledger at once.
  std::vector<std::vector<bool>> fresh(turns.size());
  std::vector<std::pair<std::size_t, std::size_t>> which;
  auto ledger = session_.use("insert_firing");
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const auto& t = turns[i];
    fresh[i].assign(t.fire.size(), false);
    if (result_.schedules[i] != Applied::Yes || depends_on_open(t.concurrency)) continue;
    for (std::size_t k = 0; k < t.fire.size(); ++k) {
      const auto& f = t.fire[k];
      ledger.add(t.key, f.slot, fired, static_cast<int>(Firing::Kind::Slot), nullptr, f.slot, 1, f.due, now_, f.execution.bytes(),
                 nullptr);
      which.emplace_back(i, k);
    }
  }
  if (!ledger.empty()) {
    while (ledger.step()) fresh[which[ledger.input()].first][which[ledger.input()].second] = true;
  }
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (result_.schedules[i] == Applied::Yes) settle_slots(turns[i], fresh[i]);
  }
  result_.firings.resize(batch_.firings.size());
  for (std::size_t i = 0; i < batch_.firings.size(); ++i) fire_extra(i);
  insert_fired();
}

void Turn::settle_slots(const ScheduleTurn& t, const std::vector<bool>& fresh) {
  std::optional<SlotSkip> run;  // of slots that `concurrency` skips
  auto skip = t.skip.begin();
  const auto skips_before = [&](Timestamp slot) {
    for (; skip != t.skip.end() && skip->slot < slot; ++skip) {
      if (run) keep_skip(t.key, *std::exchange(run, {}));
      keep_skip(t.key, *skip);
    }
  };
  for (std::size_t i = 0; i < t.fire.size(); ++i) {
    const auto& f = t.fire[i];
    skips_before(f.slot);
    if (depends_on_open(t.concurrency) && gate_has_open(t.key)) {
      if (has_fired(t.key, f.slot)) continue;
      if (!run) run = SlotSkip{f.slot, f.slot, 0, SkipReason::Concurrency};
      run->through = f.slot;
      ++run->count;
      continue;
    }
    if (run) keep_skip(t.key, *std::exchange(run, {}));
    const bool fires = depends_on_open(t.concurrency)
                           ? record({.schedule = t.key, .kind = Firing::Kind::Slot, .firing = f, .workflow = t.workflow})
                           : fresh[i];
    if (!fires) continue;
    if (t.concurrency == Concurrency::Replace) replace_open(t.key, f.slot);
    NewExecution e;
    e.id = f.execution;
    e.schedule = t.key;
    e.slot = f.slot;
    e.gate = t.key;
    e.priority = t.priority;
    e.input = f.input;
    if (t.concurrency == Concurrency::Queue) {
      e.gate_max = 1;
      if (gate_has_open(t.key)) e.waiting = Waiting::Gate;
    }
    fire(t.workflow, std::move(e), {});
  }
  skips_before(Timestamp::max());
  if (run) keep_skip(t.key, *run);
}

bool Turn::record(const ExtraFiring& f) {
  const auto& slot = f.firing;
  return session_.use("insert_firing")
             .bind(f.schedule, slot.slot, fired, static_cast<int>(f.kind), nullptr, slot.slot, 1, slot.due, now_,
                   slot.execution.bytes(), f.backfill == 0 ? std::nullopt : std::optional(f.backfill))
             .run() > 0;
}

void Turn::fire_extra(std::size_t index) {
  const auto& f = batch_.firings[index];
  NewExecution e;
  e.id = f.firing.execution;
  e.schedule = f.schedule;
  e.priority = f.priority;
  e.input = f.firing.input;
  if (f.kind == Firing::Kind::Backfill) {
    e.slot = f.firing.slot;
    e.gate = -f.backfill;
    e.gate_max = f.gate_max;
    if (gate_is_full(e.gate, e.gate_max)) e.waiting = Waiting::Gate;
  }
  if (record(f)) {
    fire(f.workflow, std::move(e), index);
    return;
  }
  auto use = session_.use("fired_execution");
  ExecutionId id;
  if (use.bind(f.schedule, f.firing.slot).step()) id = id_of(use.blob(0));
  result_.firings[index] = {Applied::Duplicate, id, 0};
}

void Turn::fire(const std::string& workflow, NewExecution execution, std::optional<std::size_t> answer) {
  execution.definition = current_definition(workflow);
  auto definition = definitions_.get(session_, execution.definition);
  if (definition->tasks.empty()) {
    execution.waiting = Waiting::Workflow;
  } else if (!definition->input.empty()) {
    execution.input = with_defaults(*definition, execution.input);
  }
  // Its place in the queue is now, not its slot: a long catch-up holds up nobody.
  execution.submitted_at = now_;
  fired_.push_back({std::move(execution), std::move(definition), current_.at(workflow).first, answer});
}

void Turn::insert_fired() {
  if (fired_.empty()) return;
  const auto fires = std::exchange(fired_, {});
  auto use = session_.use("insert_scheduled");
  for (const auto& [s, definition, workflow, answer] : fires) {
    std::optional<Timestamp> deadline;
    if (definition->deadline && s.waiting == Waiting::No) deadline = now_ + *definition->deadline;
    use.add(s.id.bytes(), workflow, s.definition, s.priority, s.submitted_at, s.submitted_at, deadline,
            static_cast<std::int64_t>(definition->leaves.size()), s.input, s.schedule, s.slot,
            s.gate == 0 ? std::nullopt : std::optional(s.gate), s.gate_max, static_cast<int>(s.waiting));
  }
  std::vector<ExecutionKey> keys(fires.size());
  while (use.step()) keys[use.input()] = use.integer(0);
  for (std::size_t i = 0; i < fires.size(); ++i) {
    const auto& [s, definition, workflow, answer] = fires[i];
    auto& e = touched_[keys[i]];
    e.key = keys[i];
    e.id = s.id;
    e.definition_key = s.definition;
    e.definition = definition;
    e.priority = s.priority;
    e.due_at = s.submitted_at;
    e.gate = s.gate;
    e.waiting = s.waiting;
    e.open_leaves = static_cast<std::int64_t>(definition->leaves.size());
    if (s.waiting == Waiting::No) advance_.start(e);
    if (!answer) continue;
    result_.firings[*answer] = {Applied::Yes, s.id, keys[i]};
    const auto& asked = batch_.firings[*answer];
    if (!asked.actor.empty()) event(e, {}, std::string(to_string(asked.kind)), format_seconds(asked.firing.slot), asked.actor);
  }
}

void Turn::keep_skip(ScheduleKey schedule, const SlotSkip& run) {
  {
    // Slots are settled in order: a record of the same reason that is the newest is this one's neighbour, unless a slot between
    // them that would have fired was backfilled before it came to that.
    auto use = session_.use("last_slot_record");
    if (use.bind(schedule, run.slot).step() && use.integer(1) == skipped && use.integer(2) == static_cast<int>(run.reason) &&
        use.integer(4) == 0) {
      // A `@reboot` that was recorded already: only the answer was lost.
      if (use.time(3) == run.through) return;
      session_.use("extend_skip").bind(use.integer(0), run.through, run.count, now_).defer();
      return;
    }
  }
  session_.use("insert_firing")
      .bind(schedule, run.slot, skipped, static_cast<int>(Firing::Kind::Slot), static_cast<int>(run.reason), run.through, run.count,
            run.slot, now_, nullptr, nullptr)
      .defer();
}

bool Turn::has_fired(ScheduleKey schedule, Timestamp slot) {
  auto use = session_.use("fired_execution");
  return use.bind(schedule, slot).step();
}

void Turn::replace_open(ScheduleKey schedule, Timestamp slot) {
  insert_fired();
  std::vector<ExecutionKey> open;
  {
    auto use = session_.use("open_keys_of_gate");
    use.bind(schedule, 0);
    while (use.step()) open.push_back(use.integer(0));
  }
  if (open.empty()) return;
  // A cancel acts on rows.
  settle();
  flush_candidates();
  for (const auto key : open) {
    auto& e = touch(key);
    if (is_terminal(e.status)) continue;
    cancel(e, {Control::Kind::Cancel, e.id, "replaced by the slot " + format_seconds(slot), {}});
  }
  save();
}

DefinitionKey Turn::current_definition(const std::string& workflow) {
  if (const auto it = current_.find(workflow); it != current_.end()) return it->second.second;
  const auto look = [&] {
    auto use = session_.use("lock_current");
    if (!use.bind(workflow).step()) return false;
    current_[workflow] = {use.integer(0), use.integer(1)};
    return true;
  };
  if (!look()) {
    // Nobody has registered it yet.
    core::Definition placeholder;
    placeholder.name = workflow;
    const auto stored = core::finish(std::move(placeholder));
    session_.use("insert_definition").bind(stored->name, stored->version, stored->text, false, now_).defer();
    session_.use("set_placeholder").bind(workflow, stored->version).defer();
    if (!look()) throw Error(ErrorCode::Internal, "workflow " + workflow + " was stored and is not there");
  }
  return current_.at(workflow).second;
}

}  // namespace cloacina::store::sql
