#include "cli/files.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"

namespace cloacina::cli {

std::optional<FlowFile> load(Console& console, const std::vector<std::string>& paths) {
  auto loaded = read_flow_files({paths.begin(), paths.end()});
  if (loaded.problems.empty()) return loaded;
  for (const auto& problem : loaded.problems) console.err.line(problem.to_string());
  return std::nullopt;
}

const Workflow& choose(const FlowFile& loaded, const std::string& file, const std::string& name) {
  std::string names;
  for (const auto& w : loaded.workflows) {
    if (w.name() == name) return w;
    names += (names.empty() ? "" : ", ") + w.name();
  }
  if (loaded.workflows.empty()) throw Error(ErrorCode::InvalidArgument, file + " has no workflow");
  if (!name.empty()) throw Error(ErrorCode::NotFound, file + " has no workflow '" + name + "'; there are: " + names);
  if (loaded.workflows.size() > 1) {
    throw Error(ErrorCode::InvalidArgument, file + " has several workflows; pick one with --workflow: " + names);
  }
  return loaded.workflows.front();
}

int execute(Console& console, const Globals& globals, const CheckArguments& a) {
  const auto loaded = load(console, a.files);
  if (!loaded) return ExitStatus::bad_input;
  std::size_t longest = 0;
  for (const auto& w : loaded->workflows) longest = std::max(longest, w.name().size());
  for (const auto& w : loaded->workflows) {
    if (globals.json) {
      OrderedJson json;
      json["workflow"] = w.name();
      json["version"] = w.version();
      json["tasks"] = w.size();
      console.out.line(line(json));
    } else {
      console.out.line(w.name() + std::string(longest - w.name().size() + 2, ' ') + w.version());
    }
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
