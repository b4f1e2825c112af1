#include "store/sql/examination.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "core/changes.hpp"
#include "core/rules.hpp"
#include "store/sql_files.hpp"

namespace cloacina::store::sql {

namespace {

constexpr int page_size = 500;
constexpr std::size_t shown_max = 5;
/// What a query of `statements_doctor.sql` answers with at most.
constexpr std::size_t queried_max = 1'000;
/// Clocks of hosts may differ by this.
constexpr std::chrono::hours future{1};

/// One way in which something is wrong.
struct Kind {
  const char* what;    ///< `executions that …`
  const char* advice;  ///< what a person can do
};

constexpr const char* set_going = "'cloacinactl cancel' and then 'retry' count anew and set going again";
constexpr const char* restore = "nothing of ours leaves it so: restore a backup, or delete it";

struct TaskRow {
  State state = State::NotStarted;
  core::DependencyCounts counts;
};

bool terminal(State state) { return is_terminal(status_of(state)); }

class Examination {
 public:
  Examination(Session& session, Timestamp now, int executions_max)
      : session_(session), now_(now), executions_max_(executions_max) {}

  std::vector<Finding> run() {
    {
      const Snapshot snapshot(session_);
      definitions();
      rows();
      open_executions();
    }
    return report();
  }

 private:
  void found(const Kind& kind, std::string name) {
    auto& names = found_[&kind];
    ++names.second;
    if (names.first.size() < shown_max) names.first.push_back(std::move(name));
  }

  std::vector<Finding> report() {
    std::vector<Finding> out;
    for (const auto& [kind, names] : found_) {
      std::string text =
          std::string(kind->what) + (names.second < queried_max ? " (" : " (at least ") + std::to_string(names.second) + "): ";
      for (std::size_t i = 0; i < names.first.size(); ++i) text += (i == 0 ? "" : ", ") + names.first[i];
      if (names.second > names.first.size()) text += " and " + std::to_string(names.second - names.first.size()) + " more";
      out.push_back({"consistency", true, text + "; " + kind->advice});
    }
    std::sort(out.begin(), out.end(), [](const Finding& a, const Finding& b) { return a.text < b.text; });
    if (truncated_) {
      out.push_back(
          {"consistency", false, "of the open executions the oldest " + std::to_string(executions_max_) + " were counted again"});
    }
    return out;
  }

  void definitions() {
    static constexpr Kind damaged{"stored versions of workflows that cannot be read or are not what their hash says", restore};
    static constexpr Kind missing{"workflows without a stored version to submit", "register them again"};
    auto use = session_.use("examine_definitions");
    while (use.step()) {
      const std::string name = std::string(use.text(1)) + " " + std::string(use.text(2));
      try {
        auto definition = core::definition_from_text(use.text(3));
        if (definition->version != use.text(2)) found(damaged, name);
        definitions_.emplace(use.integer(0), std::move(definition));
      } catch (const Error&) {
        found(damaged, name);
      }
    }
    auto workflows = session_.use("examine_workflows");
    while (workflows.step()) found(missing, std::string(workflows.text(0)));
  }

  void each(const char* statement, const Kind& kind) {
    auto use = session_.use(statement);
    while (use.step()) found(kind, id_of(use.blob(0)).to_string());
  }

  void each_number(const char* statement, const Kind& kind) {
    auto use = session_.use(statement);
    while (use.step()) found(kind, std::to_string(use.integer(0)));
  }

