#include "cloacina/runner.hpp"

#include <algorithm>

#include "core/definition.hpp"
#include "core/definition_json.hpp"
#include "core/text.hpp"
#include "os/process.hpp"
#include "runner/clock.hpp"
#include "runner/isolation.hpp"
#include "runner/lanes.hpp"
#include "runner/lookout.hpp"
#include "runner/options.hpp"
#include "runner/readers.hpp"
#include "runner/retention.hpp"
#include "runner/schedules.hpp"
#include "runner/waiters.hpp"

namespace cloacina {

namespace {

using runner::utc_now;

/// `duration` from now; one that the clock cannot hold is a hundred years.
std::chrono::steady_clock::time_point from_now(std::chrono::milliseconds duration) {
  constexpr std::chrono::milliseconds most = std::chrono::hours{24 * 365 * 100};
  return std::chrono::steady_clock::now() + std::clamp(duration, std::chrono::milliseconds{0}, most);
}

[[noreturn]] void not_found(const ExecutionId& id) { throw Error(ErrorCode::NotFound, "there is no execution " + id.to_string()); }

/// A stored definition that has only commands can run anywhere.
Workflow with_commands(const std::shared_ptr<const core::Definition>& definition) {
  std::vector<Workflow::Code> code;
  for (const auto& task : definition->tasks) {
    if (task.command.is_null()) {
      throw Error(ErrorCode::InvalidWorkflow,
                  "workflow '" + definition->name + "' has a task that is no command: '" + task.name + "'");
    }
    code.push_back({command_function(core::command_from_json(task.command)), {}, {}, task.retry});
  }
  return Workflow(definition, std::move(code));
}

Workflow without_code(const std::shared_ptr<const core::Definition>& definition) {
  return Workflow(definition, std::vector<Workflow::Code>(definition->tasks.size()));
}

/// Calls the host's sink one line at a time, and survives what it throws.
LogSink guarded(LogSink sink) {
  if (!sink) return [](LogLevel, std::string_view) {};
  return [sink = std::move(sink), mutex = std::make_shared<std::mutex>()](LogLevel level, std::string_view text) {
    const std::lock_guard lock(*mutex);
    try {
      sink(level, text);
    } catch (...) {
    }
  };
}

RunnerOptions checked(RunnerOptions options) {
  runner::check(options);
  if (options.actor.empty()) options.actor = os::user_name() + "@" + os::host_name();
  options.log = guarded(std::move(options.log));
  return options;
}

}  // namespace

struct CLOACINA_HIDDEN Runner::Impl {
  /// What a callback needs, and may need longer than the runner lives. Tasks need it for transactions of their own.
  struct Access final : engine::UserTransactions {
    explicit Access(const RunnerOptions& o)
        : database(store::open(o.database,
                               {.durability = o.durability, .busy_timeout = o.busy_timeout, .lease = o.lease, .tenant = o.tenant})),
          log(o.log) {}
    std::unique_ptr<store::Database> database;
    runner::Readers readers{*database};
    LogSink log;
    std::function<void(const Execution&)> finished_callback;

    void call_back(const ExecutionId& id);
    store::BatchResult apply_in(const UserConnection& connection, const store::Batch& batch) override {
      return database->apply_in(connection, batch);
    }
    bool is_completed(const store::ClaimedTask& claimed) override;
  };

  explicit Impl(RunnerOptions o) : options(checked(std::move(o))), access(std::make_shared<Access>(options)) {}

  RunnerOptions options;
  std::shared_ptr<Access> access;
  store::Database& database = *access->database;
  runner::Readers& readers = access->readers;
  runner::Watches watches{database};
  runner::Waiters waiters;

  mutable std::mutex mutex;  // what follows
  std::unique_ptr<store::Store> client;
  std::unordered_map<std::string, store::StoredDefinition> current;  // what was added here, by name
  std::vector<engine::RegisterRequest> registered;
  std::unique_ptr<runner::Lanes> lanes;
  std::unique_ptr<runner::RetentionThread> retention;
  enum class Phase { New, Started, Stopped } phase = Phase::New;

  /// The writing connection of calls that have no loop to go through. *Requires* the mutex.
  store::Store& writer() {
    if (!client) client = database.store();
    return *client;
  }
  [[nodiscard]] bool is_started() const {
    const std::lock_guard lock(mutex);
    return phase == Phase::Started;
  }
  [[nodiscard]] std::shared_ptr<engine::Inbox> loop() const {
    const std::lock_guard lock(mutex);
    return phase == Phase::Started ? lanes->next() : nullptr;
  }

