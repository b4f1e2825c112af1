#include <atomic>
#include <thread>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/json.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "cli/stopper.hpp"
#include "cli/values.hpp"
#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick{80};
/// How often what others do to the execution is looked for; our own commits are known at once.
constexpr milliseconds look_at_others{500};
/// So often the thread that waits looks whether it is still wanted.
constexpr milliseconds wait_in_parts{500};
/// The look itself may take at most this part of the time.
constexpr int look_share = 10;

/// Follows one execution to its end, and cancels it on a signal.
class Follow {
 public:
  Follow(Runner& runner, const ExecutionId& id, Signals& signals, Progress& progress)
      : runner_(runner), id_(id), signals_(signals), progress_(progress) {}

  /// The execution as it was seen last; terminal unless a second signal cut it short.
  Execution to_the_end() {
    const std::jthread waiter([this](const std::stop_token& stop) { wait(stop); });
    look();
    while (!is_terminal(execution_.status)) {
      const auto signal = signals_.next(tick);
      if (signal == Signals::Kind::Stop && !cancel()) break;
      if (signal == Signals::Kind::Wake || ended_.load() || due()) {
        look();
      } else {
        progress_.tick(utc_now());
      }
    }
    progress_.finish();
    return std::move(execution_);
  }

 private:
  void wait(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        runner_.wait(id_, wait_in_parts);
        break;
      } catch (const Error& e) {
        if (e.code() != ErrorCode::Timeout) break;  // the main thread sees for itself
      }
    }
    ended_.store(true);
    Signals::wake();
  }

  bool due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return false;
    return runner_.stats().turns != turns_ || now >= looked_ + look_at_others;
  }

  void look() {
    const auto begin = std::chrono::steady_clock::now();
    turns_ = runner_.stats().turns;
    execution_ = runner_.get(id_);
    progress_.update(execution_, utc_now());
    looked_ = std::chrono::steady_clock::now();
    next_look_ = looked_ + (looked_ - begin) * look_share;
  }

  /// False at the second signal.
  bool cancel() {
    if (cancelling_) return false;
    cancelling_ = true;
    progress_.note("cancelling; once more to stop at once");
    try {
      runner_.cancel(id_, "interrupted");
    } catch (const Error& e) {
      if (e.code() != ErrorCode::Conflict) throw;  // it has ended meanwhile
    }
    return true;
  }

  Runner& runner_;
  ExecutionId id_;
  Signals& signals_;
  Progress& progress_;
  Execution execution_;
  std::int64_t turns_ = -1;
  std::chrono::steady_clock::time_point looked_;
  std::chrono::steady_clock::time_point next_look_;
  std::atomic<bool> ended_{false};
  bool cancelling_ = false;
};

}  // namespace

int execute(Console& console, const Globals& globals, const RunArguments& a) {
  const auto loaded = load(console, {a.file});
  if (!loaded) return ExitStatus::bad_input;
  const auto& workflow = choose(*loaded, a.file, a.workflow);
  auto input = read_input(a.input);
  Signals signals;
  Progress progress(console.err);
  Runner runner({.database = globals.database,
                 .tenant = globals.tenant,
                 .actor = actor(),
                 .workers = a.workers,
                 .log = [&](LogLevel level, std::string_view text) {
                   if (level >= LogLevel::Warning) progress.note("cloacinactl: " + std::string(text));
                 }});
  for (const auto& w : loaded->workflows) runner.add(w);
  runner.start();
  const auto id = runner.submit(workflow.name(), std::move(input));
  console.err.line("execution " + id.to_string() + " of " + workflow.name());
  console.err.flush();
  const auto execution = Follow(runner, id, signals, progress).to_the_end();
  if (!is_terminal(execution.status)) {
    runner.stop(milliseconds{0});
    console.err.line("cloacinactl: stopped; execution " + id.to_string() + " is " + std::string(to_string(execution.status)));
    return ExitStatus::not_completed;
  }
  drain(runner, signals);
  if (globals.json) {
    console.out.line(line(to_json(execution, Detail::Whole)));
  } else {
    console.out.line(execution.context.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  if (execution.completed()) {
    console.err.line(console.err.paint(Color::Green, "Completed") + " in " + duration_of(execution, utc_now()));
  }
  explain(console, execution);
  return exit_status(execution);
}

}  // namespace cloacina::cli
