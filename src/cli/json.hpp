#pragma once

#include <string>

#include "cloacina/execution.hpp"
#include "cloacina/schedule.hpp"

/// The shapes of `--json`, a contract with scripts: keys keep their names and their order.
namespace cloacina::cli {

using OrderedJson = nlohmann::ordered_json;

/// Without `tasks` for a list.
enum class Detail { Whole, WithoutTasks };
[[nodiscard]] OrderedJson to_json(const Execution& execution, Detail detail);
[[nodiscard]] OrderedJson to_json(const AttemptLog& log);
[[nodiscard]] OrderedJson to_json(const RunnerInfo& runner);
[[nodiscard]] OrderedJson to_json(const ScheduleInfo& schedule);
[[nodiscard]] OrderedJson to_json(const Firing& firing);

/// One line; what is not UTF-8 is replaced.
[[nodiscard]] std::string line(const OrderedJson& json);

}  // namespace cloacina::cli
