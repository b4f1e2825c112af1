#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/work.hpp"

namespace cloacina::engine {

/// The threads that run user code. Threads are made when there is work for them, up to `size`; one that was written off does not
/// count and is let go when its task returns.
class Workers {
 public:
  /// Takes what ended, and whether more is likely to end within moments.
  using Report = std::function<void(std::vector<WorkDone>, bool more)>;

  /// `report` is called on worker threads, `returned` when a thread that was written off comes back.
  Workers(int size, Report report, std::function<void()> returned);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Ends the threads that end; leaves those behind that run a task which does not.
  ~Workers();

  void start(std::vector<std::shared_ptr<WorkItem>> items);
  /// User code that belongs to no task, before tasks. Never waits for a free worker longer than a task takes.
  void call(std::vector<std::function<void()>> jobs);
  /// Requests stop tokens, which may run user code, on a thread of its own.
  void request_stop(std::vector<std::shared_ptr<WorkItem>> items);
  /// Takes back what has not begun: all of it, or what was asked to stop. They are reported as not begun.
  void recall(bool only_stopped);
  /// Gives the item's thread up and replaces it.
  void write_off(const std::shared_ptr<WorkItem>& item);
  /// Tasks and jobs under way.
  [[nodiscard]] int running() const;
  /// No new work; waits until all threads have ended, those that were written off or not, or `until`. True when they have.
  bool finish(Steady until, bool written_off_too);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace cloacina::engine
