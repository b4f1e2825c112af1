// The workers' half of a virtual runner.
#include <algorithm>

#include "core/changes.hpp"
#include "core/deferral.hpp"
#include "testing/virtual_runner.hpp"

namespace cloacina::simulation {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds short_task{5};
constexpr milliseconds usual_task{2'000};
constexpr milliseconds long_task{90'000};

}  // namespace

std::string VirtualRunner::name_of(const engine::WorkItem& item) const {
  return item.task().name + " of " + world_.name_of(item.claimed.id);
}

std::string VirtualRunner::describe() const {
  std::string out = name() + " (" + std::to_string(options_.runner) + ") has " + std::to_string(engine_->in_flight()) +
                    " in flight, " + std::to_string(engine_->written_off()) + " written off, " + std::to_string(queue_.size()) +
                    " queued, " + std::to_string(reports_.size()) + " reports, " + std::to_string(threads_free()) + " threads free";
  for (const auto& t : threads_) {
    out += "; runs " + name_of(*t.item) + (t.written_off ? ", written off" : "") +
           (t.item->stop.stop_requested() ? ", asked to stop" : "") + (t.ends == Steady::max() ? ", without end" : "");
  }
  return out;
}

int VirtualRunner::threads_free() const {
  const auto busy = std::count_if(threads_.begin(), threads_.end(), [](const Thread& t) { return !t.written_off; });
  return options_.workers - static_cast<int>(busy);
}

bool VirtualRunner::ends(const Thread& thread) const { return thread.ends <= world_.steady(); }

bool VirtualRunner::has_work() const {
  if (stalled()) return false;
  return !jobs_.empty() || (!queue_.empty() && threads_free() > 0) ||
         std::any_of(threads_.begin(), threads_.end(), [&](const Thread& t) { return ends(t); }) ||
         std::any_of(reports_.begin(), reports_.end(), [&](const Report& r) { return r.at <= world_.steady(); });
}

VirtualRunner::End VirtualRunner::work(Dice& dice) {
  // Threads run side by side: any of them may be the next.
  const bool can_begin = !queue_.empty() && threads_free() > 0;
  std::vector<std::list<Thread>::iterator> ending;
  for (auto it = threads_.begin(); it != threads_.end(); ++it) {
    if (ends(*it)) ending.push_back(it);
  }
  std::vector<std::size_t> arriving;
  for (std::size_t i = 0; i < reports_.size(); ++i) {
    if (reports_[i].at <= world_.steady()) arriving.push_back(i);
  }
  auto which = dice.below((jobs_.empty() ? 0 : 1) + (can_begin ? 1 : 0) + ending.size() + arriving.size());
  if (!jobs_.empty() && which-- == 0) {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    return End::None;
  }
  if (can_begin && which-- == 0) {
    begin(dice);
    return End::None;
  }
  if (which < ending.size()) return end(ending[which], dice);
  auto& report = reports_[arriving[which - ending.size()]];
  std::vector<engine::WorkDone> done;
  done.push_back(std::move(report.done));
  reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(arriving[which - ending.size()]));
  inbox_->done(std::move(done), !queue_.empty());
  return End::None;
}

void VirtualRunner::begin(Dice& dice) {
  auto item = std::move(queue_.front());
  queue_.pop_front();
  if (item->reason.load() != engine::StopReason::None) {
    engine::WorkDone done;
    done.began = false;
    done.item = std::move(item);
    done.started_at = done.finished_at = world_.utc(number_);
    report(std::move(done), dice);
    return;
  }
  const auto& f = world_.features();
  Thread t;
  const int roll = calm_ ? 99 : dice.below(100);
  if (f.failures && roll < 15) {
    t.plan = roll < 1 ? Plan::FailForGood : Plan::Fail;
  } else if (f.deferrals && roll < 22) {
    t.plan = Plan::Defer;
  } else if (f.hangs && roll < 26) {
    t.plan = Plan::Hang;
  } else if (f.stubborn && item->task().timeout && roll < 29) {
    t.plan = Plan::Ignore;
  } else if (f.killers && roll < 30) {
    t.plan = Plan::Kill;
  }
  const auto most = dice.chance(50) ? short_task : f.long_tasks && !calm_ && dice.chance(8) ? long_task : usual_task;
  t.ends = world_.steady() + dice.time_below(most);
  if (t.plan == Plan::Hang) t.ends = world_.steady() + std::chrono::seconds{item->task().timeout ? 3'600 : 120};
  if (t.plan == Plan::Ignore) t.ends = Steady::max();
  t.began = world_.utc(number_);
  item->began.store(world_.steady().time_since_epoch().count());
  t.item = std::move(item);
  threads_.push_back(std::move(t));
}

VirtualRunner::End VirtualRunner::end(std::list<Thread>::iterator thread, Dice& dice) {
  if (thread->written_off) {
    threads_.erase(thread);
    inbox_->thread_returned();
    return End::None;
  }
  if (thread->plan == Plan::Kill && !calm_) {
    if (world_.tells()) world_.tell(name_of(*thread->item) + " kills " + name());
    return End::Crashed;
  }
  auto done = outcome(*thread, dice);
  if (world_.tells()) {
    world_.tell(name() + " has run " + name_of(*done.item) + ": " +
                (done.failure ? done.failure->error + (done.retry_after ? ", again in " + format_duration(*done.retry_after) : "")
                 : done.deferred ? "waits for " + format_duration(*done.deferred)
                                 : "done"));
  }
  threads_.erase(thread);
  report(std::move(done), dice);
  return End::None;
}

engine::WorkDone VirtualRunner::outcome(const Thread& thread, Dice& dice) {
  const auto& item = thread.item;
  const bool stopped = item->stop.stop_requested();
  const bool succeeds = thread.plan == Plan::Succeed || calm_ || (thread.plan == Plan::Hang && stopped && dice.chance(50));
  engine::WorkDone done;
  if (succeeds && world_.runs_code()) {
    done = engine::perform(item);
    item->began.store(thread.ends.time_since_epoch().count());
    done.began = true;
  }
  done.item = item;
  done.started_at = thread.began;
  done.finished_at = std::max(world_.utc(number_), thread.began);
  if (item->reason.load() == engine::StopReason::Timeout) {
    done.failure = engine::timed_out(*item);
    done.deferred.reset();
    done.changes.reset();
    done.changes_text.clear();
  } else if (succeeds && world_.runs_code()) {
    return done;
  } else if (succeeds) {
    const ContextValues changes{{item->task().name, std::make_shared<const Json>(item->claimed.number)}};
    done.changes = std::make_shared<const ContextValues>(changes);
    done.changes_text = core::changes_to_text(changes);
  } else if (thread.plan == Plan::Defer) {
    auto waited = core::Deferral{};
    if (!item->claimed.deferred.empty()) waited = core::deferral_from_text(item->claimed.deferred);
    ++waited.waited.deferrals;
    ++waited.waited.passed;
    if (!waited.waited.since) waited.waited.since = done.started_at;
    done.deferred = milliseconds{1 + dice.below(20'000)};
    done.deferred_text = core::deferral_to_text(waited);
  } else {
    done.failure = Failure{FailureKind::Exception, stopped ? "stopped" : "no", {}, {}, {}, {}};
  }
  if (done.failure && thread.plan != Plan::FailForGood) engine::judge(done);
  return done;
}

void VirtualRunner::report(engine::WorkDone done, Dice& dice) {
  const bool late = !calm_ && world_.features().late_words && dice.chance(25);
  const auto delay = late ? dice.time_below(milliseconds{dice.chance(10) ? 30'000 : 100}) : std::chrono::microseconds{0};
  reports_.push_back({std::move(done), world_.steady() + delay});
}

}  // namespace cloacina::simulation