  store::StoredDefinition definition(const std::string& workflow);
  store::NewExecution prepare(Submission& submission);
  std::vector<store::SubmitResult> commit(std::vector<store::NewExecution> executions);
  void control(store::Control control);
  [[nodiscard]] Execution get(const ExecutionId& id, store::ExecutionKey known = 0);
  /// `may_have_ended`: else the ticket is older than the execution, and would know.
  [[nodiscard]] Execution wait(const ExecutionId& id, std::optional<std::chrono::milliseconds> timeout,
                               runner::Waiters::Ticket& ticket, bool may_have_ended);
  std::vector<std::function<void()>> finished(const std::vector<store::FinishedExecution>& executions);
};

store::StoredDefinition Runner::Impl::definition(const std::string& workflow) {
  {
    const std::lock_guard lock(mutex);
    if (const auto it = current.find(workflow); it != current.end()) return it->second;
  }
  if (auto found = readers.with([&](store::Reader& r) { return r.find_definition(workflow); })) return *found;
  std::vector<std::string> names;
  for (const auto& d : readers.with([](store::Reader& r) { return r.current_definitions(); })) names.push_back(d.definition->name);
  throw Error(ErrorCode::NotFound, "there is no workflow " + core::quote(workflow) + core::suggestion(workflow, names) +
                                       (names.empty() ? "; the database knows none yet" : ""));
}

store::NewExecution Runner::Impl::prepare(Submission& s) {
  runner::check(s.options);
  const auto stored = definition(s.workflow);
  const std::string who = "submitting workflow '" + s.workflow + "': ";
  if (s.input.is_null()) s.input = Json::object();
  if (!s.input.is_object()) {
    throw Error(ErrorCode::InvalidArgument, who + "the input is a JSON object, not " + s.input.type_name());
  }
  if (!stored.definition->input.empty()) {
    Json merged = stored.definition->input;
    merged.update(s.input);
    s.input = std::move(merged);
  }
  store::NewExecution out;
  out.id = s.id.value_or(ExecutionId{});
  if (out.id.is_nil()) out.id = ExecutionId::generate();
  out.definition = stored.key;
  out.priority = s.options.priority;
  out.key = s.options.key;
  out.submitted_at = utc_now();
  out.start_at = s.options.start_at;
  try {
    out.input = s.input.dump();
    if (out.key) (void)Json(*out.key).dump();
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::InvalidArgument, who + "a text is not UTF-8: " + e.what());
  }
  if (out.input.size() > options.context_bytes_max) {
    throw Error(ErrorCode::InvalidArgument, who + "the input has " + std::to_string(out.input.size()) +
                                                " bytes; context_bytes_max is " + std::to_string(options.context_bytes_max));
  }
  return out;
}

std::vector<store::SubmitResult> Runner::Impl::commit(std::vector<store::NewExecution> executions) {
  if (const auto to = loop()) {
    engine::SubmitRequest request{std::move(executions), {}};
    auto answer = request.answer.get_future();
    to->submit(std::move(request));
    return answer.get();
  }
  store::Batch batch;
  batch.now = utc_now();
  batch.submissions = std::move(executions);
  const std::lock_guard lock(mutex);
  return writer().commit(batch).submissions;
}

void Runner::Impl::control(store::Control c) {
  runner::check_reason(c.reason);
  c.actor = options.actor;
  store::ControlResult result;
  if (const auto to = loop()) {
    engine::ControlRequest request{std::move(c), {}};
    auto answer = request.answer.get_future();
    to->control(std::move(request));
    result = answer.get();
  } else {
    store::Batch batch;
    batch.now = utc_now();
    batch.controls.push_back(std::move(c));
    const std::lock_guard lock(mutex);
    result = writer().commit(batch).controls.at(0);
  }
  if (result.applied == store::Applied::NotFound) throw Error(ErrorCode::NotFound, result.text);
  if (result.applied != store::Applied::Yes) throw Error(ErrorCode::Conflict, result.text);
}

void Runner::Impl::Access::call_back(const ExecutionId& id) {
  try {
    if (const auto execution = readers.with([&](store::Reader& r) { return r.get(id); })) finished_callback(*execution);
  } catch (const std::exception& error) {
    log(LogLevel::Error, "the completion callback failed for execution " + id.to_string() + ": " + error.what());
  } catch (...) {
    log(LogLevel::Error, "the completion callback failed for execution " + id.to_string());
  }
}

