#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloacina/admin.hpp"
#include "store/sql/definitions.hpp"

namespace cloacina::store::sql {

/// Looks, in one snapshot, for what no sequence of commits can have left: executions and tasks that contradict each other, what
/// they count, or what they name. Each kind of contradiction is one finding that names the first of them and what can be done.
///
/// Open executions are counted again one by one, the oldest `executions_max` of them; everything else is one query a kind.
[[nodiscard]] std::vector<Finding> examine(Session& session, Timestamp now, int executions_max = 10'000);

/// The tables, indexes and sequences that the migrations in files below `prefix` (`sqlite/migrations`) make and that are not there,
/// as a list for a sentence; empty when all are.
[[nodiscard]] std::string missing_objects(Session& session, std::string_view prefix);

}  // namespace cloacina::store::sql
