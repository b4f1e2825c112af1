#include "engine/inbox.hpp"

namespace cloacina::engine {

namespace {
void move_append(auto& to, auto&& from) {
  if (to.empty()) {
    to = std::move(from);
    return;
  }
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}
}  // namespace

template <class F>
void Inbox::put(const F& change) {
  {
    const std::lock_guard lock(mutex_);
    change();
  }
  // The loop says that it sleeps before it looks for messages a last time; one of us two sees the other.
  if (sleeping_.load(std::memory_order_seq_cst)) waker_.wake();
}

void Inbox::submit(SubmitRequest request) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || waiting_ == 0 || waiting_ + request.executions.size() <= submissions_max_; });
    if (closed_) throw Error(ErrorCode::Unavailable, "the runner has stopped and takes no submissions");
    waiting_ += request.executions.size();
    messages_.submissions.push_back(std::move(request));
  }
  if (sleeping_.load(std::memory_order_seq_cst)) waker_.wake();
}

void Inbox::control(ControlRequest request) {
  bool closed = false;
  put([&] {
    closed = closed_;
    if (!closed) messages_.controls.push_back(std::move(request));
  });
  if (closed) throw Error(ErrorCode::Unavailable, "the runner has stopped");
}

void Inbox::add(RegisterRequest request) {
  put([&] { messages_.workflows.push_back(std::move(request)); });
}
void Inbox::done(std::vector<WorkDone> done) {
  put([&] { move_append(messages_.done, std::move(done)); });
}
void Inbox::event(store::NewEvent event) {
  put([&] { messages_.events.push_back(std::move(event)); });
}
void Inbox::thread_returned() {
  put([&] { ++messages_.returned; });
}
void Inbox::drain() {
  put([&] { messages_.drain = true; });
}
void Inbox::halt() {
  put([&] { messages_.halt = true; });
}

void Inbox::close() {
  put([&] { closed_ = true; });
  room_.notify_all();
}

Messages Inbox::take() {
  Messages out;
  {
    const std::lock_guard lock(mutex_);
    out = std::exchange(messages_, {});
    waiting_ = 0;
  }
  if (!out.submissions.empty()) room_.notify_all();
  return out;
}

bool Inbox::has_messages() const {
  return !messages_.done.empty() || !messages_.submissions.empty() || !messages_.controls.empty() || !messages_.workflows.empty() ||
         !messages_.events.empty() || messages_.returned > 0 || messages_.drain || messages_.halt;
}

bool Inbox::empty() const {
  const std::lock_guard lock(mutex_);
  return !has_messages();
}

os::Waker::Why Inbox::wait(std::optional<std::chrono::nanoseconds> timeout, int fd) {
  sleeping_.store(true, std::memory_order_seq_cst);
  const auto why = empty() ? waker_.wait(timeout, fd) : os::Waker::Why::Woken;
  sleeping_.store(false, std::memory_order_seq_cst);
  return why;
}

}  // namespace cloacina::engine