bool Runner::Impl::Access::is_completed(const store::ClaimedTask& claimed) {
  const auto execution = readers.with([&](store::Reader& r) { return r.get(claimed.id); });
  if (!execution) return false;
  const auto& attempts = execution->tasks.at(claimed.task.position).attempts;
  return std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& a) {
    return a.status == AttemptStatus::Completed && a.number == claimed.number && a.fence == claimed.fence;
  });
}

std::vector<std::function<void()>> Runner::Impl::finished(const std::vector<store::FinishedExecution>& executions) {
  for (const auto& e : executions) waiters.finished(e.id, e.key);
  std::vector<std::function<void()>> jobs;
  if (!access->finished_callback) return jobs;
  for (const auto& e : executions) jobs.emplace_back([access = access, id = e.id] { access->call_back(id); });
  return jobs;
}

Runner::Runner(RunnerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Runner::~Runner() { stop(std::chrono::milliseconds{0}); }

void Runner::add(const Workflow& added) {
  const Workflow workflow = runner::isolate(added);
  const std::lock_guard lock(impl_->mutex);
  const auto key = impl_->writer().put_definition(workflow.definition(), utc_now());
  impl_->current.insert_or_assign(workflow.name(), store::StoredDefinition{key, workflow.shared_definition()});
  if (impl_->phase == Impl::Phase::Started) {
    impl_->lanes->add({key, workflow});
  } else {
    impl_->registered.push_back({key, workflow});
  }
}

void Runner::start() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->phase != Impl::Phase::New) throw Error(ErrorCode::Conflict, "this runner was started before");
  const runner::Lanes::Setup setup{impl_->options,
                                   impl_->database,
                                   impl_->access,
                                   [impl = impl_.get()](const auto& executions) { return impl->finished(executions); },
                                   [impl = impl_.get()] { impl->waiters.recheck(); },
                                   with_commands};
  impl_->lanes = std::make_unique<runner::Lanes>(setup, impl_->registered);
  impl_->registered.clear();
  impl_->phase = Impl::Phase::Started;
  const auto& keeps = impl_->options.retention;
  if (keeps.older_than || keeps.keep || keeps.firings_older_than) {
    impl_->retention = std::make_unique<runner::RetentionThread>(impl_->database, keeps, impl_->options.log);
  }
}

StopReport Runner::stop(std::chrono::milliseconds deadline) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->phase != Impl::Phase::Started) {
      impl_->phase = Impl::Phase::Stopped;
      if (impl_->lanes) impl_->lanes->hurry(from_now(deadline));
      return {};
    }
    impl_->phase = Impl::Phase::Stopped;
  }
  if (impl_->retention) impl_->retention->request_stop();
  const auto left = impl_->lanes->stop(from_now(deadline));
  impl_->retention.reset();
  impl_->waiters.recheck();
  StopReport report;
  for (const auto& item : left.items) report.unfinished.push_back({item->claimed.id, item->task().name});
  report.threads_left = left.threads;
  return report;
}

ExecutionId Runner::submit(std::string_view workflow, Json input, SubmitOptions options) {
  std::vector<Submission> one;
  one.push_back({std::string(workflow), std::move(input), std::move(options), {}});
  return submit_many(std::move(one)).front();
}

std::vector<ExecutionId> Runner::submit_many(std::vector<Submission> submissions) {
  if (submissions.empty()) return {};
  std::vector<store::NewExecution> executions;
  executions.reserve(submissions.size());
  for (auto& s : submissions) executions.push_back(impl_->prepare(s));
  std::vector<ExecutionId> ids;
  for (const auto& result : impl_->commit(std::move(executions))) ids.push_back(result.id);
  return ids;
}

ExecutionId Runner::submit_in(const UserConnection& connection, std::string_view workflow, Json input, SubmitOptions options) {
  Submission submission{std::string(workflow), std::move(input), std::move(options), {}};
  store::Batch batch;
  batch.now = utc_now();
  batch.submissions.push_back(impl_->prepare(submission));
  return impl_->database.apply_in(connection, batch).submissions.at(0).id;
}

Execution Runner::run(std::string_view workflow, Json input, SubmitOptions options) {
  // Whoever waits before it submits has not missed the end, and need not look whether it has come.
  const auto id = ExecutionId::generate();
  runner::Waiters::Ticket ticket(impl_->waiters, id);
  const auto submitted = submit_many({{std::string(workflow), std::move(input), std::move(options), id}}).front();
  if (submitted != id || !impl_->is_started()) return wait(submitted);  // the unique key's, or nobody runs it here
  return impl_->wait(id, {}, ticket, false);
}

