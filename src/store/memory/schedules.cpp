// Statements about schedules and the ledger of their slots.
#include <algorithm>
#include <limits>

#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

constexpr Integer least = std::numeric_limits<Integer>::min();
constexpr Integer most = std::numeric_limits<Integer>::max();
constexpr Integer fired = 0;

void answer_schedule(Call& c, const StoredSchedule& s) {
  c.answer(s.key, s.id, s.name, s.workflow, s.definition, s.source, s.revision, s.turn, s.cursor, s.zones, s.reboot, s.paused,
           s.pause_note, s.next_run_at, s.last_slot, s.disabled_reason, s.created_at);
}

void due(Call& c) {
  Integer left = c.integer(1);
  for (const auto& [at, key] : c.db().schedules.due.places()) {
    if (at > c.integer(0) || left-- == 0) break;
    answer_schedule(c, *c.db().schedules.find(key));
  }
}

void due_latest(Call& c) {
  const auto& index = c.db().schedules.due;
  Integer left = c.integer(1);
  for (auto it = index.from({c.integer(0), most}); it != index.places().begin() && left > 0; --left) {
    --it;
    answer_schedule(c, *c.db().schedules.find(it->second));
  }
}

/// After the name of the first parameter; of a workflow, a source and paused or not as the next say, if they do.
void list(Call& c) {
  const auto& index = c.db().schedules.by_name;
  Integer left = c.integer(4);
  for (auto it = index.from({c.text(0), most}); it != index.end() && left > 0; ++it) {
    const auto& s = *c.db().schedules.find(it->second);
    if (!c.is_null(1) && s.workflow != c.text(1)) continue;
    if (!c.is_null(2) && s.source != c.text(2)) continue;
    if (!c.is_null(3) && s.paused != c.integer(3)) continue;
    --left;
    answer_schedule(c, s);
  }
}

void insert(Call& c) {
  auto& table = c.db().schedules;
  if (table.find_name(c.text(1)) != nullptr) return;
  StoredSchedule s;
  s.key = Contents::new_key(table);
  s.id = c.id(0);
  s.name = c.text(1);
  s.workflow = c.text(2);
  s.definition = c.text(3);
  s.source = c.text(4);
  s.cursor = c.text(5);
  s.zones = c.text(6);
  s.reboot = c.integer(7);
  s.paused = c.integer(8);
  s.pause_note = c.text(9);
  s.next_run_at = c.maybe_integer(10);
  s.created_at = c.integer(11);
  table.put(s.key, std::move(s));
  c.changed();
}

template <class F>
void change(Call& c, bool as_read, const F& work) {
  if (!as_read) return;
  c.changed_if(c.db().schedules.change(c.integer(0), [&](StoredSchedule& s) {
    work(s);
    ++s.turn;
  }));
}

/// Whether the row of the first parameter is as it was when it had this turn.
bool has_turn(const Call& c, std::size_t turn) {
  const auto* s = c.db().schedules.find(c.integer(0));
  return s != nullptr && s->turn == c.integer(turn) && !s->removed_at;
}

void update(Call& c) {
  change(c, has_turn(c, 1), [&](StoredSchedule& s) {
    s.workflow = c.text(2);
    s.definition = c.text(3);
    s.source = c.text(4);
    s.revision = c.integer(5);
    s.cursor = c.text(6);
    s.zones = c.text(7);
    s.reboot = c.integer(8);
    s.paused = c.integer(9);
    s.pause_note = c.text(10);
    s.next_run_at = c.maybe_integer(11);
    s.disabled_reason = c.maybe_text(12);
  });
}

void turn(Call& c) {
  const auto* found = c.db().schedules.find(c.integer(0));
  change(c, has_turn(c, 2) && found->revision == c.integer(1), [&](StoredSchedule& s) {
    s.cursor = c.text(3);
    s.zones = c.text(4);
    s.next_run_at = c.maybe_integer(5);
    if (!c.is_null(6)) s.last_slot = c.integer(6);
    s.disabled_reason = c.maybe_text(7);
  });
}

void insert_event(Call& c) {
  for (const auto& [key, s] : c.db().schedules.rows()) {
    if (s.id != c.id(0)) continue;
    c.db().schedule_events.put({key, c.db().new_number()}, {c.integer(1), c.text(2), c.text(3), c.text(4)});
    c.changed();
  }
}

