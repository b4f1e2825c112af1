#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <variant>
#include <vector>

#include "engine/answer.hpp"
#include "engine/work.hpp"
#include "os/waker.hpp"

namespace cloacina::engine {

/// Submissions that belong together: all or none.
struct SubmitRequest {
  std::vector<store::NewExecution> executions;
  Answer<std::vector<store::SubmitResult>> answer;
};

struct ControlRequest {
  store::Control control;
  Answer<store::ControlResult> answer;
};

/// A workflow that this runner can run from now on.
struct RegisterRequest {
  store::DefinitionKey key = 0;
  Workflow workflow;
};

/// Everything that reached the loop since the last turn.
struct Messages {
  std::vector<WorkDone> done;
  std::vector<SubmitRequest> submissions;
  std::vector<ControlRequest> controls;
  std::vector<RegisterRequest> workflows;
  std::vector<store::NewEvent> events;
  int returned = 0;    ///< threads that were written off and came back
  bool drain = false;  ///< take no new work
  bool halt = false;   ///< ask everything that runs to stop, give it back
};

/// Where other threads leave messages for the loop. Thread-safe.
class Inbox {
 public:
  explicit Inbox(std::size_t submissions_max) : submissions_max_(submissions_max) {}

  /// Waits while `submissions_max` executions are under way; a single request may be larger. *Throws* Error{Unavailable} once
  /// closed.
  void submit(SubmitRequest request);
  void control(ControlRequest request);
  void add(RegisterRequest request);
  /// With `more`, others are about to end too: the loop may wait for them, a little (see `gather`).
  void done(std::vector<WorkDone> done, bool more);
  void event(store::NewEvent event);
  void thread_returned();
  void drain();
  void halt();
  /// No submissions or controls any more.
  void close();

  [[nodiscard]] Messages take();
  [[nodiscard]] bool empty() const;

  /// For the loop's thread: sleeps until a message comes, `fd` is readable or time is up. Returns at once when there is a message.
  os::Waker::Why wait(std::optional<std::chrono::nanoseconds> timeout, int fd);
  void wake() noexcept { waker_.wake(); }
  /// For the loop's thread, before a turn: while all there is are a few outcomes and more are about to come, waits for them, so
  /// that short tasks share turns. At most for `time`.
  void gather(std::chrono::microseconds time);

 private:
  enum class Loop { Awake, Gathers, Sleeps };

  template <class F>
  void put(const F& change);
  [[nodiscard]] bool has_messages() const;
  [[nodiscard]] bool worth_waiting() const;

  const std::size_t submissions_max_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  Messages messages_;
  std::size_t waiting_ = 0;  // executions in messages_
  bool closed_ = false;
  bool urgent_ = false;  // messages_ holds more than outcomes that others will follow
  std::atomic<Loop> loop_{Loop::Awake};
  os::Waker waker_;
};

}  // namespace cloacina::engine
