// The program that the chaos tests kill. It works on a database like any user's, and writes down what it did, so that `judge` can
// say whether that is what the database says.
//
//   chaos_program run URL FOLDER ROUND                 submits a few executions, waits for them, ends
//   chaos_program load URL FOLDER SECONDS PER_SECOND   keeps a runner busy, and says each second how large it has become
//   chaos_program finish URL FOLDER                    runs what is left until nothing is
//   chaos_program judge URL FOLDER                     says what is wrong; status 1 when something is
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include "chaos/effects.hpp"
#include "chaos/judge.hpp"
#include "chaos/load.hpp"
#include "cloacina/cloacina.hpp"

namespace cloacina::chaos {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

/// One write, so that a kill leaves the line or none of it. *Throws* Error{Unavailable}.
void append(const std::filesystem::path& file, const std::string& line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) throw Error(ErrorCode::Unavailable, "cannot open " + file.string());
  const auto written = ::write(fd, line.data(), line.size());
  ::close(fd);
  if (written != static_cast<ssize_t>(line.size())) throw Error(ErrorCode::Unavailable, "cannot write " + file.string());
}

/// Until the database can be had.
template <class Call>
auto patiently(const Call& call) {
  for (const auto until = std::chrono::steady_clock::now() + patience;; std::this_thread::sleep_for(2ms)) {
    try {
      return call();
    } catch (const Error& e) {
      if (e.code() != ErrorCode::Unavailable || std::chrono::steady_clock::now() > until) throw;
    }
  }
}

TaskFunction ledger(const std::filesystem::path& folder, const std::string& version = {}) {
  return [folder, version](TaskContext& t) {
    append(folder / "ledger", t.execution().to_string() + " " + std::string(t.task()) + " " + std::to_string(t.fence()) + "\n");
    t.context().set(t.task(), t.fence());
    // The code of another version has no business with this execution.
    if (t.context().get_or("version", version) != version) append(folder / "mixed", t.execution().to_string() + "\n");
    t.context().set("version", version);
  };
}

/// a -> (b: an effect in the database, exactly once; c: in a process of its own) -> d
Workflow work(const std::string& url, const std::filesystem::path& folder, const std::string& version) {
  WorkflowBuilder flow("work");
  flow.version(version);
  // A lost connection or a full disk fails an attempt; a kill is none. Neither may end the story.
  const auto always = RetryPolicy::fixed(100'000, 1ms);
  constexpr int many = 1'000'000;
  flow.task("a", ledger(folder, version)).retry(always).max_crashes(many);
  flow.task("b", [url](TaskContext& t) { write_effect(url, t); }).after("a").retry(always).max_crashes(many);
  flow.task("c", ledger(folder, version)).after("a").retry(always).max_crashes(many).isolated();
  flow.task("d", ledger(folder, version)).after("b", "c").retry(always).max_crashes(many);
  return flow.build();
}

/// Every second, whatever happens.
Workflow tick(const std::filesystem::path& folder) {
  WorkflowBuilder flow("tick");
  flow.task("t", ledger(folder)).retry(RetryPolicy::fixed(100'000, 1ms)).max_crashes(1'000'000);
  return flow.build();
}

/// Knows these versions of `work`, the last one as its own.
std::unique_ptr<Runner> started(const std::string& url, const std::filesystem::path& folder,
                                const std::vector<std::string>& versions) {
  RunnerOptions options;
  options.database = url;
  options.workers = 4;
  options.lease = 600ms;
  options.heartbeat = 200ms;
  auto runner = patiently([&] { return std::make_unique<Runner>(options); });
  for (const auto& version : versions) patiently([&] { runner->add(work(url, folder, version)); });
  patiently([&] { runner->add(tick(folder)); });
  patiently([&] { make_effects(url); });
  patiently([&] {
    runner->schedules().put({.name = "every-second", .workflow = "tick", .cron = "* * * * * *", .catchup = Catchup::All});
    runner->schedules().resume("every-second");
  });
  patiently([&] { runner->start(); });
  return runner;
}

int run(const std::string& url, const std::filesystem::path& folder, const std::string& round) {
  const char* version = std::getenv("CHAOS_VERSION");
  const auto runner = started(url, folder, {version == nullptr ? "1" : version});
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 3; ++i) {
    const auto key = round + "." + std::to_string(i);
    patiently([&] { append(folder / "keys", key + "\n"); });
    const auto id = patiently([&] { return runner->submit("work", {{"round", round}}, {.key = key}); });
    patiently([&] { append(folder / "submitted", key + " " + id.to_string() + "\n"); });
    ids.push_back(id);
  }
  for (const auto& id : ids) patiently([&] { return runner->wait(id, patience); });
  runner->stop(patience);
  return 0;
}

int finish(const std::string& url, const std::filesystem::path& folder) {
  const auto runner = started(url, folder, {"1", "2"});
  runner->schedules().pause("every-second");
  // A submission that was killed may or may not have been made: made again, it is there once.
  for (const auto& key : lines_of(folder / "keys")) (void)runner->submit("work", {{"round", "finish"}}, {.key = key});
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto open = [&](ExecutionStatus status) { return !runner->list({.status = status, .limit = 1}).executions.empty(); };
  // First the schedule: a slot from before the pause may still be owed.
  while (runner->schedules().get("every-second").next_run_at || open(ExecutionStatus::Pending) || open(ExecutionStatus::Running)) {
    if (std::chrono::steady_clock::now() > until) {
      std::cerr << "there are still executions that have not ended\n";
      return 1;
    }
    std::this_thread::sleep_for(5ms);
  }
  // The lease of one that was killed just now goes on for a moment.
  const auto all_alive = [&] { return std::ranges::all_of(runner->runners(), [](const auto& r) { return r.alive; }); };
  while (!all_alive() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  runner->stop(patience);
  return 0;
}

int main_of(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3)
    throw std::runtime_error("usage: chaos_program run|load|finish|judge URL FOLDER [ROUND|SECONDS PER_SECOND]");
  const auto& what = arguments[0];
  const auto& url = arguments[1];
  const std::filesystem::path folder = arguments[2];
  if (what == "run") return run(url, folder, arguments.at(3));
  if (what == "load") return load(url, std::stoi(arguments.at(3)), std::stoi(arguments.at(4)));
  if (what == "finish") return finish(url, folder);
  return judge(url, folder);
}

}  // namespace
}  // namespace cloacina::chaos

int main(int count, char** arguments) {
  try {
    return cloacina::chaos::main_of({arguments + 1, arguments + count});
  } catch (const std::exception& e) {
    std::cerr << "chaos_program: " << e.what() << '\n';
    return 2;
  }
}
