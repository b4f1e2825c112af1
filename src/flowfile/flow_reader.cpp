#include "flowfile/flow_reader.hpp"

#include <map>
#include <utility>

#include "core/text.hpp"
#include "flowfile/fields.hpp"
#include "flowfile/problems.hpp"
#include "flowfile/workflow_reader.hpp"
#include "flowfile/yaml_input.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

void read_format(Problems& problems, const Fields& fields) {
  const Node* node = fields.require("cloacina");
  if (node == nullptr) return;
  const auto value = node->kind == Node::Kind::Int ? scalar_json(node->text) : std::nullopt;
  if (value != Json(1)) report_type(problems, *node, "cloacina", "1, the version of the file format");
}

/// Reports each name that is already taken in this file.
void check_unique(Problems& problems, const std::vector<NamePlace>& places, std::string_view what) {
  std::map<std::string_view, Position> first;
  for (const auto& [name, file, at] : places) {
    const auto [it, inserted] = first.emplace(name, at);
    if (inserted) continue;
    problems.add(at, std::string(what) + ' ' + core::quote(name) + " is already there, in line " + std::to_string(it->second.line));
  }
}

std::vector<WorkflowRead> read_root(Problems& problems, const Node& root, const ReadOptions& options) {
  std::vector<WorkflowRead> out;
  const Fields fields(problems, root, "a workflow file", {"cloacina", "workflows"});
  read_format(problems, fields);
  const Node* list = fields.require("workflows");
  if (list == nullptr) return out;
  if (list->kind != Node::Kind::List) {
    report_type(problems, *list, "workflows", "a list of workflows");
    return out;
  }
  if (list->items.empty()) problems.add(list->at, "workflows must hold at least one workflow");
  for (const Node* item : list->items) out.push_back(read_workflow(problems, *item, options.folder));
  return out;
}

/// The same places with columns in characters.
void count_characters(std::string_view text, std::vector<NamePlace>& places) {
  std::vector<Position> positions;
  for (const auto& place : places) positions.push_back(place.at);
  count_characters(text, positions);
  for (std::size_t i = 0; i < places.size(); ++i) places[i].at = positions[i];
}

void read_document(Problems& problems, std::string_view text, const ReadOptions& options, LoadedFile& out) {
  const Document document = read_yaml(text);
  for (const auto& [at, problem] : document.problems) problems.add(at, problem);
  auto workflows = read_root(problems, *document.root, options);
  for (auto& workflow : workflows) {
    if (!workflow.name.empty()) out.workflows.push_back({workflow.name, options.file, workflow.at});
    for (auto& schedule : workflow.schedules) {
      const auto& name = schedule.schedule.name;
      if (!name.empty()) out.schedules.push_back({name, options.file, {schedule.line, schedule.column}});
    }
  }
  check_unique(problems, out.workflows, "workflow");
  check_unique(problems, out.schedules, "schedule");
  if (!problems.empty()) return;
  count_characters(text, out.workflows);
  count_characters(text, out.schedules);
  std::size_t next = 0;
  for (auto& workflow : workflows) {
    out.content.workflows.push_back(std::move(*workflow.workflow));
    for (auto& schedule : workflow.schedules) {
      const Position at = out.schedules[next++].at;
      schedule.file = options.file;
      schedule.line = at.line;
      schedule.column = at.column;
      out.content.schedules.push_back(std::move(schedule));
    }
  }
}

}  // namespace

LoadedFile load_text(std::string_view text, const ReadOptions& options) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  LoadedFile out;
  Problems problems;
  try {
    read_document(problems, text, options, out);
  } catch (const YamlError& e) {
    problems.add(e.at(), e.what());
  }
  out.content.problems = problems.report(options.file, text);
  return out;
}

}  // namespace cloacina::flowfile
