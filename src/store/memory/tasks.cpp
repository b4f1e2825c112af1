// Statements about tasks: outcomes, counters, the queue, claims.
#include <algorithm>
#include <limits>

#include "cloacina/error.hpp"
#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

constexpr Integer number_of(State state) { return static_cast<Integer>(state); }

/// The task whose row is the first parameter, where the second is the fence of a claim that still holds.
const TaskRow* held(Call& c) {
  const auto* t = c.db().tasks.find(c.integer(0));
  return t != nullptr && t->fence == c.integer(1) && t->is(State::Running) ? t : nullptr;
}

template <class F>
void change(Call& c, const F& work) {
  c.changed_if(c.db().tasks.change(c.integer(0), work));
}

/// Changes the row of the first parameter, or makes it with what the next parameters say: its place in the queue.
struct Place {
  std::size_t definition;
  std::size_t rank;
  std::size_t due_at;
};
template <class Insert, class Update>
void upsert(Call& c, Place place, const Insert& insert, const Update& update) {
  auto& table = c.db().tasks;
  if (table.change(c.integer(0), update)) return;
  TaskRow t;
  t.id = c.integer(0);
  t.definition = c.integer(place.definition);
  t.rank = c.integer(place.rank);
  t.due_at = c.integer(place.due_at);
  insert(t);
  table.put(t.id, std::move(t));
}

void complete(Call& c) {
  if (held(c) == nullptr) return;
  change(c, [&](TaskRow& t) {
    t.state = number_of(State::Completed);
    t.started_at = c.maybe_integer(2);
    t.finished_at = c.maybe_integer(3);
    t.changes = c.maybe_text(4);
  });
}

void end(Call& c) {
  if (held(c) == nullptr) return;
  change(c, [&](TaskRow& t) {
    t.state = c.integer(2);
    t.started_at = c.maybe_integer(3);
    t.finished_at = c.maybe_integer(4);
    t.error = c.maybe_text(5);
    t.failures += c.integer(6);
    t.crashes += c.integer(7);
  });
}

void requeue(Call& c) {
  if (held(c) == nullptr) return;
  change(c, [&](TaskRow& t) {
    t.state = c.integer(2);
    t.due_at = c.integer(3);
    t.wake_at = c.maybe_integer(4);
    t.failures += c.integer(5);
    t.crashes += c.integer(6);
    t.number -= c.integer(7);
    t.started_at.reset();
    t.error = c.maybe_text(8);
    if (!c.is_null(9)) t.deferred = c.text(9).empty() ? std::nullopt : MaybeText(c.text(9));
  });
}

void count_dependency(Call& c) {
  const auto count = [&](TaskRow& t) {
    t.done += c.integer(4);
    t.completed += c.integer(5);
    t.failed += c.integer(6);
  };
  upsert(c, {1, 2, 3}, count, count);
  const auto* t = c.db().tasks.find(c.integer(0));
  c.answer(t->done, t->completed, t->failed, t->state);
}

void skip(Call& c) {
  const auto set = [&](TaskRow& t) {
    t.state = number_of(State::Skipped);
    t.error = c.maybe_text(4);
    t.finished_at = c.maybe_integer(5);
  };
  upsert(c, {1, 2, 3}, set, set);
  c.changed();
}

void queue(Call& c) {
  const auto set = [&](TaskRow& t) {
    t.state = c.integer(1);
    t.due_at = c.integer(4);
    t.wake_at = c.maybe_integer(5);
  };
  upsert(c, {2, 3, 4}, set, set);
  c.changed();
}

void take(TaskRow& t, MaybeInteger runner, MaybeInteger now) {
  t.state = number_of(State::Running);
  t.wake_at.reset();
  t.runner = runner;
  t.started_at = now;
  t.finished_at.reset();
  t.error.reset();
  ++t.fence;
  ++t.number;
}

void answer_claim(Call& c) {
  const auto* t = c.db().tasks.find(c.integer(0));
  c.answer(t->fence, t->number, t->failures, t->crashes, t->deferred);
}

void claim_new(Call& c) {
  const auto set = [&](TaskRow& t) {
    t.due_at = c.integer(3);
    take(t, c.maybe_integer(4), c.maybe_integer(5));
  };
  upsert(c, {1, 2, 3}, set, set);
  answer_claim(c);
}

void claim_first(Call& c) {
  TaskRow t;
  t.id = c.integer(0);
  if (c.db().tasks.find(t.id) != nullptr) throw Error(ErrorCode::Internal, "a task that is new has a row");
  t.definition = c.integer(1);
  t.rank = c.integer(2);
  t.due_at = c.integer(3);
  take(t, c.maybe_integer(4), c.maybe_integer(5));
  c.db().tasks.put(t.id, std::move(t));
  c.changed();
}

void claim_queued(Call& c) {
  if (c.db().tasks.change(c.integer(0), [&](TaskRow& t) { take(t, c.maybe_integer(1), c.maybe_integer(2)); })) answer_claim(c);
}

void ready_definitions(Call& c) {
  constexpr Integer most = std::numeric_limits<Integer>::max();
  const auto& index = c.db().tasks.ready;
  for (auto it = index.places().begin(); it != index.end(); it = index.from({std::get<0>(*it), most, most, most})) {
    c.answer(std::get<0>(*it));
  }
}

