#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "cloacina/workflow.hpp"
#include "core/definition.hpp"
#include "core/definition_json.hpp"
#include "core/text.hpp"

namespace cloacina {

namespace {

struct Draft {
  std::string name;
  std::vector<std::string> after;
  std::unordered_set<std::string> named;  // the same, to find repeats
  core::TaskDefinition task;
  bool has_retry = false;
  std::string command_problem;
  Workflow::Code code;
};

constexpr std::size_t no_task = static_cast<std::size_t>(-1);
/// Keeps every sum with a time far from overflow.
constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 1'000};

}  // namespace

struct CLOACINA_HIDDEN WorkflowBuilder::Impl {
  core::Definition definition;
  std::vector<Draft> drafts;

  /// Position of the first task with each name.
  [[nodiscard]] std::unordered_map<std::string, core::Position> positions() const {
    std::unordered_map<std::string, core::Position> out;
    for (core::Position i = 0; i < drafts.size(); ++i) out.emplace(drafts[i].name, i);
    return out;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& d : drafts) out.push_back(d.name);
    return out;
  }

  void check_names(std::vector<Problem>& out) const;
  void check_task(std::size_t i, std::vector<Problem>& out) const;
  void check_rule(std::size_t i, const std::vector<std::vector<core::Position>>& after,
                  const std::unordered_map<std::string, core::Position>& known, std::vector<Problem>& out) const;
};

const std::string& TaskHandle::name() const { return builder_->impl_->drafts[position_].name; }

void TaskHandle::add_dependency(const TaskHandle& task) { add_dependency(task.name()); }
void TaskHandle::add_dependency(std::string name) {
  auto& draft = builder_->impl_->drafts[position_];
  if (draft.named.insert(name).second) draft.after.push_back(std::move(name));
}
void TaskHandle::set_rule(Rule rule) { builder_->impl_->drafts[position_].task.rule = std::move(rule); }
void TaskHandle::set_retry(RetryPolicy policy) {
  auto& draft = builder_->impl_->drafts[position_];
  draft.task.retry = std::move(policy);
  draft.has_retry = true;
}
void TaskHandle::set_timeout(std::chrono::milliseconds timeout) { builder_->impl_->drafts[position_].task.timeout = timeout; }
void TaskHandle::set_description(std::string text) { builder_->impl_->drafts[position_].task.description = std::move(text); }
void TaskHandle::set_max_crashes(int crashes) { builder_->impl_->drafts[position_].task.max_crashes = crashes; }
void TaskHandle::set_recovers(bool recovers) { builder_->impl_->drafts[position_].task.recovers = recovers; }
void TaskHandle::set_isolation(Isolation isolation) { builder_->impl_->drafts[position_].code.isolation = isolation; }
void TaskHandle::set_on_success(SuccessCallback f) { builder_->impl_->drafts[position_].code.on_success = std::move(f); }
void TaskHandle::set_on_failure(FailureCallback f) { builder_->impl_->drafts[position_].code.on_failure = std::move(f); }

WorkflowBuilder::WorkflowBuilder(std::string name) : impl_(std::make_unique<Impl>()) { impl_->definition.name = std::move(name); }
WorkflowBuilder::~WorkflowBuilder() = default;
WorkflowBuilder::WorkflowBuilder(WorkflowBuilder&&) noexcept = default;
WorkflowBuilder& WorkflowBuilder::operator=(WorkflowBuilder&&) noexcept = default;

WorkflowBuilder& WorkflowBuilder::description(std::string text) {
  impl_->definition.description = std::move(text);
  return *this;
}
WorkflowBuilder& WorkflowBuilder::tag(std::string key, std::string value) {
  impl_->definition.tags.insert_or_assign(std::move(key), std::move(value));
  return *this;
}
WorkflowBuilder& WorkflowBuilder::version(std::string text) {
  impl_->definition.user_version = std::move(text);
  return *this;
}
WorkflowBuilder& WorkflowBuilder::default_input(Json object) {
  if (!object.is_object()) {
    throw Error(ErrorCode::InvalidArgument, "workflow " + core::quote(impl_->definition.name) +
                                                ": the default input is a JSON object, not " + object.type_name());
  }
  impl_->definition.input = std::move(object);
  return *this;
}
WorkflowBuilder& WorkflowBuilder::deadline(std::chrono::milliseconds after_due) {
  impl_->definition.deadline = after_due;
  return *this;
}

