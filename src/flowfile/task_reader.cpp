#include "flowfile/task_reader.hpp"

#include <utility>

#include "core/text.hpp"
#include "flowfile/fields.hpp"
#include "flowfile/retry_reader.hpp"
#include "flowfile/rule_reader.hpp"

namespace cloacina::flowfile {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t crashes_max = 1'000'000;

void read_argv(Problems& problems, const Node& node, Command& command) {
  if (node.kind != Node::Kind::List) {
    const bool line = node.kind == Node::Kind::Text;
    report_type(
        problems, node, "command",
        line ? "a list, the program and its arguments ('run' takes a shell line)" : "a list, the program and its arguments");
    return;
  }
  if (node.items.empty()) problems.add(node.at, "command must name a program");
  for (const Node* item : node.items) {
    auto text = read_written(problems, *item, "an argument of the command");
    if (!text) continue;
    if (item == node.items.front() && text->empty()) problems.add(item->at, "the program of the command must not be empty");
    command.argv.push_back(std::move(*text));
  }
}

void read_command(Problems& problems, const Fields& fields, Command& command) {
  const Node* run = fields.find("run");
  const Node* argv = fields.find("command");
  if (run != nullptr && argv != nullptr) {
    problems.add(std::max(fields.position("run"), fields.position("command")), "a task has either 'run' or 'command', not both");
  } else if (run == nullptr && argv == nullptr && fields.is_map()) {
    problems.add(fields.node().at, "a task needs 'run' (a shell line) or 'command' (a list, the program and its arguments)");
  }
  // `true` and `false` are programs.
  if (run != nullptr && run->kind == Node::Kind::Bool) command.shell = run->text;
  if (run != nullptr && run->kind != Node::Kind::Bool) command.shell = read_text(problems, *run, "run").value_or("");
  if (argv != nullptr) read_argv(problems, *argv, command);
}

std::vector<Mention> read_after(Problems& problems, const Node& node) {
  std::vector<Mention> out;
  const auto add = [&](const Node& one) {
    if (auto name = read_name(problems, one, "after")) out.push_back({std::move(*name), one.at});
  };
  if (node.kind == Node::Kind::List) {
    for (const Node* item : node.items) add(*item);
  } else if (node.kind == Node::Kind::Map || node.kind == Node::Kind::Null) {
    report_type(problems, node, "after", "the name of a task, or a list of names");
  } else {
    add(node);
  }
  return out;
}

void read_when(Problems& problems, const Fields& fields, TaskRead& task) {
  const Node* when = fields.find("when");
  if (when == nullptr) return;
  auto read = read_rule(problems, *when);
  task.rule = std::move(read.rule);
  task.links.rule = std::move(read.tasks);
  const bool counts = task.rule.kind == Rule::Kind::AnyFailed || task.rule.kind == Rule::Kind::AllFailed ||
                      task.rule.kind == Rule::Kind::AnySucceeded;
  if (counts && fields.find("after") == nullptr) {
    problems.add(when->at, "the rule " + core::quote(when->text) + " needs a task to come after, and there is no 'after'");
  }
}

}  // namespace

std::map<std::string, std::string> read_env(Problems& problems, const Node& node) {
  auto env = read_texts(problems, node, "env");
  if (node.kind != Node::Kind::Map) return env;
  for (const Entry& entry : node.entries) {
    if (!entry.key.empty() && entry.key.find('=') == std::string::npos && entry.key.find('\0') == std::string::npos) continue;
    problems.add(entry.at, core::quote(entry.key) + " cannot be the name of an environment variable");
  }
  return env;
}

std::filesystem::path read_cwd(Problems& problems, const Node& node, const std::filesystem::path& folder) {
  const auto text = read_text(problems, node, "cwd");
  if (!text) return {};
  auto path = (folder / *text).lexically_normal();
  // `./scripts/` is the folder `scripts`.
  if (!path.has_filename() && path.has_parent_path()) path = path.parent_path();
  return path;
}

TaskRead read_task(Problems& problems, const Entry& entry, const std::filesystem::path& folder) {
  TaskRead task;
  task.links.name = entry.key;
  task.links.at = entry.at;
  if (!core::is_name(entry.key)) {
    problems.add(entry.at, "a task cannot be named " + core::quote(entry.key) + ": a name is 1 to 128 of A-Z a-z 0-9 _ . -");
  }
  const Fields fields(problems, *entry.value, "a task",
                      {"run", "command", "after", "when", "retry", "timeout", "description", "env", "cwd", "kill_after",
                       "max_crashes", "recovers"});
  read_command(problems, fields, task.command);
  if (const Node* n = fields.find("after")) task.links.after = read_after(problems, *n);
  read_when(problems, fields, task);
  if (const Node* n = fields.find("retry")) task.retry = read_retry(problems, *n);
  if (const Node* n = fields.find("timeout")) task.timeout = read_duration(problems, *n, "timeout", milliseconds{1});
  if (const Node* n = fields.find("description")) task.description = read_text(problems, *n, "description").value_or("");
  if (const Node* n = fields.find("env")) task.command.env = read_env(problems, *n);
  if (const Node* n = fields.find("cwd")) task.command.cwd = read_cwd(problems, *n, folder);
  if (const Node* n = fields.find("kill_after")) {
    task.command.kill_after = read_duration(problems, *n, "kill_after", milliseconds{0}).value_or(task.command.kill_after);
  }
  if (const Node* n = fields.find("max_crashes")) {
    task.max_crashes = static_cast<int>(read_integer(problems, *n, "max_crashes", {1, crashes_max}).value_or(1));
  }
  if (const Node* n = fields.find("recovers")) task.recovers = read_flag(problems, *n, "recovers").value_or(false);
  return task;
}

}  // namespace cloacina::flowfile
