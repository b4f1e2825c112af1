#include "cron/plan.hpp"

#include <algorithm>
#include <utility>

#include "cron/hash.hpp"

namespace cloacina::cron {

namespace {

using std::chrono::microseconds;

constexpr microseconds tick{1};
/// Slots that one turn looks at one by one (only jitter asks for that; everything else is counted).
constexpr int examined_max = 10'000;

/// The instants in (after, through].
struct Span {
  Timestamp after;
  Timestamp through;
  bool paused = false;
  [[nodiscard]] bool empty() const { return after >= through; }
};

/// Durations are the user's; beyond the range of all slots they mean the same.
std::chrono::milliseconds bounded(std::chrono::milliseconds duration) {
  constexpr std::chrono::milliseconds longest = std::chrono::years{400};
  return std::clamp(duration, std::chrono::milliseconds{0}, longest);
}

Timestamp minus(Timestamp at, std::chrono::milliseconds duration) { return at - bounded(duration); }

/// What of (after, through] lies in the window of the rule.
Span window(const ScheduleRule& rule, Timestamp after, Timestamp through) {
  if (rule.start_at) after = std::max(after, *rule.start_at - tick);
  if (rule.end_at) through = std::min(through, *rule.end_at - tick);
  return {after, through};
}

/// (after, through], cut where pauses begin and end.
std::vector<Span> cut_by_pauses(Span whole, const std::vector<Pause>& pauses) {
  std::vector<Span> spans;
  const auto add = [&](Timestamp through, bool paused) {
    const Span span{whole.after, std::min(through, whole.through), paused};
    if (span.empty()) return;
    spans.push_back(span);
    whole.after = span.through;
  };
  for (const Pause& pause : pauses) {
    add(pause.from - tick, false);
    add(pause.until ? *pause.until - tick : whole.through, true);
  }
  add(whole.through, false);
  return spans;
}

bool in_open_pause(const std::vector<Pause>& pauses, Timestamp slot) {
  return !pauses.empty() && !pauses.back().until && slot >= pauses.back().from;
}

bool in_pause(const std::vector<Pause>& pauses, Timestamp slot) {
  return std::any_of(pauses.begin(), pauses.end(),
                     [&](const Pause& pause) { return slot >= pause.from && (!pause.until || slot < *pause.until); });
}

std::int64_t count_in(const ScheduleRule& rule, const Span& span) {
  return span.empty() ? 0 : rule.rule.count(span.after + tick, span.through + tick);
}

std::optional<Timestamp> first_in(const ScheduleRule& rule, const Span& span) {
  if (span.empty()) return std::nullopt;
  const auto slot = rule.rule.next(span.after);
  return slot && *slot <= span.through ? slot : std::nullopt;
}

std::optional<Timestamp> last_in(const ScheduleRule& rule, const Span& span) {
  if (span.empty()) return std::nullopt;
  const auto slot = rule.rule.previous(span.through + tick);
  return slot && *slot > span.after ? slot : std::nullopt;
}

/// Settles slots one rule after the other.
class Planner {
 public:
  Planner(Plan& plan, Timestamp now, int rows_max) : plan_(plan), now_(now), rows_left_(rows_max) {}

  /// Settles the slots of `rule` in (settled, until]. False when it could not get to `until` in this turn.
  bool settle(const ScheduleRule& rule, Timestamp until, bool edited) {
    const Span whole = window(rule, plan_.cursor.settled, std::min(until, now_));
    const auto spans = cut_by_pauses(whole, plan_.cursor.pauses);
    const Timestamp frontier = edited ? whole.through : due_frontier(rule, spans, whole.through);
    const auto latest = rule.catchup == Catchup::Latest ? latest_due(rule, spans, frontier) : std::nullopt;
    for (const Span& span : spans) {
      if (span.paused) {
        if (!skip(rule, span, SkipReason::Paused)) return false;
      } else if (edited) {
        if (!skip(rule, span, SkipReason::Edited)) return false;
      } else {
        const Span due{span.after, std::min(span.through, frontier)};
        if (!catch_up(rule, due, latest) || due.through < span.through) return false;
      }
    }
    advance(std::min(until, now_));
    return until <= now_;
  }