void events(Call& c) {
  const auto& rows = c.db().schedule_events.rows();
  Integer left = c.integer(1);
  for (auto it = rows.lower_bound({c.integer(0) + 1, least}); it != rows.begin() && left > 0; --left) {
    --it;
    if (it->first.first != c.integer(0)) break;
    c.answer(it->second.at, it->second.kind, it->second.detail, it->second.actor);
  }
}

void removal(Call& c) {
  Integer newest = 0;
  const ScheduleEventRow* found = nullptr;
  for (const auto& [key, row] : c.db().schedule_events.rows()) {
    const auto* s = c.db().schedules.find(key.first);
    if (row.kind != "removed" || s == nullptr || s->name != c.text(0) || !s->removed_at || key.second < newest) continue;
    newest = key.second;
    found = &row;
  }
  if (found != nullptr) c.answer(found->at, found->kind, found->detail, found->actor);
}

void insert_firing(Call& c) {
  auto& table = c.db().firings;
  if (table.find_slot(c.integer(0), c.integer(1), c.integer(2)) != nullptr) return;
  FiringRow f;
  f.key = Contents::new_key(table);
  f.schedule = c.integer(0);
  f.slot = c.integer(1);
  f.outcome = c.integer(2);
  f.kind = c.integer(3);
  f.reason = c.maybe_integer(4);
  f.through = c.integer(5);
  f.count = c.integer(6);
  f.due_at = c.integer(7);
  f.fired_at = c.integer(8);
  if (!c.is_null(9)) f.execution = c.id(9);
  f.backfill = c.maybe_integer(10);
  table.put(f.key, f);
  c.changed();
}

/// Calls `each(firing)` from the latest slot of a schedule up to `newest` down to `oldest`, while it returns true.
template <class F>
void firings_down(const Call& c, Integer newest, Integer oldest, const F& each) {
  const auto& index = c.db().firings.by_slot;
  for (auto it = index.from({c.integer(0), newest, most, most}); it != index.places().begin();) {
    --it;
    if (std::get<0>(*it) != c.integer(0) || std::get<1>(*it) < oldest) return;
    if (!each(*c.db().firings.find(std::get<3>(*it)))) return;
  }
}

/// Calls `each(firing)` from the first slot since `oldest` up.
template <class F>
void firings_up(const Call& c, Integer oldest, const F& each) {
  const auto& index = c.db().firings.by_slot;
  for (auto it = index.from({c.integer(0), oldest, least, least}); it != index.end() && std::get<0>(*it) == c.integer(0); ++it) {
    each(*c.db().firings.find(std::get<3>(*it)));
  }
}

void last_slot_record(Call& c) {
  Integer backfilled = least;  // the last before the slot that is asked about
  firings_down(c, most, least, [&](const FiringRow& f) {
    if (f.kind == 2 && f.slot < c.integer(1)) backfilled = std::max(backfilled, f.slot);
    if (f.kind != 0) return true;
    c.answer(f.key, f.outcome, f.reason, f.through, backfilled > f.through ? 1 : 0);
    return false;
  });
}

void firings(Call& c) {
  firings_down(c, c.integer(1), c.integer(2), [&](const FiringRow& f) {
    if (c.is_null(3) || f.outcome == c.integer(3)) {
      c.answer(f.slot, f.outcome, f.kind, f.reason, f.through, f.count, f.due_at, f.fired_at, f.execution);
    }
    return true;
  });
}

void firing_counts(Call& c) {
  std::map<std::tuple<Integer, Integer, Integer>, Integer> counts;
  firings_up(c, c.integer(1), [&](const FiringRow& f) { counts[{f.outcome, f.kind, f.reason.value_or(-1)}] += f.count; });
  for (const auto& [group, count] : counts) c.answer(std::get<0>(group), std::get<1>(group), std::get<2>(group), count);
}

void firing_statuses(Call& c) {
  std::map<Integer, Integer> counts;
  firings_up(c, c.integer(1), [&](const FiringRow& f) {
    if (f.outcome != fired || !f.execution) return;
    if (const auto* e = c.db().executions.find_id(*f.execution)) ++counts[e->status];
  });
  for (const auto& [status, count] : counts) c.answer(status, count);
}

