#include <algorithm>
#include <deque>
#include <map>

#include "cloacina/testing.hpp"
#include "core/changes.hpp"
#include "core/text.hpp"
#include "engine/engine.hpp"
#include "runner/options.hpp"
#include "runner/readers.hpp"
#include "runner/schedules.hpp"
#include "store/memory/database.hpp"

namespace cloacina {

namespace {

using engine::WorkDone;
using engine::WorkItem;

constexpr auto never = std::chrono::hours{24 * 365 * 100};
/// A workflow that keeps itself busy at one instant comes to no end.
constexpr int steps_at_once_max = 1'000'000;

}  // namespace

struct CLOACINA_HIDDEN ManualRunner::Impl {
  explicit Impl(Timestamp start) : now{start, engine::Steady{} + std::chrono::hours{24}} { boot(); }

  /// A process: it is gone with its store.
  void boot() {
    items.clear();
    engine.reset();
    store = database->store();
    inbox = std::make_shared<engine::Inbox>(1'000'000);
    const auto key = store->open_runner({.id = ExecutionId::generate().to_string(),
                                         .name = "manual/" + std::to_string(++processes),
                                         .host = "manual",
                                         .pid = processes,
                                         .workers = 1,
                                         .any_commands = false,
                                         .started_at = now.utc});
    engine::EngineOptions options;
    options.runner = key;
    options.workers = 1;  // a task at a time
    options.prefetch_max = 0;
    options.heartbeat = never;
    engine = std::make_unique<engine::Engine>(*store, inbox, options, [](const auto& definition) {
      return Workflow(definition, std::vector<Workflow::Code>(definition->tasks.size()));
    });
    for (const auto& [name, known] : workflows) inbox->add({known.first, known.second});
  }

  engine::Effects turn() {
    auto effects = engine->step(now);
    for (auto& answer : effects.answers) answer();
    for (auto& item : effects.stop) item->stop.request_stop();
    for (auto& item : effects.start) items.push_back(std::move(item));
    for (auto& callback : effects.callbacks) callback();
    return effects;
  }

  /// Turns until there is a task to run, or nothing to do; when the next thing is due then.
  std::optional<Timestamp> find_work() {
    for (int i = 0; i < steps_at_once_max; ++i) {
      const auto effects = turn();
      if (!items.empty() || (inbox->empty() && !effects.again && !effects.trouble)) return effects.wake_utc;
    }
    throw Error(ErrorCode::Internal, "the engine comes to no rest");
  }

  std::optional<Step> step() {
    if (items.empty()) (void)find_work();
    if (items.empty()) return std::nullopt;
    const auto item = std::move(items.front());
    items.pop_front();
    Step step{item->claimed.id, item->workflow.name(), item->task().name, item->claimed.number};
    auto scripted = scripts.find({step.workflow, step.task});
    if (scripted == scripts.end() || scripted->second.empty()) {
      auto done = engine::perform(item);
      done.started_at = done.finished_at = now.utc;
      report(std::move(done));
      (void)turn();
      return step;
    }
    const auto outcome = std::move(scripted->second.front());
    scripted->second.pop_front();
    if (outcome.kind == ScriptedOutcome::Kind::Crash) {
      boot();
    } else {
      report(done_as(outcome, item));
      (void)turn();
    }
    return step;
  }

  void report(WorkDone done) {
    std::vector<WorkDone> one;
    one.push_back(std::move(done));
    inbox->done(std::move(one), false);
  }

  WorkDone done_as(const ScriptedOutcome& outcome, const std::shared_ptr<WorkItem>& item) const {
    WorkDone done;
    done.item = item;
    done.started_at = done.finished_at = now.utc;
    if (outcome.kind == ScriptedOutcome::Kind::Success) {
      Context context;
      for (const auto& [key, value] : outcome.changes.items()) context.set(key, value);
      done.changes = std::make_shared<const ContextValues>(context.changes());
      done.changes_text = core::changes_to_text(*done.changes);
    } else {
      done.failure = outcome.kind == ScriptedOutcome::Kind::Timeout
                         ? engine::timed_out(*item)
                         : Failure{FailureKind::Exception, outcome.text.empty() ? "failed" : outcome.text, {}, {}, {}, {}};
      engine::judge(done);
    }
    return done;
  }