void ready(Call& c) {
  constexpr Integer least = std::numeric_limits<Integer>::min();
  const auto& index = c.db().tasks.ready;
  Integer left = c.integer(1);
  for (auto it = index.from({c.integer(0), least, least, least}); it != index.end() && left > 0; ++it, --left) {
    const auto& [definition, rank, due_at, id] = *it;
    if (definition != c.integer(0)) return;
    c.answer(id, rank, due_at);
  }
}

template <class F>
void change_all(Call& c, std::initializer_list<State> states, const F& work) {
  std::vector<Integer> ids;
  c.db().tasks.for_execution(c.integer(0), [&](const TaskRow& t) {
    if (std::any_of(states.begin(), states.end(), [&](State s) { return t.is(s); })) ids.push_back(t.id);
  });
  for (const auto id : ids) c.changed_if(c.db().tasks.change(id, work));
}

void reset(Call& c) {
  const auto count = [&](TaskRow& t) {
    t.done = c.integer(4);
    t.completed = c.integer(5);
    t.failed = c.integer(6);
  };
  upsert(c, {1, 2, 3}, count, [&](TaskRow& t) {
    count(t);
    t.state = number_of(State::NotStarted);
    t.wake_at.reset();
    t.failures = t.crashes = 0;
    t.runner.reset();
    t.started_at.reset();
    t.finished_at.reset();
    t.changes.reset();
    t.error.reset();
    t.deferred.reset();
  });
  c.changed();
}

constexpr Named all[] = {
    {"load_task",
     [](Call& c) {
       if (const auto* t = c.db().tasks.find(c.integer(0))) c.answer(t->state, t->fence, t->crashes);
     }},
    {"complete_task", complete},
    {"end_task", end},
    {"requeue_task", requeue},
    {"insert_attempt",
     [](Call& c) {
       c.db().attempts.put({c.integer(0), c.integer(1)}, {c.integer(2), c.maybe_integer(3), c.integer(4), c.maybe_integer(5),
                                                          c.maybe_integer(6), c.maybe_text(7), c.maybe_integer(8)});
       c.changed();
     }},
    {"insert_output",
     [](Call& c) {
       c.db().output.put({c.integer(0), c.integer(1), c.integer(2)}, {c.text(3), c.integer(4)});
       c.changed();
     }},
    {"count_dependency", count_dependency},
    {"skip_task", skip},
    {"queue_task", queue},
    {"claim_new", claim_new},
    {"claim_first", claim_first},
    {"claim_queued", claim_queued},
    {"ready_definitions", ready_definitions},
    {"ready", ready},
    {"last_chance",
     [](Call& c) {
       int left = 100;
       for (const auto& [definition, rank, due_at, id] : c.db().tasks.last_chance.places()) {
         if (definition < c.integer(0)) continue;
         if (left-- == 0) break;
         c.answer(id, definition);
       }
     }},
    {"take_last_chance",
     [](Call& c) {
       const auto* t = c.db().tasks.find(c.integer(0));
       if (t != nullptr && t->is(State::LastChance)) c.answer(1);
     }},
    {"wake_delayed",
     [](Call& c) {
       Integer left = c.integer(1);
       for (const auto& [wake_at, id] : c.db().tasks.delayed.places()) {
         if (wake_at > c.integer(0) || left-- == 0) break;
         c.answer(id, c.db().tasks.find(id)->crashes);
       }
     }},
    {"wake_task",
     [](Call& c) {
       change(c, [&](TaskRow& t) {
         t.state = c.integer(1);
         t.wake_at.reset();
       });
     }},
    {"next_wake",
     [](Call& c) {
       const auto& places = c.db().tasks.delayed.places();
       c.answer(places.empty() ? std::nullopt : MaybeInteger(places.begin()->first));
     }},
    {"running_of_runner",
     [](Call& c) {
       const auto& index = c.db().tasks.running;
       for (auto it = index.from({c.integer(0), 0}); it != index.end() && it->first == c.integer(0); ++it) {
         const auto* t = c.db().tasks.find(it->second);
         c.answer(t->id, t->fence, t->number, t->crashes, t->started_at);
       }
     }},
    {"check_claim",
     [](Call& c) {
       if (held(c) == nullptr) return;
       const auto* e = c.db().executions.find(c.integer(0) >> 16);
       if (e != nullptr && e->open()) c.answer(1);
     }},
    {"running_of_execution",
     [](Call& c) {
       c.db().tasks.for_execution(c.integer(0), [&](const TaskRow& t) {
         if (t.is(State::Running)) c.answer(t.id, t.fence);
       });
     }},
    {"cancel_waiting_tasks",
     [](Call& c) {
       const auto waiting = {State::NotStarted, State::Ready, State::Delayed, State::Held, State::LastChance};
       change_all(c, waiting, [&](TaskRow& t) {
         t.state = number_of(State::Cancelled);
         t.wake_at.reset();
         t.finished_at = c.maybe_integer(1);
       });
     }},
    {"hold_tasks",
     [](Call& c) {
       change_all(c, {State::Ready, State::Delayed, State::LastChance}, [](TaskRow& t) { t.state = number_of(State::Held); });
     }},
    {"release_held",
     [](Call& c) {
       change(c, [&](TaskRow& t) {
         t.state = c.integer(1);
         t.wake_at = c.maybe_integer(2);
       });
     }},
    {"reset_task", reset},
};

}  // namespace

std::span<const Named> task_statements() { return all; }

}  // namespace cloacina::store::memory
