#include "testing/world.hpp"

#include <algorithm>

#include "cron/system_zones.hpp"
#include "testing/random_workflows.hpp"

namespace cloacina::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds lease{15'000};
constexpr int runners_max = 4;
/// No jitter of a schedule is that long, nor is the delay of a retry.
constexpr std::chrono::hours aftermath{2};
/// After the last fault everything ends within this time.
constexpr std::chrono::hours rest_within{1};
constexpr int events_of_one = 60;

}  // namespace

World::World(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options, bool tells)
    : options_(options), tells_(tells) {
  Dice dice(seed);
  dice_ = &dice;
  const auto drawn = draw_features(dice);
  features_ = options_.features.value_or(drawn);
  features_.leases = features_.leases && options_.leases;
  static const char* const beginnings[] = {"2026-03-28T20:00:30Z", "2026-10-24T20:00:30Z", "2026-10-03T10:00:30Z",
                                           "2026-06-01T00:00:00Z"};
  utc_ = latest_ = parse_timestamp(beginnings[dice.below(4)]);
  if (options_.database) {
    database_ = options_.database(features_.leases, [this] { return utc_; });
  } else {
    store::memory::Options settings;
    if (features_.leases) {
      settings.lease = lease;
      settings.clock = [this] { return utc_; };
    }
    database_ = memory_database(settings);
  }
  client_ = database_.database->store();
  readers_ = std::make_unique<runner::Readers>(*database_.database);
  invariants_ = std::make_unique<Invariants>(
      *database_.view,
      [this](store::DefinitionKey key) {
        auto& known = known_definitions_[key];
        if (!known) known = client_->definition(key).definition;
        return known;
      },
      [this](store::TaskKey task) {
        return client_->contexts({&task, 1}).front();
      });
  auto all = workflows.empty() ? random_workflows(dice) : workflows;
  if (features_.schedules && options_.own_schedules) all.push_back(scheduled_workflow());
  for (auto& workflow : all) workflows_.push_back({std::move(workflow), 0});
  users_ = std::make_unique<Users>(*this, *this);
  if (features_.schedules && options_.own_schedules) owners_ = std::make_unique<ScheduleOwners>(*this, *this, dice);
  const int first = 1 + dice.below(3);
  for (int i = 0; i < first; ++i) boot(dice, false);
  dice_ = nullptr;
}

World::~World() = default;

// ---- what others ask

Timestamp World::utc(int runner) const {
  const auto it = offsets_.find(runner);
  return it == offsets_.end() ? utc_ : utc_ + it->second;
}

void World::tell(std::string line) {
  const auto since = std::chrono::floor<milliseconds>(steady_ - began_);
  const auto s = std::chrono::floor<seconds>(since);
  auto ms = std::to_string((since - s).count());
  story_.push_back(std::to_string(s.count()) + "." + std::string(3 - ms.size(), '0') + ms + "  " + std::move(line));
}

std::string World::name_of(const ExecutionId& id) const { return users_->name_of(id); }

std::vector<std::pair<store::DefinitionKey, std::string>> World::definitions() const {
  std::vector<std::pair<store::DefinitionKey, std::string>> out;
  for (const auto& d : workflows_) {
    if (d.key != 0) out.emplace_back(d.key, d.workflow.name());
  }
  return out;
}

VirtualRunner* World::some_runner(Dice& dice) {
  if (runners_.empty()) return nullptr;
  auto it = runners_.begin();
  std::advance(it, dice.below(static_cast<int>(runners_.size())));
  return it->second->draining() ? nullptr : it->second.get();
}

void World::committed(int runner, const store::Batch& batch, const store::BatchResult& result) {
  ++commits_;
  invariants_->committed(batch, result);
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) users_->committed(batch.submissions[i], result.submissions[i]);
  const bool tells = !features_.leases || result.left_ready || !result.finished.empty() || !result.lost.empty() ||
                     !batch.controls.empty() || result.released > 0 || runner < 0;
  if (!tells) return;
  for (auto& [number, other] : runners_) {
    if (number == runner) continue;
    const bool lost = !calm_ && features_.lost_hints && dice_->chance(10);
    other->hint(steady_ + (lost ? seconds{30} : dice_->time_below(milliseconds{5})));
  }
}