  const Workflow& workflow(std::string_view name) const {
    const auto found = workflows.find(std::string(name));
    if (found != workflows.end()) return found->second.second;
    std::vector<std::string> names;
    for (const auto& [known, value] : workflows) names.push_back(known);
    throw Error(ErrorCode::NotFound, "there is no workflow " + core::quote(name) + core::suggestion(name, names));
  }

  void control(store::Control control) {
    runner::check_reason(control.reason);
    engine::ControlRequest request{std::move(control), {}};
    auto answer = request.answer.get_future();
    inbox->control(std::move(request));
    (void)turn();
    const auto result = answer.get();
    if (result.applied == store::Applied::NotFound) throw Error(ErrorCode::NotFound, result.text);
    if (result.applied != store::Applied::Yes) throw Error(ErrorCode::Conflict, result.text);
  }

  std::vector<Step> run_until(Timestamp time, const std::function<bool()>& enough) {
    std::vector<Step> ran;
    while (true) {
      while (auto one = step()) ran.push_back(std::move(*one));
      const auto next = find_work();
      if (!items.empty()) continue;
      if (enough()) return ran;
      if (!next || *next > time) return ran;
      move(std::max<std::chrono::microseconds>(*next - now.utc, std::chrono::microseconds{1}));
    }
  }

  void move(std::chrono::microseconds by) {
    now.utc += by;
    now.steady += by;
  }

  engine::Now now;
  std::unique_ptr<store::memory::MemoryDatabase> database = store::memory::open();
  std::unique_ptr<store::Store> client = database->store();
  runner::Readers readers{*database};
  std::map<std::string, std::pair<store::DefinitionKey, Workflow>> workflows;
  std::map<std::pair<std::string, std::string>, std::deque<ScriptedOutcome>> scripts;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<engine::Inbox> inbox;
  std::unique_ptr<engine::Engine> engine;
  std::deque<std::shared_ptr<WorkItem>> items;
  int processes = 0;
};

ManualRunner::ManualRunner(std::optional<Timestamp> start)
    : impl_(std::make_unique<Impl>(start.value_or(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}))) {}
ManualRunner::~ManualRunner() = default;

Timestamp ManualRunner::now() const { return impl_->now.utc; }

void ManualRunner::add(const Workflow& workflow) {
  const auto key = impl_->client->put_definition(workflow.definition(), now());
  impl_->workflows.insert_or_assign(workflow.name(), std::pair(key, workflow));
  impl_->inbox->add({key, workflow});
}

void ManualRunner::script(std::string_view workflow, std::string_view task, std::vector<ScriptedOutcome> outcomes) {
  const auto names = impl_->workflow(workflow).tasks();
  if (std::find(names.begin(), names.end(), task) == names.end()) {
    throw Error(ErrorCode::NotFound,
                "workflow " + core::quote(workflow) + " has no task " + core::quote(task) + core::suggestion(task, names));
  }
  auto& queue = impl_->scripts[{std::string(workflow), std::string(task)}];
  for (auto& outcome : outcomes) queue.push_back(std::move(outcome));
}

