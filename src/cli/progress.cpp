#include "cli/progress.hpp"

#include <algorithm>
#include <array>

#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

constexpr std::array<std::string_view, 10> spinner{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::size_t bar_columns = 24;

/// `12:00:01`, UTC.
std::string clock_of(Timestamp at) { return format_seconds(at).substr(11, 8); }

std::string bar(std::size_t done, std::size_t all) {
  const std::size_t full = all == 0 ? 0 : done * bar_columns / all;
  std::string out;
  for (std::size_t i = 0; i < bar_columns; ++i) out += i < full ? "█" : "░";
  return out;
}

std::string word(AttemptStatus status) {
  switch (status) {
    case AttemptStatus::Running:
      return "started";
    case AttemptStatus::Completed:
      return "completed";
    case AttemptStatus::Failed:
      return "failed";
    case AttemptStatus::Cancelled:
      return "cancelled";
    case AttemptStatus::Crashed:
      return "crashed";
  }
  return {};
}

Color color_of(AttemptStatus status) {
  switch (status) {
    case AttemptStatus::Running:
      return Color::Blue;
    case AttemptStatus::Completed:
      return Color::Green;
    case AttemptStatus::Cancelled:
      return Color::Yellow;
    case AttemptStatus::Failed:
    case AttemptStatus::Crashed:
      return Color::Red;
  }
  return Color::None;
}

}  // namespace

void Progress::note(std::string text) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(text));
}

void Progress::collect(const TaskState& t, Timestamp now, std::vector<Event>& events) {
  auto& seen = seen_[t.name];
  for (std::size_t i = seen.attempts_ended; i < t.attempts.size(); ++i) {
    const auto& a = t.attempts[i];
    const std::string again = a.number > 1 ? " (attempt " + std::to_string(a.number) + ")" : "";
    if (!a.finished_at) {
      if (!seen.started) events.push_back({a.started_at, t.name + " " + out_.paint(Color::Blue, "started") + again});
      seen.started = true;
      break;
    }
    std::string text =
        t.name + " " + out_.paint(color_of(a.status), word(a.status)) + " " + human_duration(*a.finished_at - a.started_at);
    text += again;
    if (a.error) text += ": " + one_line(*a.error);
    if (i + 1 == t.attempts.size() && t.status == TaskStatus::Ready && t.run_at && *t.run_at > now) {
      text += ", again in " + human_duration(*t.run_at - now);
    }
    events.push_back({*a.finished_at, std::move(text)});
    seen.attempts_ended = i + 1;
    seen.started = false;
  }
  const bool silent_end = t.status == TaskStatus::Skipped || (t.status == TaskStatus::Cancelled && t.attempts.empty());
  if (silent_end && seen.status != t.status) {
    std::string text = t.name + " " + out_.paint(color_of(t.status), t.status == TaskStatus::Skipped ? "skipped" : "cancelled");
    if (t.error) text += ": " + one_line(*t.error);
    events.push_back({t.finished_at.value_or(now), std::move(text)});
  }
  seen.status = t.status;
}

void Progress::update(const Execution& execution, Timestamp now) {
  std::vector<Event> events;
  for (const auto& t : execution.tasks) collect(t, now, events);
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  last_ = execution;
  erase();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& text : notes_) out_.line(text);
    notes_.clear();
  }
  for (const auto& e : events) out_.line(out_.paint(Color::Dim, clock_of(e.at)) + " " + e.text);
  draw(now);
  out_.flush();
}

void Progress::tick(Timestamp now) {
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    news = !notes_.empty();
  }
  if (!out_.terminal() && !news) return;
  erase();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& text : notes_) out_.line(text);
    notes_.clear();
  }
  draw(now);
  out_.flush();
}

void Progress::finish() {
  erase();
  out_.flush();
}

void Progress::erase() {
  if (drawn_ > 0) out_.write("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
  drawn_ = 0;
}

std::vector<std::string> Progress::picture(Timestamp now) const {
  const auto size = out_.size();
  std::size_t ended = 0;
  std::vector<const TaskState*> shown;
  for (const auto& t : last_.tasks) {
    if (is_terminal(t.status)) ++ended;
    if (t.status == TaskStatus::Running) shown.push_back(&t);
  }
  for (const auto& t : last_.tasks) {
    if (t.status == TaskStatus::Ready && !t.attempts.empty()) shown.push_back(&t);  // waits for its retry
  }
  const std::size_t rows = std::clamp<std::size_t>(size.rows, 6, 40) - 4;
  const std::size_t hidden = shown.size() > rows ? shown.size() - rows : 0;
  shown.resize(shown.size() - hidden);
  std::vector<std::string> lines;
  for (const auto* t : shown) {
    const auto time = duration_of(*t, now);
    const auto remark = remark_on(*t, now);
    const std::string text = t->name + (time.empty() ? "" : "  " + time) + (remark.empty() ? "" : "  " + remark);
    const auto sign = t->status == TaskStatus::Running ? spinner[frame_ % spinner.size()] : sign_of(t->status);
    lines.push_back(out_.paint(color_of(t->status), sign) + " " + cut(text, size.columns - 3));
  }
  if (hidden > 0) lines.push_back("  and " + std::to_string(hidden) + " more");
  const std::string state = last_.status == ExecutionStatus::Running ? "" : "  " + status_of(last_);
  lines.push_back(bar(ended, last_.tasks.size()) + " " + std::to_string(ended) + "/" + std::to_string(last_.tasks.size()) + "  " +
                  human_duration(now - last_.submitted_at) + state);
  return lines;
}

void Progress::draw(Timestamp now) {
  if (!out_.terminal() || last_.id.is_nil() || is_terminal(last_.status)) return;
  ++frame_;
  const auto lines = picture(now);
  for (const auto& text : lines) out_.line(text);
  drawn_ = lines.size();
}

}  // namespace cloacina::cli
