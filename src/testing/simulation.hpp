#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/workflow.hpp"
#include "testing/features.hpp"
#include "testing/invariants.hpp"

/// A small world of virtual runners, users and faults around the engine of production, on one thread and in virtual time. All that
/// happens follows from a seed.
namespace cloacina::simulation {

struct Options {
  int events = 1'000;                  ///< things that happen before the world calms down; then everything has to end
  std::optional<Features> features{};  ///< what may happen; none: drawn from the seed
  bool run_code = false;               ///< the tasks' own functions run where they are to succeed
  bool own_schedules = true;           ///< users put, edit and remove schedules of their own making
  int ends_within = 20'000;            ///< so many events after the last fault everything has ended
  int replays_max = 400;               ///< how often a failure is run again to make it shorter; 0: not at all
  bool leases = true;                  ///< runners may live by leases
  /// Another database than one in memory. `clock` is that of the server, for one that has leases.
  std::function<SimulatedDatabase(bool leases, const std::function<Timestamp()>& clock)> database{};
};

struct Report {
  std::uint64_t seed = 0;
  Features features;
  std::int64_t events = 0;  ///< that happened, those after the last fault too
  std::int64_t commits = 0;
  std::int64_t checks = 0;  ///< of executions
  std::int64_t executions = 0;
  std::int64_t crashes = 0;
  std::chrono::microseconds time{0};  ///< virtual
  /// Only when something is wrong:
  std::optional<Trouble> trouble{};
  std::vector<std::uint64_t> choices{};  ///< the events that are needed for it, for `replay`
  std::vector<std::string> story{};      ///< what happened, a line each
};

/// Lives through one world. When `workflows` is empty, they are made from the seed too. The same arguments give the same report.
[[nodiscard]] Report simulate(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options = {});
/// As `simulate` with these events only, and with its story.
[[nodiscard]] Report replay(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options,
                            const std::vector<std::uint64_t>& choices);
/// The report for people: what is wrong, how to see it again, and the story.
[[nodiscard]] std::string to_string(const Report& report);

}  // namespace cloacina::simulation
