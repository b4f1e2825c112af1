#include "engine/workers.hpp"

#include <algorithm>
#include <list>

namespace cloacina::engine {

/// What threads share with the pool, and outlives it as long as one of them runs.
struct Workers::Shared : std::enable_shared_from_this<Workers::Shared> {
  struct Thread {
    std::jthread thread;
    std::shared_ptr<WorkItem> item;  // what it runs
    bool written_off = false;
    bool done = false;
  };

  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<std::shared_ptr<WorkItem>> items;
  std::deque<std::function<void()>> jobs;
  std::deque<std::shared_ptr<WorkItem>> stops;
  std::list<Thread> threads;
  int size = 0;
  int counted = 0;  // threads that are not written off
  int waiting = 0;
  int busy = 0;
  bool stopping = false;
  bool stopper_runs = false;
  Report report;
  std::function<void()> returned;

  void spawn();
  void spawn_for_queue();
  void loop(Thread& self);
  bool run_one(Thread& self, std::unique_lock<std::mutex>& lock);
  void stop_loop();
  void reap();
};

void Workers::Shared::spawn() {
  auto& self = threads.emplace_back();
  ++counted;
  self.thread = std::jthread([shared = shared_from_this(), &self] { shared->loop(self); });
}

void Workers::Shared::spawn_for_queue() {
  reap();
  // All that is queued, not only what just came: a thread that was woken for earlier work still counts as waiting.
  for (int missing = static_cast<int>(std::min<std::size_t>(items.size() + jobs.size(), 4'096)) - waiting;
       missing > 0 && counted < size; --missing) {
    try {
      spawn();
    } catch (const std::system_error&) {
      // No thread to be had: those that are there do the work.
      threads.pop_back();
      --counted;
      return;
    }
  }
}

void Workers::Shared::reap() {
  // jthread joins in its destructor; these have left their loop.
  threads.remove_if([](const Thread& t) { return t.done; });
}

bool Workers::Shared::run_one(Thread& self, std::unique_lock<std::mutex>& lock) {
  if (!jobs.empty()) {
    auto job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    return true;
  }
  self.item = std::move(items.front());
  items.pop_front();
  auto item = self.item;
  lock.unlock();
  std::vector<WorkDone> done;
  done.push_back(perform(std::move(item)));
  lock.lock();
  self.item = nullptr;
  const bool kept = !self.written_off;
  const bool more = !items.empty();
  lock.unlock();
  // At once, not with the next one: that may be a task that takes hours.
  if (kept) {
    report(std::move(done), more);
  } else {
    done.clear();
    returned();
  }
  lock.lock();
  return kept;
}

void Workers::Shared::loop(Thread& self) {
  std::unique_lock lock(mutex);
  for (;;) {
    if (jobs.empty() && items.empty()) {
      if (stopping) break;
      ++waiting;
      work.wait(lock, [&] { return stopping || !jobs.empty() || !items.empty(); });
      --waiting;
      continue;
    }
    ++busy;
    const bool kept = run_one(self, lock);
    --busy;
    if (!kept) break;
  }
  if (!self.written_off) --counted;
  self.done = true;
  idle.notify_all();
}

void Workers::Shared::stop_loop() {
  std::unique_lock lock(mutex);
  while (!stops.empty()) {
    auto item = std::move(stops.front());
    stops.pop_front();
    lock.unlock();
    item->stop.request_stop();
    item = nullptr;
    lock.lock();
  }
  stopper_runs = false;
  idle.notify_all();
}

Workers::Workers(int size, Report report, std::function<void()> returned) : shared_(std::make_shared<Shared>()) {
  shared_->size = size;
  shared_->report = std::move(report);
  shared_->returned = std::move(returned);
}

Workers::~Workers() {
  finish(std::chrono::steady_clock::now(), true);
  const std::lock_guard lock(shared_->mutex);
  for (auto& t : shared_->threads) {
    // The one place where a thread is left to itself: its task ignores its stop token, and a destructor must not hang. It shares
    // what it still needs, and nobody listens to its report.
    if (!t.done) t.thread.detach();
  }
  shared_->reap();
}

void Workers::start(std::vector<std::shared_ptr<WorkItem>> items) {
  if (items.empty()) return;
  const std::size_t count = items.size();
  int wake = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    std::move(items.begin(), items.end(), std::back_inserter(shared_->items));
    shared_->spawn_for_queue();
    wake = std::min<int>(shared_->waiting, static_cast<int>(count));
  }
  for (int i = 0; i < wake; ++i) shared_->work.notify_one();
}

void Workers::call(std::vector<std::function<void()>> jobs) {
  if (jobs.empty()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    std::move(jobs.begin(), jobs.end(), std::back_inserter(shared_->jobs));
    shared_->spawn_for_queue();
  }
  shared_->work.notify_all();
}

void Workers::request_stop(std::vector<std::shared_ptr<WorkItem>> items) {
  if (items.empty()) return;
  const std::lock_guard lock(shared_->mutex);
  std::move(items.begin(), items.end(), std::back_inserter(shared_->stops));
  if (std::exchange(shared_->stopper_runs, true)) return;
  auto& thread = shared_->threads.emplace_back();
  try {
    thread.thread = std::jthread([shared = shared_, &thread] {
      shared->stop_loop();
      const std::lock_guard inner(shared->mutex);
      thread.done = true;
      shared->idle.notify_all();
    });
  } catch (const std::system_error&) {
    // No thread to be had: a worker does it between two tasks.
    shared_->threads.pop_back();
    shared_->jobs.emplace_back([shared = shared_.get()] { shared->stop_loop(); });
    shared_->work.notify_one();
  }
}

void Workers::recall(bool only_stopped) {
  std::vector<WorkDone> back;
  {
    const std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->items, [&](auto& item) {
      if (only_stopped && item->reason.load() == StopReason::None) return false;
      WorkDone done;
      done.began = false;
      done.item = std::move(item);
      done.started_at = done.finished_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
      back.push_back(std::move(done));
      return true;
    });
  }
  if (!back.empty()) shared_->report(std::move(back), false);
}

void Workers::write_off(const std::shared_ptr<WorkItem>& item) {
  {
    const std::lock_guard lock(shared_->mutex);
    for (auto& thread : shared_->threads) {
      if (thread.item != item) continue;
      thread.written_off = true;
      --shared_->counted;
      shared_->spawn_for_queue();
      return;
    }
  }
  // It came back while the loop decided: there is no thread to miss.
  shared_->returned();
}

int Workers::running() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->busy;
}

bool Workers::finish(Steady until, bool written_off_too) {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->work.notify_all();
  return shared_->idle.wait_until(lock, until, [&] {
    return std::all_of(shared_->threads.begin(), shared_->threads.end(),
                       [&](const auto& t) { return t.done || (!written_off_too && t.written_off); });
  });
}

}  // namespace cloacina::engine
