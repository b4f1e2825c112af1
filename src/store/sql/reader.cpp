#include "store/sql/reader.hpp"

#include <algorithm>
#include <limits>

#include "core/changes.hpp"
#include "core/deferral.hpp"
#include "core/merge.hpp"
#include "core/text.hpp"
#include "store/sql/schedules.hpp"

namespace cloacina::store::sql {

namespace {

Json stored_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(ErrorCode::Corrupt, "a stored input is no JSON");
  return json;
}

class SqlReader final : public Reader {
 public:
  SqlReader(std::unique_ptr<Session> session, std::unique_ptr<Surroundings> surroundings, Definitions& definitions)
      : own_session_(std::move(session)), surroundings_(std::move(surroundings)), definitions_(definitions) {
    (void)changed_by_others();
  }

  std::optional<StoredDefinition> find_definition(const std::string& workflow) override {
    auto use = session_.use("current_of");
    if (!use.bind(workflow).step()) return std::nullopt;
    const DefinitionKey key = use.integer(0);
    auto definition = definitions_.get(session_, key);
    // A placeholder: schedules name the workflow, and nobody has registered it yet.
    if (definition->tasks.empty()) return std::nullopt;
    return StoredDefinition{key, std::move(definition)};
  }

  std::vector<StoredDefinition> current_definitions() override {
    std::vector<StoredDefinition> out;
    auto use = session_.use("current_definitions");
    while (use.step()) out.push_back({use.integer(0), nullptr});
    for (auto& d : out) d.definition = definitions_.get(session_, d.key);
    std::erase_if(out, [](const auto& d) { return d.definition->tasks.empty(); });
    return out;
  }

  std::optional<StoredDefinition> definition_of(const ExecutionId& id) override {
    auto use = session_.use("get_execution");
    if (!use.bind(id.bytes()).step()) return std::nullopt;
    const DefinitionKey key = use.integer(2);
    return StoredDefinition{key, definitions_.get(session_, key)};
  }

  std::optional<ExecutionStatus> status(const ExecutionId& id) override {
    auto use = session_.use("status_of_execution");
    if (!use.bind(id.bytes()).step()) return std::nullopt;
    return static_cast<ExecutionStatus>(use.integer(0));
  }

  std::optional<Execution> get(const ExecutionId& id, ExecutionKey known) override {
    // One snapshot for all statements.
    const Snapshot snapshot(session_);
    auto found = session_.use("get_execution");
    found.bind(id.bytes()).send();
    // All are on their way before the first is waited for.
    struct Rows {
      Use attempts;
      Use tasks;
      Use changes;
      Use events;
    };
    std::optional<Rows> rows;
    const auto ask = [&](ExecutionKey key) {
      rows.reset();
      rows.emplace(Rows{session_.use("attempts_of_execution"), session_.use("tasks_of_execution"),
                        session_.use("changes_of_execution"), session_.use("events_of_execution")});
      for (auto* one : {&rows->attempts, &rows->tasks, &rows->changes, &rows->events}) one->bind(key).send();
    };
    if (known != 0) ask(known);
    if (!found.step()) return std::nullopt;
    auto e = read_execution(found);
    if (const auto key = found.integer(0); key != known) ask(key);
    const auto& d = *definition_;
    read_tasks(e, d, rows->attempts, rows->tasks);
    e.context = core::json_of(core::merge(d, core::values_of(e.input), d.leaves, read_changes(rows->changes)));
    auto& use = rows->events;
    while (use.step()) {
      Event event{use.time(0), std::string(use.text(2)), {}, std::string(use.text(3)), std::string(use.text(4))};
      if (!use.is_null(1)) event.task = task_at(d, use.integer(1)).name;
      e.events.push_back(std::move(event));
    }
    return e;
  }

  ExecutionPage list(const ListFilter& filter) override {
    const Snapshot snapshot(session_);
    std::optional<std::int64_t> workflow;
    if (filter.workflow) {
      auto use = session_.use("workflow_by_name");
      if (!use.bind(*filter.workflow).step()) return {};
      workflow = use.integer(0);
    }
    const std::int64_t before = filter.page ? parse_page(*filter.page) : std::numeric_limits<std::int64_t>::max();
    const Timestamp since = filter.since.value_or(Timestamp::min());
    const auto limit = static_cast<std::int64_t>(filter.limit);
    std::string_view name = workflow ? "list_by_workflow" : "list";
    if (filter.status) {
      const auto s = *filter.status;
      name = s == ExecutionStatus::Completed ? "list_completed" : s <= ExecutionStatus::Running ? "list_open" : "list_odd";
    }
    auto use = session_.use(name);
    if (filter.status && name != "list_completed") {
      use.bind(before, since, limit + 1, workflow, static_cast<int>(*filter.status));
    } else if (filter.status || workflow) {
      use.bind(before, since, limit + 1, workflow);
    } else {
      use.bind(before, since, limit + 1);
    }
    ExecutionPage page;
    std::int64_t last = 0;
    while (use.step()) {
      if (page.executions.size() == filter.limit) {
        page.next = std::to_string(last);
        break;
      }
      last = use.integer(0);
      page.executions.push_back(read_execution(use));
    }
    return page;
  }

