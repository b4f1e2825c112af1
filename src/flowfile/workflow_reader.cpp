#include "flowfile/workflow_reader.hpp"

#include <chrono>
#include <map>
#include <utility>

#include "core/definition.hpp"
#include "core/text.hpp"
#include "flowfile/fields.hpp"
#include "flowfile/graph_check.hpp"
#include "flowfile/schedule_reader.hpp"
#include "flowfile/task_reader.hpp"

namespace cloacina::flowfile {

namespace {

/// What every task of a workflow gets from it.
struct Shared {
  std::map<std::string, std::string> env;
  std::filesystem::path cwd;
};

/// Each task keeps its command whole, so that a large `env` and many tasks multiply.
constexpr std::size_t inherited_bytes_max = std::size_t{16} * 1024 * 1024;

std::size_t inherited_bytes(const Shared& shared, std::size_t tasks) {
  constexpr std::size_t entry_bytes = 64;  // what an entry costs beside its texts
  std::size_t bytes = shared.cwd.native().size();
  for (const auto& [name, value] : shared.env) bytes += name.size() + value.size() + entry_bytes;
  return bytes * tasks;
}

std::vector<TaskRead> read_tasks(Problems& problems, const Fields& fields, const std::filesystem::path& folder) {
  std::vector<TaskRead> out;
  const Node* node = fields.require("tasks");
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::Map) {
    report_type(problems, *node, "tasks", "a mapping of names to tasks");
    return out;
  }
  if (node->entries.empty()) problems.add(node->at, "tasks must hold at least one task");
  if (node->entries.size() > core::tasks_max) {
    problems.add(node->at, "a workflow has at most " + std::to_string(core::tasks_max) + " tasks; found " +
                               std::to_string(node->entries.size()));
    return out;
  }
  for (const Entry& entry : node->entries) out.push_back(read_task(problems, entry, folder));
  std::vector<TaskLinks> links;
  links.reserve(out.size());
  for (const auto& task : out) links.push_back(task.links);
  check_links(problems, links);
  return out;
}

void declare(WorkflowBuilder& builder, const Shared& shared, TaskRead task) {
  auto env = shared.env;
  for (auto& [name, value] : task.command.env) env.insert_or_assign(name, std::move(value));
  task.command.env = std::move(env);
  if (task.command.cwd.empty()) task.command.cwd = shared.cwd;
  auto ref = builder.command(task.links.name, std::move(task.command));
  for (const auto& mention : task.links.after) ref.after(mention.task);
  ref.when(std::move(task.rule)).max_crashes(task.max_crashes).recovers(task.recovers).description(std::move(task.description));
  if (task.retry) ref.retry(std::move(*task.retry));
  if (task.timeout) ref.timeout(*task.timeout);
}

void read_properties(Problems& problems, const Fields& fields, WorkflowBuilder& builder) {
  if (const Node* n = fields.find("description")) builder.description(read_text(problems, *n, "description").value_or(""));
  if (const Node* n = fields.find("version")) builder.version(read_written(problems, *n, "version").value_or(""));
  if (const Node* n = fields.find("input")) {
    if (auto input = read_object(problems, *n, "input")) builder.default_input(std::move(*input));
  }
  if (const Node* n = fields.find("deadline")) {
    if (const auto deadline = read_duration(problems, *n, "deadline", std::chrono::milliseconds{1})) builder.deadline(*deadline);
  }
  if (const Node* n = fields.find("tags")) {
    for (auto& [key, value] : read_texts(problems, *n, "tags")) builder.tag(key, std::move(value));
  }
}

/// Builds what was read without a problem. What the builder still finds is reported where its task is.
void build(Problems& problems, const WorkflowBuilder& builder, const std::vector<Position>& places, WorkflowRead& out) {
  const auto found = builder.problems();
  for (const auto& problem : found) problems.add(problem.task < places.size() ? places[problem.task] : out.at, problem.text);
  if (found.empty()) out.workflow = builder.build();
}

}  // namespace

WorkflowRead read_workflow(Problems& problems, const Node& node, const std::filesystem::path& folder) {
  const std::size_t before = problems.size();
  const Fields fields(problems, node, "a workflow",
                      {"name", "description", "version", "tags", "input", "deadline", "env", "cwd", "tasks", "schedules"});
  WorkflowRead out;
  out.at = node.at;
  if (const Node* n = fields.require("name")) {
    out.name = read_name(problems, *n, "name").value_or("");
    out.at = n->at;
  }
  WorkflowBuilder builder(out.name);
  read_properties(problems, fields, builder);
  Shared shared{.env = {}, .cwd = folder};
  if (const Node* n = fields.find("env")) shared.env = read_env(problems, *n);
  if (const Node* n = fields.find("cwd")) shared.cwd = read_cwd(problems, *n, folder);
  auto tasks = read_tasks(problems, fields, folder);
  if (const Node* n = fields.find("schedules")) out.schedules = read_schedules(problems, *n, out.name);
  if (inherited_bytes(shared, tasks.size()) > inherited_bytes_max) {
    problems.add(fields.position("env"),
                 "env and cwd, given to each of " + std::to_string(tasks.size()) + " tasks, are more than 16 MiB");
  }
  if (problems.size() != before) return out;
  std::vector<Position> places;
  for (auto& task : tasks) {
    places.push_back(task.links.at);
    declare(builder, shared, std::move(task));
  }
  build(problems, builder, places, out);
  return out;
}

}  // namespace cloacina::flowfile
