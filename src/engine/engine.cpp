#include "engine/engine.hpp"

#include <algorithm>

#include "core/definition_json.hpp"

namespace cloacina::engine {

namespace {

using Kind = store::AttemptOutcome::Kind;

/// Attempts shorter than this are worth claiming ahead of the workers; longer ones would only be kept from other runners.
constexpr std::chrono::milliseconds short_attempt{10};
/// When to look again at a task that was asked to stop and has not begun.
constexpr std::chrono::milliseconds not_begun{100};

}  // namespace

Engine::Engine(store::Store& store, std::shared_ptr<Inbox> inbox, const EngineOptions& options, Materialise materialise)
    : store_(store),
      inbox_(std::move(inbox)),
      options_(options),
      materialise_(std::move(materialise)),
      random_(options.seed),
      contexts_(options.context_cache_bytes) {}

Effects Engine::step(Now now) {
  Effects effects;
  Messages messages = inbox_->take();
  take_messages(messages, now, effects);
  run_timers(now, effects);
  if (lease_) mind_lease(now, effects);
  store::Batch batch;
  plan_schedules(batch, now, effects);
  if (fill(batch, messages, now)) {
    std::optional<store::BatchResult> result;
    try {
      result = store_.commit(batch);
    } catch (const Error& e) {
      fail(e, batch, messages, effects);
    } catch (const std::exception& e) {
      fail(Error(ErrorCode::Internal, e.what()), batch, messages, effects);
    }
    if (result) {
      ++turns_;
      effects.committed = true;
      after_commit(*result, batch, messages, now, effects);
    }
  }
  if (!timers_.empty()) effects.wake_steady = timers_.top().at;
  if (lease_) effects.wake_steady = std::min({effects.wake_steady.value_or(Steady::max()), next_renewal_, next_death_});
  effects.wake_utc = next_due_;
  // When the store gives no answer, the trouble's pause decides when to try again.
  if (next_slot_ && !draining_) effects.wake_utc = std::min(effects.wake_utc.value_or(*next_slot_), *next_slot_);
  return effects;
}

// ---- what came in
// -------------------------------------------------------------------------------------------------------------------

void Engine::take_messages(Messages& messages, const Now& now, Effects& effects) {
  const std::size_t before = pending_.size();
  take_done(std::exchange(messages.done, {}), now.utc);
  const auto brief = std::count_if(pending_.begin() + static_cast<std::ptrdiff_t>(before), pending_.end(),
                                   [](const Pending& p) { return p.outcome.finished_at - p.outcome.started_at < short_attempt; });
  prefetch_ = std::min<double>(options_.prefetch_max, std::max(4.0 * static_cast<double>(brief), prefetch_ * 0.75));
  for (auto& request : messages.workflows) {
    const auto& name = request.workflow.name();
    if (options_.boots && booted_.insert(name).second) booting_.push_back({name, now.utc});
    workflows_.insert_or_assign(request.key, std::move(request.workflow));
    look_ = true;
    described_ = false;
  }
  std::move(messages.events.begin(), messages.events.end(), std::back_inserter(events_));
  if (messages.returned > 0) {
    written_off_ -= messages.returned;
    described_ = false;
    look_ = true;
  }
  if (messages.drain && !draining_) {
    draining_ = true;
    effects.recall = Recall::All;
  }
  if (messages.halt && !halting_) {
    draining_ = halting_ = true;
    effects.recall = Recall::All;
    for (auto& [claim, flight] : in_flight_) {
      if (flight.reason == StopReason::None) stop(flight, StopReason::Halted, now, effects);
    }
  }
}

void Engine::take_done(std::vector<WorkDone> done, Timestamp now) {
  for (auto& d : done) {
    const auto flight = in_flight_.find(d.item->claimed.claim());
    // A thread that was written off, or whose claim is gone: its late word counts no more.
    if (flight == in_flight_.end() || flight->second.item != d.item) continue;
    if (flight->second.written_off && !d.judged_by_loop) continue;
    conclude(std::move(d), flight->second, now);
    land(flight);
  }
}

void Engine::land(Flights::iterator flight) {
  if (flight->second.item->claimed.last_chance) --last_chance_held_;
  in_flight_.erase(flight);
}

void Engine::conclude(WorkDone&& done, const Flight& flight, Timestamp now) {
  const auto& claimed = done.item->claimed;
  Pending p;
  auto& o = p.outcome;
  o.task = claimed.task;
  o.fence = claimed.fence;
  o.number = claimed.number;
  o.began = done.began;
  o.started_at = done.started_at;
  o.finished_at = done.finished_at;
  o.exit = done.exit;
  o.output = std::move(done.output);
  if (done.completed_in) {
    // It is stored already: for the store this is a late word, and nothing changes it any more.
    p.completed_in = true;
    p.finished = std::move(done.finished);
    p.changes_bytes = done.changes_text.size();
    p.changes = std::move(done.changes);
  } else if (!done.began) {
    o.kind = flight.reason == StopReason::Cancelled ? Kind::Cancelled : Kind::Returned;
    o.error = flight.reason == StopReason::Cancelled ? "cancelled before it began" : "";
  } else if (flight.reason == StopReason::Cancelled) {
    o.kind = Kind::Cancelled;
    o.error = done.failure ? "cancelled; " + done.failure->error : "cancelled";
  } else if (done.deferred) {
    o.kind = Kind::Deferred;
    o.retry_at = now + *done.deferred;
    o.deferred = std::move(done.deferred_text);
  } else if (flight.reason == StopReason::Halted || flight.reason == StopReason::LeaseLost) {
    o.kind = Kind::Returned;
    o.error = flight.reason == StopReason::Halted ? "its runner stopped" : "its runner could not renew its lease";
    if (flight.reason == StopReason::Halted) cut_off_.push_back(done.item);
  } else if (done.failure) {
    o.kind = done.retry_after ? Kind::Retry : Kind::Failed;
    p.failed_for_good = !done.retry_after;
    o.error = done.failure->error;
    if (done.retry_after) o.retry_at = now + *done.retry_after;
    p.failure = std::move(*done.failure);
  } else {
    o.kind = Kind::Completed;
    o.changes = std::move(done.changes_text);
    p.changes_bytes = o.changes.size();
    p.changes = std::move(done.changes);
  }
  p.item = std::move(done.item);
  pending_.push_back(std::move(p));
}

// ---- timeouts
// -----------------------------------------------------------------------------------------------------------------------

void Engine::drop_old_timers() {
  if (timers_.size() < 1'024 || timers_.size() < 4 * in_flight_.size()) return;
  std::vector<Timer> kept;
  for (; !timers_.empty(); timers_.pop()) {
    if (in_flight_.contains(timers_.top().claim)) kept.push_back(timers_.top());
  }
  timers_ = decltype(timers_)(std::greater<>{}, std::move(kept));
}

void Engine::run_timers(const Now& now, Effects& effects) {
  drop_old_timers();
  while (!timers_.empty() && timers_.top().at <= now.steady) {
    const Timer timer = timers_.top();
    timers_.pop();
    const auto it = in_flight_.find(timer.claim);
    if (it == in_flight_.end()) continue;
    auto& flight = it->second;
    const auto began = flight.item->began.load(std::memory_order_acquire);
    if (flight.reason == StopReason::None) {
      // The timeout counts from when the task's code began, which is later than its claim.
      const auto timeout = *flight.item->task().timeout;
      const Steady due = began == 0 ? after(now.steady, timeout) : after(Steady{Steady::duration{began}}, timeout);
      if (due > now.steady) {
        timers_.push({due, timer.claim});
      } else {
        stop(flight, StopReason::Timeout, now, effects);
      }
    } else if (flight.stop_until > now.steady) {
      // The timeout of one that was asked to stop for another reason meanwhile: it has its grace all the same.
    } else if (began == 0) {
      // Not in user code yet: its thread is not to blame, and it is still to be watched.
      flight.stop_until = after(now.steady, std::max(grace(*flight.item), not_begun));
      timers_.push({flight.stop_until, timer.claim});
    } else if (!flight.written_off) {
      write_off(flight, now, effects);
      if (!flight.written_off) land(it);
    }
  }
}

std::chrono::milliseconds Engine::grace(const WorkItem& item) const {
  std::optional<std::chrono::milliseconds> kill_after;
  if (const auto& command = item.task().command; !command.is_null()) kill_after = core::command_from_json(command).kill_after;
  if (const auto& isolation = item.code().isolation) kill_after = isolation->kill_after;
  if (!kill_after) return options_.stop_grace;
  // A process needs its own time between SIGTERM and SIGKILL, and some to be reaped.
  constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};
  return std::min(*kill_after, longest) + std::max(options_.stop_grace, std::chrono::milliseconds{2'000});
}

void Engine::stop(Flight& flight, StopReason reason, const Now& now, Effects& effects) {
  flight.reason = reason;
  flight.item->reason.store(reason, std::memory_order_release);
  effects.stop.push_back(flight.item);
  if (effects.recall == Recall::None) effects.recall = Recall::Stopped;
  flight.stop_until = after(now.steady, grace(*flight.item));
  timers_.push({flight.stop_until, flight.item->claimed.claim()});
}

void Engine::write_off(Flight& flight, const Now& now, Effects& effects) {
  ++written_off_;
  described_ = false;
  effects.write_off.push_back(flight.item);
  WorkDone done;
  done.item = flight.item;
  done.judged_by_loop = true;
  const auto began = Steady{Steady::duration{flight.item->began.load(std::memory_order_acquire)}};
  done.started_at = now.utc - std::chrono::duration_cast<std::chrono::microseconds>(now.steady - began);
  done.finished_at = now.utc;
  if (flight.reason == StopReason::Timeout) {
    done.failure = timed_out(*flight.item);
    done.failure->error += ", and ignored its stop token";
    if (has_own_functions(flight.item->code().retry)) {
      // User code: not on this thread. Until the verdict comes back the task stays in flight.
      flight.written_off = true;
      effects.callbacks.emplace_back([done = std::move(done), inbox = inbox_]() mutable {
        judge(done);
        std::vector<WorkDone> one;
        one.push_back(std::move(done));
        inbox->done(std::move(one), false);
      });
      return;
    }
    judge(done);
  }
  conclude(std::move(done), flight, now.utc);
}

void Engine::give_up(Timestamp now) {
  for (auto& [claim, flight] : in_flight_) {
    WorkDone done;
    done.item = flight.item;
    done.began = flight.item->began.load(std::memory_order_acquire) != 0;
    done.started_at = done.finished_at = now;
    if (flight.reason != StopReason::Cancelled) flight.reason = StopReason::Halted;
    conclude(std::move(done), flight, now);
  }
  in_flight_.clear();
}

// ---- the batch
// ----------------------------------------------------------------------------------------------------------------------

int Engine::room() const {
  if (draining_ || written_off_ >= options_.written_off_max) return 0;
  return options_.workers + static_cast<int>(prefetch_) - static_cast<int>(in_flight_.size());
}

bool Engine::fill(store::Batch& batch, const Messages& messages, const Now& now) {
  batch.now = now.utc;
  batch.runner = options_.runner;
  if (!described_) {
    std::vector<store::DefinitionKey> keys;
    for (const auto& [key, workflow] : workflows_) keys.push_back(key);
    try {
      store_.describe_runner(options_.runner, keys, written_off_);
      described_ = true;
    } catch (const Error&) {
      // Only what `runners` shows; the next turn tries again.
    }
  }
  for (auto& p : pending_) batch.outcomes.push_back(std::move(p.outcome));
  for (const auto& request : messages.submissions) {
    batch.submissions.insert(batch.submissions.end(), request.executions.begin(), request.executions.end());
  }
  for (const auto& request : messages.controls) batch.controls.push_back(request.control);
  batch.events = std::exchange(events_, {});
  batch.release_dead = recover_;
  batch.timers = look_ || (next_due_ && *next_due_ <= now.utc);
  if (renewal_is_due(now)) batch.renew = *lease_;
  if (check_) {
    for (const auto& [claim, flight] : in_flight_) {
      if (flight.reason == StopReason::None) batch.check.push_back(claim);
    }
    check_ = false;
  }
  const bool works = !batch.outcomes.empty() || !batch.submissions.empty() || !batch.controls.empty() || !batch.events.empty() ||
                     !batch.schedules.empty() || batch.release_dead || batch.timers || !batch.check.empty();
  if (const int limit = room(); works && limit > 0 && (!workflows_.empty() || options_.any_commands)) {
    store::ClaimRequest claim;
    claim.runner = options_.runner;
    claim.limit = limit;
    for (const auto& [key, workflow] : workflows_) claim.definitions.push_back(key);
    claim.any_commands = options_.any_commands;
    claim.last_chance = last_chance_held_ == 0;
    batch.claim = std::move(claim);
  }
  return works || batch.renew;
}

void Engine::fail(const Error& error, store::Batch& batch, Messages& messages, Effects& effects) {
  // Nothing was applied. Callers hear of it; outcomes and events are kept for the next try.
  for (std::size_t i = 0; i < pending_.size(); ++i) pending_[i].outcome = std::move(batch.outcomes[i]);
  events_ = std::move(batch.events);
  rezone_after_ = 0;
  check_ = check_ || !batch.check.empty();
  look_ = true;
  for (auto& request : messages.submissions) {
    effects.answers.emplace_back(
        [answer = std::make_shared<decltype(request.answer)>(std::move(request.answer)), error] { answer->set_error(error); });
  }
  for (auto& request : messages.controls) {
    effects.answers.emplace_back(
        [answer = std::make_shared<decltype(request.answer)>(std::move(request.answer)), error] { answer->set_error(error); });
  }
  effects.trouble = error.what();
}

// ---- after the commit
// ------------------------------------------------------------------------------------------------------------------------

void Engine::after_commit(store::BatchResult& result, const store::Batch& batch, Messages& messages, const Now& now,
                          Effects& effects) {
  recover_ = false;
  look_ = false;
  if (batch.renew) renewed(result, now, effects);
  if (!store::only_renews(batch)) next_due_ = by_own_clock(result.next_due, result, now);
  effects.changed_by_others = result.changed_by_others;
  if (result.changed_by_others && !in_flight_.empty()) check_ = effects.again = true;
  if (result.changed_by_others && store::only_renews(batch)) look_ = effects.again = true;
  submitted_ += std::count_if(result.submissions.begin(), result.submissions.end(),
                              [](const auto& s) { return s.applied == store::Applied::Yes; });
  tasks_done_ += std::count_if(batch.outcomes.begin(), batch.outcomes.end(),
                               [](const auto& o) { return o.began && o.kind != Kind::Deferred; });
  settle_schedules(result, batch, now, effects);
  settle_outcomes(result, effects);
  answer(result, messages, effects);
  for (const auto& lost : result.lost) {
    const auto flight = in_flight_.find(lost);
    if (flight == in_flight_.end()) continue;
    if (flight->second.reason == StopReason::None) stop(flight->second, StopReason::Cancelled, now, effects);
  }
  for (const auto& q : result.quarantined) {
    const Failure failure{FailureKind::Crash, q.error, {}, {}, {}, {}};
    // Of a workflow that is not known here there is no code to call.
    const auto known = workflows_.find(q.definition);
    if (known != workflows_.end()) call_back(q.task, q.id, known->second, &failure, effects);
  }
  start(result, batch, now, effects);
  effects.finished.insert(effects.finished.end(), result.finished.begin(), result.finished.end());
  for (const auto& finished : effects.finished) contexts_.drop(finished.key);
  if (batch.claim && static_cast<int>(result.claimed.size()) >= batch.claim->limit && room() > 0) {
    look_ = true;
    effects.again = true;
  }
}

}  // namespace cloacina::engine
