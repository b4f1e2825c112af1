#include "cli/words.hpp"

namespace cloacina::cli {

Color color_of(ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::Pending:
      return Color::Dim;
    case ExecutionStatus::Running:
      return Color::Blue;
    case ExecutionStatus::Paused:
      return Color::Yellow;
    case ExecutionStatus::Completed:
      return Color::Green;
    case ExecutionStatus::Failed:
      return Color::Red;
    case ExecutionStatus::Cancelled:
      return Color::Yellow;
  }
  return Color::None;
}

Color color_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::NotStarted:
      return Color::Dim;
    case TaskStatus::Ready:
      return Color::None;
    case TaskStatus::Running:
      return Color::Blue;
    case TaskStatus::Completed:
      return Color::Green;
    case TaskStatus::Failed:
      return Color::Red;
    case TaskStatus::Skipped:
      return Color::Dim;
    case TaskStatus::Cancelled:
      return Color::Yellow;
  }
  return Color::None;
}

std::string_view sign_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::NotStarted:
      return "·";
    case TaskStatus::Ready:
      return "○";
    case TaskStatus::Running:
      return "▶";
    case TaskStatus::Completed:
      return "✓";
    case TaskStatus::Failed:
      return "✗";
    case TaskStatus::Skipped:
      return "-";
    case TaskStatus::Cancelled:
      return "■";
  }
  return " ";
}

std::string duration_of(const Execution& e, Timestamp now) {
  return e.started_at ? human_duration(e.finished_at.value_or(now) - *e.started_at) : std::string();
}

std::string duration_of(const TaskState& t, Timestamp now) {
  if (!t.started_at) return {};
  if (t.finished_at) return human_duration(*t.finished_at - *t.started_at);
  return t.status == TaskStatus::Running ? human_duration(now - *t.started_at) : std::string();
}

std::string remark_on(const TaskState& t, Timestamp now) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (t.attempts.size() > 1) add("attempt " + std::to_string(t.attempts.back().number));
  if (t.crashes > 0) add(std::to_string(t.crashes) + (t.crashes == 1 ? " crash" : " crashes"));
  if (t.status == TaskStatus::Ready && t.run_at && *t.run_at > now) add("in " + human_duration(*t.run_at - now));
  if (t.deferrals > 0) add("waited " + std::to_string(t.deferrals) + (t.deferrals == 1 ? " time" : " times"));
  if (t.error) add(one_line(*t.error));
  if (!t.error && t.status == TaskStatus::Ready && !t.attempts.empty() && t.attempts.back().error) {
    add("after: " + one_line(*t.attempts.back().error));
  }
  return out;
}

std::string status_of(const Execution& e) { return std::string(to_string(e.status)) + (e.stranded ? " (stranded)" : ""); }

void explain(Console& console, const Execution& e) {
  if (e.completed()) return;
  std::string text = "cloacinactl: execution " + e.id.to_string() + " of " + e.workflow + " is " + std::string(to_string(e.status));
  if (e.error) text += ": " + *e.error;
  console.err.line(text);
  for (const auto& t : e.tasks) {
    if (t.status == TaskStatus::Failed && t.error) console.err.line("  " + t.name + ": " + one_line(*t.error));
  }
}

}  // namespace cloacina::cli