ExecutionId ManualRunner::submit(std::string_view workflow, Json input, SubmitOptions options) {
  runner::check(options);
  const auto& flow = impl_->workflow(workflow);
  if (input.is_null()) input = Json::object();
  if (!input.is_object()) {
    throw Error(ErrorCode::InvalidArgument,
                "submitting workflow " + core::quote(workflow) + ": the input is a JSON object, not " + input.type_name());
  }
  Json merged = flow.default_input().is_object() ? flow.default_input() : Json::object();
  merged.update(input);
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = impl_->workflows.at(flow.name()).first;
  e.priority = options.priority;
  e.key = options.key;
  e.submitted_at = now();
  e.start_at = options.start_at;
  e.input = merged.dump();
  engine::SubmitRequest request;
  request.executions.push_back(std::move(e));
  auto answer = request.answer.get_future();
  impl_->inbox->submit(std::move(request));
  (void)impl_->turn();
  return answer.get().front().id;
}

Execution ManualRunner::run(std::string_view workflow, Json input, SubmitOptions options) {
  const auto id = submit(workflow, std::move(input), std::move(options));
  const auto ended = [&] { return is_terminal(get(id).status); };
  (void)impl_->run_until(Timestamp::max(), ended);
  auto execution = get(id);
  if (is_terminal(execution.status)) return execution;
  throw Error(ErrorCode::Timeout,
              "execution " + id.to_string() + " is " + std::string(to_string(execution.status)) + ", and nothing is left to do");
}

void ManualRunner::cancel(const ExecutionId& id, std::string reason) {
  impl_->control({store::Control::Kind::Cancel, id, std::move(reason), {}});
}
void ManualRunner::pause(const ExecutionId& id, std::string reason) {
  impl_->control({store::Control::Kind::Pause, id, std::move(reason), {}});
}
void ManualRunner::resume(const ExecutionId& id) { impl_->control({store::Control::Kind::Resume, id, {}, {}}); }
void ManualRunner::retry(const ExecutionId& id, std::optional<std::string> from) {
  impl_->control({store::Control::Kind::Retry, id, {}, std::move(from)});
}

std::optional<ManualRunner::Step> ManualRunner::step() { return impl_->step(); }

std::vector<ManualRunner::Step> ManualRunner::settle() {
  std::vector<Step> ran;
  while (auto one = step()) ran.push_back(std::move(*one));
  return ran;
}

void ManualRunner::advance(std::chrono::microseconds time) {
  if (time.count() < 0) throw Error(ErrorCode::InvalidArgument, "the clock of a ManualRunner moves forwards");
  impl_->move(time);
}

std::vector<ManualRunner::Step> ManualRunner::run_until(Timestamp time) {
  auto ran = impl_->run_until(time, [] { return false; });
  if (time > now()) advance(time - now());
  for (auto& one : settle()) ran.push_back(std::move(one));
  return ran;
}

void ManualRunner::crash(bool holding) {
  if (holding && impl_->items.empty()) (void)impl_->find_work();
  // What it has claimed without `holding` is the task that a step would run: nobody has asked for that yet.
  if (!holding && !impl_->items.empty()) {
    for (const auto& item : impl_->items) {
      WorkDone back;
      back.item = item;
      back.began = false;
      back.started_at = back.finished_at = now();
      impl_->report(std::move(back));
    }
    impl_->items.clear();
    impl_->inbox->drain();
    (void)impl_->turn();
  }
  impl_->boot();
}

Execution ManualRunner::get(const ExecutionId& id) const {
  auto found = impl_->readers.with([&](store::Reader& r) { return r.get(id); });
  if (!found) throw Error(ErrorCode::NotFound, "there is no execution " + id.to_string());
  return *found;
}

ExecutionPage ManualRunner::list(const ListFilter& filter) const {
  return impl_->readers.with([&](store::Reader& r) { return r.list(filter); });
}

Schedules ManualRunner::schedules() {
  const auto with_writer = [impl = impl_.get()](const std::function<void(store::Store&)>& use) {
    use(*impl->client);
    impl->engine->hint();
  };
  return Schedules(std::make_shared<Schedules::Impl>(
      Schedules::Impl{impl_->readers, with_writer, std::size_t{16} << 20, [impl = impl_.get()] { return impl->now.utc; }}));
}

}  // namespace cloacina
