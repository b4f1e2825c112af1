#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "cloacina/execution.hpp"

namespace cloacina {

/// How long what has ended is kept. An execution goes when everything that is set here allows it; with neither `older_than` nor
/// `keep` none goes. What has not ended never does, nor an execution with a task that still runs.
struct Retention {
  std::optional<std::chrono::milliseconds> older_than{};          ///< ended so long ago; >= 0
  std::optional<std::int64_t> keep{};                             ///< is none of the newest so many that have ended; >= 0
  std::vector<ExecutionStatus> statuses{};                        ///< has one of these; empty: any that is terminal
  std::optional<std::chrono::milliseconds> firings_older_than{};  ///< entries of schedules' histories, but each one's last; >= 0
};

/// What was deleted.
struct PruneReport {
  std::int64_t executions = 0;
  std::int64_t firings = 0;
};

}  // namespace cloacina
