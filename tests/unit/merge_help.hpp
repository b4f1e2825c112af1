#pragma once

#include <memory>
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

}  // namespace cloacina::test