 private:
  void advance(Timestamp settled) { plan_.cursor.settled = std::max(plan_.cursor.settled, settled); }

  /// Up to where slots are due. Without jitter that is all of the past; with it, the slot before the first that still waits.
  [[nodiscard]] Timestamp due_frontier(const ScheduleRule& rule, const std::vector<Span>& spans, Timestamp through) const {
    if (rule.jitter <= std::chrono::milliseconds{0}) return through;
    // Not the count of fire_each(): it has to get on whatever was looked at here.
    int examined = 0;
    const Timestamp surely_due = minus(now_, rule.jitter);
    for (const Span& span : spans) {
      if (span.paused || span.through <= surely_due) continue;
      Span left{std::max(span.after, surely_due), span.through};
      for (auto slot = first_in(rule, left); slot; slot = first_in(rule, left)) {
        if (due_at(rule, *slot) > now_) return *slot - tick;
        if (++examined > examined_max) return *slot;
        left.after = *slot;
      }
    }
    return through;
  }

  [[nodiscard]] std::optional<Timestamp> latest_due(const ScheduleRule& rule, const std::vector<Span>& spans,
                                                    Timestamp frontier) const {
    for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
      if (span->paused) continue;
      if (const auto slot = last_in(rule, {span->after, std::min(span->through, frontier)})) return slot;
    }
    return std::nullopt;
  }

  bool catch_up(const ScheduleRule& rule, Span span, std::optional<Timestamp> latest) {
    const auto skip_to = [&](Timestamp through, SkipReason reason) {
      const Span old{span.after, std::min(span.through, through)};
      if (!skip(rule, old, reason)) return false;
      span.after = std::max(span.after, old.through);
      return true;
    };
    switch (rule.catchup) {
      case Catchup::None:
        // Late even with the whole jitter: counted. The others are looked at.
        if (!skip_to(minus(minus(now_, rule.max_lateness), rule.jitter) - tick, SkipReason::Missed)) return false;
        break;
      case Catchup::Latest:
        if (!skip_to(minus(now_, rule.catchup_window) - tick, SkipReason::CatchupWindow)) return false;
        if (latest && !skip_to(*latest - tick, SkipReason::Superseded)) return false;
        break;
      case Catchup::All:
        if (!skip_to(minus(now_, rule.catchup_window) - tick, SkipReason::CatchupWindow)) return false;
        break;
    }
    return fire_each(rule, span);
  }

  bool fire_each(const ScheduleRule& rule, Span span) {
    for (auto slot = first_in(rule, span); slot; slot = first_in(rule, span)) {
      const Timestamp due = due_at(rule, *slot);
      if (rule.catchup == Catchup::None && due < minus(now_, rule.max_lateness)) {
        if (++examined_ > examined_max || !skip(rule, {span.after, *slot}, SkipReason::Missed)) return false;
      } else {
        if (rows_left_ == 0) return false;
        --rows_left_;
        plan_.fire.push_back({.slot = *slot, .due = due});
        skipping_ = false;
        advance(*slot);
      }
      span.after = *slot;
    }
    advance(span.through);
    return true;
  }

  /// False when the turn has no room for another run.
  bool skip(const ScheduleRule& rule, const Span& span, SkipReason reason) {
    if (span.empty()) return true;
    const std::int64_t count = count_in(rule, span);
    if (count > 0) {
      const Timestamp last = *last_in(rule, span);
      if (skipping_ && plan_.skipped.back().reason == reason) {
        plan_.skipped.back().through = last;
        plan_.skipped.back().count += count;
      } else {
        if (rows_left_ == 0) return false;
        --rows_left_;
        plan_.skipped.push_back({.slot = *first_in(rule, span), .through = last, .count = count, .reason = reason});
        skipping_ = true;
      }
    }
    advance(span.through);
    return true;
  }

  Plan& plan_;
  Timestamp now_;
  int rows_left_;
  int examined_ = 0;
  bool skipping_ = false;  ///< the last thing settled was a skipped run
};

}  // namespace