Execution Runner::wait(const ExecutionId& id, std::optional<std::chrono::milliseconds> timeout) {
  runner::Waiters::Ticket ticket(impl_->waiters, id);
  return impl_->wait(id, timeout, ticket, true);
}

Execution Runner::Impl::wait(const ExecutionId& id, std::optional<std::chrono::milliseconds> timeout,
                             runner::Waiters::Ticket& ticket, bool may_have_ended) {
  std::optional<std::chrono::steady_clock::time_point> until;
  if (timeout) until = from_now(*timeout);
  const auto status_now = [&] { return readers.with([&](store::Reader& r) { return r.status(id); }); };
  std::optional<runner::Lookout> lookout;
  for (;; may_have_ended = true) {
    if (!lookout && !is_started()) {
      lookout.emplace(watches);
      may_have_ended = true;
    }
    auto status = ExecutionStatus::Pending;
    if (may_have_ended) {
      const auto found = status_now();
      if (!found) not_found(id);
      status = *found;
      if (is_terminal(status)) return get(id);
    }
    bool signalled = true;
    if (lookout) {
      // Without a loop of our own we look when others have written.
      signalled = lookout->wait(until);
    } else {
      using Why = runner::Waiters::Ticket::Why;
      const auto why = ticket.wait(until);
      if (why == Why::Finished) {
        if (auto e = get(id, ticket.key()); is_terminal(e.status)) return e;  // unless it was retried
      }
      signalled = why != Why::TimedOut;
    }
    if (!signalled && until && std::chrono::steady_clock::now() >= *until) {
      const auto last = status_now();
      if (last && is_terminal(*last)) return get(id);
      throw Error(ErrorCode::Timeout, "execution " + id.to_string() + " is " + std::string(to_string(last.value_or(status))) +
                                          " after " + format_duration(*timeout));
    }
  }
}

void Runner::on_finished(std::function<void(const Execution&)> callback) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->phase != Impl::Phase::New) throw Error(ErrorCode::Conflict, "on_finished is set before start");
  impl_->access->finished_callback = std::move(callback);
}

Execution Runner::get(const ExecutionId& id) const { return impl_->get(id); }

Execution Runner::Impl::get(const ExecutionId& id, store::ExecutionKey known) {
  auto found = readers.with([&](store::Reader& r) { return r.get(id, known); });
  if (!found) not_found(id);
  return std::move(*found);
}

ExecutionPage Runner::list(const ListFilter& filter) const {
  runner::check(filter);
  return impl_->readers.with([&](store::Reader& r) { return r.list(filter); });
}

std::vector<AttemptLog> Runner::logs(const ExecutionId& id, std::optional<std::string> task, std::optional<int> attempt) const {
  return impl_->readers.with([&](store::Reader& r) { return r.logs(id, task, attempt); });
}

Workflow Runner::workflow_of(const ExecutionId& id) const {
  const auto stored = impl_->readers.with([&](store::Reader& r) { return r.definition_of(id); });
  if (!stored) not_found(id);
  return without_code(stored->definition);
}

std::vector<Workflow> Runner::workflows() const {
  std::vector<Workflow> out;
  for (const auto& d : impl_->readers.with([](store::Reader& r) { return r.current_definitions(); })) {
    out.push_back(without_code(d.definition));
  }
  return out;
}

std::vector<RunnerInfo> Runner::runners() const {
  return runner::without_lanes(impl_->readers.with([](store::Reader& r) { return r.runners(); }));
}

void Runner::cancel(const ExecutionId& id, std::string reason) {
  impl_->control({store::Control::Kind::Cancel, id, std::move(reason), {}});
}
void Runner::pause(const ExecutionId& id, std::string reason) {
  impl_->control({store::Control::Kind::Pause, id, std::move(reason), {}});
}
void Runner::resume(const ExecutionId& id) { impl_->control({store::Control::Kind::Resume, id, {}, {}}); }
void Runner::retry(const ExecutionId& id, std::optional<std::string> from) {
  impl_->control({store::Control::Kind::Retry, id, {}, std::move(from)});
}

Schedules Runner::schedules() {
  auto* impl = impl_.get();
  const auto with_writer = [impl](const std::function<void(store::Store&)>& use) {
    const std::lock_guard lock(impl->mutex);
    use(impl->writer());
  };
  return Schedules(std::make_shared<Schedules::Impl>(
      Schedules::Impl{impl->readers, with_writer, impl->options.context_bytes_max, utc_now, impl->options.actor}));
}

Runner::Stats Runner::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->lanes ? impl_->lanes->stats() : Stats{};
}

}  // namespace cloacina
