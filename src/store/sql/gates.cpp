// Executions that wait: for others of their gate, or for somebody to register their workflow.
#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

std::string with_defaults(const Definition& definition, const std::string& input) {
  if (definition.input.empty()) return input;
  Json merged = definition.input;
  merged.update(Json::parse(input));
  return merged.dump();
}

void Turn::lock_gates() {
  std::set<std::int64_t> wanted = gates_;
  for (const auto& t : batch_.schedules) {
    if (!t.fire.empty()) wanted.insert(t.key);
  }
  for (const auto& f : batch_.firings) {
    // The slots of a schedule are settled by one at a time, also those of a backfill.
    wanted.insert(f.schedule);
    if (f.backfill != 0) wanted.insert(-f.backfill);
  }
  auto use = session_.use("lock_gate");
  for (const auto gate : wanted) {
    if (locked_gates_.insert(gate).second) use.add(gate);
  }
  use.defer();
}

bool Turn::gate_has_open(std::int64_t gate) {
  insert_fired();
  auto use = session_.use("any_of_gate");
  return use.bind(gate).step();
}

bool Turn::gate_is_full(std::int64_t gate, int gate_max, ExecutionKey before) {
  if (gate_max <= 0) return false;
  insert_fired();
  auto use = session_.use("is_gate_open");
  return use.bind(gate, before, gate_max).step() && use.integer(0) >= gate_max;
}

bool Turn::open_gates() {
  if (gates_.empty()) return false;
  lock_gates();
  bool any = false;
  for (const auto gate : std::exchange(gates_, {})) {
    for (;;) {
      ExecutionKey key = 0;
      int gate_max = 0;
      {
        auto use = session_.use("next_of_gate");
        if (!use.bind(gate).step()) break;
        key = use.integer(0);
        gate_max = static_cast<int>(use.integer(1));
      }
      if (gate_is_full(gate, gate_max, key)) break;
      load({key}, Locked::Skip);
      gates_.erase(gate);
      auto* e = touched(key);
      // Whoever has it in hand opens the gate in their turn.
      if (e == nullptr || is_terminal(e->status)) break;
      begin(*e, Waiting::No);
      any = true;
    }
  }
  return any;
}

void Turn::begin(Touched& e, Waiting waiting) {
  std::optional<Timestamp> deadline;
  if (e.definition->deadline && waiting == Waiting::No) deadline = now_ + *e.definition->deadline;
  session_.use("set_waiting").bind(e.key, static_cast<int>(waiting), deadline).defer();
  e.waiting = waiting;
  if (waiting == Waiting::No) advance_.start(e);
}

void Turn::adopt(DefinitionKey definition) {
  const auto known = definitions_.get(session_, definition);
  struct Row {
    ExecutionKey key;
    int gate_max;
  };
  std::vector<Row> rows;
  std::vector<ExecutionKey> keys;
  {
    auto use = session_.use("waiting_for_workflow");
    use.bind(known->name);
    while (use.step()) {
      rows.push_back({use.integer(0), static_cast<int>(use.integer(1))});
      keys.push_back(rows.back().key);
    }
  }
  if (rows.empty()) return;
  load(keys, Locked::Wait);
  for (const auto& row : rows) {
    const auto* e = touched(row.key);
    if (e != nullptr && e->gate != 0) gates_.insert(e->gate);
  }
  lock_gates();
  for (const auto& row : rows) {
    auto* e = touched(row.key);
    // Ended, or adopted, since.
    if (e == nullptr || is_terminal(e->status) || e->waiting != Waiting::Workflow) continue;
    std::string input;
    {
      auto use = session_.use("input_of_execution");
      if (use.bind(row.key).step()) input = with_defaults(*known, std::string(use.text(0)));
    }
    const auto leaves = static_cast<std::int64_t>(known->leaves.size());
    session_.use("adopt_execution").bind(row.key, definition, leaves, input).defer();
    e->definition_key = definition;
    e->definition = known;
    e->open_leaves = leaves;
    begin(*e, row.gate_max > 0 && gate_is_full(e->gate, row.gate_max, row.key) ? Waiting::Gate : Waiting::No);
  }
}

}  // namespace cloacina::store::sql
