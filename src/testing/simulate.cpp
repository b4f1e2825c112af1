#include "cloacina/testing.hpp"
#include "testing/simulation.hpp"

namespace cloacina {

SimulationReport simulate(const std::vector<Workflow>& workflows, std::uint64_t seed, const SimulationOptions& options) {
  if (workflows.empty()) throw Error(ErrorCode::InvalidArgument, "simulate: there is no workflow to simulate");
  if (options.events < 1)
    throw Error(ErrorCode::InvalidArgument, "simulate: events is " + std::to_string(options.events) + ", it is at least 1");
  simulation::Options inner;
  inner.events = options.events;
  inner.run_code = options.run_code;
  inner.own_schedules = false;
  const auto report = simulation::simulate(workflows, seed, inner);
  SimulationReport out;
  out.seed = seed;
  out.passed = !report.trouble;
  out.events = report.events;
  out.executions = report.executions;
  out.crashes = report.crashes;
  out.time = report.time;
  if (report.trouble) out.text = simulation::to_string(report);
  return out;
}

}  // namespace cloacina
