#include "conformance/audit.hpp"

#include <map>

#include "core/rules.hpp"
#include "store/sql/definitions.hpp"

namespace cloacina::test {

namespace {

using store::State;

struct Row {
  State state = State::NotStarted;
  core::DependencyCounts counts;
};

bool terminal(State s) { return is_terminal(store::status_of(s)); }

/// Counts an execution again from the states of its tasks.
class Audit {
 public:
  explicit Audit(AuditedDatabase& database) : database_(database) {}

  std::vector<std::string> run() {
    std::vector<std::int64_t> keys;
    for (std::int64_t key = 0;;) {
      const auto next = database_.next_execution(key);
      if (!next) break;
      key = *next;
      keys.push_back(key);
    }
    for (const auto key : keys) execution(key);
    return found_;
  }

 private:
  void differ(std::int64_t key, const std::string& what, std::int64_t stored, std::int64_t counted) {
    if (stored != counted) {
      found_.push_back("execution " + std::to_string(key) + ": " + what + " is stored as " + std::to_string(stored) +
                       " and counts " + std::to_string(counted));
    }
  }

  std::map<core::Position, Row> rows_of(std::int64_t key) {
    std::map<core::Position, Row> rows;
    {
      auto use = database_.session().use("tasks_of_execution");
      use.bind(key);
      while (use.step()) rows[static_cast<core::Position>(use.integer(0))].state = static_cast<State>(use.integer(1));
    }
    for (auto& [position, row] : rows) {
      const auto column = [&](const char* name) { return database_.of_task(store::sql::row_of({key, position}), name); };
      row.counts = {column("done"), column("completed"), column("failed")};
    }
    return rows;
  }

  void execution(std::int64_t key) {
    const auto d = definitions_.get(database_.session(), database_.of_execution(key, "definition"));
    const bool ended = database_.of_execution(key, "status") >= 3;
    auto rows = rows_of(key);
    std::vector<bool> failure_reaches(d->tasks.size(), false);
    std::int64_t open_leaves = 0;
    std::int64_t failed = 0;
    for (const auto position : d->order) {
      const auto& after = d->tasks[position].after;
      const State state = rows.contains(position) ? rows[position].state : State::NotStarted;
      core::DependencyCounts counted;
      for (const auto parent : after) {
        const State above = rows.contains(parent) ? rows[parent].state : State::NotStarted;
        counted.done += terminal(above) ? 1 : 0;
        counted.completed += above == State::Completed ? 1 : 0;
        counted.failed += failure_reaches[parent] ? 1 : 0;
      }
      failure_reaches[position] = state == State::Failed || (state == State::Skipped && counted.failed > 0);
      open_leaves += d->is_leaf(position) && !terminal(state) ? 1 : 0;
      failed += state == State::Failed ? 1 : 0;
      // A task with one parent has no need of counters.
      if (!ended && state == State::NotStarted && rows.contains(position) && after.size() > 1) {
        const auto& name = d->tasks[position].name;
        differ(key, "done of " + name, rows[position].counts.done, counted.done);
        differ(key, "completed of " + name, rows[position].counts.completed, counted.completed);
        differ(key, "failed of " + name, rows[position].counts.failed, counted.failed);
      }
    }
    if (ended) return;
    differ(key, "open_leaves", database_.of_execution(key, "open_leaves"), open_leaves);
    differ(key, "failed", database_.of_execution(key, "failed"), failed);
  }

  AuditedDatabase& database_;
  store::sql::Definitions definitions_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> audit(AuditedDatabase& database) { return Audit(database).run(); }

}  // namespace cloacina::test
