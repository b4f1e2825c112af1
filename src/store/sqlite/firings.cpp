// Slots that fire or are skipped, and executions that wait: for others of their gate, or for somebody to register their workflow.
#include <algorithm>

#include "core/definition_json.hpp"
#include "store/sqlite/turn.hpp"

namespace cloacina::store::sqlite {

namespace {

enum Outcome { fired = 0, skipped = 1 };

/// `input` over the workflow's own.
std::string with_defaults(const Definition& definition, const std::string& input) {
  if (definition.input.empty()) return input;
  Json merged = definition.input;
  merged.update(Json::parse(input));
  return merged.dump();
}

}  // namespace

Applied Turn::turn_schedule(const ScheduleTurn& t) {
  std::optional<Timestamp> last;
  if (!t.fire.empty()) last = t.fire.back().slot;
  if (!t.skip.empty()) last = std::max(last.value_or(t.skip.back().through), t.skip.back().through);
  const int changed = connection_.use("turn_schedule")
                          .bind(t.key, t.revision, t.turn, t.cursor, t.zones, t.next_run_at, last, t.disabled_reason)
                          .run();
  if (changed == 0) return Applied::Stale;
  std::optional<SlotSkip> run;  // of slots that `concurrency` skips
  auto skip = t.skip.begin();
  const auto skips_before = [&](Timestamp slot) {
    for (; skip != t.skip.end() && skip->slot < slot; ++skip) {
      if (run) keep_skip(t.key, *std::exchange(run, {}));
      keep_skip(t.key, *skip);
    }
  };
  for (const auto& f : t.fire) {
    skips_before(f.slot);
    if (t.concurrency == Concurrency::Skip && gate_has_open(t.key)) {
      if (has_fired(t.key, f.slot)) continue;
      if (!run) run = SlotSkip{f.slot, f.slot, 0, SkipReason::Concurrency};
      run->through = f.slot;
      ++run->count;
      continue;
    }
    if (run) keep_skip(t.key, *std::exchange(run, {}));
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
    fire({.schedule = t.key, .kind = Firing::Kind::Slot, .firing = f, .workflow = t.workflow}, std::move(e),
         t.concurrency == Concurrency::Replace);
  }
  skips_before(Timestamp::max());
  if (run) keep_skip(t.key, *run);
  return Applied::Yes;
}

SubmitResult Turn::fire_extra(const ExtraFiring& f) {
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
  return fire(f, std::move(e), false);
}

SubmitResult Turn::fire(const ExtraFiring& f, NewExecution execution, bool replaces) {
  const auto& slot = f.firing;
  const int added = connection_.use("insert_firing")
                        .bind(f.schedule, slot.slot, fired, static_cast<int>(f.kind), nullptr, slot.slot, 1, slot.due, batch_.now,
                              slot.execution.bytes(), f.backfill == 0 ? std::nullopt : std::optional(f.backfill))
                        .run();
  if (added == 0) {
    auto use = connection_.use("fired_execution");
    ExecutionId id;
    if (use.bind(f.schedule, slot.slot).step()) id = id_of(use.blob(0));
    return {Applied::Duplicate, id, 0};
  }
  if (replaces) replace_open(f.schedule, slot.slot);
  execution.definition = current_definition(f.workflow);
  const auto definition = definitions_.get(connection_, execution.definition);
  if (definition->tasks.empty()) {
    execution.waiting = Waiting::Workflow;
  } else {
    execution.input = with_defaults(*definition, execution.input);
  }
  // Its place in the queue is now, not its slot: a long catch-up holds up nobody.
  execution.submitted_at = batch_.now;
  const ExecutionKey key = insert(execution, definition);
  return {Applied::Yes, execution.id, key};
}

ExecutionKey Turn::insert(const NewExecution& s, const std::shared_ptr<const Definition>& definition) {
  const Timestamp due_at = s.start_at.value_or(s.submitted_at);
  const bool begins = s.waiting == Waiting::No;
  const auto leaves = static_cast<std::int64_t>(definition->leaves.size());
  std::optional<Timestamp> deadline;
  if (definition->deadline && begins) deadline = batch_.now + *definition->deadline;
  connection_.use("insert_scheduled")
      .bind(s.id.bytes(), workflow_key(definition->name), s.definition, s.priority, s.submitted_at, due_at, deadline, leaves,
            s.input, s.schedule, s.slot, s.gate == 0 ? std::nullopt : std::optional(s.gate), s.gate_max,
            static_cast<int>(s.waiting))
      .run();
  const ExecutionKey key = connection_.last_insert();
  auto& e = touched_[key];
  e.key = key;
  e.id = s.id;
  e.definition_key = s.definition;
  e.definition = definition;
  e.priority = s.priority;
  e.due_at = due_at;
  e.gate = s.gate;
  e.waiting = s.waiting;
  e.open_leaves = leaves;
  if (begins) advance_.start(e);
  return key;
}

void Turn::keep_skip(ScheduleKey schedule, const SlotSkip& run) {
  {
    // Slots are settled in order: a record of the same reason that is the newest is this one's neighbour.
    auto use = connection_.use("last_slot_record");
    if (use.bind(schedule).step() && use.integer(1) == skipped && use.integer(2) == static_cast<int>(run.reason)) {
      const std::int64_t key = use.integer(0);
      // A `@reboot` that was recorded already: only the answer was lost.
      if (use.time(3) == run.through) return;
      use.reset();
      connection_.use("extend_skip").bind(key, run.through, run.count, batch_.now).run();
      return;
    }
  }
  connection_.use("insert_firing")
      .bind(schedule, run.slot, skipped, static_cast<int>(Firing::Kind::Slot), static_cast<int>(run.reason), run.through, run.count,
            run.slot, batch_.now, nullptr, nullptr)
      .run();
}

bool Turn::has_fired(ScheduleKey schedule, Timestamp slot) {
  auto use = connection_.use("fired_execution");
  return use.bind(schedule, slot).step();
}

void Turn::replace_open(ScheduleKey schedule, Timestamp slot) {
  std::vector<ExecutionKey> open;
  {
    auto use = connection_.use("open_keys_of_gate");
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
    cancel(e, "replaced by the slot " + format_seconds(slot));
  }
  save();
}

// ---- gates

bool Turn::gate_has_open(std::int64_t gate) {
  auto use = connection_.use("any_of_gate");
  return use.bind(gate).step();
}

bool Turn::gate_is_full(std::int64_t gate, int gate_max) {
  if (gate_max <= 0) return false;
  auto use = connection_.use("is_gate_open");
  return use.bind(gate, gate_max).step() && use.integer(0) >= gate_max;
}

bool Turn::open_gates() {
  bool any = false;
  for (const auto gate : std::exchange(gates_, {})) {
    for (;;) {
      ExecutionKey key = 0;
      int gate_max = 0;
      {
        auto use = connection_.use("next_of_gate");
        if (!use.bind(gate).step()) break;
        key = use.integer(0);
        gate_max = static_cast<int>(use.integer(1));
      }
      if (gate_is_full(gate, gate_max)) break;
      begin(touch(key), Waiting::No);
      any = true;
    }
  }
  return any;
}

void Turn::begin(Touched& e, Waiting waiting) {
  std::optional<Timestamp> deadline;
  if (e.definition->deadline && waiting == Waiting::No) deadline = batch_.now + *e.definition->deadline;
  connection_.use("set_waiting").bind(e.key, static_cast<int>(waiting), deadline).run();
  e.waiting = waiting;
  if (waiting == Waiting::No) advance_.start(e);
}

// ---- workflows that nobody has registered yet

std::int64_t Turn::workflow_key(const std::string& name) {
  auto use = connection_.use("workflow_by_name");
  return use.bind(name).step() ? use.integer(0) : 0;
}

DefinitionKey Turn::current_definition(const std::string& workflow) {
  {
    auto use = connection_.use("current_of");
    if (use.bind(workflow).step()) return use.integer(0);
  }
  core::Definition placeholder;
  placeholder.name = workflow;
  const auto stored = core::finish(std::move(placeholder));
  connection_.use("insert_definition").bind(stored->name, stored->version, stored->text, false, batch_.now).run();
  const DefinitionKey key = connection_.last_insert();
  connection_.use("set_current").bind(workflow, key).run();
  return key;
}

void Turn::adopt(DefinitionKey definition) {
  const auto known = definitions_.get(connection_, definition);
  struct Row {
    ExecutionKey key;
    int gate_max;
  };
  std::vector<Row> rows;
  {
    auto use = connection_.use("waiting_for_workflow");
    use.bind(workflow_key(known->name));
    while (use.step()) rows.push_back({use.integer(0), static_cast<int>(use.integer(1))});
  }
  for (const auto& row : rows) {
    std::string input;
    {
      auto use = connection_.use("input_of_execution");
      if (use.bind(row.key).step()) input = with_defaults(*known, std::string(use.text(0)));
    }
    const auto leaves = static_cast<std::int64_t>(known->leaves.size());
    connection_.use("adopt_execution").bind(row.key, definition, leaves, input).run();
    auto& e = touch(row.key);
    begin(e, row.gate_max > 0 && gate_is_full(e.gate, row.gate_max) ? Waiting::Gate : Waiting::No);
  }
}

}  // namespace cloacina::store::sqlite
