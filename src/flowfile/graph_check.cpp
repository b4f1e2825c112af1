#include "flowfile/graph_check.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "core/definition.hpp"
#include "core/text.hpp"

namespace cloacina::flowfile {

namespace {

constexpr int cycles_max = 10;

/// Finds the nearest names until it has cost too much: a file may hold tens of thousands of names, all misspelt.
class Suggestions {
 public:
  explicit Suggestions(const std::vector<TaskLinks>& tasks) {
    for (const auto& task : tasks) {
      names_.push_back(task.name);
      bytes_ += task.name.size();
    }
  }

  std::string of(const std::string& wanted) {
    const std::size_t cost = bytes_ * std::min<std::size_t>(wanted.size(), 256);
    if (cost > budget_) return {};
    budget_ -= cost;
    return core::suggestion(wanted, names_);
  }

 private:
  std::vector<std::string> names_;
  std::size_t bytes_ = 0;
  std::size_t budget_ = 50'000'000;
};

using Positions = std::unordered_map<std::string_view, core::Position>;
using Edges = std::vector<std::vector<core::Position>>;

Edges check_names(Problems& problems, const std::vector<TaskLinks>& tasks, const Positions& known) {
  Suggestions suggestions(tasks);
  Edges after(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    std::set<std::string_view> seen;
    for (const auto& [name, at] : tasks[i].after) {
      const auto found = known.find(name);
      if (name == tasks[i].name) {
        problems.add(at, "task " + core::quote(name) + " comes after itself");
      } else if (found == known.end()) {
        problems.add(at, "unknown task " + core::quote(name) + suggestions.of(name));
      } else if (!seen.insert(name).second) {
        problems.add(at, "task " + core::quote(name) + " is named twice");
      } else {
        after[i].push_back(found->second);
      }
    }
    for (const auto& [name, at] : tasks[i].rule) {
      if (!known.contains(name)) problems.add(at, "unknown task " + core::quote(name) + suggestions.of(name));
    }
  }
  return after;
}

/// Every cycle that shares no edge with one already reported: each is cut at its closing edge before the next is looked for.
void check_cycles(Problems& problems, const std::vector<TaskLinks>& tasks, Edges graph) {
  for (int found = 0; found < cycles_max; ++found) {
    // Each task comes after the one before it, and the first after the last. The path starts at the task that is declared first.
    auto cycle = core::find_cycle(graph);
    if (cycle.empty()) return;
    cycle.pop_back();
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    const std::string& first = tasks[cycle.front()].name;
    const std::string& last = tasks[cycle.back()].name;
    std::string path = first;
    const std::size_t shown = std::min<std::size_t>(cycle.size(), 20);
    for (std::size_t i = 1; i < shown; ++i) path += " -> " + tasks[cycle[i]].name;
    if (shown < cycle.size()) path += " -> (" + std::to_string(cycle.size() - shown) + " more)";
    const auto& after = tasks[cycle.front()].after;
    const auto mention = std::find_if(after.begin(), after.end(), [&](const Mention& m) { return m.task == last; });
    problems.add(mention->at, "cycle: " + path + " -> " + first);
    std::erase(graph[cycle.front()], cycle.back());
  }
}

void check_rule(Problems& problems, const std::vector<TaskLinks>& tasks, const Positions& known, const Edges& after,
                std::size_t i) {
  // Only as far up as it takes: most rules name a parent.
  std::set<core::Position> wanted;
  for (const auto& mention : tasks[i].rule) {
    if (const auto found = known.find(mention.task); found != known.end()) wanted.insert(found->second);
  }
  std::vector<bool> above(tasks.size(), false);
  std::vector<core::Position> open{static_cast<core::Position>(i)};
  while (!open.empty() && !wanted.empty()) {
    const auto task = open.back();
    open.pop_back();
    for (const auto parent : after[task]) {
      if (above[parent]) continue;
      above[parent] = true;
      wanted.erase(parent);
      open.push_back(parent);
    }
  }
  for (const auto& [name, at] : tasks[i].rule) {
    const auto found = known.find(name);
    if (found == known.end() || !wanted.contains(found->second)) continue;
    problems.add(at, "the rule of task " + core::quote(tasks[i].name) + " names task " + core::quote(name) +
                         ", which does not come before it; add it to 'after'");
  }
}

}  // namespace

void check_links(Problems& problems, const std::vector<TaskLinks>& tasks) {
  Positions known;
  for (std::size_t i = 0; i < tasks.size(); ++i) known.emplace(tasks[i].name, static_cast<core::Position>(i));
  const Edges after = check_names(problems, tasks, known);
  check_cycles(problems, tasks, after);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].rule.empty()) check_rule(problems, tasks, known, after, i);
  }
}

}  // namespace cloacina::flowfile