void World::before_commit(int runner) {
  if (calm_ || races_ || !features_.races || !dice_->one_in(25)) return;
  races_ = true;
  if (owners_ && dice_->one_in(4)) {
    owners_->act(*dice_);
  } else {
    (void)go_on(*dice_, true, runner);
  }
  races_ = false;
}

store::BatchResult World::commit(const store::Batch& batch) {
  auto result = client_->commit(batch);
  committed(-1, batch, result);
  return result;
}

void World::wrote() {
  invariants_->check_changed();
  for (auto& [number, runner] : runners_) runner->hint(steady_ + dice_->time_below(milliseconds{5}));
}

// ---- runners come and go

void World::boot(Dice& dice, bool knows_all) {
  VirtualRunner::Setting setting;
  setting.number = ++next_runner_;
  auto& o = setting.options;
  o.workers = 1 + dice.below(6);
  o.prefetch_max = dice.below(3) * 4;
  o.written_off_max = calm_ ? 1'000 : 1 + dice.below(4);
  o.stop_grace = milliseconds{dice.below(3'000)};
  if (dice.chance(30)) o.context_cache_bytes = 1'000;
  o.zones = cron::system_zones_state();
  o.seed = dice.next();
  setting.store = database_.database->store();
  if (features_.leases && features_.skew) offsets_[setting.number] = dice.time_below(seconds{240}) - seconds{120};
  for (auto& d : workflows_) {
    const bool first = &d == &workflows_.front();
    if (!knows_all && !first && features_.versions && dice.chance(30)) continue;
    // Deploying makes it the current version.
    if (d.key == 0 || dice.chance(30)) d.key = client_->put_definition(d.workflow.definition(), utc_);
    setting.workflows.push_back({d.key, d.workflow});
  }
  auto runner = std::make_unique<VirtualRunner>(*this, std::move(setting));
  if (calm_) runner->calm();
  invariants_->check_changed();
  if (tells_) tell(runner->name() + " starts");
  invariants_->opened(runner->key(), features_.leases ? std::optional(utc_ + lease) : std::nullopt);
  runners_.emplace(runner->number(), std::move(runner));
}

void World::bury(std::map<int, std::unique_ptr<VirtualRunner>>::iterator runner, VirtualRunner::End how) {
  auto& dead = *runner->second;
  if (how == VirtualRunner::End::SignedOff) {
    invariants_->closed(dead.key());
  } else {
    ++crashes_;
    invariants_->died(dead.key());
    // Nobody ends the lease of a process that was killed.
    if (features_.leases) graveyard_.push_back(dead.take_store());
    for (auto& [number, other] : runners_) other->somebody_died(steady_ + dice_->time_below(seconds{5}));
  }
  offsets_.erase(runner->first);
  runners_.erase(runner);
}

void World::after(std::map<int, std::unique_ptr<VirtualRunner>>::iterator runner, VirtualRunner::End end) {
  if (end != VirtualRunner::End::None) bury(runner, end);
}

// ---- what happens

void World::act(std::uint64_t choice) {
  Dice dice(choice);
  dice_ = &dice;
  ++events_;
  const int roll = dice.below(1'000);
  if (roll < 30) {
    do_harm(dice);
  } else if (roll < 90) {
    use(dice);
  } else if (roll < 150) {
    pass_time(dice, false);
  } else if (roll < 600) {
    if (!go_on(dice, true) && !work(dice)) pass_time(dice, true);
  } else {
    if (!work(dice) && !go_on(dice, true)) pass_time(dice, true);
  }
  dice_ = nullptr;
}

Faults World::draw_faults(Dice& dice) const {
  Faults faults;
  const auto is = [&](bool on) { return on && dice.one_in(80); };
  faults.refuse_commit = is(features_.refusals);
  faults.refuse_late = is(features_.refusals) || steady_ < full_until_;
  faults.lose_answer = is(features_.lost_answers) && dice.one_in(2);
  faults.blind_contexts = is(features_.blind_reads);
  faults.blind_definitions = is(features_.blind_reads);
  faults.blind_schedules = is(features_.blind_reads);
  faults.mute = is(features_.refusals);
  return faults;
}

bool World::go_on(Dice& dice, bool with_faults, int but) {
  std::vector<std::map<int, std::unique_ptr<VirtualRunner>>::iterator> due;
  for (auto it = runners_.begin(); it != runners_.end(); ++it) {
    if (it->first != but && it->second->lane_is_due()) due.push_back(it);
  }
  if (due.empty()) return false;
  const auto runner = due[dice.below(due.size())];
  const auto faults = with_faults ? draw_faults(dice) : Faults{};
  after(runner, runner->second->go(dice, faults));
  return true;
}

bool World::work(Dice& dice) {
  std::vector<std::map<int, std::unique_ptr<VirtualRunner>>::iterator> busy;
  for (auto it = runners_.begin(); it != runners_.end(); ++it) {
    if (it->second->has_work()) busy.push_back(it);
  }
  if (busy.empty()) return false;
  const auto runner = busy[dice.below(busy.size())];
  after(runner, runner->second->work(dice));
  return true;
}

void World::pass_time(Dice& dice, bool precisely) {
  std::chrono::microseconds by{0};
  std::optional<Steady> next;
  for (const auto& [number, runner] : runners_) {
    const auto event = runner->next_event();
    if (event) next = std::min(next.value_or(*event), *event);
  }
  if (precisely && next && dice.chance(95)) {
    by = std::chrono::ceil<std::chrono::microseconds>(*next - steady_);
  } else if (dice.chance(2) && features_.schedules) {
    by = dice.time_below(std::chrono::hours{5});
  } else {
    by = dice.time_below(dice.chance(10) ? seconds{60} : seconds{1});
  }
  by = std::max(by, std::chrono::microseconds{1});
  steady_ += by;
  utc_ += by;
  latest_ = std::max(latest_, utc_);
}

void World::do_harm(Dice& dice) {
  const auto some = [&] {
    auto it = runners_.begin();
    std::advance(it, dice.below(static_cast<int>(runners_.size())));
    return it;
  };
  const int roll = dice.below(8);
  if (static_cast<int>(runners_.size()) < runners_max && (runners_.empty() || roll == 0)) return boot(dice, false);
  if (runners_.empty()) return;
  if (roll == 1 && features_.crashes) {
    const auto runner = some();
    if (tells_) tell(runner->second->name() + " is killed");
    return bury(runner, VirtualRunner::End::Crashed);
  }
  if (roll == 2 && features_.stalls) {
    const auto runner = some();
    const auto time = dice.time_below(seconds{dice.chance(50) ? 5 : 60});
    if (tells_) tell(runner->second->name() + " stands still for " + format_duration(std::chrono::floor<milliseconds>(time)));
    return runner->second->stall(steady_ + time);
  }
  if (roll == 3 && features_.partitions) {
    const auto runner = some();
    const auto time = dice.time_below(seconds{dice.chance(50) ? 2 : 40});
    if (tells_)
      tell(runner->second->name() + " does not reach the store for " + format_duration(std::chrono::floor<milliseconds>(time)));
    return runner->second->cut_off(steady_ + time);
  }
  if (roll == 4 && features_.drains && dice.one_in(2)) {
    const auto runner = some();
    const bool halt = runner->second->draining();
    if (tells_) tell(runner->second->name() + (halt ? " is halted" : " is to stop"));
    if (halt && dice.one_in(3)) return runner->second->give_up();
    return runner->second->drain(halt);
  }
  if (roll == 6 && features_.refusals) {
    const auto time = dice.time_below(seconds{dice.chance(50) ? 2 : 20});
    if (tells_) tell("nothing can be written for " + format_duration(std::chrono::floor<milliseconds>(time)));
    full_until_ = steady_ + time;
    return;
  }
  if (roll == 5 && features_.clock_steps) {
    const auto by = dice.time_below(seconds{dice.chance(30) ? 86'400 : 3'600}) * (dice.chance(50) ? 1 : -1);
    if (features_.leases) {
      const auto runner = some();
      offsets_[runner->first] += by / 20;
      if (tells_) tell("the clock of " + runner->second->name() + " is set");
      return;
    }
    if (tells_) tell("the clock is set by " + std::to_string(std::chrono::floor<seconds>(by).count()) + " s");
    utc_ += by;
    latest_ = std::max(latest_, utc_);
  }
}

void World::use(Dice& dice) {
  if (owners_ && dice.chance(15)) {
    owners_->act(dice);
    invariants_->check_changed();
    return;
  }
  users_->act(dice);
}

// ---- the end

void World::settle(bool to_the_end, Dice& dice) {
  const auto since = steady_;
  int turns = 0;
  // A schedule that catches up may have made many.
  const auto most = options_.ends_within + events_of_one * static_cast<int>(database_.view->executions().size());
  for (; turns < most && !trouble(); ++turns) {
    ++events_;
    if (work(dice) || go_on(dice, false)) continue;
    if (!to_the_end || steady_ - since > rest_within || is_at_rest()) return;
    std::optional<Steady> next;
    for (const auto& [number, runner] : runners_) {
      const auto event = runner->next_event();
      if (event) next = std::min(next.value_or(*event), *event);
    }
    if (!next) return;
    const auto by = std::max(std::chrono::ceil<std::chrono::microseconds>(*next - steady_), std::chrono::microseconds{1});
    steady_ += by;
    utc_ += by;
  }
  if (!trouble()) invariants_->broken("ends", "after " + std::to_string(turns) + " events without a fault there is no rest");
}

bool World::is_at_rest() {
  if (!std::all_of(runners_.begin(), runners_.end(), [](const auto& r) { return r.second->is_idle(); })) return false;
  const auto keys = database_.view->executions();
  return std::all_of(keys.begin(), keys.end(), [&](auto key) { return is_terminal(database_.view->execution(key)->status); });
}

bool World::all_ended() {
  for (const auto key : database_.view->executions()) {
    const auto e = database_.view->execution(key);
    if (is_terminal(e->status)) continue;
    std::string what = "execution " + std::to_string(key) + " (" + name_of(e->id) + ") is " + std::string(to_string(e->status)) +
                       (e->waiting == store::Waiting::No ? "" : ", waiting");
    for (const auto& t : database_.view->tasks(key)) {
      what += "; task " + std::to_string(t.position) + " is " + std::string(to_string(store::status_of(t.state)));
      if (t.state == store::State::Running)
        what += " at runner " + std::to_string(t.runner) + " with fence " + std::to_string(t.fence);
    }
    for (const auto& [number, runner] : runners_) {
      if (tells_) tell(runner->describe());
    }
    invariants_->broken("ends", what);
    return false;
  }
  return true;
}

void World::calm_down() {
  if (trouble()) return;
  Dice dice(42);
  dice_ = &dice;
  if (tells_) tell("faults end");
  calm_ = true;
  // The clock has caught up with what it ever showed.
  utc_ = std::max(utc_, latest_) + seconds{1};
  for (auto& [number, offset] : offsets_) offset = std::chrono::microseconds{0};
  for (auto it = runners_.begin(); it != runners_.end();) {
    const auto runner = it++;
    runner->second->calm();
    if (runner->second->lost_claims() || runner->second->stalled() || runner->second->is_cut_off()) {
      if (tells_) tell(runner->second->name() + " is killed");
      bury(runner, VirtualRunner::End::Crashed);
    }
  }
  boot(dice, true);
  if (owners_) {
    const auto later = [] {
      WorkflowBuilder flow("later");
      flow.task("only", [](TaskContext&) {});
      return flow.build();
    }();
    const auto key = client_->put_definition(later.definition(), utc_);
    runners_.rbegin()->second->inbox().add({key, later});
    owners_->resume_all();
  }
  users_->resume_all();
  Timestamp until = utc_;
  if (owners_) {
    settle(false, dice);
    until = utc_;
    steady_ += aftermath;
    utc_ += aftermath;
    settle(false, dice);
    owners_->pause_all();
  }
  settle(true, dice);
  if (trouble()) return;
  users_->resume_all();
  settle(true, dice);
  if (!trouble() && all_ended()) {
    invariants_->check_all();
    users_->check();
    if (owners_) owners_->check(until, [this](const ExecutionId& id) { return users_->was_pruned(id); });
  }
  dice_ = nullptr;
}

void World::fill(Report& report) const {
  report.features = features_;
  report.events = events_;
  report.commits = commits_;
  report.checks = invariants_->checks();
  report.executions = static_cast<std::int64_t>(database_.view->executions().size());
  report.crashes = crashes_;
  report.time = std::chrono::floor<std::chrono::microseconds>(steady_ - began_);
  report.trouble = trouble();
  report.story = story_;
}

}  // namespace cloacina::simulation
