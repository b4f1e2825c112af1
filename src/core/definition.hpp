#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cloacina/context.hpp"
#include "cloacina/retry.hpp"
#include "cloacina/rule.hpp"

namespace cloacina::core {

/// Where a task stands in its workflow's declaration, from 0.
using Position = std::uint32_t;

/// Most tasks of one workflow; a task's row is addressed by execution and a 16-bit position.
inline constexpr std::size_t tasks_max = 65'535;

struct TaskDefinition {
  std::string name;
  std::string description;
  std::vector<Position> after;  ///< as declared, without repeats
  Rule rule;
  RetryPolicy retry;
  std::optional<std::chrono::milliseconds> timeout;
  int max_crashes = 3;
  bool recovers = false;
  Json command;  ///< null for a task that is a function
};

/// What is stored of a workflow, everything but the code, and what follows from it. A plain value: immutable once `finish`ed.
struct Definition {
  std::string name;
  std::string description;
  std::string user_version;
  std::map<std::string, std::string> tags;
  Json input = Json::object();  ///< defaults
  std::optional<std::chrono::milliseconds> deadline;
  std::vector<TaskDefinition> tasks;

  // Derived by finish().
  std::string version;                            ///< content hash
  std::string text;                               ///< the canonical JSON that was hashed
  std::vector<std::vector<Position>> dependents;  ///< in order of declaration
  std::vector<Position> order;                    ///< dependencies first, among equals the earlier declared
  std::vector<std::uint32_t> rank;                ///< position -> index in `order`
  std::vector<Position> roots;
  std::vector<Position> leaves;
  bool only_commands = false;
  std::unordered_map<std::string, Position> by_name;

  [[nodiscard]] std::optional<Position> find(std::string_view task) const;
  [[nodiscard]] bool is_leaf(Position task) const { return dependents[task].empty(); }
};

/// Computes what is derived; a `text` that is there already is kept. *Requires* an acyclic graph with positions in range.
[[nodiscard]] std::shared_ptr<const Definition> finish(Definition definition);

/// The canonical JSON: sorted keys, members at their defaults left out.
[[nodiscard]] Json to_json(const Definition& definition);
/// *Throws* Error{Corrupt} when the text is no definition.
[[nodiscard]] std::shared_ptr<const Definition> definition_from_text(std::string_view text);

/// One cycle of the graph as a path whose first and last element are equal, or empty. `after[i]` are the dependencies of i.
[[nodiscard]] std::vector<Position> find_cycle(const std::vector<std::vector<Position>>& after);

/// Marks the strict ancestors of `task`.
[[nodiscard]] std::vector<bool> ancestors(const Definition& definition, Position task);
/// Marks the strict descendants of `task`.
[[nodiscard]] std::vector<bool> descendants(const Definition& definition, Position task);

}  // namespace cloacina::core