void firing_lateness(Call& c) {
  std::vector<Integer> all;
  firings_up(c, c.integer(1), [&](const FiringRow& f) {
    if (f.outcome == fired && f.kind == 0) all.push_back(f.fired_at - f.due_at);
  });
  std::sort(all.begin(), all.end());
  if (c.integer(2) < static_cast<Integer>(all.size())) c.answer(all[static_cast<std::size_t>(c.integer(2))]);
}

constexpr Named all[] = {
    {"due_schedules", due},
    {"due_schedules_latest", due_latest},
    {"next_slot",
     [](Call& c) {
       const auto& places = c.db().schedules.due.places();
       c.answer(places.empty() ? std::nullopt : MaybeInteger(places.begin()->first));
     }},
    {"reboot_schedules",
     [](Call& c) {
       for (const auto& [key, s] : c.db().schedules.rows()) {
         if (s.workflow == c.text(0) && !s.removed_at && s.reboot == 1) answer_schedule(c, s);
       }
     }},
    {"schedules_of_other_zones",
     [](Call& c) {
       const auto& rows = c.db().schedules.rows();
       Integer left = c.integer(2);
       for (auto it = rows.upper_bound(c.integer(1)); it != rows.end() && left > 0; ++it) {
         const auto& s = it->second;
         if (s.removed_at || s.zones.empty() || s.zones == c.text(0)) continue;
         --left;
         answer_schedule(c, s);
       }
     }},
    {"find_schedule",
     [](Call& c) {
       if (const auto* s = c.db().schedules.find_name(c.text(0))) answer_schedule(c, *s);
     }},
    {"schedule_names",
     [](Call& c) {
       Integer left = c.integer(0);
       for (const auto& [name, key] : c.db().schedules.by_name.places()) {
         if (left-- == 0) break;
         c.answer(name);
       }
     }},
    {"list_schedules", list},
    {"list_schedules_by_workflow", list},
    {"list_schedules_by_source", list},
    {"insert_schedule", insert},
    {"update_schedule", update},
    {"remove_schedule",
     [](Call& c) {
       change(c, has_turn(c, 1), [&](StoredSchedule& s) {
         s.removed_at = c.integer(2);
         s.next_run_at.reset();
       });
     }},
    {"insert_schedule_event", insert_event},
    {"schedule_events", events},
    {"schedule_removal", removal},
    {"turn_schedule", turn},

    {"insert_firing", insert_firing},
    {"fired_execution",
     [](Call& c) {
       if (const auto* f = c.db().firings.find_slot(c.integer(0), c.integer(1), fired)) c.answer(f->execution);
     }},
    {"last_slot_record", last_slot_record},
    {"extend_skip",
     [](Call& c) {
       c.changed_if(c.db().firings.change(c.integer(0), [&](FiringRow& f) {
         f.through = c.integer(1);
         f.count += c.integer(2);
         f.fired_at = c.integer(3);
       }));
     }},
    {"prunable_firings",
     [](Call& c) {
       Integer left = c.integer(2);
       const auto& rows = c.db().firings.rows();
       for (auto it = rows.upper_bound(c.integer(1)); it != rows.end() && left > 0; ++it, --left) {
         const auto& [key, f] = *it;
         const auto& places = c.db().firings.by_slot.places();
         const auto after = places.lower_bound({f.schedule, f.slot + 1, 0, 0});
         const bool is_last = after == places.end() || std::get<0>(*after) != f.schedule;
         c.answer(key, f.fired_at < c.integer(0) && !is_last);
       }
     }},
    {"delete_firing",
     [](Call& c) {
       c.db().firings.erase(c.integer(0));
       c.changed();
     }},
    {"firings", firings},
    {"fired_slots",
     [](Call& c) {
       firings_up(c, c.integer(1), [&](const FiringRow& f) {
         if (f.slot < c.integer(2) && f.outcome == fired && f.kind != 1) c.answer(f.slot);
       });
     }},
    {"firing_counts", firing_counts},
    {"firing_statuses", firing_statuses},
    {"firing_lateness", firing_lateness},
};

}  // namespace

std::span<const Named> schedule_statements() { return all; }

}  // namespace cloacina::store::memory
