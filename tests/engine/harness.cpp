#include "harness.hpp"

#include <algorithm>

#include "conformance/contradictions.hpp"
#include "postgres/fresh_schema.hpp"
#include "runner/examine_schedules.hpp"
#include "store/memory/database.hpp"

namespace cloacina::engine::test {

Process::Process(store::Database& database, Watch& watch, EngineOptions options, Timestamp now, const std::string& name)
    : store(std::make_unique<WatchedStore>(database.store(), watch)) {
  store::RunnerRecord record;
  record.id = ExecutionId::generate().to_string();
  record.name = name;
  record.host = "test";
  record.workers = options.workers;
  record.started_at = now;
  key = store->open_runner(record);
  options.runner = key;
  engine = std::make_unique<Engine>(*store, inbox, options, [](const auto& definition) {
    return Workflow(definition, std::vector<Workflow::Code>(definition->tasks.size(), {[](TaskContext&) {}, {}, {}, {}}));
  });
}

namespace {

cloacina::test::FreshDatabase fresh(const std::string& backend) {
  if (backend == "postgres") {
    auto schema = std::make_shared<cloacina::test::FreshSchema>();
    return {schema->url(), schema};
  }
  if (backend == "memory" || backend == "leased_memory") {
    const std::shared_ptr<store::memory::MemoryDatabase> first = store::memory::open(
        {.lease = backend == "memory" ? std::nullopt : std::optional<std::chrono::milliseconds>(15s), .clock = {}});
    return {"memory", first, {}, [first](const store::OpenOptions&) { return first->again(); }};
  }
  auto folder = std::make_shared<os::test::TempDir>();
  return {"sqlite:" + (*folder / "test.db").string(), folder};
}

}  // namespace

EngineTest::EngineTest(const std::string& backend)
    : fresh_(fresh(backend)),
      // The clock is moved by hand, and leases do not end by it.
      database_(fresh_.open({.durability = Durability::Normal, .lease = 24h * 36'500, .callers_clock = true})),
      client_(database_->store()),
      reader_(database_->reader()) {
  options.heartbeat = 24h * 36'500;
  options.workers = 1'000;
  options.prefetch_max = 0;
  options.stop_grace = 10s;
}

EngineTest::~EngineTest() = default;

void EngineTest::expect_sound() {
  for (const auto& text : cloacina::test::contradictions(database_->doctor())) ADD_FAILURE() << text;
  for (const auto& finding : runner::examine_schedules(*reader_)) ADD_FAILURE() << finding.text;
}

Process& EngineTest::boot() {
  process_.reset();
  process_ = another();
  return *process_;
}

std::unique_ptr<Process> EngineTest::another() {
  auto made = std::make_unique<Process>(*database_, watch, options, now.utc, "runner-" + std::to_string(++processes_));
  for (const auto& [name, workflow] : known_) made->inbox->add({keys_.at(name), workflow});
  return made;
}

store::DefinitionKey EngineTest::put(const Workflow& workflow) {
  const auto key = client_->put_definition(workflow.definition(), now.utc);
  keys_.insert_or_assign(workflow.name(), key);
  return key;
}

void EngineTest::add(const Workflow& workflow) {
  put(workflow);
  known_.insert_or_assign(workflow.name(), workflow);
  if (process_) process_->inbox->add({keys_.at(workflow.name()), workflow});
}

void EngineTest::add_to(Process& to, const Workflow& workflow) { to.inbox->add({put(workflow), workflow}); }

Reply<std::vector<store::SubmitResult>> EngineTest::send(const std::string& workflow, Json input, SubmitOptions how) {
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = keys_.at(workflow);
  e.priority = how.priority;
  e.key = how.key;
  e.submitted_at = now.utc;
  e.start_at = how.start_at;
  e.input = input.is_null() ? "{}" : input.dump();
  SubmitRequest request;
  request.executions.push_back(std::move(e));
  auto answer = request.answer.get_future();
  inbox().submit(std::move(request));
  return answer;
}

ExecutionId EngineTest::submit(const std::string& workflow, Json input, SubmitOptions how) {
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = keys_.at(workflow);
  e.priority = how.priority;
  e.submitted_at = now.utc;
  e.start_at = how.start_at;
  e.input = input.is_null() ? "{}" : input.dump();
  const auto id = e.id;
  SubmitRequest request;
  request.executions.push_back(std::move(e));
  inbox().submit(std::move(request));
  return id;
}

Reply<store::ControlResult> EngineTest::control(store::Control::Kind kind, const ExecutionId& id, std::string reason) {
  ControlRequest request{{kind, id, std::move(reason), {}}, {}};
  auto answer = request.answer.get_future();
  inbox().control(std::move(request));
  return answer;
}

Effects EngineTest::step(Process& p) {
  auto effects = p.engine->step(now);
  for (auto& answer : effects.answers) answer();
  effects.answers.clear();
  for (auto& item : effects.stop) item->stop.request_stop();
  for (auto& callback : effects.callbacks) callbacks.push_back(std::move(callback));
  effects.callbacks.clear();
  finished.insert(finished.end(), effects.finished.begin(), effects.finished.end());
  return effects;
}

void EngineTest::perform_all(Process& p, const Items& items) {
  for (const auto& item : items) {
    std::vector<WorkDone> done;
    done.push_back(perform(item));
    p.inbox->done(std::move(done), false);
  }
}

void EngineTest::complete(const std::shared_ptr<WorkItem>& item) {
  WorkDone done;
  done.item = item;
  done.started_at = done.finished_at = now.utc;
  done.changes = std::make_shared<const ContextValues>();
  std::vector<WorkDone> one;
  one.push_back(std::move(done));
  inbox().done(std::move(one), false);
}

void EngineTest::fail(Process& p, const std::shared_ptr<WorkItem>& item, const std::string& error) {
  WorkDone done;
  done.item = item;
  done.started_at = done.finished_at = now.utc;
  done.failure = Failure{FailureKind::Exception, error, {}, {}, {}, {}};
  judge(done);
  std::vector<WorkDone> one;
  one.push_back(std::move(done));
  p.inbox->done(std::move(one), false);
}

void EngineTest::give_back(Process& p, const std::shared_ptr<WorkItem>& item) {
  WorkDone done;
  done.item = item;
  done.began = false;
  done.started_at = done.finished_at = now.utc;
  std::vector<WorkDone> one;
  one.push_back(std::move(done));
  p.inbox->done(std::move(one), false);
}

void EngineTest::run_callbacks() {
  while (!callbacks.empty()) {
    auto callback = std::move(callbacks.front());
    callbacks.pop_front();
    callback();
  }
}

int EngineTest::settle() {
  int turns = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto effects = step();
    turns += effects.committed ? 1 : 0;
    perform_all(effects.start);
    run_callbacks();
    if (effects.start.empty() && inbox().empty() && !effects.again && !effects.trouble) return turns;
  }
  ADD_FAILURE() << "the engine never came to rest; " << step().trouble.value_or("no trouble");
  return turns;
}

void EngineTest::run_to_end() {
  for (int i = 0; i < 100'000; ++i) {
    settle();
    const auto effects = step();
    ASSERT_TRUE(effects.start.empty());
    if (!effects.wake_utc) return;
    advance(std::max<std::chrono::microseconds>(*effects.wake_utc - now.utc, 1us));
  }
  FAIL() << "the engine never came to an end";
}

Schedules EngineTest::schedules() {
  if (!readers_) readers_ = std::make_unique<runner::Readers>(*database_);
  const auto with_writer = [this](const std::function<void(store::Store&)>& use) {
    use(*client_);
    if (process_) process_->engine->hint();
  };
  return Schedules(std::make_shared<Schedules::Impl>(Schedules::Impl{*readers_, with_writer, 1 << 20, [this] { return now.utc; }}));
}

std::vector<Execution> EngineTest::executions(const std::string& workflow) {
  auto found = reader_->list({.workflow = workflow, .limit = 1'000}).executions;
  std::reverse(found.begin(), found.end());
  return found;
}

Execution EngineTest::get(const ExecutionId& id) {
  auto found = reader_->get(id);
  if (!found) throw Error(ErrorCode::NotFound, "no execution " + id.to_string());
  return *found;
}

std::vector<std::string> EngineTest::names(const Items& items) {
  std::vector<std::string> out;
  for (const auto& item : items) out.push_back(item->task().name);
  return out;
}

Workflow chain(const std::string& name, int length) {
  WorkflowBuilder flow(name);
  for (int i = 0; i < length; ++i) {
    auto ref = flow.task("t" + std::to_string(i), [] {});
    if (i > 0) ref.after("t" + std::to_string(i - 1));
  }
  return flow.build();
}

Workflow single(const std::string& name, TaskFunction run, RetryPolicy retry) {
  WorkflowBuilder flow(name);
  flow.task("only", std::move(run)).retry(std::move(retry));
  return flow.build();
}

}  // namespace cloacina::engine::test
