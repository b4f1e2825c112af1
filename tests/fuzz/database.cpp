// libFuzzer target: a SQLite database of ours with bytes changed here and there. Each change is five bytes: three say where, one
// what is written, one how often. Whoever opens it, reads it and works on it gets what is there, or an error; nothing else.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cloacina/cloacina.hpp"
#include "fuzz/require.hpp"
#include "store/store.hpp"

namespace {

using namespace cloacina;
using namespace std::chrono_literals;

/// A folder in memory, where the system has one.
struct Folder {
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    path = (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
           ("cloacina-fuzz-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

Workflow diamond() {
  WorkflowBuilder flow("diamond");
  const auto nothing = [](TaskContext&) {};
  flow.task("a", nothing);
  flow.task("b", nothing).after("a");
  flow.task("c", nothing).after("a").when(any_failed());
  flow.task("d", nothing).after("b", "c");
  return flow.build();
}

store::Batch claims(store::RunnerKey runner, store::DefinitionKey definition, Timestamp now, int limit) {
  store::Batch batch;
  batch.now = now;
  batch.runner = runner;
  batch.timers = batch.release_dead = true;
  batch.claim.emplace();
  batch.claim->runner = runner;
  batch.claim->definitions = {definition};
  batch.claim->limit = limit;
  return batch;
}

store::AttemptOutcome completed(const store::ClaimedTask& task, Timestamp now) {
  store::AttemptOutcome outcome;
  outcome.task = task.task;
  outcome.fence = task.fence;
  outcome.number = task.number;
  outcome.started_at = outcome.finished_at = now;
  outcome.changes = R"({"set":{"k":[1,2]}})";
  return outcome;
}

/// Executions in several states, a schedule with a history, a runner with work in hand.
std::string sample(const std::filesystem::path& file) {
  const std::string url = "sqlite:" + file.string();
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  {
    Runner runner{{.database = url}};
    runner.add(diamond());
    for (int i = 0; i < 6; ++i) (void)runner.submit("diamond", Json{{"i", i}}, {.priority = i});
    runner.cancel(runner.submit("diamond"), "not wanted");
    runner.pause(runner.submit("diamond"));
    (void)runner.schedules().put(Schedule{.name = "nightly", .workflow = "diamond", .cron = "0 2 * * *"});
    (void)runner.schedules().run_now("nightly");
    auto database = store::open(url, {});
    auto store = database->store();
    const auto definition = database->reader()->find_definition("diamond")->key;
    const auto key = store->open_runner({.id = "r", .name = "r", .host = "h", .started_at = now});
    for (int turn = 0; turn < 3; ++turn) {
      auto batch = claims(key, definition, now, 3);
      const auto claimed = store->commit(batch).claimed;
      batch.claim.reset();
      for (std::size_t i = turn == 2 ? 1 : 0; i < claimed.size(); ++i) batch.outcomes.push_back(completed(claimed[i], now));
      (void)store->commit(batch);
    }
  }
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

template <class Use>
void may_fail(const Use& use) {
  try {
    use();
  } catch (const Error& error) {
    fuzz::require(error.what()[0] != '\0');
  }
}

void read(const std::string& url) {
  may_fail([&] { (void)doctor(url); });
  may_fail([&] {
    Runner runner{{.database = url}};
    may_fail([&] { (void)runner.workflows(); });
    may_fail([&] { (void)runner.runners(); });
    may_fail([&] {
      for (const auto& row : runner.schedules().list()) (void)runner.schedules().history(row.definition.name);
    });
    const auto page = runner.list();
    for (const auto& e : page.executions) {
      may_fail([&] { (void)runner.get(e.id); });
      may_fail([&] { (void)runner.logs(e.id); });
    }
    may_fail([&] {
      for (const auto& e : page.executions) runner.retry(e.id);
    });
  });
}

void work(const std::string& url) {
  may_fail([&] {
    const auto database = store::open(url, {});
    const auto store = database->store();
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto key = store->open_runner({.id = "s", .name = "s", .host = "h", .started_at = now});
    const auto definition = store->put_definition(diamond().definition(), now);
    for (int turn = 0; turn < 4; ++turn) {
      auto batch = claims(key, definition, now + 100h, 10);
      const auto claimed = store->commit(batch).claimed;
      batch.claim.reset();
      std::vector<store::TaskKey> tasks;
      for (const auto& task : claimed) {
        batch.outcomes.push_back(completed(task, now));
        tasks.push_back(task.task);
      }
      may_fail([&] { (void)store->contexts(tasks); });
      (void)store->commit(batch);
    }
    (void)store->due_schedules(now + 100h, 10);
    (void)store->prune(now + 200h, 100);
    (void)store->prune_firings({.before = now + 200h});
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t edits_max = 64;
  static const Folder folder;
  static const std::string original = sample(folder.path / "sample.db");
  std::string bytes = original;
  for (std::size_t i = 0; i + 5 <= size && i < 5 * edits_max; i += 5) {
    const std::size_t at = (std::size_t{data[i]} << 16 | std::size_t{data[i + 1]} << 8 | data[i + 2]) % bytes.size();
    for (std::size_t k = 0; k <= data[i + 4] % 16 && at + k < bytes.size(); ++k) bytes[at + k] = static_cast<char>(data[i + 3]);
  }
  const auto file = folder.path / "changed.db";
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file.string() + suffix);
  std::ofstream(file, std::ios::binary) << bytes;
  const std::string url = "sqlite:" + file.string();
  read(url);
  work(url);
  return 0;
}
