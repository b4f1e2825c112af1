#include "simulation/sqlite_view.hpp"

#include <algorithm>

#include "store/sqlite/connection.hpp"

namespace cloacina::simulation {

namespace {

/// Rows of integers; a column that is NULL is 0.
using Rows = std::vector<std::vector<std::int64_t>>;

class SqliteView final : public View {
 public:
  explicit SqliteView(const std::filesystem::path& file) : connection_(file, {.read_only = true}) {}

  // Nobody tells which: some of those that are open, each in its turn, and what was looked at last.
  std::vector<store::ExecutionKey> take_changed() override {
    auto out = std::exchange(looked_at_, {});
    const auto more = [&](store::ExecutionKey after) {
      for (const auto& row : rows("SELECT key FROM cloacina_execution WHERE status < 3 AND key > " + std::to_string(after) +
                                  " ORDER BY key LIMIT 20")) {
        looked_at_.push_back(row[0]);
      }
    };
    more(last_);
    if (looked_at_.empty()) more(0);
    last_ = looked_at_.empty() ? 0 : looked_at_.back();
    out.insert(out.end(), looked_at_.begin(), looked_at_.end());
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  std::vector<store::ExecutionKey> executions() override {
    std::vector<store::ExecutionKey> out;
    for (const auto& row : rows("SELECT key FROM cloacina_execution ORDER BY key")) out.push_back(row[0]);
    return out;
  }
  std::optional<ExecutionView> execution(store::ExecutionKey key) override {
    const auto where = " FROM cloacina_execution WHERE key = " + std::to_string(key);
    const auto found = rows("SELECT definition, status, open_leaves, failed, retried, gate, gate_max, waiting" + where);
    if (found.empty()) return std::nullopt;
    const auto& r = found[0];
    ExecutionView e;
    e.key = key;
    e.id = ExecutionId::parse(
        connection_
            .text("SELECT lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || "
                  "'-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))" +
                  where)
            .value());
    e.definition = r[0];
    e.status = static_cast<ExecutionStatus>(r[1]);
    e.open_leaves = r[2];
    e.failed = r[3];
    e.retried = r[4] != 0;
    e.gate = r[5];
    e.gate_max = r[6];
    e.waiting = static_cast<store::Waiting>(r[7]);
    e.error = connection_.text("SELECT error" + where);
    return e;
  }
  std::vector<TaskView> tasks(store::ExecutionKey key) override {
    std::vector<TaskView> out;
    for (const auto& r :
         rows("SELECT id & 65535, state, rank, due_at, fence, number, failures, crashes, done, completed, failed, runner "
              "FROM cloacina_task WHERE id >> 16 = " +
              std::to_string(key) + " ORDER BY id")) {
      out.push_back({static_cast<core::Position>(r[0]),
                     static_cast<store::State>(r[1]),
                     r[2],
                     r[3],
                     r[4],
                     r[5],
                     r[6],
                     r[7],
                     {r[8], r[9], r[10]},
                     r[11]});
    }
    return out;
  }
  std::optional<Queued> first_ready(store::DefinitionKey definition) override {
    const auto found =
        rows("SELECT rank, due_at, id FROM cloacina_task WHERE state = 1 AND definition = " + std::to_string(definition) +
             " ORDER BY rank, due_at, id LIMIT 1");
    return found.empty() ? std::nullopt : std::optional(Queued{found[0][0], found[0][1], found[0][2]});
  }
  std::vector<AtGate> open_of_gate(std::int64_t gate) override {
    std::vector<AtGate> out;
    for (const auto& r : rows("SELECT key, gate_max, waiting FROM cloacina_execution WHERE status < 3 AND gate = " +
                              std::to_string(gate) + " ORDER BY key")) {
      out.push_back({r[0], r[1], static_cast<store::Waiting>(r[2])});
    }
    return out;
  }
  bool is_registered(store::RunnerKey runner) override {
    return !rows("SELECT 1 FROM cloacina_runner WHERE stopped_at IS NULL AND key = " + std::to_string(runner)).empty();
  }

 private:
  Rows rows(const std::string& sql) {
    Rows out;
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(connection_.handle(), sql.c_str(), -1, &statement, nullptr);
    if (code != SQLITE_OK) store::sqlite::fail(connection_.handle(), code, sql);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      auto& row = out.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(sqlite3_column_int64(statement, i));
    }
    sqlite3_finalize(statement);
    return out;
  }

  store::sqlite::Connection connection_;
  std::vector<store::ExecutionKey> looked_at_;
  store::ExecutionKey last_ = 0;
};

}  // namespace

SimulatedDatabase sqlite_database(const std::filesystem::path& file) {
  auto database = store::open("sqlite:" + file.string(), {.durability = Durability::Normal, .callers_clock = true});
  auto view = std::make_unique<SqliteView>(file);
  return {std::move(database), std::move(view), {}};
}

}  // namespace cloacina::simulation
