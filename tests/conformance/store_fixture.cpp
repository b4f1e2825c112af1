#include "conformance/store_fixture.hpp"

#include <algorithm>

#include "core/changes.hpp"

namespace cloacina::test {

Workflow chain(const std::string& name, const std::vector<std::string>& tasks) {
  WorkflowBuilder flow{name};
  std::string before;
  for (const auto& task : tasks) {
    auto ref = flow.task(task, nothing);
    if (!before.empty()) ref.after(before);
    before = task;
  }
  return flow.build();
}

namespace {

/// The clock is moved by hand, and leases do not end by it.
store::OpenOptions hand_clock() {
  return {.durability = Durability::Normal, .lease = std::chrono::hours{24 * 36'500}, .callers_clock = true};
}

}  // namespace

StoreConformance::StoreConformance() : db_(database_.open(hand_clock())), store_(db_->store()), reader_(db_->reader()) {
  runner_ = store_->open_runner({.id = "main", .name = "host/1", .host = "host", .pid = 1, .workers = 4, .started_at = now_});
}

StoreConformance::~StoreConformance() = default;

StoreConformance::Other StoreConformance::other_runner(const std::vector<DefinitionKey>& knows) {
  Other other{db_->store()};
  other.runner = other.store->open_runner(
      {.id = ExecutionId::generate().to_string(), .name = "host/2", .host = "host", .pid = 2, .started_at = now_});
  other.store->describe_runner(other.runner, knows, 0);
  return other;
}

BatchResult StoreConformance::crash(DefinitionKey definition) {
  auto other = other_runner({definition});
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 1, .definitions = {definition}};
  EXPECT_EQ(other.store->commit(b).claimed.size(), 1U) << "nothing to crash with";
  other.store.reset();
  b = batch();
  b.release_dead = true;
  return commit(b);
}

DefinitionKey StoreConformance::put(const Workflow& workflow, bool known) {
  const auto key = store_->put_definition(workflow.definition(), now_);
  if (known && !std::binary_search(known_.begin(), known_.end(), key)) {
    known_.insert(std::lower_bound(known_.begin(), known_.end(), key), key);
    store_->describe_runner(runner_, known_, 0);
  }
  return key;
}

store::NewExecution StoreConformance::new_execution(DefinitionKey definition, const SubmitArguments& a) {
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = definition;
  e.priority = a.priority;
  e.key = a.key;
  e.submitted_at = now_;
  e.start_at = a.start_at;
  e.input = a.input.dump();
  return e;
}

ExecutionId StoreConformance::submit(DefinitionKey definition, const SubmitArguments& arguments) {
  auto b = batch();
  b.submissions.push_back(new_execution(definition, arguments));
  return commit(b).submissions.at(0).id;
}

Batch StoreConformance::batch() const {
  Batch b;
  b.now = now_;
  b.runner = runner_;
  return b;
}

store::ClaimRequest StoreConformance::request(int limit) const {
  store::ClaimRequest r;
  r.runner = runner_;
  r.limit = limit;
  r.definitions = known_;
  return r;
}

std::vector<ClaimedTask> StoreConformance::claim(int limit) {
  auto b = batch();
  b.claim = request(limit);
  return commit(b).claimed;
}

ClaimedTask StoreConformance::claim_one() {
  const auto claimed = claim(1);
  EXPECT_EQ(claimed.size(), 1U) << "nothing to claim";
  return claimed.at(0);
}

BatchResult StoreConformance::tick() {
  auto b = batch();
  b.timers = true;
  return commit(b);
}

AttemptOutcome StoreConformance::outcome(const ClaimedTask& task, AttemptOutcome::Kind kind) const {
  AttemptOutcome o;
  o.task = task.task;
  o.fence = task.fence;
  o.number = task.number;
  o.kind = kind;
  o.started_at = now_;
  o.finished_at = now_;
  return o;
}

AttemptOutcome StoreConformance::completed(const ClaimedTask& task, const Json& set) const {
  auto o = outcome(task, AttemptOutcome::Kind::Completed);
  o.changes = core::changes_to_text(core::values_of(set));
  return o;
}

AttemptOutcome StoreConformance::failed(const ClaimedTask& task, const std::string& error) const {
  auto o = outcome(task, AttemptOutcome::Kind::Failed);
  o.error = error;
  return o;
}

Applied StoreConformance::apply(const AttemptOutcome& outcome) {
  auto b = batch();
  b.outcomes.push_back(outcome);
  return commit(b).outcomes.at(0);
}

std::vector<std::string> StoreConformance::drain(const std::vector<std::string>& failing) {
  std::vector<std::string> ran;
  for (auto b = batch();;) {
    b.claim = request(1'000);
    const auto claimed = commit(b).claimed;
    if (claimed.empty()) return ran;
    b = batch();
    for (const auto& task : claimed) {
      ran.push_back(name_of(task));
      const bool fails = std::find(failing.begin(), failing.end(), ran.back()) != failing.end();
      b.outcomes.push_back(fails ? failed(task) : completed(task));
    }
  }
}

store::ControlResult StoreConformance::control(Control::Kind kind, const ExecutionId& id, const std::string& reason,
                                               std::optional<std::string> from) {
  auto b = batch();
  b.controls.push_back({kind, id, reason, std::move(from)});
  return commit(b).controls.at(0);
}

std::string StoreConformance::name_of(const ClaimedTask& task) {
  return store_->definition(task.definition).definition->tasks.at(task.task.position).name;
}

std::vector<std::string> StoreConformance::names_of(const std::vector<ClaimedTask>& tasks) {
  std::vector<std::string> out;
  for (const auto& task : tasks) out.push_back(name_of(task));
  return out;
}

std::string StoreConformance::statuses(const ExecutionId& id) {
  std::string out;
  for (const auto& task : get(id).tasks) out += (out.empty() ? "" : " ") + task.name + ":" + std::string(to_string(task.status));
  return out;
}

std::vector<std::string> StoreConformance::event_kinds(const ExecutionId& id) {
  std::vector<std::string> out;
  for (const auto& event : get(id).events) out.push_back(event.kind);
  return out;
}

}  // namespace cloacina::test