  std::vector<AttemptLog> logs(const ExecutionId& id, const std::optional<std::string>& task, std::optional<int> attempt) override {
    const Snapshot snapshot(session_);
    const auto stored = definition_of(id);
    if (!stored) throw Error(ErrorCode::NotFound, "there is no execution " + id.to_string());
    const auto& d = *stored->definition;
    std::optional<Position> wanted;
    if (task) {
      wanted = d.find(*task);
      if (!wanted) {
        std::vector<std::string> names;
        for (const auto& t : d.tasks) names.push_back(t.name);
        throw Error(ErrorCode::NotFound,
                    "execution " + id.to_string() + " has no task " + core::quote(*task) + core::suggestion(*task, names));
      }
    }
    std::vector<AttemptLog> out;
    auto key = session_.use("find_execution");
    key.bind(id.bytes()).step();
    auto use = session_.use("output_of_execution");
    use.bind(key.integer(0));
    while (use.step()) {
      const auto position = static_cast<Position>(use.integer(0));
      const int number = static_cast<int>(use.integer(1));
      if ((wanted && *wanted != position) || (attempt && *attempt != number)) continue;
      out.push_back({task_at(d, position).name, number, use.integer(2) == 1 ? "stdout" : "stderr", std::string(use.text(3)),
                     use.integer(4) != 0});
    }
    return out;
  }

  std::vector<RunnerInfo> runners() override {
    const Snapshot snapshot(session_);
    std::vector<RunnerInfo> out;
    auto use = session_.use("runners");
    while (use.step()) {
      const RunnerKey key = use.integer(0);
      RunnerInfo r;
      r.id = use.text(1);
      r.name = use.text(2);
      r.host = use.text(3);
      r.pid = static_cast<int>(use.integer(4));
      r.workers = static_cast<int>(use.integer(5));
      r.runs_stored_commands = use.integer(6) != 0;
      r.written_off = static_cast<int>(use.integer(7));
      r.started_at = use.time(9);
      r.alive = surroundings_->lives(key, use.optional_time(10));
      r.heartbeat_at = use.optional_time(11).value_or(r.started_at);
      for (const auto definition : knows(use.text(8))) {
        const auto d = definitions_.get(session_, definition);
        r.workflows.push_back(d->name + " " + d->version);
      }
      auto held = session_.use("held_by");
      held.bind(key);
      while (held.step()) {
        const auto d = definitions_.get(session_, held.integer(2));
        r.holds.push_back(id_of(held.blob(1)).to_string() + " " + task_at(*d, held.integer(0)).name);
      }
      out.push_back(std::move(r));
    }
    return out;
  }

  std::optional<ScheduleRow> find_schedule(const std::string& name) override { return sql::find_schedule(session_, name); }

  std::vector<std::string> schedule_names(int limit) override {
    std::vector<std::string> names;
    auto use = session_.use("schedule_names");
    use.bind(limit);
    while (use.step()) names.emplace_back(use.text(0));
    return names;
  }

  std::vector<ScheduleRow> list_schedules(const ScheduleFilter& filter) override { return sql::list_schedules(session_, filter); }

  std::optional<LastFiring> last_firing(ScheduleKey schedule) override {
    const Snapshot snapshot(session_);
    return sql::last_firing(session_, schedule);
  }

  FiringPage firings(ScheduleKey schedule, const FiringFilter& filter) override { return sql::firings(session_, schedule, filter); }

  std::vector<Event> schedule_events(ScheduleKey schedule, int limit) override {
    return sql::schedule_events(session_, schedule, limit);
  }

  std::optional<Event> schedule_removal(const std::string& name) override { return sql::schedule_removal(session_, name); }

  std::vector<Timestamp> fired_slots(ScheduleKey schedule, Timestamp from, Timestamp to) override {
    std::vector<Timestamp> slots;
    auto use = session_.use("fired_slots");
    use.bind(schedule, from, to);
    while (use.step()) slots.push_back(use.time(0));
    return slots;
  }

  ScheduleStats schedule_stats(ScheduleKey schedule, Timestamp since) override {
    const Snapshot snapshot(session_);
    return sql::schedule_stats(session_, schedule, since);
  }

  bool changed_by_others() override { return surroundings_->changed_by_others(session_); }

 private:
  static std::int64_t parse_page(const std::string& page) {
    try {
      std::size_t used = 0;
      const auto key = std::stoll(page, &used);
      if (used == page.size()) return key;
    } catch (const std::exception&) {
    }
    throw Error(ErrorCode::InvalidArgument, "page " + core::quote(page) + " is none that a list has given");
  }

  static std::vector<DefinitionKey> knows(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    return json.is_array() ? json.get<std::vector<DefinitionKey>>() : std::vector<DefinitionKey>{};
  }

