#include "engine/work.hpp"

#include <algorithm>

#include "core/changes.hpp"

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
                   item->stop.get_token());
  try {
    task.context() = Context(item->context->get());
    item->began.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_release);
    if (!item->code().run) throw Error(ErrorCode::InvalidWorkflow, "this runner has no code for the task");
    item->code().run(task);
    done.changes = std::make_shared<const ContextValues>(task.context().changes());
    done.changes_text = core::changes_to_text(*done.changes);
    if (done.changes_text.size() > item->context_bytes_max) {
      throw Error(ErrorCode::InvalidArgument, "the task changed " + std::to_string(done.changes_text.size()) +
                                                  " bytes of the context; context_bytes_max is " +
                                                  std::to_string(item->context_bytes_max));
    }
    if (!item->task().command.is_null()) done.exit = 0;
  } catch (...) {
    done.failure = failure_of(std::current_exception());
    done.exit = done.failure->exit;
    done.changes.reset();
    done.changes_text.clear();
  }
  done.output = task.take_output();
  done.finished_at = std::max(utc_now(), done.started_at);
  done.item = std::move(item);
  if (done.item->reason.load(std::memory_order_acquire) == StopReason::Timeout) {
    // Whatever it returned, it came too late.
    done.failure = timed_out(*done.item);
    done.exit.reset();
    done.changes.reset();
    done.changes_text.clear();
  }
  if (done.failure) judge(done);
  return done;
}

}  // namespace cloacina::engine
