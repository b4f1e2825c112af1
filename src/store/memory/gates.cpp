// Statements about executions that wait for others, and about backfills.
#include <algorithm>
#include <limits>

#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

constexpr Integer least = std::numeric_limits<Integer>::min();

/// Executions of the gate of the first parameter that are not terminal: those that wait first or last, then by key.
std::vector<const ExecutionRow*> open_of(const Call& c) {
  std::vector<const ExecutionRow*> out;
  const auto& index = c.db().executions.gates;
  for (auto it = index.from({c.integer(0), least, least}); it != index.end() && std::get<0>(*it) == c.integer(0); ++it) {
    out.push_back(c.db().executions.find(std::get<2>(*it)));
  }
  return out;
}

constexpr Named all[] = {
    {"find_backfill",
     [](Call& c) {
       if (const auto* b = c.db().backfills.find({c.integer(0), c.integer(1), c.integer(2)})) c.answer(b->key);
     }},
    {"insert_backfill",
     [](Call& c) {
       const BackfillPlace place{c.integer(0), c.integer(1), c.integer(2)};
       if (c.db().backfills.find(place) != nullptr) return;
       c.db().backfills.put(place, {c.db().new_number(), c.integer(3), c.integer(4)});
       c.changed();
     }},
    {"open_of_gate",
     [](Call& c) {
       auto open = open_of(c);
       std::reverse(open.begin(), open.end());
       if (open.size() > static_cast<std::size_t>(c.integer(1))) open.resize(static_cast<std::size_t>(c.integer(1)));
       for (const auto* e : open) c.answer(e->id);
     }},
    {"open_keys_of_gate",
     [](Call& c) {
       auto open = open_of(c);
       std::stable_sort(open.begin(), open.end(), [](const auto* a, const auto* b) { return a->waiting > b->waiting; });
       for (const auto* e : open) {
         if (e->key != c.integer(1)) c.answer(e->key);
       }
     }},
    {"is_gate_open",
     [](Call& c) {
       const auto open = open_of(c);
       const auto begun = std::count_if(
           open.begin(), open.end(), [&](const auto* e) { return e->waiting == 0 || (e->waiting == 2 && e->key < c.integer(1)); });
       c.answer(std::min(Integer{begun}, c.integer(2)));
     }},
    {"any_of_gate",
     [](Call& c) {
       if (!open_of(c).empty()) c.answer(1);
     }},
    {"next_of_gate",
     [](Call& c) {
       for (const auto* e : open_of(c)) {
         if (e->waiting != 1) continue;
         c.answer(e->key, e->gate_max);
         return;
       }
     }},
    {"lock_gate", [](Call& c) { c.answer(c.integer(0)); }},
    {"waiting_for_workflow",
     [](Call& c) {
       const auto* workflow = c.db().workflows.find(c.text(0));
       if (workflow == nullptr) return;
       const auto& index = c.db().executions.waiting;
       for (auto it = index.from({2, workflow->key, least}); it != index.end(); ++it) {
         const auto& [waiting, of, key] = *it;
         if (waiting != 2 || of != workflow->key) return;
         c.answer(key, c.db().executions.find(key)->gate_max);
       }
     }},
    {"set_waiting",
     [](Call& c) {
       c.changed_if(c.db().executions.change(c.integer(0), [&](ExecutionRow& e) {
         e.waiting = c.integer(1);
         e.deadline_at = c.maybe_integer(2);
       }));
     }},
    {"adopt_execution",
     [](Call& c) {
       c.changed_if(c.db().executions.change(c.integer(0), [&](ExecutionRow& e) {
         e.definition = c.integer(1);
         e.open_leaves = c.integer(2);
         e.input = c.text(3);
       }));
     }},
};

}  // namespace

std::span<const Named> gate_statements() { return all; }

}  // namespace cloacina::store::memory
