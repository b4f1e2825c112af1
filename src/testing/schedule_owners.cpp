#include "testing/schedule_owners.hpp"

#include <algorithm>

namespace cloacina::simulation {

namespace {

using std::chrono::seconds;

constexpr std::chrono::microseconds tick{1};

std::string name_of(int i) { return "s" + std::to_string(i); }

}  // namespace

ScheduleOwners::ScheduleOwners(Surroundings& world, Outside& outside, Dice& dice)
    : world_(world),
      outside_(outside),
      schedules_(std::make_shared<Schedules::Impl>(Schedules::Impl{outside.readers(),
                                                                   [&outside](const std::function<void(store::Store&)>& use) {
                                                                     use(outside.client());
                                                                     outside.wrote();
                                                                   },
                                                                   1 << 20, [&outside] { return outside.now(); }})) {
  for (int i = 1 + dice.below(3); i > 0; --i) concurrency_.push_back(static_cast<Concurrency>(dice.below(4)));
}

// ---- what they do

Schedule ScheduleOwners::define(Dice& dice, int i) const {
  static const char* const texts[] = {"*/10 * * * *",   "20 */2 * * * *", "0,30 * * * *", "30 0,1,2,3 * * *",  "* * * * *",
                                      "*/20 1-3 * * *", "0 0 * * *",      "5/13 * * * *", "15,45 0 2,3 * * *", "@every 95s"};
  static const char* const zones[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe"};
  Schedule s;
  s.name = name_of(i);
  s.workflow = dice.chance(85) ? "one" : "later";
  s.concurrency = concurrency_[static_cast<std::size_t>(i)];
  s.dialect = Dialect::Extended;
  s.cron = texts[dice.below(10)];
  s.time_zone = zones[dice.below(3)];
  s.gap = static_cast<GapPolicy>(dice.below(3));
  s.overlap = static_cast<OverlapPolicy>(dice.below(4));
  s.catchup = static_cast<Catchup>(dice.below(3));
  s.max_lateness = seconds{dice.below(600)};
  const auto now = std::chrono::floor<seconds>(outside_.now());
  if (dice.chance(40)) s.catchup_window = seconds{60 + dice.below(40'000)};
  if (dice.chance(30)) s.jitter = seconds{1 + dice.below(dice.chance(20) ? 3'000 : 100)};
  if (dice.chance(20)) s.start_at = now + seconds{dice.below(20'000) - 3'000};
  if (dice.chance(15)) s.end_at = now + seconds{60 + dice.below(100'000)};
  if (s.start_at && s.end_at && *s.end_at <= *s.start_at) s.end_at.reset();
  s.paused = dice.chance(10);
  s.priority = dice.below(3);
  s.input = {{"n", dice.below(5)}};
  return s;
}

cron::StoredCursor ScheduleOwners::cursor(const std::string& name) {
  return cron::cursor_from_text(outside_.client().find_schedule(name).value().cursor);
}

void ScheduleOwners::begin_pause(Past& past, Timestamp settled) {
  if (!past.paused_since) past.paused_since = std::max(outside_.now(), settled + tick);
}

void ScheduleOwners::end_pause(Past& past, Timestamp settled) {
  if (past.paused_since) past.pauses.emplace_back(*past.paused_since, std::max(outside_.now(), settled + tick));
  past.paused_since.reset();
}

void ScheduleOwners::put(Dice& dice, int i) {
  const auto s = define(dice, i);
  const auto now = outside_.now();
  const auto known = pasts_.find(s.name);
  std::optional<cron::StoredCursor> before;
  if (known != pasts_.end()) before = cursor(s.name);
  Schedules::Put done{};
  try {
    done = schedules_.put(s);
  } catch (const Error& e) {
    // No slot before its end.
    if (e.code() != ErrorCode::InvalidArgument)
      world_.invariants().broken("no-error", std::string("putting a schedule: ") + e.what());
    return;
  }
  if (world_.tells()) world_.tell("the owner puts " + Json(s).dump());
  if (known == pasts_.end()) {
    const auto after = s.start_at ? std::min(now, *s.start_at - tick) : now;
    Past past;
    past.reigns.push_back({s, now, after});
    if (s.paused) past.paused_since = after;
    pasts_.emplace(s.name, std::move(past));
    return;
  }
  if (done == Schedules::Put::Unchanged) return;
  auto& past = known->second;
  const auto edit = std::max(now, before->owed.empty() ? before->settled : before->owed.back().until);
  const bool was_paused = past.reigns.back().definition.paused;
  const auto created = past.reigns.back().created;
  past.reigns.back().through = edit;
  past.reigns.push_back({s, created, edit});
  if (s.paused && !was_paused) begin_pause(past, before->settled);
  if (!s.paused && was_paused) end_pause(past, before->settled);
}

void ScheduleOwners::backfill(Dice& dice, const std::string& name, Past& past) {
  const auto from = outside_.now() - seconds{dice.below(20'000)};
  const auto to = std::min(outside_.now(), from + seconds{1 + dice.below(4'000)});
  int budget = 1 + dice.below(30);
  const auto on_fired = [&](const Firing& f) {
    if (!past.backfilled.insert(f.slot).second) broken(name, f.slot, "was backfilled twice");
    return --budget > 0;
  };
  if (to <= from) return;
  if (world_.tells()) world_.tell("the owner backfills " + name + " from " + format_seconds(from) + " to " + format_seconds(to));
  (void)schedules_.backfill(name, from, to, {.concurrency = 1 + dice.below(3), .on_fired = on_fired});
}

void ScheduleOwners::act(Dice& dice) {
  // The owners' clock does not go back; the runners' may.
  if (outside_.now() <= last_call_) return;
  last_call_ = outside_.now();
  const int i = dice.below(static_cast<int>(concurrency_.size()));
  const auto name = name_of(i);
  const auto known = pasts_.find(name);
  if (known == pasts_.end()) return put(dice, i);
  auto& past = known->second;
  switch (dice.below(7)) {
    case 0:
      if (world_.tells()) world_.tell("the owner pauses " + name);
      begin_pause(past, cursor(name).settled);
      schedules_.pause(name, "why not");
      break;
    case 1:
    case 2:
      if (world_.tells()) world_.tell("the owner resumes " + name);
      end_pause(past, cursor(name).settled);
      schedules_.resume(name);
      break;
    case 3:
      if (world_.features().backfills) backfill(dice, name, past);
      break;
    case 4:
      if (world_.tells()) world_.tell("the owner runs " + name + " by hand");
      (void)schedules_.run_now(name);
      ++past.run_now;
      break;
    default:
      put(dice, i);
  }
}

void ScheduleOwners::resume_all() {
  for (auto& [name, past] : pasts_) {
    end_pause(past, cursor(name).settled);
    schedules_.resume(name);
  }
}

void ScheduleOwners::pause_all() {
  for (auto& [name, past] : pasts_) {
    begin_pause(past, cursor(name).settled);
    schedules_.pause(name, "the end");
  }
}

}  // namespace cloacina::simulation