std::size_t WorkflowBuilder::add(std::string name, TaskFunction function) {
  Draft draft;
  draft.name = std::move(name);
  draft.code.run = std::move(function);
  impl_->drafts.push_back(std::move(draft));
  return impl_->drafts.size() - 1;
}

TaskRef<> WorkflowBuilder::command(std::string name, Command command) {
  const std::size_t position = add(std::move(name), nullptr);
  auto& draft = impl_->drafts[position];
  draft.task.command = core::to_json(command);
  try {
    draft.code.run = command_function(std::move(command));
  } catch (const Error& e) {
    draft.command_problem = e.what();
  }
  return TaskRef<>{this, position};
}

void WorkflowBuilder::Impl::check_names(std::vector<Problem>& out) const {
  const std::string rule = " must have 1 to 128 of the characters A-Z a-z 0-9 _ . -";
  if (!core::is_name(definition.name)) {
    out.push_back({no_task, "workflow name " + core::quote(definition.name) + rule});
  }
  if (drafts.empty()) out.push_back({no_task, "it has no task"});
  if (drafts.size() > core::tasks_max) {
    out.push_back(
        {no_task, "it has " + std::to_string(drafts.size()) + " tasks, " + std::to_string(core::tasks_max) + " is the most"});
  }
  if (definition.deadline && definition.deadline->count() <= 0) out.push_back({no_task, "deadline must be more than zero"});
  if (definition.deadline && *definition.deadline > longest) out.push_back({no_task, "deadline is longer than a thousand years"});
  try {
    (void)core::to_json(definition).dump();
  } catch (const Json::exception& e) {
    out.push_back({no_task, std::string("a text is not UTF-8: ") + e.what()});
  }
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (!core::is_name(drafts[i].name)) out.push_back({i, "task name " + core::quote(drafts[i].name) + rule});
    if (!names.insert(drafts[i].name).second) out.push_back({i, "task '" + drafts[i].name + "' is declared twice"});
  }
}

namespace {

std::vector<std::string> problems_of(const Isolation& isolation) {
  std::vector<std::string> out;
  if (isolation.memory_bytes_max && *isolation.memory_bytes_max < (1U << 20))
    out.emplace_back("memory_bytes_max must be at least 1 MiB");
  if (isolation.cpu_time_max && isolation.cpu_time_max->count() < 1) out.emplace_back("cpu_time_max must be at least 1 s");
  if (isolation.kill_after.count() < 0) out.emplace_back("kill_after must not be negative");
  if (isolation.kill_after > longest || isolation.cpu_time_max > longest)
    out.emplace_back("a time is longer than a thousand years");
  return out;
}

}  // namespace

void WorkflowBuilder::Impl::check_task(std::size_t i, std::vector<Problem>& out) const {
  const auto& draft = drafts[i];
  const std::string who = "task '" + draft.name + "'";
  if (!draft.command_problem.empty()) out.push_back({i, who + ": " + draft.command_problem});
  if (draft.code.isolation) {
    if (!draft.task.command.is_null()) out.push_back({i, who + ": a command has a process of its own and cannot be isolated"});
    for (const auto& text : problems_of(*draft.code.isolation)) out.push_back({i, who + ": isolated: " + text});
  }
  for (const auto& text : draft.task.retry.problems()) out.push_back({i, who + ": retry: " + text});
  if (draft.task.timeout && draft.task.timeout->count() <= 0) out.push_back({i, who + ": timeout must be more than zero"});
  if (draft.task.timeout && *draft.task.timeout > longest) out.push_back({i, who + ": timeout is longer than a thousand years"});
  if (draft.task.max_crashes < 1) out.push_back({i, who + ": max_crashes must be at least 1"});
  try {
    (void)Json{draft.task.description, draft.task.command, core::to_json(draft.task.rule), core::to_json(draft.task.retry)}.dump();
  } catch (const Json::exception& e) {
    out.push_back({i, who + ": a text is not UTF-8: " + e.what()});
  }
}

