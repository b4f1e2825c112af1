// The lane's half.
#include "testing/virtual_runner.hpp"

#include <algorithm>

namespace cloacina::simulation {

namespace {

using std::chrono::milliseconds;

/// What a caller's reply holds; nothing for an error.
template <class T>
std::optional<T> value_of(engine::Reply<T>& reply) {
  try {
    return reply.get();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

VirtualRunner::VirtualRunner(Surroundings& world, Setting setting)
    : world_(world), number_(setting.number), options_(std::move(setting.options)) {
  store_ = std::make_unique<FaultyStore>(std::move(setting.store), faults_, world_, number_);
  store::RunnerRecord record;
  record.id = name();
  record.name = name();
  record.host = "virtual";
  record.workers = options_.workers;
  record.started_at = world_.utc(number_);
  options_.runner = store_->open_runner(record);
  engine_ = std::make_unique<engine::Engine>(*store_, inbox_, options_, [](const auto& definition) {
    return Workflow(definition, std::vector<Workflow::Code>(definition->tasks.size()));
  });
  for (auto& request : setting.workflows) inbox_->add(std::move(request));
}

bool VirtualRunner::lane_is_due() const {
  const auto steady = world_.steady();
  if (steady < stalled_until_) return false;
  if (effects_) return steady >= effects_at_;
  switch (phase_) {
    case Phase::Awake:
      return true;
    case Phase::BacksOff:
      return steady >= until_;
    case Phase::Rests:
      break;
  }
  return !inbox_->empty() || (wake_utc_ && *wake_utc_ <= world_.utc(number_)) || (wake_steady_ && *wake_steady_ <= steady) ||
         hint_at_ <= steady || death_at_ <= steady;
}

std::optional<Steady> VirtualRunner::next_event() const {
  const auto steady = world_.steady();
  Steady next = Steady::max();
  if (steady < stalled_until_) return stalled_until_;
  if (effects_) {
    next = effects_at_;
  } else if (phase_ == Phase::BacksOff) {
    next = until_;
  } else if (phase_ == Phase::Awake || !inbox_->empty()) {
    next = steady;
  } else {
    if (wake_utc_) next = std::min(next, steady + std::max(*wake_utc_ - world_.utc(number_), std::chrono::microseconds{0}));
    if (wake_steady_) next = std::min(next, *wake_steady_);
    next = std::min({next, hint_at_, death_at_});
  }
  if (!jobs_.empty() || (!queue_.empty() && threads_free() > 0)) next = std::min(next, steady);
  for (const auto& t : threads_) {
    if (t.ends != Steady::max()) next = std::min(next, t.ends);
  }
  for (const auto& r : reports_) next = std::min(next, r.at);
  if (next == Steady::max()) return std::nullopt;
  return std::max(next, steady);
}

void VirtualRunner::submit(engine::SubmitRequest request,
                           std::function<void(std::optional<std::vector<store::SubmitResult>>)> when_answered) {
  auto reply = std::make_shared<engine::Reply<std::vector<store::SubmitResult>>>(request.answer.get_future());
  inbox_->submit(std::move(request));
  waiting_.emplace_back([reply, answered = std::move(when_answered)] { answered(value_of(*reply)); });
}

void VirtualRunner::control(store::Control control, std::function<void(std::optional<store::ControlResult>)> when_answered) {
  engine::ControlRequest request{std::move(control), {}};
  auto reply = std::make_shared<engine::Reply<store::ControlResult>>(request.answer.get_future());
  inbox_->control(std::move(request));
  waiting_.emplace_back([reply, answered = std::move(when_answered)] { answered(value_of(*reply)); });
}

void VirtualRunner::drain(bool halt) {
  if (halt) {
    inbox_->halt();
  } else {
    inbox_->drain();
  }
}

void VirtualRunner::give_up() {
  gives_up_ = true;
  inbox_->drain();
}

// ---- a turn

void VirtualRunner::wake_up() {
  if (phase_ != Phase::Rests) return;
  const auto steady = world_.steady();
  if (hint_at_ <= steady) {
    hint_at_ = Steady::max();
    look_for_changes();
  }
  if (death_at_ <= steady) {
    death_at_ = Steady::max();
    if (!store_->lease() && store_->has_company() && store_->somebody_died()) engine_->recover();
  }
}

void VirtualRunner::look_for_changes() {
  if (store_->changed_by_others()) engine_->hint();
}

VirtualRunner::End VirtualRunner::go(Dice& dice, const Faults& faults) {
  faults_ = faults;
  if (is_cut_off()) faults_.refuse_commit = faults_.blind_contexts = faults_.blind_definitions = faults_.blind_schedules = true;
  if (effects_) return finish_turn(dice);
  wake_up();
  last_ = gives_up_;
  if (last_) engine_->give_up(world_.utc(number_));
  taken_ = std::exchange(waiting_, {});
  effects_ = engine_->step(now());
  effects_at_ = world_.steady();
  const auto& f = world_.features();
  if (!calm_ && f.crashes && dice.one_in(400)) {
    if (world_.tells()) world_.tell(name() + " dies after its turn" + (effects_->committed ? ", which was committed" : ""));
    return End::Crashed;
  }
  if (!calm_ && f.slow && dice.one_in(20)) {
    effects_at_ += dice.time_below(milliseconds{dice.one_in(5) ? 8'000 : 200});
    return End::None;
  }
  return finish_turn(dice);
}

VirtualRunner::End VirtualRunner::finish_turn(Dice& dice) {
  auto effects = std::move(*effects_);
  effects_.reset();
  const int crash_after = !calm_ && world_.features().crashes && dice.one_in(300) ? dice.below(6) : -1;
  if (!apply(effects, crash_after)) {
    if (world_.tells()) world_.tell(name() + " dies in the middle of what follows its turn");
    return End::Crashed;
  }
  settled_ = !effects.trouble;
  check_flights();
  if (effects.trouble && world_.tells()) world_.tell(name() + " has trouble: " + *effects.trouble);
  if (last_ || (engine_->draining() && engine_->in_flight() == 0 && inbox_->empty() && !effects.trouble)) return sign_off(settled_);
  if (effects.trouble) {
    // As Lane::back_off.
    trouble_wait_ = std::clamp(trouble_wait_ * 2, milliseconds{20}, milliseconds{1'000});
    phase_ = Phase::BacksOff;
    until_ = world_.steady() + trouble_wait_ / 2 + dice.time_below(trouble_wait_ / 2);
    return End::None;
  }
  trouble_wait_ = milliseconds{0};
  phase_ = Phase::Awake;
  if (!effects.again && inbox_->empty()) rest(effects, dice);
  return End::None;
}

void VirtualRunner::rest(const engine::Effects& effects, Dice& /*dice*/) {
  store_->tell_others();
  if (store_->changed_by_others()) {
    engine_->hint();
    return;
  }
  phase_ = Phase::Rests;
  wake_utc_ = effects.wake_utc;
  wake_steady_ = effects.wake_steady;
}

bool VirtualRunner::apply(engine::Effects& effects, int crash_after) {
  int step = 0;
  const auto dies = [&] { return step++ == crash_after; };
  if (dies()) return false;
  for (auto& item : effects.stop) {
    item->stop.request_stop();
    for (auto& t : threads_) {
      // Those that hang hear of it soon; those that ignore it do not.
      if (t.item == item && t.plan == Plan::Hang) t.ends = world_.steady() + milliseconds{1};
    }
  }
  if (effects.recall != engine::Recall::None) recall(effects.recall);
  for (const auto& item : effects.write_off) write_off(item);
  if (dies()) return false;
  std::move(effects.callbacks.begin(), effects.callbacks.end(), std::back_inserter(jobs_));
  if (dies()) return false;
  check_start(effects.start);
  const std::size_t half = crash_after == step ? effects.start.size() / 2 : effects.start.size();
  queue_.insert(queue_.end(), effects.start.begin(), effects.start.begin() + static_cast<std::ptrdiff_t>(half));
  if (dies()) return false;
  for (auto& answer : effects.answers) answer();
  for (const auto& answered : std::exchange(taken_, {})) answered();
  return !dies();
}

void VirtualRunner::check_start(const std::vector<std::shared_ptr<engine::WorkItem>>& items) {
  for (const auto& item : items) {
    const auto& claimed = item->claimed;
    const auto same = [&](const auto& other) {
      return other->claimed.task == claimed.task && other->claimed.fence == claimed.fence;
    };
    if (std::any_of(queue_.begin(), queue_.end(), same) ||
        std::any_of(threads_.begin(), threads_.end(), [&](const Thread& t) { return same(t.item); })) {
      world_.invariants().broken("own-claims", name() + " starts " + name_of(*item) + " twice");
    }
    if (!item->context) {
      world_.invariants().broken("context", name() + " starts " + name_of(*item) + " without a context");
      continue;
    }
    world_.invariants().check_context(claimed.task, claimed.fence, *item->context);
    if (world_.tells()) world_.tell(name() + " starts " + name_of(*item) + ", fence " + std::to_string(claimed.fence));
  }
}

void VirtualRunner::check_flights() {
  if (last_) return;
  const auto running = std::count_if(threads_.begin(), threads_.end(), [](const Thread& t) { return !t.written_off; });
  const auto here = static_cast<std::size_t>(running) + queue_.size();
  if (here > engine_->in_flight()) world_.invariants().broken("watched", describe());
}

void VirtualRunner::recall(engine::Recall which) {
  std::vector<engine::WorkDone> back;
  std::erase_if(queue_, [&](auto& item) {
    if (which == engine::Recall::Stopped && item->reason.load() == engine::StopReason::None) return false;
    engine::WorkDone done;
    done.began = false;
    done.item = std::move(item);
    done.started_at = done.finished_at = world_.utc(number_);
    back.push_back(std::move(done));
    return true;
  });
  if (!back.empty()) inbox_->done(std::move(back), false);
}

void VirtualRunner::write_off(const std::shared_ptr<engine::WorkItem>& item) {
  if (world_.tells()) world_.tell(name() + " writes off the thread of " + name_of(*item));
  for (auto& t : threads_) {
    if (t.item != item) continue;
    t.written_off = true;
    // It comes back some day.
    if (t.ends == Steady::max()) t.ends = world_.steady() + std::chrono::seconds{20};
    return;
  }
  inbox_->thread_returned();
}

VirtualRunner::End VirtualRunner::sign_off(bool settled) {
  if (lost_claims() || !settled || is_cut_off()) {
    if (world_.tells()) world_.tell(name() + " ends without signing off");
    return End::Crashed;
  }
  try {
    store_->close_runner(options_.runner, world_.utc(number_));
  } catch (const Error&) {
    return End::Crashed;
  }
  if (world_.tells()) world_.tell(name() + " signs off");
  return End::SignedOff;
}

}  // namespace cloacina::simulation
