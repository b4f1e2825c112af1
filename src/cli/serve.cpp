#include <algorithm>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/signals.hpp"
#include "cli/stopper.hpp"
#include "cli/values.hpp"
#include "cloacina/runner.hpp"

namespace cloacina::cli {

namespace {

using std::chrono::milliseconds;

RunnerOptions options_of(const Globals& globals, const ServeArguments& a) {
  RunnerOptions options;
  options.database = database_url(globals);
  options.workers = a.workers;
  options.lease = read_duration("--lease", a.lease);
  // A shorter lease needs more signs of life.
  options.heartbeat = std::min(options.heartbeat, options.lease / 3);
  options.run_stored_commands = !a.only_loaded;
  options.log = log_to_stderr();
  return options;
}

std::string count(std::size_t n, const std::string& what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

/// Waits for the first commit of the loop, with which everybody knows what this runner can run. False when it is to stop before.
bool until_registered(const Runner& runner, Signals& signals) {
  while (runner.stats().turns == 0) {
    if (signals.next(milliseconds{2}) == Signals::Kind::Stop) return false;
  }
  return true;
}

/// Files that have problems leave everything as it was.
void reload(Console& console, Runner& runner, const std::vector<std::string>& paths) {
  const auto loaded = load(console, paths);
  if (!loaded) {
    console.err.line("cloacinactl: not reloaded; what was loaded before stays");
  } else {
    for (const auto& w : loaded->workflows) runner.add(w);
    console.err.line("reloaded " + count(loaded->workflows.size(), "workflow"));
  }
  console.err.flush();
}

}  // namespace

int execute(Console& console, const Globals& globals, const ServeArguments& a) {
  Signals signals;
  auto options = options_of(globals, a);
  auto loaded = load(console, a.paths);
  if (!loaded) return ExitStatus::bad_input;
  Runner runner(std::move(options));
  for (const auto& w : loaded->workflows) runner.add(w);
  runner.start();
  console.err.line("serving " + count(loaded->workflows.size(), "workflow") + " on " + database_url(globals) + " with " +
                   count(static_cast<std::size_t>(a.workers), "worker"));
  console.err.flush();
  loaded.reset();
  if (until_registered(runner, signals)) {
    console.out.line("ready");
    console.out.flush();
    for (auto signal = signals.next(); signal != Signals::Kind::Stop; signal = signals.next()) {
      if (signal == Signals::Kind::Reload) reload(console, runner, a.paths);
    }
  }
  if (const auto running = runner.stats().running; running > 0) {
    console.err.line("finishing " + count(static_cast<std::size_t>(running), "task") + "; a second signal stops at once");
    console.err.flush();
  }
  const auto report = drain(runner, signals);
  for (const auto& left : report.unfinished) {
    console.err.line("given back: task " + left.task + " of execution " + left.execution.to_string());
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
