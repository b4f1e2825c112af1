// Statements about executions, their definitions and what is kept with them.
#include <algorithm>

#include "cloacina/error.hpp"
#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

void load(Call& c) {
  const auto* e = c.db().executions.find(c.integer(0));
  if (e == nullptr) return;
  c.answer(e->id, e->definition, e->status, e->priority, e->due_at, e->open_leaves, e->failed, e->retried, e->error,
           e->started_at.has_value(), e->gate.value_or(0), e->waiting);
}

void find_by_id(Call& c) {
  if (const auto* e = c.db().executions.find_id(c.id(0))) c.answer(e->key);
}

void insert(Call& c) {
  auto& table = c.db().executions;
  ExecutionRow e;
  e.id = c.id(0);
  e.unique_key = c.maybe_text(4);
  if (table.find_id(e.id) != nullptr || (e.unique_key && table.find_unique_key(*e.unique_key) != nullptr)) return;
  e.key = c.db().new_execution_key();
  e.workflow = c.integer(1);
  e.definition = c.integer(2);
  e.priority = c.integer(3);
  e.submitted_at = c.integer(5);
  e.due_at = c.integer(6);
  e.deadline_at = c.maybe_integer(7);
  e.open_leaves = c.integer(8);
  e.input = c.text(9);
  c.answer(e.key);
  table.put(e.key, e);
}

void insert_scheduled(Call& c) {
  auto& table = c.db().executions;
  ExecutionRow e;
  e.id = c.id(0);
  if (table.find_id(e.id) != nullptr) throw Error(ErrorCode::Internal, "two executions have one id");
  e.key = c.db().new_execution_key();
  e.workflow = c.integer(1);
  e.definition = c.integer(2);
  e.priority = c.integer(3);
  e.submitted_at = c.integer(4);
  e.due_at = c.integer(5);
  e.deadline_at = c.maybe_integer(6);
  e.open_leaves = c.integer(7);
  e.input = c.text(8);
  e.schedule = c.maybe_integer(9);
  e.slot = c.maybe_integer(10);
  e.gate = c.maybe_integer(11);
  e.gate_max = c.integer(12);
  e.waiting = c.integer(13);
  c.answer(e.key);
  table.put(e.key, e);
}

template <class F>
void change(Call& c, const F& work) {
  c.changed_if(c.db().executions.change(c.integer(0), work));
}

void insert_event(Call& c) {
  c.db().events.put({c.integer(0), c.db().new_number()}, {c.integer(1), c.maybe_integer(2), c.text(3), c.text(4), c.text(5)});
  c.changed();
}

template <class T>
void erase_of_execution(T& table, const typename std::decay_t<decltype(table.rows())>::key_type& from, Integer execution,
                        Integer (*of)(const typename std::decay_t<decltype(table.rows())>::key_type&)) {
  for (auto it = table.rows().lower_bound(from); it != table.rows().end() && of(it->first) == execution;) {
    const auto key = (it++)->first;
    table.erase(key);
  }
}

/// Whether it ended before a time, with a status that is one of `statuses`.
bool may_go(const ExecutionRow& e, Integer before, Integer statuses) {
  return !e.open() && (statuses >> e.status & 1) != 0 && e.finished_at && *e.finished_at < before;
}

