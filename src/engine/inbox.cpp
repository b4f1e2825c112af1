#include "engine/inbox.hpp"

namespace cloacina::engine {

namespace {
/// So many outcomes make a turn worth its while.
constexpr std::size_t gather_max = 32;

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
    urgent_ = true;
  }
  // The loop says that it sleeps before it looks for messages a last time; one of us two sees the other.
  if (loop_.load(std::memory_order_seq_cst) != Loop::Awake) waker_.wake();
}

void Inbox::submit(SubmitRequest request) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || waiting_ == 0 || waiting_ + request.executions.size() <= submissions_max_; });
    if (closed_) throw Error(ErrorCode::Unavailable, "the runner has stopped and takes no submissions");
    waiting_ += request.executions.size();
    messages_.submissions.push_back(std::move(request));
    urgent_ = true;
  }
  if (loop_.load(std::memory_order_seq_cst) != Loop::Awake) waker_.wake();
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
void Inbox::done(std::vector<WorkDone> done, bool more) {
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    move_append(messages_.done, std::move(done));
    urgent_ = urgent_ || !more;
    enough = !worth_waiting();
  }
  const auto loop = loop_.load(std::memory_order_seq_cst);
  if (loop == Loop::Sleeps || (loop == Loop::Gathers && enough)) waker_.wake();
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
    urgent_ = false;
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

bool Inbox::worth_waiting() const { return !urgent_ && !messages_.done.empty() && messages_.done.size() < gather_max; }

void Inbox::gather(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  loop_.store(Loop::Gathers, std::memory_order_seq_cst);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!worth_waiting()) break;
    }
    const auto left = until - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    // A wake may be an old one, for a message that is here already: look again.
    (void)waker_.wait(left);
  }
  loop_.store(Loop::Awake, std::memory_order_seq_cst);
}

os::Waker::Why Inbox::wait(std::optional<std::chrono::nanoseconds> timeout, int fd) {
  loop_.store(Loop::Sleeps, std::memory_order_seq_cst);
  const auto why = empty() ? waker_.wait(timeout, fd) : os::Waker::Why::Woken;
  loop_.store(Loop::Awake, std::memory_order_seq_cst);
  return why;
}

}  // namespace cloacina::engine