  Execution read_execution(Use& use) {
    definition_ = definitions_.get(session_, use.integer(2));
    Execution e;
    e.id = id_of(use.blob(1));
    e.workflow = definition_->name;
    e.version = definition_->version;
    e.status = static_cast<ExecutionStatus>(use.integer(3));
    e.priority = static_cast<int>(use.integer(4));
    e.key = use.optional_text(5);
    e.submitted_at = use.time(6);
    e.due_at = use.time(7);
    e.started_at = use.optional_time(8);
    e.finished_at = use.optional_time(9);
    e.input = stored_json(use.text(10));
    e.error = use.optional_text(11);
    if (e.status == ExecutionStatus::Paused) e.pause_reason = use.optional_text(12);
    e.schedule = use.optional_text(13);
    e.slot = use.optional_time(14);
    e.waiting = static_cast<Waiting>(use.integer(15)) == Waiting::Gate;
    if (!is_terminal(e.status)) e.stranded = !somebody_knows(use.integer(2));
    return e;
  }

  bool somebody_knows(DefinitionKey definition) {
    auto use = session_.use("runners");
    while (use.step()) {
      if (!surroundings_->lives(use.integer(0), use.optional_time(10))) continue;
      if (use.integer(6) != 0 && definition_->only_commands) return true;
      const auto list = knows(use.text(8));
      if (std::find(list.begin(), list.end(), definition) != list.end()) return true;
    }
    return false;
  }

  static core::ChangesByTask read_changes(Use& use) {
    core::ChangesByTask changes;
    while (use.step()) {
      changes.emplace(static_cast<Position>(use.integer(0)),
                      std::make_shared<const ContextValues>(core::changes_from_text(use.text(1))));
    }
    return changes;
  }

  std::string runner_name(std::int64_t key) {
    auto& name = runner_names_[key];
    if (name.empty()) {
      auto use = session_.use("runner_name");
      if (use.bind(key).step()) name = use.text(0);
    }
    return name;
  }

  void read_tasks(Execution& e, const Definition& d, Use& attempts, Use& tasks) {
    for (const auto& task : d.tasks) {
      TaskState state;
      state.name = task.name;
      for (const auto parent : task.after) state.after.push_back(d.tasks[parent].name);
      // A task without a row was never reached.
      state.status = is_terminal(e.status) ? TaskStatus::Cancelled : TaskStatus::NotStarted;
      e.tasks.push_back(std::move(state));
    }
    while (attempts.step()) {
      const auto position = attempts.integer(0);
      (void)task_at(d, position);
      auto& task = e.tasks[static_cast<std::size_t>(position)];
      Attempt a{static_cast<int>(attempts.integer(1)),
                static_cast<AttemptStatus>(attempts.integer(2)),
                {},
                attempts.integer(4),
                {},
                {},
                {},
                {}};
      if (!attempts.is_null(3)) a.runner = runner_name(attempts.integer(3));
      a.started_at = attempts.time(5);
      a.finished_at = attempts.optional_time(6);
      a.error = attempts.optional_text(7);
      if (!attempts.is_null(8)) a.exit = static_cast<int>(attempts.integer(8));
      task.attempts.push_back(std::move(a));
    }
    auto& use = tasks;
    while (use.step()) {
      const auto& known = task_at(d, use.integer(0));
      auto& task = e.tasks[static_cast<std::size_t>(use.integer(0))];
      const auto state = static_cast<State>(use.integer(1));
      if (state != State::NotStarted || !is_terminal(e.status)) task.status = status_of(state);
      task.started_at = use.optional_time(7);
      task.finished_at = use.optional_time(8);
      if (state == State::Delayed || state == State::Held) task.run_at = use.optional_time(9);
      if (state == State::Failed || state == State::Skipped) task.error = use.optional_text(10);
      task.crashes = static_cast<int>(use.integer(5));
      if (!use.is_null(12)) task.deferrals = core::deferral_from_text(use.text(12)).waited.deferrals;
      // The row itself tells of the run that goes on or that completed.
      if (state != State::Running && state != State::Completed) continue;
      Attempt a;
      a.number = static_cast<int>(use.integer(3));
      a.status = state == State::Running ? AttemptStatus::Running : AttemptStatus::Completed;
      if (!use.is_null(6)) a.runner = runner_name(use.integer(6));
      a.fence = use.integer(2);
      a.started_at = use.time(7);
      a.finished_at = use.optional_time(8);
      if (state == State::Completed && !known.command.is_null()) a.exit = 0;
      task.attempts.push_back(std::move(a));
    }
  }

  std::unique_ptr<Session> own_session_;
  Session& session_ = *own_session_;
  std::unique_ptr<Surroundings> surroundings_;
  Definitions& definitions_;
  std::shared_ptr<const Definition> definition_;  // of the execution read last
  std::unordered_map<std::int64_t, std::string> runner_names_;
};

}  // namespace

std::unique_ptr<Reader> make_reader(std::unique_ptr<Session> session, std::unique_ptr<Surroundings> surroundings,
                                    Definitions& definitions) {
  return std::make_unique<SqlReader>(std::move(session), std::move(surroundings), definitions);
}

}  // namespace cloacina::store::sql
