#include "cloacina/workflow.hpp"
#include "core/definition.hpp"
#include "core/definition_json.hpp"

namespace cloacina {

namespace {

std::string rule_text(const core::TaskDefinition& task) {
  if (task.rule.kind == Rule::Kind::AllSucceeded) return {};
  const Json json = core::to_json(task.rule);
  return json.is_string() ? json.get<std::string>() : json.dump();
}

std::string escaped(std::string_view text, std::string_view quotes) {
  std::string out;
  for (const char c : text) {
    if (quotes.find(c) != std::string_view::npos) {
      out += c == '"' && quotes.size() == 1 ? "#quot;" : std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string Workflow::to_text() const {
  const auto& d = *definition_;
  std::string out = d.name + "  (version " + d.version + ")\n";
  for (const auto t : d.order) {
    const auto& task = d.tasks[t];
    out += "  " + task.name;
    for (std::size_t i = 0; i < task.after.size(); ++i) out += (i == 0 ? " <- " : ", ") + d.tasks[task.after[i]].name;
    if (const auto rule = rule_text(task); !rule.empty()) out += "  when " + rule;
    if (task.recovers) out += "  recovers";
    out += '\n';
  }
  return out;
}

std::string Workflow::to_dot() const {
  const auto& d = *definition_;
  std::string out = "digraph \"" + escaped(d.name, "\"\\") + "\" {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const auto& task : d.tasks) {
    out += "  \"" + task.name + "\"";
    if (const auto rule = rule_text(task); !rule.empty()) {
      out += " [label=\"" + task.name + "\\nwhen " + escaped(rule, "\"\\") + "\"]";
    }
    out += ";\n";
  }
  for (const auto& task : d.tasks) {
    for (const auto parent : task.after) out += "  \"" + d.tasks[parent].name + "\" -> \"" + task.name + "\";\n";
  }
  return out + "}\n";
}

std::string Workflow::to_mermaid() const {
  const auto& d = *definition_;
  std::string out = "flowchart LR\n";
  for (core::Position t = 0; t < d.tasks.size(); ++t) {
    const auto rule = rule_text(d.tasks[t]);
    out += "  t" + std::to_string(t) + "[\"" + d.tasks[t].name + (rule.empty() ? "" : "<br/>when " + escaped(rule, "\"")) + "\"]\n";
  }
  for (core::Position t = 0; t < d.tasks.size(); ++t) {
    for (const auto parent : d.tasks[t].after) out += "  t" + std::to_string(parent) + " --> t" + std::to_string(t) + "\n";
  }
  return out;
}

}  // namespace cloacina