constexpr Named all[] = {
    {"load_execution", load},
    {"load_free_execution", load},
    {"peek_execution",
     [](Call& c) {
       if (const auto* e = c.db().executions.find(c.integer(0))) c.answer(e->id, e->definition, e->retried, e->status);
     }},
    {"find_execution", find_by_id},
    {"find_unique_key",
     [](Call& c) {
       if (const auto* e = c.db().executions.find_unique_key(c.text(0))) c.answer(e->key, e->id);
     }},
    {"insert_execution", insert},
    {"insert_scheduled", insert_scheduled},
    {"start_execution",
     [](Call& c) {
       const auto* found = c.db().executions.find(c.integer(0));
       if (found == nullptr || found->status != 0) return;
       change(c, [&](ExecutionRow& e) {
         e.status = 1;
         e.started_at = c.integer(1);
       });
     }},
    {"save_execution",
     [](Call& c) {
       change(c, [&](ExecutionRow& e) {
         e.status = c.integer(1);
         e.open_leaves = c.integer(2);
         e.failed = c.integer(3);
         e.error = c.maybe_text(4);
         e.finished_at = c.maybe_integer(5);
       });
     }},
    {"next_deadline",
     [](Call& c) {
       const auto& places = c.db().executions.deadlines.places();
       c.answer(places.empty() ? std::nullopt : MaybeInteger(places.begin()->first));
     }},
    {"past_deadline",
     [](Call& c) {
       int left = 100;
       for (const auto& [at, key] : c.db().executions.deadlines.places()) {
         if (at > c.integer(0) || left-- == 0) break;
         c.answer(key);
       }
     }},
    {"input_of_execution",
     [](Call& c) {
       if (const auto* e = c.db().executions.find(c.integer(0))) c.answer(e->input);
     }},
    {"pause_execution",
     [](Call& c) {
       change(c, [&](ExecutionRow& e) {
         e.status = 2;
         e.pause_reason = c.maybe_text(1);
       });
     }},
    {"resume_execution",
     [](Call& c) {
       change(c, [&](ExecutionRow& e) {
         e.status = c.integer(1);
         e.pause_reason.reset();
       });
     }},
    {"reopen_execution",
     [](Call& c) {
       change(c, [&](ExecutionRow& e) {
         e.status = 1;
         e.open_leaves = c.integer(1);
         e.failed = c.integer(2);
         e.retried = 1;
         e.error.reset();
         e.finished_at.reset();
         e.waiting = 0;
         if (!e.started_at) e.started_at = c.integer(3);
         e.deadline_at.reset();
       });
     }},
    {"insert_event", insert_event},

    {"definition_by_key",
     [](Call& c) {
       if (const auto* d = c.db().definitions.find(c.integer(0))) c.answer(d->text);
     }},
    {"definition_by_version",
     [](Call& c) {
       if (const auto* d = c.db().definitions.find_version(c.text(0))) c.answer(d->key);
     }},
    {"insert_definition",
     [](Call& c) {
       auto& table = c.db().definitions;
       if (table.find_version(c.text(1)) != nullptr) return;
       const Integer key = Contents::new_key(table);
       table.put(key, {key, c.text(0), c.text(1), c.text(2), c.integer(3)});
       c.changed();
     }},
    {"set_current",
     [](Call& c) {
       auto& table = c.db().workflows;
       const auto* known = table.find(c.text(0));
       const Integer key = known != nullptr ? known->key : c.db().new_number();
       table.put(c.text(0), {key, c.integer(1)});
       c.changed();
     }},
    {"set_placeholder",
     [](Call& c) {
       const auto* d = c.db().definitions.find_version(c.text(1));
       if (d == nullptr || c.db().workflows.find(c.text(0)) != nullptr) return;
       c.db().workflows.put(c.text(0), {c.db().new_number(), d->key});
       c.changed();
     }},
    {"lock_current",
     [](Call& c) {
       if (const auto* w = c.db().workflows.find(c.text(0))) c.answer(w->key, w->current);
     }},
    {"current_of",
     [](Call& c) {
       if (const auto* w = c.db().workflows.find(c.text(0))) c.answer(w->current);
     }},
    {"workflow_by_name",
     [](Call& c) {
       if (const auto* w = c.db().workflows.find(c.text(0))) c.answer(w->key);
     }},
    {"current_definitions",
     [](Call& c) {
       for (const auto& [name, workflow] : c.db().workflows.rows()) c.answer(workflow.current);
     }},

    {"prunable",
     [](Call& c) {
       Integer left = c.integer(4);
       const auto& rows = c.db().executions.rows();
       for (auto it = rows.upper_bound(c.integer(2)); it != rows.end() && it->first <= c.integer(3) && left > 0; ++it, --left) {
         c.answer(it->first, may_go(it->second, c.integer(0), c.integer(1)));
       }
     }},
    {"lock_prunable",
     [](Call& c) {
       const auto* e = c.db().executions.find(c.integer(0));
       bool runs = false;
       c.db().tasks.for_execution(c.integer(0), [&](const TaskRow& t) { runs = runs || t.is(State::Running); });
       if (e != nullptr && may_go(*e, c.integer(1), c.integer(2)) && !runs) c.answer(1);
     }},
    {"newest_ended",
     [](Call& c) {
       Integer skip = c.integer(0);
       const auto& rows = c.db().executions.rows();
       for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
         if (it->second.open() || skip-- > 0) continue;
         c.answer(it->first);
         return;
       }
     }},
    {"raise_last_key",
     [](Call& c) {
       c.db().last_key = std::max(c.db().last_key, c.integer(0));
       c.changed();
     }},
    {"first_last_key", [](Call&) {}},
    {"delete_execution",
     [](Call& c) {
       c.db().executions.erase(c.integer(0));
       c.changed();
     }},
    {"delete_tasks",
     [](Call& c) {
       erase_of_execution(c.db().tasks, c.integer(0) << 16, c.integer(0), [](const Integer& id) { return id >> 16; });
       c.changed();
     }},
    {"delete_attempts",
     [](Call& c) {
       erase_of_execution(c.db().attempts, {c.integer(0) << 16, 0}, c.integer(0),
                          [](const AttemptKey& key) { return key.first >> 16; });
       c.changed();
     }},
    {"delete_output",
     [](Call& c) {
       erase_of_execution(c.db().output, {c.integer(0) << 16, 0, 0}, c.integer(0),
                          [](const OutputKey& key) { return std::get<0>(key) >> 16; });
       c.changed();
     }},
    {"delete_events",
     [](Call& c) {
       erase_of_execution(c.db().events, {c.integer(0), 0}, c.integer(0),
                          [](const std::pair<Integer, Integer>& key) { return key.first; });
       c.changed();
     }},
};

}  // namespace

std::span<const Named> execution_statements() { return all; }

}  // namespace cloacina::store::memory
