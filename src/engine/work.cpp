#include "engine/work.hpp"

#include <algorithm>

#include "core/changes.hpp"
#include "core/deferral.hpp"

namespace cloacina::engine {

namespace {

constexpr std::size_t error_bytes_max = 16 * 1024;

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// An error text that can be stored and shown: valid UTF-8 of bounded size.
std::string storable(std::string text) {
  if (text.size() > error_bytes_max) text = text.substr(0, error_bytes_max) + " …";
  // dump() replaces what is not UTF-8; reading it back takes the quotes off again.
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

/// `what()` is the user's, and may be anything. An attempt that failed has a text in any case.
std::string text_of(const std::exception& e) {
  const char* text = e.what();
  return text == nullptr || *text == '\0' ? "an exception without a text" : text;
}

}  // namespace

Failure failure_of(const std::exception_ptr& thrown) {
  Failure failure;
  try {
    std::rethrow_exception(thrown);
  } catch (const RelayedFailure& e) {
    failure = e.failure;
  } catch (const CommandError& e) {
    failure = {e.signal() ? FailureKind::Signal : FailureKind::Exit, text_of(e), {}, e.exit(), e.signal(), e.output_tail()};
  } catch (const Error& e) {
    failure = {FailureKind::Exception, text_of(e), e.code(), {}, {}, {}};
  } catch (const std::exception& e) {
    failure = {FailureKind::Exception, text_of(e), {}, {}, {}, {}};
  } catch (...) {
    failure = {FailureKind::Exception, "threw something that is not a std::exception", {}, {}, {}, {}};
  }
  failure.error = storable(failure.error);
  return failure;
}

Failure timed_out(const WorkItem& item) {
  return {FailureKind::Timeout,
          "timed out after " + format_duration(item.task().timeout.value_or(std::chrono::milliseconds{0})),
          {},
          {},
          {},
          {}};
}

bool has_own_functions(const RetryPolicy& policy) {
  return policy.delay ||
         std::any_of(policy.on.begin(), policy.on.end(), [](const auto& c) { return static_cast<bool>(c.predicate); });
}

void judge(WorkDone& done) {
  const auto& policy = done.item->code().retry;
  try {
    if (policy.retries(*done.failure)) {
      done.retry_after = policy.delay_after(done.item->claimed.failures + 1, done.item->random);
    }
  } catch (...) {
    done.failure->error += "; and its retry policy failed: " + failure_of(std::current_exception()).error;
  }
}

namespace {

void check_size(const WorkItem& item, const std::string& changes) {
  if (changes.size() <= item.context_bytes_max) return;
  throw Error(ErrorCode::InvalidArgument, "the task changed " + std::to_string(changes.size()) +
                                              " bytes of the context; context_bytes_max is " +
                                              std::to_string(item.context_bytes_max));
}

/// What a task has changed, as it is stored. *Throws* Error{InvalidArgument} when that is too much.
void take_changes(const WorkItem& item, const Context& context, WorkDone& done) {
  done.changes = std::make_shared<const ContextValues>(context.changes());
  done.changes_text = core::changes_to_text(*done.changes);
  check_size(item, done.changes_text);
}

void drop_changes(WorkDone& done) {
  done.changes.reset();
  done.changes_text.clear();
}

/// Goes on where an earlier run began to wait.
void take_up(const std::string& kept, TaskContext& task) {
  const auto deferral = core::deferral_from_text(kept);
  task.set_waited(deferral.waited);
  for (const auto& [key, value] : deferral.changes) {
    if (value) {
      task.context().set(key, *value);
    } else {
      (void)task.context().remove(key);
    }
  }
}

/// Ends a run that waits. *Throws* Error{InvalidArgument} as `take_changes`.
void put_off(const WorkItem& item, const TaskContext& task, WorkDone& done) {
  core::Deferral deferral{task.waited(), task.context().changes()};
  ++deferral.waited.deferrals;
  if (!deferral.waited.since) deferral.waited.since = done.started_at;
  done.deferred_text = core::deferral_to_text(deferral);
  check_size(item, done.deferred_text);
  done.deferred = task.deferred();
}

/// Records the outcome of a task that still runs as completed.
void complete_in(const UserConnection& connection, const WorkItem& item, const TaskContext& task, WorkDone& done) {
  if (done.completed_in) throw Error(ErrorCode::Conflict, "complete_in was called before in this attempt");
  if (!item.transactions) throw Error(ErrorCode::InvalidArgument, "complete_in: this task runs without a database");
  take_changes(item, task.context(), done);
  store::Batch batch;
  batch.now = utc_now();
  auto& outcome = batch.outcomes.emplace_back();
  outcome.task = item.claimed.task;
  outcome.fence = item.claimed.fence;
  outcome.number = item.claimed.number;
  outcome.started_at = done.started_at;
  outcome.finished_at = std::max(batch.now, done.started_at);
  outcome.changes = done.changes_text;
  outcome.output = task.output();
  done.finished = item.transactions->apply_in(connection, batch).finished;
  done.completed_in = true;
}

/// Whether the user's transaction was committed, whatever the task did afterwards.
void settle_own(const WorkItem& item, WorkDone& done) {
  std::string trouble = "complete_in was called, and its transaction was not committed";
  try {
    if (item.transactions->is_completed(item.claimed)) {
      done.failure.reset();
      return;
    }
  } catch (const Error& e) {
    // Should it have been committed all the same, the failure is dropped: the task has ended.
    trouble = std::string("complete_in was called, and nobody can say whether its transaction was committed: ") + e.what();
  }
  if (!done.failure) done.failure = Failure{FailureKind::Exception, storable(trouble), {}, {}, {}, {}};
  done.completed_in = false;
  done.finished.clear();
  drop_changes(done);
}

}  // namespace

WorkDone perform(std::shared_ptr<WorkItem> item) {
  WorkDone done;
  done.started_at = utc_now();
  if (item->reason.load(std::memory_order_acquire) != StopReason::None) {
    done.began = false;
    done.finished_at = done.started_at;
    done.item = std::move(item);
    return done;
  }
  const auto& claimed = item->claimed;
  TaskContext task({claimed.id, item->workflow.name(), item->task().name, claimed.number, claimed.fence}, Context{},
                   item->stop.get_token(),
                   [&](const UserConnection& connection, const TaskContext& self) { complete_in(connection, *item, self, done); });
  try {
    task.context() = Context(item->context->get());
    if (!claimed.deferred.empty()) take_up(claimed.deferred, task);
    item->began.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_release);
    if (!item->code().run) throw Error(ErrorCode::InvalidWorkflow, "this runner has no code for the task");
    item->code().run(task);
    if (!done.completed_in && !task.deferred()) take_changes(*item, task.context(), done);
    if (!item->task().command.is_null()) done.exit = 0;
  } catch (...) {
    done.failure = failure_of(std::current_exception());
    done.exit = done.failure->exit;
    if (!done.completed_in) drop_changes(done);
  }
  if (task.deferred() && !done.completed_in) {
    // It ends so, whatever user code made of what was thrown.
    done.failure.reset();
    try {
      put_off(*item, task, done);
    } catch (...) {
      done.failure = failure_of(std::current_exception());
    }
  }
  if (done.completed_in) settle_own(*item, done);
  done.output = task.take_output();
  done.finished_at = std::max(utc_now(), done.started_at);
  done.item = std::move(item);
  if (!done.completed_in && done.item->reason.load(std::memory_order_acquire) == StopReason::Timeout) {
    // Whatever it returned, it came too late.
    done.failure = timed_out(*done.item);
    done.exit.reset();
    done.deferred.reset();
    drop_changes(done);
  }
  if (done.failure) judge(done);
  return done;
}

}  // namespace cloacina::engine
