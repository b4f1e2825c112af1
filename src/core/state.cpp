#include "core/state.hpp"

#include "core/text.hpp"

namespace cloacina {

std::string_view to_string(ExecutionStatus status) {
  constexpr std::array<std::string_view, 6> names{"Pending", "Running", "Paused", "Completed", "Failed", "Cancelled"};
  return names.at(static_cast<std::size_t>(status));
}

std::string_view to_string(TaskStatus status) {
  constexpr std::array<std::string_view, 7> names{"NotStarted", "Ready", "Running", "Completed", "Failed", "Skipped", "Cancelled"};
  return names.at(static_cast<std::size_t>(status));
}

std::string_view to_string(AttemptStatus status) {
  constexpr std::array<std::string_view, 5> names{"Running", "Completed", "Failed", "Cancelled", "Crashed"};
  return names.at(static_cast<std::size_t>(status));
}

ExecutionStatus parse_execution_status(std::string_view name) {
  std::vector<std::string> known;
  for (int i = 0; i < 6; ++i) {
    const auto status = static_cast<ExecutionStatus>(i);
    if (name == to_string(status)) return status;
    known.emplace_back(to_string(status));
  }
  throw Error(ErrorCode::InvalidArgument, core::quote(name) + " is no status" + core::suggestion(name, known) +
                                              "; there are Pending, Running, Paused, Completed, Failed and Cancelled");
}

const TaskState& Execution::task(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& t : tasks) {
    if (t.name == name) return t;
    known.push_back(t.name);
  }
  throw Error(ErrorCode::NotFound,
              "execution " + id.to_string() + " has no task " + core::quote(name) + core::suggestion(name, known));
}

namespace core {

namespace {
template <class Table>
std::string diagram(const Table& table) {
  std::string out = "stateDiagram-v2\n";
  for (const auto& t : table) {
    out += "  " + std::string(to_string(t.from)) + " --> " + std::string(to_string(t.to)) + ": " + std::string(t.why) + "\n";
  }
  return out;
}
}  // namespace

std::string task_diagram() { return diagram(task_transitions); }
std::string execution_diagram() { return diagram(execution_transitions); }

}  // namespace core

}  // namespace cloacina
