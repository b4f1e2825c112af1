// Statements that show executions.
#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

void answer_execution(Call& c, const ExecutionRow& e) {
  MaybeText schedule;
  if (e.schedule) {
    if (const auto* s = c.db().schedules.find(*e.schedule)) schedule = s->name;
  }
  c.answer(e.key, e.id, e.definition, e.status, e.priority, e.unique_key, e.submitted_at, e.due_at, e.started_at, e.finished_at,
           e.input, e.error, e.pause_reason, schedule, e.slot, e.waiting);
}

/// Before the key and since the time of the first two parameters, the newest first, as many as the third says.
template <class F>
void list(Call& c, const F& wanted) {
  const auto& rows = c.db().executions.rows();
  Integer left = c.integer(2);
  for (auto it = rows.lower_bound(c.integer(0)); it != rows.begin() && left > 0;) {
    const auto& e = (--it)->second;
    if (e.submitted_at < c.integer(1) || !wanted(e)) continue;
    --left;
    answer_execution(c, e);
  }
}

/// Of the workflow of the fourth parameter, if there is one.
bool of_workflow(const Call& c, const ExecutionRow& e) { return c.is_null(3) || e.workflow == c.integer(3); }

void list_with_status(Call& c) {
  list(c, [&](const ExecutionRow& e) { return e.status == c.integer(4) && of_workflow(c, e); });
}

template <class F>
void tasks(Call& c, const F& each) {
  c.db().tasks.for_execution(c.integer(0), each);
}

constexpr Named all[] = {
    {"tasks_of_execution",
     [](Call& c) {
       tasks(c, [&](const TaskRow& t) {
         c.answer(t.id & 0xffff, t.state, t.fence, t.number, t.failures, t.crashes, t.runner, t.started_at, t.finished_at,
                  t.wake_at, t.error, t.due_at, t.deferred);
       });
     }},
    {"outcome_of_execution",
     [](Call& c) {
       tasks(c, [&](const TaskRow& t) {
         if (t.is(State::Completed) || t.is(State::Failed)) c.answer(t.id & 0xffff, t.state, t.error);
       });
     }},
    {"changes_of_execution",
     [](Call& c) {
       tasks(c, [&](const TaskRow& t) {
         if (t.is(State::Completed) && t.changes) c.answer(t.id & 0xffff, t.changes);
       });
     }},
    {"get_execution",
     [](Call& c) {
       if (const auto* e = c.db().executions.find_id(c.id(0))) answer_execution(c, *e);
     }},
    {"status_of_execution",
     [](Call& c) {
       if (const auto* e = c.db().executions.find_id(c.id(0))) c.answer(e->status);
     }},
    {"attempts_of_execution",
     [](Call& c) {
       const auto& rows = c.db().attempts.rows();
       for (auto it = rows.lower_bound({c.integer(0) << 16, 0}); it != rows.end() && it->first.first >> 16 == c.integer(0); ++it) {
         const auto& [key, a] = *it;
         c.answer(key.first & 0xffff, key.second, a.status, a.runner, a.fence, a.started_at, a.finished_at, a.error, a.exit);
       }
     }},
    {"events_of_execution",
     [](Call& c) {
       const auto& rows = c.db().events.rows();
       for (auto it = rows.lower_bound({c.integer(0), 0}); it != rows.end() && it->first.first == c.integer(0); ++it) {
         const auto& e = it->second;
         c.answer(e.at, e.position, e.kind, e.detail, e.actor);
       }
     }},
    {"output_of_execution",
     [](Call& c) {
       const auto& rows = c.db().output.rows();
       for (auto it = rows.lower_bound({c.integer(0) << 16, 0, 0}); it != rows.end(); ++it) {
         const auto& [task, number, stream] = it->first;
         if (task >> 16 != c.integer(0)) return;
         c.answer(task & 0xffff, number, stream, it->second.text, it->second.truncated);
       }
     }},
    {"list", [](Call& c) { list(c, [](const ExecutionRow&) { return true; }); }},
    {"list_by_workflow", [](Call& c) { list(c, [&](const ExecutionRow& e) { return of_workflow(c, e); }); }},
    {"list_completed", [](Call& c) { list(c, [&](const ExecutionRow& e) { return e.status == 3 && of_workflow(c, e); }); }},
    {"list_odd", list_with_status},
    {"list_open", list_with_status},
};

}  // namespace

std::span<const Named> reading_statements() { return all; }

}  // namespace cloacina::store::memory