Cursor first_cursor(const ScheduleRule& rule, Timestamp created) {
  // A start in the future settles nothing before it: an edit may still take it back.
  return {.settled = rule.start_at ? std::min(created, *rule.start_at - tick) : created};
}

Cursor after_edit(Cursor cursor, const ScheduleRule& old_rule, Timestamp at) {
  const Timestamp from = cursor.owed.empty() ? cursor.settled : cursor.owed.back().until;
  if (at <= from) return cursor;
  const bool replaced_early = !cursor.owed.empty();
  // An entry is also what tells where the new rule begins, unless everything before is settled.
  if (replaced_early || first_in(old_rule, window(old_rule, from, at))) {
    cursor.owed.push_back({.rule = old_rule, .until = at, .edited = replaced_early});
  } else {
    cursor.settled = at;
  }
  return cursor;
}

Cursor after_pause(Cursor cursor, Timestamp at) {
  if (!cursor.pauses.empty()) {
    if (!cursor.pauses.back().until) return cursor;
    at = std::max(at, *cursor.pauses.back().until);
  }
  cursor.pauses.push_back({.from = at});
  return cursor;
}

Cursor after_resume(Cursor cursor, Timestamp at) {
  if (cursor.pauses.empty() || cursor.pauses.back().until) return cursor;
  Pause& open = cursor.pauses.back();
  if (at > open.from && at > cursor.settled) {
    open.until = at;
  } else {
    cursor.pauses.pop_back();
  }
  return cursor;
}

Timestamp due_at(const ScheduleRule& rule, Timestamp slot) noexcept {
  const std::int64_t most = microseconds{bounded(rule.jitter)}.count();
  if (most == 0) return slot;
  Fnv1a hash;
  hash.add(rule.name).add(static_cast<unsigned char>(0));
  auto rest = static_cast<std::uint64_t>(slot.time_since_epoch().count());
  for (int i = 0; i < 8; ++i, rest >>= 8) hash.add(static_cast<unsigned char>(rest & 0xff));
  // FNV's last bytes reach its high bits only weakly; the finaliser of SplitMix64 spreads neighbouring slots.
  std::uint64_t mixed = hash.value();
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
  mixed ^= mixed >> 31;
  return slot + microseconds{static_cast<std::int64_t>(mixed % (static_cast<std::uint64_t>(most) + 1))};
}

std::optional<Timestamp> next_run_at(const ScheduleRule& rule, const Cursor& cursor) {
  Timestamp from = cursor.settled;
  const auto due_of = [&](const ScheduleRule& of, Timestamp slot, bool edited) -> std::optional<Timestamp> {
    if (in_open_pause(cursor.pauses, slot)) return std::nullopt;
    return edited || in_pause(cursor.pauses, slot) ? slot : due_at(of, slot);
  };
  for (const OwedRule& owed : cursor.owed) {
    if (const auto slot = first_in(owed.rule, window(owed.rule, from, owed.until))) return due_of(owed.rule, *slot, owed.edited);
    from = std::max(from, owed.until);
  }
  const auto slot = first_in(rule, window(rule, from, Timestamp::max() - tick));
  return slot ? due_of(rule, *slot, false) : std::nullopt;
}

Plan plan(const ScheduleRule& rule, const Cursor& cursor, Timestamp now, int max_slots_per_turn) {
  Plan result{.fire = {}, .skipped = {}, .cursor = cursor, .next_run_at = {}};
  Planner planner(result, now, max_slots_per_turn);
  std::size_t done = 0;
  while (done < cursor.owed.size() && planner.settle(cursor.owed[done].rule, cursor.owed[done].until, cursor.owed[done].edited))
    ++done;
  Cursor& after = result.cursor;
  if (done == cursor.owed.size()) planner.settle(rule, Timestamp::max(), false);
  after.owed.erase(after.owed.begin(), after.owed.begin() + static_cast<std::ptrdiff_t>(done));
  std::erase_if(after.pauses, [&](const Pause& pause) { return pause.until && *pause.until <= after.settled; });
  result.next_run_at = next_run_at(rule, after);
  return result;
}

}  // namespace cloacina::cron
