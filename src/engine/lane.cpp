#include "engine/lane.hpp"

#include <algorithm>

#include "cron/system_zones.hpp"

namespace cloacina::engine {

namespace {

using std::chrono::milliseconds;

/// How long what was asked to stop at the end may take before its threads are left behind.
constexpr milliseconds halt_grace{1'000};
/// Short tasks share a turn: so long the loop waits for more of them to end.
constexpr std::chrono::microseconds gather{100};
/// Waits for a wall-clock time are cut, so that a clock that jumps is noticed. No query follows from such a wake-up.
constexpr std::chrono::seconds wall_wait_max{20};
/// How often the zone database on disk is looked at. While a schedule waits for its slot nobody sleeps longer than wall_wait_max.
constexpr std::chrono::seconds zone_look_gap{15};
/// Hints of other writers that brought no work are followed less and less often.
constexpr milliseconds hint_gap_max{20};
/// How often others' work is looked for without hints: of a server less and less often while there is none.
constexpr milliseconds poll_gap_min{50};
constexpr milliseconds poll_gap_max{1'000};

}  // namespace

Lane::Lane(std::unique_ptr<store::Store> store, std::unique_ptr<store::ChangeWatch> watch, std::shared_ptr<Inbox> inbox,
           LaneOptions options, Materialise materialise)
    : store_(std::move(store)),
      watch_(std::move(watch)),
      inbox_(std::move(inbox)),
      options_(std::move(options)),
      engine_(*store_, inbox_, options_.engine, std::move(materialise)),
      workers_(
          options_.engine.workers, [inbox = inbox_](std::vector<WorkDone> done, bool more) { inbox->done(std::move(done), more); },
          [inbox = inbox_] { inbox->thread_returned(); }),
      thread_([this] { run(); }) {}

Lane::~Lane() { stop(std::chrono::steady_clock::now()); }

Now Lane::now() {
  return {std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()), std::chrono::steady_clock::now()};
}

void Lane::log(LogLevel level, const std::string& text) const { options_.log(level, text); }

void Lane::run() {
  if (watch_->hints_early()) settling_.hint(std::chrono::steady_clock::now());  // a commit may be on its way since before the watch
  zones_seen_ = cron::refresh_system_zones();
  engine_.rezone(cron::system_zones_state());
  next_zone_look_ = std::chrono::steady_clock::now() + zone_look_gap;
  bool settled = false;
  for (;;) {
    inbox_->gather(gather);
    look_at_zones();
    const bool last = give_up_.load();
    if (last) engine_.give_up(now().utc);
    auto effects = engine_.step(now());
    settled = !effects.trouble;
    apply(effects);
    publish();
    if (last || (engine_.draining() && engine_.in_flight() == 0 && inbox_->empty() && !effects.trouble)) break;
    if (effects.trouble) {
      back_off();
    } else {
      trouble_wait_ = milliseconds{0};
      if (!effects.again && inbox_->empty()) rest(effects);
    }
  }
  sign_off(settled);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_cv_.notify_all();
}

void Lane::look_at_zones() {
  const auto clock = std::chrono::steady_clock::now();
  if (clock < next_zone_look_) return;
  next_zone_look_ = clock + zone_look_gap;
  const int zones = cron::refresh_system_zones();
  if (zones == std::exchange(zones_seen_, zones)) return;
  log(LogLevel::Info,
      "the time zone database on disk has changed (version " + cron::system_zones().version() + "): schedules are planned anew");
  engine_.rezone(cron::system_zones_state());
}

void Lane::sign_off(bool settled) {
  try {
    if (settled) {
      store_->close_runner(options_.engine.runner, now().utc);
      return;
    }
    log(LogLevel::Warning, "the runner could not give its work back; others will take it for dead");
  } catch (const Error& e) {
    log(LogLevel::Warning, std::string("the runner could not sign off: ") + e.what());
  }
  // What it holds would wait for ever behind a runner that has signed off, or that lives: it dies.
  store_.reset();
}

void Lane::keep_late_events() {
  store::Batch batch;
  batch.now = now().utc;
  batch.events = inbox_->take().events;
  if (batch.events.empty() || !store_) return;
  try {
    store_->commit(batch);
  } catch (const Error& e) {
    log(LogLevel::Warning, std::string("what callbacks threw at the end could not be recorded: ") + e.what());
  }
}

void Lane::apply(Effects& effects) {
  if (effects.trouble) log(LogLevel::Warning, "a commit failed, trying again: " + *effects.trouble);
  if (hinted_ && effects.committed) {
    hint_gap_ = effects.start.empty() ? std::min(hint_gap_max, hint_gap_ * 2 + milliseconds{1}) : milliseconds{0};
    hinted_ = false;
  }
  workers_.request_stop(std::move(effects.stop));
  if (effects.recall != Recall::None) workers_.recall(effects.recall == Recall::Stopped);
  for (const auto& item : effects.write_off) {
    log(LogLevel::Warning, "task '" + item->task().name + "' of execution " + item->claimed.id.to_string() +
                               " ignores its stop token; its thread is written off");
    workers_.write_off(item);
  }
  // Callbacks go before tasks: a worker that takes the next task first may be away for hours.
  workers_.call(std::move(effects.callbacks));
  if (!effects.finished.empty()) workers_.call(options_.on_finished(effects.finished));
  workers_.start(std::move(effects.start));
  for (auto& answer : effects.answers) answer();
  if (effects.changed_by_others) options_.on_change_by_others();
}

void Lane::publish() {
  const std::lock_guard lock(mutex_);
  stats_ = {engine_.turns(), engine_.tasks_done(), engine_.submitted(), engine_.written_off(), engine_.draining()};
}

void Lane::back_off() {
  trouble_wait_ = std::clamp(trouble_wait_ * 2, milliseconds{20}, milliseconds{1'000});
  // Some chance in it: many that lost one server do not come back to it at the same instant.
  const milliseconds pause{
      std::uniform_int_distribution<milliseconds::rep>(trouble_wait_.count() / 2, trouble_wait_.count())(random_)};
  const auto until = std::chrono::steady_clock::now() + pause;
  for (auto left = pause; left.count() > 0 && !give_up_.load();
       left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now())) {
    // Messages do not cut it short: with each of them the database would be asked again.
    std::this_thread::sleep_for(std::min(left, milliseconds{50}));
  }
}

bool Lane::look_for_changes(bool anyhow) {
  const auto clock = std::chrono::steady_clock::now();
  const bool hinted = watch_->drain(store_->writer());
  if (hinted && watch_->hints_early()) settling_.hint(clock);
  settling_.looked(clock);
  if (!hinted && !anyhow) return false;
  // A hint that comes with the commit is a change by itself: what else tells of changes may have been seen before that.
  const bool told = hinted && !watch_->hints_early();
  if (!store_->changed_by_others() && !told) return false;
  engine_.hint();
  options_.on_change_by_others();
  hinted_ = true;
  last_hint_ = clock;
  poll_gap_ = poll_gap_min;
  return true;
}

void Lane::rest(const Effects& effects) {
  try {
    store_->tell_others();
    // What others wrote while we worked. After this look every later write makes the watch readable.
    const bool told = watch_->fd() >= 0 && !watch_->hints_early();  // of everything
    if (look_for_changes(!told)) return;
    const auto clocks = now();
    std::optional<std::chrono::nanoseconds> timeout = settling_.wait(clocks.steady);
    const auto at_most = [&](std::chrono::nanoseconds d) {
      timeout = std::max(std::min(timeout.value_or(d), d), std::chrono::nanoseconds{0});
    };
    if (effects.wake_utc) at_most(std::min<std::chrono::microseconds>(*effects.wake_utc - clocks.utc, wall_wait_max));
    if (effects.wake_steady) at_most(*effects.wake_steady - clocks.steady);
    // Where there are leases, their ends are among the engine's own times.
    const bool company = !store_->lease() && store_->has_company();
    if (company) at_most(options_.heartbeat);
    if (watch_->fd() < 0) {
      at_most(poll_gap_);
      if (store_->lease()) poll_gap_ = std::min(poll_gap_ * 2, poll_gap_max);
    }
    const auto why = inbox_->wait(timeout, watch_->fd());
    if (why == os::Waker::Why::Woken) return;
    if (why == os::Waker::Why::Readable) {
      const auto gap = hint_gap_ - std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - last_hint_);
      if (gap.count() > 0) (void)inbox_->wait(gap, -1);
    }
    look_for_changes(!told || why == os::Waker::Why::TimedOut);
    if (company && store_->somebody_died()) engine_.recover();
  } catch (const Error& e) {
    log(LogLevel::Warning, std::string("looking for the work of others failed: ") + e.what());
    back_off();
  }
}

Lane::Stats Lane::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Lane::hurry(Steady deadline) {
  const std::lock_guard lock(mutex_);
  deadline_ = std::min(deadline_, deadline);
  ended_cv_.notify_all();
}

Lane::Left Lane::stop(Steady deadline) {
  if (!thread_.joinable()) return {};
  inbox_->close();
  inbox_->drain();
  hurry(deadline);
  std::unique_lock lock(mutex_);
  while (!ended_ && std::chrono::steady_clock::now() < deadline_) ended_cv_.wait_until(lock, Steady{deadline_});
  Left left;
  if (!ended_) {
    inbox_->halt();
    if (!ended_cv_.wait_until(lock, std::chrono::steady_clock::now() + halt_grace, [&] { return ended_; })) {
      give_up_.store(true);
      inbox_->wake();
    }
  }
  lock.unlock();
  thread_.join();
  left.items = engine_.cut_off();
  // Callbacks may still run; their time is up at the deadline, which may be brought forward meanwhile.
  const auto soon = [] { return std::chrono::steady_clock::now() + milliseconds{100}; };
  const auto deadline_passed = [&] {
    const std::lock_guard again(mutex_);
    return std::chrono::steady_clock::now() >= deadline_;
  };
  while (!workers_.finish(soon(), false) && !deadline_passed()) {
  }
  left.threads = !workers_.finish(soon(), true);
  keep_late_events();
  return left;
}

}  // namespace cloacina::engine
