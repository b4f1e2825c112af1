#include <algorithm>
#include <filesystem>

#include "cli/client.hpp"
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
  options.database = globals.database;
  options.tenant = globals.tenant;
  options.actor = actor();
  options.workers = a.workers;
  options.lanes = a.lanes;
  if (a.keep_for) options.retention.older_than = read_duration("--keep-for", *a.keep_for);
  if (a.keep_firings_for) options.retention.firings_older_than = read_duration("--keep-firings-for", *a.keep_firings_for);
  options.retention.keep = a.keep;
  options.lease = read_duration("--lease", a.lease);
  // A shorter lease needs more signs of life.
  options.heartbeat = std::min(options.heartbeat, options.lease / 3);
  options.run_stored_commands = !a.only_loaded;
  options.log = log_to_stderr();
  return options;
}

std::string count(std::size_t n, const std::string& what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

/// Who puts the schedules of these files. The same paths in another order are the same source.
std::string source_of(const ServeArguments& a) {
  if (!a.source.empty()) return a.source;
  std::vector<std::string> paths;
  for (const auto& path : a.paths) paths.push_back(std::filesystem::absolute(path).lexically_normal().string());
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::string out;
  for (const auto& path : paths) out += (out.empty() ? "" : ":") + path;
  return out;
}

/// Whether a schedule is over and was never stored: it would be refused, and is no reason to refuse the others.
bool is_history(const Schedules& stored, const Schedule& schedule, std::string& why) {
  try {
    validate(schedule, utc_now());
    return false;
  } catch (const Error& e) {
    why = e.what();
  }
  try {
    (void)stored.get(schedule.name);
    return false;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::NotFound) throw;
    return true;
  }
}

/// Makes the schedules of the files those of the database; what was changed is told.
void put_schedules(Console& console, Runner& runner, const std::string& source, const FlowFile& loaded) {
  auto stored = runner.schedules();
  std::vector<Schedule> schedules;
  for (const auto& entry : loaded.schedules) {
    std::string why;
    if (is_history(stored, entry.schedule, why)) {
      console.err.line("left out: " + why);
    } else {
      schedules.push_back(entry.schedule);
    }
  }
  const auto report = stored.sync(source, schedules);
  std::string text;
  const auto add = [&](int n, const char* what) {
    if (n > 0) text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + what;
  };
  add(report.created, "created");
  add(report.updated, "updated");
  add(report.removed, "removed");
  add(report.unchanged, "unchanged");
  if (!text.empty()) console.err.line("schedules: " + text);
}

/// Waits for the first commit of the loop, with which everybody knows what this runner can run. False when it is to stop before.
bool until_registered(const Runner& runner, Signals& signals) {
  while (runner.stats().turns == 0) {
    if (signals.next(milliseconds{2}) == Signals::Kind::Stop) return false;
  }
  return true;
}

/// Files that have problems leave everything as it was.
void reload(Console& console, Runner& runner, const ServeArguments& a, const std::string& source) {
  const auto loaded = load(console, a.paths);
  if (!loaded) {
    console.err.line("cloacinactl: not reloaded; what was loaded before stays");
  } else {
    try {
      for (const auto& w : loaded->workflows) runner.add(w);
      put_schedules(console, runner, source, *loaded);
      console.err.line("reloaded " + count(loaded->workflows.size(), "workflow"));
    } catch (const Error& e) {
      // A database that is busy now is no reason to stop what runs.
      console.err.line("cloacinactl: not reloaded: " + std::string(e.what()));
    }
  }
  console.err.flush();
}

}  // namespace

int execute(Console& console, const Globals& globals, const ServeArguments& a) {
  Signals signals;
  auto options = options_of(globals, a);
  const auto source = source_of(a);
  auto loaded = load(console, a.paths);
  if (!loaded) return ExitStatus::bad_input;
  Runner runner(std::move(options));
  for (const auto& w : loaded->workflows) runner.add(w);
  // Before anything fires: a rule that was edited or taken out of the files must not fire once more.
  put_schedules(console, runner, source, *loaded);
  runner.start();
  console.err.line("serving " + count(loaded->workflows.size(), "workflow") + " on " + shown_database(globals) + " with " +
                   count(static_cast<std::size_t>(a.workers), "worker"));
  console.err.flush();
  loaded.reset();
  if (until_registered(runner, signals)) {
    console.out.line("ready");
    console.out.flush();
    for (auto signal = signals.next(); signal != Signals::Kind::Stop; signal = signals.next()) {
      if (signal == Signals::Kind::Reload) reload(console, runner, a, source);
    }
  }
  const auto report = drain(runner, signals, [&] {
    const auto running = runner.stats().running;
    if (running == 0) return;
    console.err.line("finishing " + count(static_cast<std::size_t>(running), "task") + "; a second signal stops at once");
    console.err.flush();
  });
  for (const auto& left : report.unfinished) {
    console.err.line("given back: task " + left.task + " of execution " + left.execution.to_string());
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
