#include "cloacina/workflow.hpp"

#include <algorithm>

#include "core/definition.hpp"
#include "core/definition_json.hpp"
#include "core/text.hpp"

namespace cloacina {

namespace {

core::Position position(const core::Definition& d, std::string_view task) {
  if (const auto found = d.find(task)) return *found;
  std::vector<std::string> names;
  for (const auto& t : d.tasks) names.push_back(t.name);
  throw Error(ErrorCode::NotFound, "workflow '" + d.name + "' has no task " + core::quote(task) + core::suggestion(task, names));
}

std::vector<std::string> names_of(const core::Definition& d, const std::vector<core::Position>& positions) {
  std::vector<std::string> out;
  out.reserve(positions.size());
  for (const auto p : positions) out.push_back(d.tasks[p].name);
  return out;
}

}  // namespace

Workflow::Workflow(std::shared_ptr<const core::Definition> definition, std::vector<Code> code)
    : definition_(std::move(definition)), code_(std::make_shared<const std::vector<Code>>(std::move(code))) {
  if (code_->size() != definition_->tasks.size())
    throw Error(ErrorCode::Internal, "a workflow has code for another number of tasks");
}

const std::string& Workflow::name() const { return definition_->name; }
const std::string& Workflow::version() const { return definition_->version; }
const std::string& Workflow::user_version() const { return definition_->user_version; }
const std::string& Workflow::description() const { return definition_->description; }
const std::map<std::string, std::string>& Workflow::tags() const { return definition_->tags; }
const Json& Workflow::default_input() const { return definition_->input; }
std::optional<std::chrono::milliseconds> Workflow::deadline() const { return definition_->deadline; }

std::size_t Workflow::size() const { return definition_->tasks.size(); }
std::vector<std::string> Workflow::tasks() const { return names_of(*definition_, definition_->order); }
std::vector<std::string> Workflow::dependencies(std::string_view task) const {
  return names_of(*definition_, definition_->tasks[position(*definition_, task)].after);
}
std::vector<std::string> Workflow::dependents(std::string_view task) const {
  return names_of(*definition_, definition_->dependents[position(*definition_, task)]);
}
std::vector<std::string> Workflow::roots() const { return names_of(*definition_, definition_->roots); }
std::vector<std::string> Workflow::leaves() const { return names_of(*definition_, definition_->leaves); }

std::vector<std::vector<std::string>> Workflow::levels() const {
  const auto& d = *definition_;
  std::vector<std::size_t> level(d.tasks.size(), 0);
  std::size_t deepest = 0;
  for (const auto t : d.order) {
    for (const auto parent : d.tasks[t].after) level[t] = std::max(level[t], level[parent] + 1);
    deepest = std::max(deepest, level[t]);
  }
  std::vector<std::vector<std::string>> out(deepest + 1);
  for (core::Position t = 0; t < d.tasks.size(); ++t) out[level[t]].push_back(d.tasks[t].name);
  return out;
}

bool Workflow::can_run_parallel(std::string_view a, std::string_view b) const {
  const auto first = position(*definition_, a);
  const auto second = position(*definition_, b);
  return first != second && !core::ancestors(*definition_, first)[second] && !core::ancestors(*definition_, second)[first];
}

Workflow Workflow::subgraph(const std::vector<std::string>& tasks) const {
  const auto& d = *definition_;
  std::vector<bool> keep(d.tasks.size(), false);
  for (const auto& name : tasks) {
    const auto t = position(d, name);
    keep[t] = true;
    const auto above = core::ancestors(d, t);
    for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = keep[i] || above[i];
  }
  if (tasks.empty()) throw Error(ErrorCode::InvalidArgument, "a subgraph of workflow '" + d.name + "' needs at least one task");
  core::Definition part = d;
  part.name += "-subgraph";
  part.text.clear();
  part.tasks.clear();
  std::vector<core::Position> moved(d.tasks.size(), 0);
  std::vector<Code> code;
  for (core::Position t = 0; t < d.tasks.size(); ++t) {
    if (!keep[t]) continue;
    moved[t] = static_cast<core::Position>(part.tasks.size());
    part.tasks.push_back(d.tasks[t]);
    code.push_back((*code_)[t]);
  }
  for (auto& t : part.tasks) {
    for (auto& parent : t.after) parent = moved[parent];
  }
  return Workflow(core::finish(std::move(part)), std::move(code));
}

Json Workflow::to_json() const { return core::to_json(*definition_); }

}  // namespace cloacina
