#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/changes.hpp"
#include "core/merge.hpp"

namespace cloacina::test {

/// A definition of tasks `t0, t1, …`, where `after[i]` are the dependencies of the i-th.
inline std::shared_ptr<const core::Definition> graph(const std::vector<std::vector<core::Position>>& after) {
  core::Definition d;
  d.name = "graph";
  for (std::size_t i = 0; i < after.size(); ++i) {
    core::TaskDefinition t;
    t.name = "t" + std::to_string(i);
    t.after = after[i];
    d.tasks.push_back(std::move(t));
  }
  return core::finish(std::move(d));
}

/// Changes as one object: a member that is the text "-" is a removal.
inline std::shared_ptr<const ContextValues> changes(const Json& object) {
  auto values = core::values_of(object);
  for (auto& [key, value] : values) {
    if (*value == "-") value = nullptr;
  }
  return std::make_shared<const ContextValues>(std::move(values));
}

/// A graph, what its tasks changed, and the question.
struct MergeCase {
  std::vector<std::vector<core::Position>> after;
  Json input;
  std::vector<Json> changes;  // null: the task failed or was skipped
  std::vector<core::Position> heads;
};

/// Two values that had not seen each other, read from the rule.
inline Json together(const Json& earlier, const Json& later) {
  if (earlier.is_array() && later.is_array()) {
    Json out = earlier;
    for (const auto& element : later) {
      if (std::find(out.begin(), out.end(), element) == out.end()) out.push_back(element);
    }
    return out;
  }
  if (earlier.is_object() && later.is_object()) {
    Json out = earlier;
    for (const auto& [key, value] : later.items()) out[key] = earlier.contains(key) ? together(earlier[key], value) : value;
    return out;
  }
  return later;
}

/// What `merge` has to give, from the rules of the design one by one; shares nothing with it.
inline Json oracle(const MergeCase& c) {
  const std::size_t n = c.after.size();
  std::vector<std::set<core::Position>> above(n);  // the full closure: what each task had seen
  for (core::Position t = 0; t < n; ++t) {
    for (const core::Position p : c.after[t]) {
      above[t].insert(p);
      above[t].insert(above[p].begin(), above[p].end());
    }
  }
  std::vector<core::Position> order;  // heads and ancestors, dependencies first, as declared
  const std::function<void(core::Position)> visit = [&](core::Position t) {
    if (std::find(order.begin(), order.end(), t) != order.end()) return;
    for (const core::Position p : c.after[t]) visit(p);
    order.push_back(t);
  };
  for (const core::Position head : c.heads) visit(head);

  Json out = c.input;
  for (const std::string key : {"k", "l", "m"}) {
    std::vector<core::Position> changed;
    for (const core::Position t : order) {
      if (c.changes[t].is_object() && c.changes[t].contains(key)) changed.push_back(t);
    }
    if (changed.empty()) continue;
    out.erase(key);
    for (const core::Position t : changed) {
      const bool replaced =
          std::any_of(changed.begin(), changed.end(), [&](core::Position other) { return above[other].contains(t); });
      const Json& value = c.changes[t][key];
      if (replaced || value == "-") continue;
      out[key] = out.contains(key) ? together(out[key], value) : value;
    }
  }
  return out;
}

}  // namespace cloacina::test
