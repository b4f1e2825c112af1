// Statements about runners and transactions.
#include <algorithm>

#include "store/memory/session.hpp"

namespace cloacina::store::memory {

namespace {

void nothing(Call& /*c*/) {}

/// Whether the lease had run out; where runners live without leases, never.
void renew_lease(Call& c) {
  const auto* r = c.db().runners.find(c.integer(0));
  if (r == nullptr) return;
  if (!c.session().shared().leases) {
    c.answer(0);
    return;
  }
  c.answer(r->stopped_at.has_value() || r->lease_until.value_or(0) <= c.integer(1));
  c.db().runners.change(c.integer(0), [&](RunnerRow& row) {
    row.heartbeat_at = c.integer(1);
    row.lease_until = c.integer(2);
    row.stopped_at.reset();
    row.died = 0;
  });
}

void may_claim(Call& c) {
  if (c.is_null(0)) return;
  if (!c.session().shared().leases) {
    c.answer(1);
    return;
  }
  const auto* r = c.db().runners.find(c.integer(0));
  if (r != nullptr && !r->stopped_at) c.answer(1);
}

void next_death(Call& c) {
  MaybeInteger first;
  if (c.session().shared().leases) {
    for (const auto key : c.db().runners.open.places()) {
      const auto until = c.db().runners.find(key)->lease_until;
      if (key != c.integer(0) && until) first = std::min(first.value_or(*until), *until);
    }
  }
  c.answer(first);
}

constexpr Named all[] = {
    // A reader sees what is committed: nobody writes while it reads.
    {"begin_read", nothing},
    {"rollback", [](Call& c) { c.session().roll_back(); }},

    {"insert_runner",
     [](Call& c) {
       RunnerRow r;
       r.key = c.db().new_number();
       r.id = c.text(0);
       r.name = c.text(1);
       r.host = c.text(2);
       r.pid = c.integer(3);
       r.workers = c.integer(4);
       r.any_commands = c.integer(5);
       r.started_at = c.integer(6);
       c.answer(r.key);
       c.db().runners.put(r.key, r);
     }},
    {"renew_lease", renew_lease},
    {"describe_runner",
     [](Call& c) {
       c.changed_if(c.db().runners.change(c.integer(0), [&](RunnerRow& r) {
         r.knows = c.text(1);
         r.written_off = c.integer(2);
       }));
     }},
    {"close_runner",
     [](Call& c) {
       const auto* known = c.db().runners.find(c.integer(0));
       if (known == nullptr || known->stopped_at) return;
       c.changed_if(c.db().runners.change(c.integer(0), [&](RunnerRow& r) {
         r.stopped_at = c.integer(1);
         r.died = c.integer(2);
       }));
     }},
    {"may_claim", may_claim},
    {"next_death", next_death},
    {"open_runners",
     [](Call& c) {
       for (const auto key : c.db().runners.open.places()) c.answer(key);
     }},
    {"runner_name",
     [](Call& c) {
       if (const auto* r = c.db().runners.find(c.integer(0))) c.answer(r->name);
     }},
    {"runners",
     [](Call& c) {
       for (const auto key : c.db().runners.open.places()) {
         const auto& r = *c.db().runners.find(key);
         c.answer(key, r.id, r.name, r.host, r.pid, r.workers, r.any_commands, r.written_off, r.knows, r.started_at, r.lease_until,
                  r.heartbeat_at);
       }
     }},
    {"held_by",
     [](Call& c) {
       const auto& index = c.db().tasks.running;
       for (auto it = index.from({c.integer(0), 0}); it != index.end() && it->first == c.integer(0); ++it) {
         const auto* e = c.db().executions.find(it->second >> 16);
         if (e != nullptr) c.answer(it->second & 0xffff, e->id, e->definition);
       }
     }},
};

}  // namespace

std::span<const Named> runner_statements() { return all; }

}  // namespace cloacina::store::memory