void WorkflowBuilder::Impl::check_rule(std::size_t i, const std::vector<std::vector<core::Position>>& after,
                                       const std::unordered_map<std::string, core::Position>& known,
                                       std::vector<Problem>& out) const {
  const auto& rule = drafts[i].task.rule;
  const std::string who = "task '" + drafts[i].name + "'";
  if (drafts[i].after.empty() && rule.kind != Rule::Kind::AllSucceeded && rule.kind < Rule::Kind::All &&
      rule.kind != Rule::Kind::Always) {
    out.push_back({i, who + ": its rule '" + std::string(core::word_of(rule.kind)) + "' needs a dependency, and it has none"});
  }
  std::vector<bool> above;
  for (const auto& c : rule.conditions) {
    if (c.kind == Condition::Kind::Context) {
      if (c.name.empty()) out.push_back({i, who + ": its rule has a condition on a context key without a name"});
      continue;
    }
    const auto it = known.find(c.name);
    if (it == known.end()) {
      out.push_back({i, who + ": its rule names the unknown task " + core::quote(c.name) + core::suggestion(c.name, names())});
      continue;
    }
    if (above.empty()) {
      above.assign(after.size(), false);
      std::vector<core::Position> stack{static_cast<core::Position>(i)};
      while (!stack.empty()) {
        const auto t = stack.back();
        stack.pop_back();
        for (const auto parent : after[t]) {
          if (!above[parent]) {
            above[parent] = true;
            stack.push_back(parent);
          }
        }
      }
    }
    if (!above[it->second]) {
      out.push_back({i, who + ": its rule names task '" + c.name + "', which does not come before it; add it to 'after'"});
    }
  }
}

std::vector<WorkflowBuilder::Problem> WorkflowBuilder::problems() const {
  std::vector<Problem> out;
  impl_->check_names(out);
  const auto known = impl_->positions();
  std::vector<std::vector<core::Position>> after(impl_->drafts.size());
  for (std::size_t i = 0; i < impl_->drafts.size(); ++i) {
    impl_->check_task(i, out);
    const auto& draft = impl_->drafts[i];
    for (const auto& name : draft.after) {
      if (name == draft.name) {
        out.push_back({i, "task '" + draft.name + "' comes after itself"});
      } else if (const auto it = known.find(name); it != known.end()) {
        after[i].push_back(it->second);
      } else {
        out.push_back({i, "task '" + draft.name + "' comes after the unknown task " + core::quote(name) +
                              core::suggestion(name, impl_->names())});
      }
    }
  }
  // Every cycle that shares no edge with one already reported: cut each at its closing edge and look again.
  auto graph = after;
  for (int found = 0; found < 10; ++found) {
    const auto cycle = core::find_cycle(graph);
    if (cycle.empty()) break;
    std::string path;
    for (const auto t : cycle) path += (path.empty() ? "" : " -> ") + impl_->drafts[t].name;
    // The task that is declared first reports it; the path reads in the order in which the tasks would run.
    out.push_back({*std::min_element(cycle.begin(), cycle.end()), "cycle: " + path});
    std::erase(graph[cycle[1]], cycle.front());
  }
  for (std::size_t i = 0; i < impl_->drafts.size(); ++i) impl_->check_rule(i, after, known, out);
  std::stable_sort(out.begin(), out.end(), [](const Problem& a, const Problem& b) { return a.task + 1 < b.task + 1; });
  return out;
}

Workflow WorkflowBuilder::build() const {
  if (const auto found = problems(); !found.empty()) {
    std::string text = "workflow " + core::quote(impl_->definition.name) + " cannot be built:";
    for (const auto& problem : found) text += "\n  " + problem.text;
    throw Error(ErrorCode::InvalidWorkflow, text);
  }
  const auto known = impl_->positions();
  core::Definition definition = impl_->definition;
  std::vector<Workflow::Code> code;
  for (const auto& draft : impl_->drafts) {
    core::TaskDefinition task = draft.task;
    task.name = draft.name;
    if (!task.command.is_null() && !draft.has_retry) task.retry = RetryPolicy::none();
    for (const auto& name : draft.after) task.after.push_back(known.at(name));
    code.push_back(draft.code);
    code.back().retry = task.retry;
    definition.tasks.push_back(std::move(task));
  }
  return Workflow(core::finish(std::move(definition)), std::move(code));
}

}  // namespace cloacina