  void rows() {
    static constexpr Kind orphans{"keys of executions that are not there and have tasks", restore};
    static constexpr Kind undefined{"executions whose workflow version is not stored", restore};
    static constexpr Kind working{"executions that have ended and have tasks that wait",
                                  "'cloacinactl retry' sets them going again"};
    static constexpr Kind timeless{"executions that have ended and do not say when, so that 'prune' never takes them",
                                   "'cloacinactl retry' runs them again"};
    static constexpr Kind unheld{"executions with a running task that no runner holds", set_going};
    static constexpr Kind endless_delay{"executions with a task that waits for a time and has none", set_going};
    static constexpr Kind firings{"keys of schedules that are not there and have a history", restore};
    static constexpr Kind attempts{"keys of executions with attempts of tasks that are not there", restore};
    static constexpr Kind gates{"executions that wait for others of their schedule or backfill, of which none is open",
                                "'cloacinactl cancel' them, and backfill their slots"};
    static constexpr Kind from_future{"executions that were submitted in the future", "a clock was wrong; they run all the same"};
    each_number("examine_orphans", orphans);
    each("examine_undefined", undefined);
    each("examine_working", working);
    each("examine_timeless", timeless);
    each("examine_unheld", unheld);
    each("examine_delays", endless_delay);
    each_number("examine_firings", firings);
    each_number("examine_attempts", attempts);
    each("examine_gates", gates);
    auto use = session_.use("examine_future");
    use.bind(now_ + future);
    while (use.step()) found(from_future, id_of(use.blob(0)).to_string());
  }

  void open_executions() {
    int left = executions_max_;
    for (ExecutionKey after = 0; left > 0;) {
      struct Row {
        ExecutionKey key;
        std::string id;
        DefinitionKey definition;
        ExecutionStatus status;
        std::int64_t open_leaves;
        std::int64_t failed;
        bool waits;
        std::string input;
      };
      std::vector<Row> page;
      {
        auto use = session_.use("examine_executions");
        use.bind(after, std::min(left, page_size));
        while (use.step()) {
          page.push_back({use.integer(0), id_of(use.blob(1)).to_string(), use.integer(2),
                          static_cast<ExecutionStatus>(use.integer(3)), use.integer(4), use.integer(5), use.integer(6) != 0,
                          std::string(use.text(7))});
        }
      }
      for (const auto& row : page) {
        static constexpr Kind bad_input{"executions whose input cannot be read", "'cloacinactl cancel' them"};
        if (!readable([&] { (void)core::values_from_text(row.input); })) found(bad_input, row.id);
        const auto it = definitions_.find(row.definition);
        if (it != definitions_.end()) count_again(*it->second, row.key, row.id, row.status, row.open_leaves, row.failed, row.waits);
      }
      if (static_cast<int>(page.size()) < std::min(left, page_size)) return;
      left -= static_cast<int>(page.size());
      after = page.back().key;
    }
    truncated_ = true;
  }

