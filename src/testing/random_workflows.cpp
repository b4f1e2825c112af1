#include "testing/random_workflows.hpp"

namespace cloacina::simulation {

namespace {

using std::chrono::milliseconds;

Condition random_condition(Dice& dice, const std::string& ancestor) {
  switch (dice.below(5)) {
    case 0:
      return completed(ancestor);
    case 1:
      return failed(ancestor);
    case 2:
      return skipped(ancestor);
    case 3:
      return context_value(ancestor).exists();
    default:
      return context_value(ancestor).less_than(2);
  }
}

Rule random_rule(Dice& dice, const std::vector<std::string>& parents) {
  const auto some = [&] {
    std::vector<Condition> out;
    for (int i = 1 + dice.below(2); i > 0; --i) out.push_back(random_condition(dice, parents[dice.below(parents.size())]));
    return out;
  };
  switch (dice.below(7)) {
    case 0:
      return always();
    case 1:
      return any_failed();
    case 2:
      return all_failed();
    case 3:
      return any_succeeded();
    case 4:
      return all_of(some());
    case 5:
      return any_of(some());
    default:
      return none_of(some());
  }
}

Workflow random_workflow(Dice& dice, const std::string& name, const std::string& version) {
  WorkflowBuilder flow(name);
  flow.version(version);
  if (dice.chance(20)) flow.deadline(milliseconds{1'000 + dice.below(120'000)});
  if (dice.chance(30)) flow.default_input({{"given", dice.below(9)}});
  const int size = 1 + dice.below(8);
  const int density = 10 + dice.below(60);
  for (int i = 0; i < size; ++i) {
    auto task = flow.task("t" + std::to_string(i), [](TaskContext& t) { t.context().set(std::string(t.task()), t.attempt()); });
    std::vector<std::string> parents;
    for (int parent = 0; parent < i; ++parent) {
      if (!dice.chance(density)) continue;
      parents.push_back("t" + std::to_string(parent));
      task.after(parents.back());
    }
    if (!parents.empty() && dice.chance(40)) task.when(random_rule(dice, parents));
    task.retry({.max_attempts = 1 + dice.below(3), .initial_delay = milliseconds{dice.below(8'000)}});
    if (dice.chance(40)) task.timeout(milliseconds{500 + dice.below(10'000)});
    task.max_crashes(1 + dice.below(3));
    if (dice.chance(15)) task.recovers();
  }
  return flow.build();
}

}  // namespace

std::vector<Workflow> random_workflows(Dice& dice) {
  std::vector<Workflow> out;
  const int count = 2 + dice.below(2);
  for (int i = 0; i < count; ++i) {
    const auto name = "w" + std::to_string(i);
    out.push_back(random_workflow(dice, name, "1"));
    if (dice.chance(40)) out.push_back(random_workflow(dice, name, "2"));
  }
  return out;
}

Workflow scheduled_workflow() {
  WorkflowBuilder flow("one");
  flow.task("only", [](TaskContext& t) { t.context().set(std::string(t.task()), t.attempt()); })
      .retry({.max_attempts = 2, .initial_delay = milliseconds{5'000}});
  return flow.build();
}

}  // namespace cloacina::simulation
