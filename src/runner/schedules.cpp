#include "runner/schedules.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "cron/schedule_json.hpp"
#include "cron/system_zones.hpp"
#include "engine/schedules.hpp"
#include "runner/options.hpp"

namespace cloacina {

namespace {

using Kind = store::ScheduleWrite::Kind;
using store::ScheduleRow;

/// How often a change is tried again because somebody was faster, before that is no coincidence any more.
constexpr int tries_max = 1'000;

void plan_next(ScheduleRow& row, const Schedule& schedule, const cron::StoredCursor& cursor, const cron::Cursor& known) {
  row.cursor = cron::to_text(cursor);
  row.next_run_at = cron::next_run_at(cron::make_rule(schedule, row.created_at), known);
  row.zones = engine::zones_of(schedule, cron::system_zones_state());
  row.disabled_reason.reset();
}

void apply_pause(ScheduleRow& row, cron::StoredCursor& stored, cron::Cursor& cursor, bool paused, Timestamp now) {
  row.paused = paused;
  cursor = paused ? cron::after_pause(std::move(cursor), now) : cron::after_resume(std::move(cursor), now);
  stored.settled = cursor.settled;
  stored.pauses = cursor.pauses;
}

/// Also of a schedule whose rule works no more: it stays disabled.
void set_paused(ScheduleRow& row, bool paused, Timestamp now) {
  const auto schedule = cron::schedule_from_text(row.definition);
  auto stored = cron::cursor_from_text(row.cursor);
  cron::Cursor pauses{.settled = stored.settled, .owed = {}, .pauses = stored.pauses};
  apply_pause(row, stored, pauses, paused, now);
  row.cursor = cron::to_text(stored);
  try {
    plan_next(row, schedule, stored, cron::to_cursor(stored, row.created_at));
  } catch (const Error& e) {
    row.next_run_at.reset();
    row.disabled_reason = e.what();
  }
}

ScheduleRow make_row(const Schedule& schedule, const std::string& source, Timestamp now) {
  ScheduleRow row;
  row.id = ExecutionId::generate();
  row.name = schedule.name;
  row.workflow = schedule.workflow;
  row.definition = cron::to_text(schedule);
  row.source = source;
  row.created_at = now;
  const auto rule = cron::make_rule(schedule, now);
  row.reboot = rule.rule.expression.is_reboot();
  auto cursor = cron::first_cursor(rule, now);
  cron::StoredCursor stored{.settled = cursor.settled};
  if (schedule.paused) apply_pause(row, stored, cursor, true, std::min(now, cursor.settled));
  plan_next(row, schedule, stored, cursor);
  return row;
}

/// What the old rule still owes stays owed; the pause changes only where the definitions differ about it.
void edit_row(ScheduleRow& row, const Schedule& schedule, Timestamp now) {
  const Schedule old = cron::schedule_from_text(row.definition);
  auto stored = cron::cursor_from_text(row.cursor);
  cron::Cursor cursor;
  try {
    cursor = cron::after_edit(cron::to_cursor(stored, row.created_at), cron::make_rule(old, row.created_at), now);
    stored = cron::after_edit(std::move(stored), cursor, old);
  } catch (const Error&) {
    // The old rule works no more (its zone has left the database): nobody can say what it owed.
    stored.settled = std::max(stored.settled, now);
    stored.owed.clear();
    cursor = cron::to_cursor(stored, row.created_at);
  }
  if (schedule.paused != old.paused) {
    apply_pause(row, stored, cursor, schedule.paused, now);
    row.pause_note.clear();
  }
  row.workflow = schedule.workflow;
  row.definition = cron::to_text(schedule);
  row.reboot = rule_of(schedule, row.created_at).expression.is_reboot();
  ++row.revision;
  plan_next(row, schedule, stored, cursor);
}

/// What an update changes, field by field, as files spell them.
std::string difference(const ScheduleRow& row, const Schedule& schedule, const std::string& source) {
  constexpr std::size_t text_max = 100;
  const auto text = [](const Json& value) {
    std::string out = value.is_string() ? value.get<std::string>() : value.is_null() ? "none" : value.dump();
    return out.size() > text_max ? core::quote(out) : out;  // which shortens it
  };
  Json before = cron::schedule_from_text(row.definition);
  const Json after = schedule;
  std::string out;
  const auto add = [&](const std::string& key, const Json& was, const Json& is) {
    if (was != is) out += (out.empty() ? "" : ", ") + key + ": " + text(was) + " -> " + text(is);
  };
  for (const auto& [key, value] : after.items()) {
    add(key, before.value(key, Json()), value);
    before.erase(key);
  }
  for (const auto& [key, value] : before.items()) add(key, value, Json());
  add("source", row.source, source);
  return out;
}

}  // namespace

ScheduleRow Schedules::Impl::find(std::string_view name) const {
  auto row = readers.with([&](store::Reader& r) { return r.find_schedule(std::string(name)); });
  if (!row) not_found(name);
  return std::move(*row);
}

void Schedules::Impl::not_found(std::string_view name) const {
  constexpr int looked_at = 10'000;
  const auto names = readers.with([](store::Reader& r) { return r.schedule_names(looked_at); });
  std::string text = "there is no schedule " + core::quote(name) + core::suggestion(name, names);
  if (const auto removed = readers.with([&](store::Reader& r) { return r.schedule_removal(std::string(name)); })) {
    text += "; one was removed at " + format_seconds(removed->at) + " by " + core::quote(removed->actor);
  } else if (names.empty()) {
    text += "; the database knows none yet";
  }
  throw Error(ErrorCode::NotFound, text);
}

Event Schedules::Impl::event(std::string kind, std::string detail) const {
  Event event;
  event.kind = std::move(kind);
  event.detail = std::move(detail);
  event.actor = actor;
  return event;
}

void Schedules::Impl::edit(std::string_view name, const std::function<bool(store::ScheduleWrite&, Timestamp)>& change) {
  for (int i = 0; i < tries_max; ++i) {
    bool found = false;
    bool done = false;
    with_writer([&](store::Store& store) {
      const auto at = now();
      auto row = store.find_schedule(std::string(name));
      if (!row) return;
      found = true;
      store::ScheduleWrite write{Kind::Update, std::move(*row)};
      done = !change(write, at) || store.write_schedules({&write, 1}, at);
    });
    if (!found) not_found(name);
    if (done) return;
  }
  throw Error(ErrorCode::Conflict, "schedule " + core::quote(name) + " is changed by others all the time");
}

store::SubmitResult Schedules::Impl::fire(const store::ExtraFiring& firing) {
  store::SubmitResult result;
  with_writer([&](store::Store& store) {
    store::Batch batch;
    batch.now = now();
    batch.firings.push_back(firing);
    result = store.commit(batch).firings.at(0);
  });
  return result;
}

Schedules::Put Schedules::put(const Schedule& schedule, const std::string& source) { return put_many({schedule}, source).front(); }

std::vector<Schedules::Put> Schedules::put_many(const std::vector<Schedule>& schedules, const std::string& source) {
  const auto asked = impl_->now();
  std::set<std::string_view> names;
  for (const auto& s : schedules) {
    if (!names.insert(s.name).second) {
      throw Error(ErrorCode::InvalidArgument, "schedule " + core::quote(s.name) + " is given twice");
    }
  }
  std::vector<Put> out;
  for (int i = 0; i < tries_max; ++i) {
    bool done = false;
    impl_->with_writer([&](store::Store& store) {
      const auto now = impl_->now();
      out.clear();
      std::vector<store::ScheduleWrite> writes;
      for (const auto& s : schedules) {
        auto row = store.find_schedule(s.name);
        const bool same = row && row->definition == cron::to_text(s);
        // A definition that is there already is not judged again: its last slot may have passed.
        if (!same) {
          validate(s, asked);
          if (s.input.dump().size() > impl_->context_bytes_max) {
            throw Error(ErrorCode::InvalidArgument, "schedule " + core::quote(s.name) + ": input has more than " +
                                                        std::to_string(impl_->context_bytes_max) + " bytes");
          }
        }
        if (!row) {
          writes.push_back({Kind::Create, make_row(s, source, now), impl_->event("created", source)});
          out.push_back(Put::Created);
          continue;
        }
        const bool disabled = row->disabled_reason.has_value();
        if (same && row->source == source && !disabled) {
          out.push_back(Put::Unchanged);
          continue;
        }
        auto event = impl_->event("updated", difference(*row, s, source));
        if (!same || disabled) edit_row(*row, s, now);
        row->source = source;
        writes.push_back({Kind::Update, std::move(*row), std::move(event)});
        out.push_back(same && !disabled ? Put::Unchanged : Put::Updated);
      }
      done = writes.empty() || store.write_schedules(writes, now);
    });
    if (done) return out;
  }
  throw Error(ErrorCode::Conflict, "these schedules are changed by others all the time");
}

Schedules::SyncReport Schedules::sync(const std::string& source, const std::vector<Schedule>& schedules) {
  if (source.empty()) throw Error(ErrorCode::InvalidArgument, "schedules can only be synchronised with a source that has a name");
  SyncReport report;
  for (const auto put : put_many(schedules, source)) {
    (put == Put::Created ? report.created : put == Put::Updated ? report.updated : report.unchanged) += 1;
  }
  std::set<std::string_view> keep;
  for (const auto& s : schedules) keep.insert(s.name);
  std::vector<std::string> gone;
  ScheduleFilter filter{.source = source, .limit = 1'000};
  for (;;) {
    const auto page = impl_->readers.with([&](store::Reader& r) { return r.list_schedules(filter); });
    for (const auto& row : page) {
      if (!keep.contains(row.name)) gone.push_back(row.name);
    }
    if (static_cast<int>(page.size()) < filter.limit) break;
    filter.after = page.back().name;
  }
  for (const auto& name : gone) {
    try {
      impl_->edit(name, [&](store::ScheduleWrite& write, Timestamp) {
        write.kind = Kind::Remove;
        write.event = impl_->event("removed", "it left " + source);
        return write.row.source == source;  // somebody else may have taken it over
      });
      ++report.removed;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::NotFound) throw;
    }
  }
  return report;
}

namespace {

ScheduleInfo info_of(const ScheduleRow& row, store::Reader& reader) {
  ScheduleInfo info;
  info.definition = cron::schedule_from_text(row.definition);
  info.id = row.id.to_string();
  info.source = row.source;
  info.revision = row.revision;
  info.created_at = row.created_at;
  info.paused = row.paused;
  info.pause_note = row.pause_note;
  info.next_run_at = row.next_run_at;
  info.last_slot = row.last_slot;
  info.disabled_reason = row.disabled_reason;
  if (auto last = reader.last_firing(row.key)) {
    if (last->firing.outcome == Firing::Outcome::Fired) info.last_lateness = last->firing.fired_at - last->due_at;
    info.last_firing = std::move(last->firing);
    info.last_firing->schedule = row.name;
    info.last_status = last->status;
  }
  return info;
}

}  // namespace

ScheduleInfo Schedules::get(std::string_view name) const {
  const auto row = impl_->find(name);
  return impl_->readers.with([&](store::Reader& r) { return info_of(row, r); });
}

std::vector<ScheduleInfo> Schedules::list(const ScheduleFilter& filter) const {
  runner::check(filter);
  return impl_->readers.with([&](store::Reader& r) {
    std::vector<ScheduleInfo> out;
    for (const auto& row : r.list_schedules(filter)) out.push_back(info_of(row, r));
    return out;
  });
}

void Schedules::pause(std::string_view name, const std::string& note) {
  impl_->edit(name, [&](store::ScheduleWrite& write, Timestamp now) {
    auto& row = write.row;
    row.pause_note = note;
    write.event = impl_->event("paused", note);
    if (!row.paused) set_paused(row, true, now);
    return true;
  });
}

void Schedules::resume(std::string_view name) {
  impl_->edit(name, [&](store::ScheduleWrite& write, Timestamp now) {
    auto& row = write.row;
    if (!row.paused) return false;
    write.event = impl_->event("resumed");
    row.pause_note.clear();
    set_paused(row, false, now);
    return true;
  });
}

void Schedules::remove(std::string_view name) {
  impl_->edit(name, [&](store::ScheduleWrite& write, Timestamp) {
    write.kind = Kind::Remove;
    write.event = impl_->event("removed");
    return true;
  });
}

namespace {

/// The ledger has one place for each instant: the first one from `at` on that is no slot's.
Timestamp place_of_no_slot(const ScheduleRow& row, const Schedule& schedule, Timestamp at) {
  constexpr std::chrono::microseconds tick{1};
  std::optional<CronRule> rule;
  try {
    rule = rule_of(schedule, row.created_at);
  } catch (const Error&) {
    // A rule that works no more has no slots.
  }
  // Slots of a rule that was replaced and still owes some are whole seconds.
  while (at == std::chrono::floor<std::chrono::seconds>(at) || (rule && rule->next(at - tick) == at)) at += tick;
  return at;
}

}  // namespace

ExecutionId Schedules::run_now(std::string_view name) {
  const auto row = impl_->find(name);
  const auto schedule = cron::schedule_from_text(row.definition);
  for (auto now = impl_->now();; now += std::chrono::microseconds{1}) {
    now = place_of_no_slot(row, schedule, now);
    store::ExtraFiring firing;
    firing.schedule = row.key;
    firing.workflow = row.workflow;
    firing.priority = schedule.priority;
    firing.actor = impl_->actor;
    firing.firing = {now, now, ExecutionId::generate(), engine::firing_input(schedule, row.id, now)};
    const auto result = impl_->fire(firing);
    // Else another call of the same microsecond has this place in the ledger.
    if (result.applied == store::Applied::Yes) return result.id;
  }
}

std::vector<Timestamp> Schedules::next(std::string_view name, int count) const {
  const auto row = impl_->find(name);
  auto schedule = cron::schedule_from_text(row.definition);
  std::vector<Timestamp> slots;
  const auto rule = cron::make_rule(schedule, row.created_at);
  auto after = impl_->now();
  if (schedule.start_at) after = std::max(after, *schedule.start_at - std::chrono::microseconds{1});
  while (static_cast<int>(slots.size()) < count) {
    const auto slot = rule.rule.next(after);
    if (!slot || (schedule.end_at && *slot >= *schedule.end_at)) break;
    slots.push_back(after = *slot);
  }
  return slots;
}

FiringPage Schedules::history(std::string_view name, const FiringFilter& filter) const {
  runner::check(filter);
  const auto row = impl_->find(name);
  auto page = impl_->readers.with([&](store::Reader& r) { return r.firings(row.key, filter); });
  for (auto& firing : page.firings) firing.schedule = row.name;
  return page;
}

std::vector<Event> Schedules::events(std::string_view name, int limit) const {
  if (limit < 1 || limit > 10'000) {
    throw Error(ErrorCode::InvalidArgument, "limit must be 1 to 10000, not " + std::to_string(limit));
  }
  const auto row = impl_->find(name);
  return impl_->readers.with([&](store::Reader& r) { return r.schedule_events(row.key, limit); });
}

ScheduleStats Schedules::stats(std::string_view name, std::optional<Timestamp> since) const {
  const auto row = impl_->find(name);
  return impl_->readers.with([&](store::Reader& r) { return r.schedule_stats(row.key, since.value_or(Timestamp::min())); });
}

}  // namespace cloacina