  template <class Read>
  static bool readable(const Read& read) {
    try {
      read();
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  void count_again(const Definition& d, ExecutionKey key, const std::string& id, ExecutionStatus status, std::int64_t open_leaves,
                   std::int64_t failed, bool waits) {
    static constexpr Kind stray{"tasks, by execution and number, that their workflow does not have", restore};
    static constexpr Kind bad_changes{"tasks whose changes of the context cannot be read",
                                      "'cloacinactl retry EXECUTION --from TASK' makes them anew"};
    static constexpr Kind stuck{"executions that are open, and nothing of them is ready or runs", set_going};
    static constexpr Kind wrong_leaves{"executions that count their open leaves wrongly and would not end when they should",
                                       set_going};
    static constexpr Kind wrong_failed{"executions that count their failed tasks wrongly", set_going};
    std::map<Position, TaskRow> tasks;
    bool alive = false;
    {
      auto use = session_.use("examine_tasks");
      use.bind(key);
      while (use.step()) {
        const auto position = static_cast<std::size_t>(use.integer(0));
        const auto state = static_cast<State>(use.integer(1));
        alive = alive || state == State::Ready || state == State::Delayed || state == State::Running || state == State::LastChance;
        if (position >= d.tasks.size()) {
          found(stray, id + " " + std::to_string(position));
          continue;
        }
        if (!use.is_null(5) && !readable([&] { (void)core::changes_from_text(use.text(5)); })) {
          found(bad_changes, id + " " + d.tasks[position].name);
        }
        tasks[static_cast<Position>(position)] = {state, {use.integer(2), use.integer(3), use.integer(4)}};
      }
    }
    if (!alive && !waits && status != ExecutionStatus::Paused) found(stuck, id);
    const auto [counted_leaves, counted_failed] = count_tasks(d, id, tasks, waits);
    if (counted_leaves != open_leaves) found(wrong_leaves, id);
    if (counted_failed != failed) found(wrong_failed, id);
  }

  std::pair<std::int64_t, std::int64_t> count_tasks(const Definition& d, const std::string& id,
                                                    const std::map<Position, TaskRow>& tasks, bool waits) {
    static constexpr Kind early{"tasks that may run or have run before their dependencies ended", set_going};
    static constexpr Kind late{"tasks that wait for nothing and are not ready", set_going};
    static constexpr Kind wrong_counts{"tasks that count their ended dependencies wrongly", set_going};
    const auto row_of = [&](Position position) {
      const auto it = tasks.find(position);
      return it == tasks.end() ? TaskRow{} : it->second;
    };
    std::vector<bool> failure_reaches(d.tasks.size(), false);
    std::int64_t open_leaves = 0;
    std::int64_t failed = 0;
    for (const auto position : d.order) {
      const auto& task = d.tasks[position];
      const auto row = row_of(position);
      core::DependencyCounts counted;
      for (const auto parent : task.after) {
        const State above = row_of(parent).state;
        counted.done += terminal(above) ? 1 : 0;
        counted.completed += above == State::Completed ? 1 : 0;
        counted.failed += failure_reaches[parent] ? 1 : 0;
      }
      failure_reaches[position] = row.state == State::Failed || (row.state == State::Skipped && counted.failed > 0);
      open_leaves += d.is_leaf(position) && !terminal(row.state) ? 1 : 0;
      failed += row.state == State::Failed ? 1 : 0;
      const auto all = static_cast<std::int64_t>(task.after.size());
      if (row.state != State::NotStarted) {
        if (counted.done < all && row.state != State::Cancelled) found(early, id + " " + task.name);
        continue;
      }
      if (!waits && counted.done == all) found(late, id + " " + task.name);
      // A task with one dependency has no need of counters.
      if (all > 1 && tasks.contains(position) &&
          (row.counts.done != counted.done || row.counts.completed != counted.completed || row.counts.failed != counted.failed)) {
        found(wrong_counts, id + " " + task.name);
      }
    }
    return {open_leaves, failed};
  }

  Session& session_;
  Timestamp now_;
  int executions_max_;
  bool truncated_ = false;
  std::map<DefinitionKey, std::shared_ptr<const Definition>> definitions_;
  std::map<const Kind*, std::pair<std::vector<std::string>, std::size_t>> found_;
};

}  // namespace

std::vector<Finding> examine(Session& session, Timestamp now, int executions_max) {
  return Examination(session, now, executions_max).run();
}

std::string missing_objects(Session& session, std::string_view prefix) {
  std::set<std::string, std::less<>> there;
  auto use = session.use("examine_objects");
  while (use.step()) there.emplace(use.text(0));
  std::string missing;
  for (const auto& file : sql_files()) {
    if (!file.name.starts_with(prefix)) continue;
    for (const std::string_view mark : {"\nCREATE TABLE ", "\nCREATE INDEX ", "\nCREATE UNIQUE INDEX ", "\nCREATE SEQUENCE "}) {
      for (auto at = file.text.find(mark); at != std::string_view::npos; at = file.text.find(mark, at + 1)) {
        auto name = file.text.substr(at + mark.size());
        name = name.substr(0, name.find_first_of(" (;\n"));
        if (!there.contains(name)) missing += (missing.empty() ? "" : ", ") + std::string(name);
      }
    }
  }
  return missing;
}

}  // namespace cloacina::store::sql
