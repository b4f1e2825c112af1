#pragma once

#include <string>

#include "cloacina/schedule.hpp"
#include "cron/plan.hpp"

/// The stored forms of a schedule: its definition and how far it has got.
namespace cloacina::cron {

/// Canonical JSON: equal definitions give equal texts.
[[nodiscard]] std::string to_text(const Schedule& schedule);
/// *Throws* Error{Corrupt} for a text that `to_text` cannot have written.
[[nodiscard]] Schedule schedule_from_text(std::string_view text);

/// What decides about slots. `created` is where `@every` counts from when there is no `start_at`. *Throws* Error{InvalidArgument}:
/// also for a stored schedule whose zone has left the database.
[[nodiscard]] ScheduleRule make_rule(const Schedule& schedule, Timestamp created);

/// A cursor with its owed rules as definitions: what a replaced rule was is known by what its author wrote.
struct StoredCursor {
  struct Owed {
    Schedule schedule;
    Timestamp until;
    bool edited = false;
  };
  Timestamp settled{};
  std::vector<Owed> owed{};
  std::vector<Pause> pauses{};
};
[[nodiscard]] std::string to_text(const StoredCursor& cursor);
/// *Throws* Error{Corrupt}.
[[nodiscard]] StoredCursor cursor_from_text(std::string_view text);

/// A cursor that plan() can work with. *Throws* as `make_rule`.
[[nodiscard]] Cursor to_cursor(const StoredCursor& stored, Timestamp created);
/// `before` with what a plan has settled.
[[nodiscard]] StoredCursor after_plan(StoredCursor before, const Cursor& after);
/// `before` as after_edit(…) left it; `old` is what was replaced.
[[nodiscard]] StoredCursor after_edit(StoredCursor before, const Cursor& after, const Schedule& old);

}  // namespace cloacina::cron
