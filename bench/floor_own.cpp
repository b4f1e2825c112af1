// Floors: our own statements, as a turn sends them, without the engine, workers and contexts.
#include <ctime>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

using store::sql::Session;

constexpr int insert_at_once = 500;

std::int64_t now_us() { return static_cast<std::int64_t>(std::time(nullptr)) * 1'000'000; }

std::array<std::uint8_t, 16> id_of(int i) {
  std::array<std::uint8_t, 16> id{};
  for (std::size_t k = 0; k < 4; ++k) id[k] = static_cast<std::uint8_t>(static_cast<unsigned>(i) >> (24 - 8 * k));
  return id;
}

/// Executions `from` to `to`, not included, with a first task that waits; one transaction.
void submit(Session& db, int from, int to) {
  std::vector<std::array<std::uint8_t, 16>> ids;
  for (int i = from; i < to; ++i) ids.push_back(id_of(i));
  db.use("begin").bind().defer();
  auto insert = db.use("insert_execution");
  for (const auto& id : ids) insert.add(id, 1, 1, 0, nullptr, now_us(), now_us(), nullptr, 1, "{}");
  std::vector<std::int64_t> keys;
  while (insert.step()) keys.push_back(insert.integer(0));
  auto queue = db.use("queue_task");
  for (const auto key : keys) queue.add(key << 16, 1, 1, 0, now_us(), nullptr);
  queue.defer();
  db.use("commit").bind().run();
}

struct Claimed {
  std::int64_t row;
  std::int64_t fence;
};

/// Ends what is held, claims what follows from it, and more from the queue; one transaction.
std::vector<Claimed> turn(Session& db, const std::vector<Claimed>& held, int batch, int tasks) {
  db.use("begin").bind().defer();
  auto load = db.use("load_execution");
  auto complete = db.use("complete_task");
  auto save = db.use("save_execution");
  auto first = db.use("claim_first");
  std::vector<Claimed> claimed;
  if (!held.empty()) {
    for (const auto& [row, fence] : held) {
      load.add(row >> 16);
      complete.add(row, fence, now_us(), now_us(), nullptr);
      if ((row & 0xffff) == tasks - 1) {
        save.add(row >> 16, 3, 0, 0, nullptr, now_us());
      } else {
        claimed.push_back({row + 1, 1});
      }
    }
    load.send();
    complete.send();
    while (load.step()) {
    }
    while (complete.step()) {
    }
    save.defer();
  }
  for (const auto& c : claimed) first.add(c.row, 1, 0, now_us(), 1, now_us());
  first.defer();
  if (const int room = batch - static_cast<int>(claimed.size()); room > 0) {
    std::vector<std::int64_t> rows;
    auto ready = db.use("ready");
    ready.bind(1, room);
    while (ready.step()) rows.push_back(ready.integer(0));
    if (!rows.empty()) {
      auto take = db.use("claim_queued");
      auto peek = db.use("peek_execution");
      auto start = db.use("start_execution");
      for (const auto row : rows) {
        take.add(row, 1, now_us());
        peek.add(row >> 16);
        start.add(row >> 16, now_us());
      }
      take.send();
      peek.send();
      while (take.step()) claimed.push_back({rows[take.input()], take.integer(0)});
      while (peek.step()) {
      }
      start.defer();
    }
  }
  db.use("commit").bind().run();
  return claimed;
}

}  // namespace

double floor_own_statements(Session& db, int batch, int executions, int tasks) {
  for (int i = 0; i < executions; i += insert_at_once) submit(db, i, std::min(i + insert_at_once, executions));
  const Stopwatch watch;
  std::vector<Claimed> held;
  do held = turn(db, held, batch, tasks);
  while (!held.empty());
  return 1.0 * executions * tasks / watch.seconds();
}

double floor_own_submit(Session& db, int batch, int executions) {
  const Stopwatch watch;
  for (int i = 0; i < executions; i += batch) submit(db, i, std::min(i + batch, executions));
  return executions / watch.seconds();
}

double floor_own_firings_ms(Session& db, int count, int batch) {
  const std::string text(200, 'x');
  db.use("begin").bind().defer();
  for (int i = 0; i < count; ++i) {
    const auto name = "s" + std::to_string(i);
    const auto id = id_of(i);
    db.use("insert_schedule").bind(id, name, "w", text, "", "{}", "", 0, 0, "", now_us(), now_us()).run();
  }
  db.use("commit").bind().run();
  const Stopwatch watch;
  for (int from = 0; from < count; from += batch) {
    const int to = std::min(from + batch, count);
    std::vector<std::array<std::uint8_t, 16>> ids;
    for (int i = from; i < to; ++i) ids.push_back(id_of(i));
    db.use("begin").bind().defer();
    auto schedule = db.use("turn_schedule");
    auto firing = db.use("insert_firing");
    auto execution = db.use("insert_scheduled");
    for (int i = from; i < to; ++i) {
      const auto& id = ids[static_cast<std::size_t>(i - from)];
      schedule.add(i + 1, 1, 0, "{}", "", now_us() + 1, now_us(), nullptr);
      firing.add(i + 1, now_us(), 0, 0, nullptr, now_us(), 1, now_us(), now_us(), id, nullptr);
      execution.add(id, 1, 1, 0, now_us(), now_us(), nullptr, 1, text, i + 1, now_us(), std::int64_t{i + 1}, 0, 0);
    }
    while (schedule.step()) {
    }
    while (firing.step()) {
    }
    auto claim = db.use("claim_first");
    auto start = db.use("start_execution");
    while (execution.step()) {
      claim.add(execution.integer(0) << 16, 1, 0, now_us(), 1, now_us());
      start.add(execution.integer(0), now_us());
    }
    claim.defer();
    start.defer();
    db.use("commit").bind().run();
  }
  return watch.seconds() * 1e3;
}

}  // namespace cloacina::bench
