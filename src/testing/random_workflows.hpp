#pragma once

#include <vector>

#include "cloacina/workflow.hpp"
#include "testing/dice.hpp"

namespace cloacina::simulation {

/// Two or three workflows of up to eight tasks with random dependencies, rules, policies, timeouts and deadlines; some in two
/// versions, one after the other. Their tasks do nothing.
[[nodiscard]] std::vector<Workflow> random_workflows(Dice& dice);
/// The workflow that schedules are for: one task that is tried again.
[[nodiscard]] Workflow scheduled_workflow();

}  // namespace cloacina::simulation
