#include "testing/users.hpp"

#include <algorithm>

namespace cloacina::simulation {

namespace {

using store::Control;

std::string_view name_of(Control::Kind kind) {
  switch (kind) {
    case Control::Kind::Cancel:
      return "cancels";
    case Control::Kind::Pause:
      return "pauses";
    case Control::Kind::Resume:
      return "resumes";
    case Control::Kind::Retry:
      return "retries";
  }
  return "";
}

}  // namespace

ExecutionId Users::new_id() {
  std::array<std::uint8_t, 16> bytes{};
  const auto number = ++ids_;
  for (std::size_t i = 0; i < 8; ++i) bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  bytes[6] = 0x70;
  return ExecutionId{bytes};
}

std::string Users::name_of(const ExecutionId& id) const {
  const auto it = names_.find(id);
  return it == names_.end() ? "an execution of a schedule" : it->second;
}

void Users::act(Dice& dice) {
  const auto& f = world_.features();
  const int roll = dice.below(100);
  if (roll < 60 || orders_.empty()) {
    submit(dice);
  } else if (f.prunes && roll < 64) {
    prune(dice);
  } else {
    control(dice);
  }
}

void Users::submit(Dice& dice) {
  const auto& f = world_.features();
  std::vector<store::NewExecution> asked;
  const int count = dice.chance(15) ? 1 + dice.below(6) : 1;
  for (int i = 0; i < count; ++i) {
    if (f.repeats && !orders_.empty() && dice.chance(20)) {
      // Again: the answer was lost, perhaps.
      auto again = orders_[dice.below(orders_.size())];
      if (again.key && dice.chance(50)) {
        again.id = new_id();
        names_[again.id] = "e" + std::to_string(ids_);
      }
      asked.push_back(std::move(again));
      continue;
    }
    const auto definitions = outside_.definitions();
    store::NewExecution e;
    e.id = new_id();
    names_[e.id] = "e" + std::to_string(ids_);
    e.definition = definitions[dice.below(definitions.size())].first;
    e.priority = dice.chance(70) ? 0 : dice.below(5) - 2;
    e.submitted_at = outside_.now();
    if (f.repeats && dice.chance(30)) e.key = "k" + std::to_string(++keys_);
    if (f.delays && dice.chance(20)) e.start_at = outside_.now() + dice.time_below(std::chrono::seconds{60});
    if (dice.chance(30)) e.input = R"({"given":)" + std::to_string(dice.below(9)) + "}";
    orders_.push_back(e);
    asked.push_back(std::move(e));
  }
  auto* runner = dice.chance(70) ? outside_.some_runner(dice) : nullptr;
  if (world_.tells()) {
    std::string what;
    for (const auto& e : asked) what += (what.empty() ? "" : ", ") + name_of(e.id) + (e.key ? " with key " + *e.key : "");
    world_.tell("a user submits " + what + (runner != nullptr ? " by " + runner->name() : ""));
  }
  if (runner != nullptr) {
    engine::SubmitRequest request;
    request.executions = asked;
    for (auto& e : request.executions) e.submitted_at = world_.utc(runner->number());
    runner->submit(std::move(request), [this](const auto& results) {
      if (!results) return;
      for (const auto& result : *results) answered(result);
    });
    return;
  }
  store::Batch batch;
  batch.now = outside_.now();
  batch.submissions = asked;
  for (const auto& result : outside_.commit(batch).submissions) answered(result);
}

void Users::committed(const store::NewExecution& asked, const store::SubmitResult& result) {
  auto& checks = world_.invariants();
  const auto by_key = asked.key ? by_key_.find(*asked.key) : by_key_.end();
  if (result.applied == store::Applied::Yes) {
    if (!stored_.insert(asked.id).second) checks.broken("acknowledged", name_of(asked.id) + " was made twice");
    if (by_key != by_key_.end()) {
      checks.broken("acknowledged", name_of(asked.id) + " has key " + *asked.key + ", which belongs to " + name_of(by_key->second));
    }
    if (asked.key) by_key_[*asked.key] = asked.id;
    return;
  }
  const auto& meant = by_key != by_key_.end() ? by_key->second : asked.id;
  if (result.id != meant || !stored_.contains(meant)) {
    checks.broken("acknowledged", name_of(asked.id) + " is said to be there as " + name_of(result.id));
  }
}

void Users::answered(const store::SubmitResult& result) {
  acknowledged_.insert(result.id);
  if (!is_stored(result.id) && !pruned_.contains(result.id)) {
    world_.invariants().broken("acknowledged", name_of(result.id) + " was acknowledged and is not stored");
  }
}

bool Users::is_stored(const ExecutionId& id) {
  return outside_.readers().with([&](store::Reader& r) { return r.status(id); }).has_value();
}

std::optional<ExecutionId> Users::some_execution(Dice& dice) {
  // Rather a late one: those of long ago have ended.
  const auto last = std::min<std::size_t>(orders_.size(), 30);
  if (last == 0) return std::nullopt;
  return orders_[orders_.size() - 1 - dice.below(last)].id;
}

void Users::control(Dice& dice) {
  const auto& f = world_.features();
  const auto id = some_execution(dice);
  if (!id) return;
  const auto status = outside_.readers().with([&](store::Reader& r) { return r.status(*id); });
  Control c{Control::Kind::Resume, *id, {}, {}};
  const int roll = dice.below(100);
  if (f.retries && (roll < 10 || (status && is_terminal(*status)))) {
    c.kind = Control::Kind::Retry;
    if (dice.chance(40)) c.from = "t" + std::to_string(dice.below(4));
  } else if (f.cancels && roll < 25) {
    c.kind = Control::Kind::Cancel;
  } else if (f.pauses && roll < 60) {
    c.kind = Control::Kind::Pause;
  }
  auto* runner = dice.chance(50) ? outside_.some_runner(dice) : nullptr;
  if (world_.tells()) {
    world_.tell("a user " + std::string(simulation::name_of(c.kind)) + " " + name_of(*id) + (c.from ? " from " + *c.from : "") +
                (runner != nullptr ? " by " + runner->name() : ""));
  }
  if (runner != nullptr) {
    runner->control(std::move(c), [](const auto&) {});
    return;
  }
  store::Batch batch;
  batch.now = outside_.now();
  batch.controls.push_back(std::move(c));
  (void)outside_.commit(batch);
}

void Users::prune(Dice& dice) {
  std::map<store::ExecutionKey, ExecutionId> before;
  for (const auto key : outside_.view().executions()) before.emplace(key, outside_.view().execution(key)->id);
  const auto since = dice.chance(50) ? std::chrono::microseconds{0} : dice.time_below(std::chrono::seconds{300});
  const auto deleted = outside_.client().prune(outside_.now() - since, 1 + dice.below(50));
  outside_.wrote();
  if (world_.tells()) world_.tell("a user prunes " + std::to_string(deleted) + " executions");
  for (const auto key : outside_.view().executions()) before.erase(key);
  for (const auto& [key, id] : before) {
    pruned_.insert(id);
    stored_.erase(id);
    std::erase_if(by_key_, [&](const auto& known) { return known.second == id; });
  }
}

void Users::resume_all() {
  for (const auto status : {ExecutionStatus::Paused}) {
    const auto page = outside_.readers().with([&](store::Reader& r) { return r.list({.status = status, .limit = 1'000}); });
    for (const auto& e : page.executions) {
      store::Batch batch;
      batch.now = outside_.now();
      batch.controls.push_back({Control::Kind::Resume, e.id, {}, {}});
      (void)outside_.commit(batch);
    }
  }
}

void Users::check() {
  for (const auto& id : acknowledged_) {
    if (pruned_.contains(id)) continue;
    if (!is_stored(id)) {
      world_.invariants().broken("acknowledged", name_of(id) + " was acknowledged and is not stored");
    }
  }
}

}  // namespace cloacina::simulation
