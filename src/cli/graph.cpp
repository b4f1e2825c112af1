#include <algorithm>
#include <filesystem>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/json.hpp"
#include "cli/values.hpp"
#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

/// A workflow, and what became of it when it is that of an execution.
struct Subject {
  Workflow workflow;
  std::optional<Execution> execution;

  [[nodiscard]] const TaskState* state(const std::string& task) const { return execution ? &execution->task(task) : nullptr; }
};

struct Paint {
  std::string_view name;
  std::string_view fill;
};

Paint paint_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::NotStarted:
      return {"notStarted", "#f0f0f0"};
    case TaskStatus::Ready:
      return {"ready", "#fff3c4"};
    case TaskStatus::Running:
      return {"running", "#bfdbfe"};
    case TaskStatus::Completed:
      return {"completed", "#bbf7d0"};
    case TaskStatus::Failed:
      return {"failed", "#fecaca"};
    case TaskStatus::Skipped:
      return {"skipped", "#e5e7eb"};
    case TaskStatus::Cancelled:
      return {"cancelled", "#fed7aa"};
  }
  return {"unknown", "#ffffff"};
}

std::string caption(const TaskState& t, Timestamp now) {
  const auto time = duration_of(t, now);
  return std::string(to_string(t.status)) + (time.empty() ? "" : " " + time);
}

/// Levels from top to bottom, with what each task waits for.
void draw_text(Stream& out, const Subject& subject) {
  const auto now = utc_now();
  const auto& w = subject.workflow;
  std::string head = out.paint(Color::Bold, w.name()) + "  version " + w.version();
  if (subject.execution) {
    const auto& e = *subject.execution;
    const auto time = duration_of(e, now);
    head = out.paint(Color::Bold, w.name()) + "  " + e.id.to_string() + "  " + out.paint(color_of(e.status), status_of(e)) +
           (time.empty() ? "" : (e.finished_at ? " in " : " for ") + time);
  }
  out.line(head);
  std::size_t longest = 0;
  for (const auto& task : w.tasks()) longest = std::max(longest, width(task));
  const auto levels = w.levels();
  for (std::size_t level = 0; level < levels.size(); ++level) {
    if (level > 0) out.line("  │");
    for (std::size_t i = 0; i < levels[level].size(); ++i) {
      const auto& task = levels[level][i];
      const auto* state = subject.state(task);
      const bool last_of_all = level + 1 == levels.size() && i + 1 == levels[level].size();
      std::string line = last_of_all ? "  └─ " : "  ├─ ";
      if (state != nullptr) line += out.paint(color_of(state->status), sign_of(state->status)) + " ";
      line += task + std::string(longest - width(task), ' ');
      if (state != nullptr) {
        std::string words = caption(*state, now);
        const std::size_t columns = width(words);
        line += "  " + out.paint(color_of(state->status), words) + std::string(columns < 18 ? 18 - columns : 0, ' ');
      }
      std::string after;
      for (const auto& name : w.dependencies(task)) after += (after.empty() ? "" : ", ") + name;
      if (!after.empty()) line += "  " + out.paint(Color::Dim, "← " + after);
      if (state != nullptr) {
        if (const auto remark = remark_on(*state, now); !remark.empty()) line += "  " + out.paint(Color::Dim, "(" + remark + ")");
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out.line(line);
    }
  }
}

/// The drawing of the definition; later attributes of a node replace earlier ones.
std::string dot(const Subject& subject) {
  std::string text = subject.workflow.to_dot();
  if (!subject.execution) return text;
  const auto now = utc_now();
  text.erase(text.rfind('}'));
  for (const auto& t : subject.execution->tasks) {
    text += "  \"" + t.name + "\" [style=\"rounded,filled\", fillcolor=\"" + std::string(paint_of(t.status).fill) +
            "\", xlabel=\"" + caption(t, now) + "\"];\n";
  }
  return text + "}\n";
}

/// The drawing of the definition, whose nodes are t0, t1, … in the order of declaration.
std::string mermaid(const Subject& subject) {
  std::string text = subject.workflow.to_mermaid();
  if (!subject.execution) return text;
  const auto now = utc_now();
  const auto& tasks = subject.execution->tasks;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto node = text.find("  t" + std::to_string(i) + "[\"");
    const auto end = text.find("\"]\n", node);
    text.insert(end, "<br/>" + caption(tasks[i], now));
    text += "  class t" + std::to_string(i) + " " + std::string(paint_of(tasks[i].status).name) + "\n";
  }
  for (int s = 0; s <= static_cast<int>(TaskStatus::Cancelled); ++s) {
    const auto paint = paint_of(static_cast<TaskStatus>(s));
    text += "  classDef " + std::string(paint.name) + " fill:" + std::string(paint.fill) + ",color:#111,stroke:#666\n";
  }
  return text;
}

/// A word that is the name of no file but has the form of an id is an execution.
std::optional<ExecutionId> as_id(const std::string& word) {
  std::error_code error;
  if (std::filesystem::exists(word, error)) return std::nullopt;
  try {
    return ExecutionId::parse(word);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Subject> find(Console& console, const Globals& globals, const GraphArguments& a) {
  if (const auto id = as_id(a.subject)) {
    const auto client = open_client(globals);
    return Subject{client->workflow_of(*id), client->get(*id)};
  }
  const auto loaded = load(console, {a.subject});
  if (!loaded) return std::nullopt;
  return Subject{choose(*loaded, a.subject, a.workflow), std::nullopt};
}

}  // namespace

int execute(Console& console, const Globals& globals, const GraphArguments& a) {
  const auto subject = find(console, globals, a);
  if (!subject) return ExitStatus::bad_input;
  if (globals.json) {
    OrderedJson json;
    json["workflow"] = subject->workflow.name();
    json["version"] = subject->workflow.version();
    json["tasks"] = OrderedJson::array();
    for (const auto& task : subject->workflow.tasks()) {
      OrderedJson node;
      node["name"] = task;
      node["after"] = subject->workflow.dependencies(task);
      if (const auto* state = subject->state(task)) node["status"] = to_string(state->status);
      json["tasks"].push_back(std::move(node));
    }
    console.out.line(line(json));
  } else if (a.format == "dot") {
    console.out.write(dot(*subject));
  } else if (a.format == "mermaid") {
    console.out.write(mermaid(*subject));
  } else {
    draw_text(console.out, *subject);
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
