#pragma once

#include <span>
#include <unordered_map>

#include "core/definition.hpp"

namespace cloacina::core {

/// What the tasks of one execution changed, by position. Tasks that changed nothing may be absent.
using ChangesByTask = std::unordered_map<Position, std::shared_ptr<const ContextValues>>;

/// The context behind `heads`: `input` with the changes of the heads and all their ancestors applied (design.md, 4.4).
///
/// For a task's context the heads are its dependencies, for the final context of an execution its leaves, both in their order of
/// declaration. For each key only the changes count that no other counted change had seen; among those, arrays are concatenated
/// without repeats, objects merged recursively, anything else is won by the one that comes later when the heads and their ancestors
/// are visited dependencies first. A removal gives way to a value set in parallel.
[[nodiscard]] ContextValues merge(const Definition& definition, const ContextValues& input, std::span<const Position> heads,
                                  const ChangesByTask& changes);

/// Two values of one key from branches that had not seen each other; `later` is declared later.
[[nodiscard]] Json merge_values(const Json& earlier, const Json& later);

}  // namespace cloacina::core
