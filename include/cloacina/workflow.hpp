#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cloacina/command.hpp"
#include "cloacina/context.hpp"
#include "cloacina/export.hpp"
#include "cloacina/isolation.hpp"
#include "cloacina/retry.hpp"
#include "cloacina/rule.hpp"
#include "cloacina/task.hpp"

namespace cloacina {

namespace core {
struct Definition;
}

/// Called once per final outcome of a task, after it is recorded, on a worker thread. What it throws is recorded as an event of the
/// execution and changes nothing. A process that dies between the two does not call it.
using SuccessCallback = std::function<void(const ExecutionId&, std::string_view task)>;
using FailureCallback = std::function<void(const ExecutionId&, std::string_view task, const Failure&)>;

/// A built workflow: tasks, dependencies, policies and rules, with the code of its tasks where it has any. Immutable; copies share.
/// Thread-safe.
///
/// Names of tasks that the calls take and do not know are Error{NotFound} with the nearest name.
class CLOACINA_API Workflow {
 public:
  struct Code {
    TaskFunction run;
    SuccessCallback on_success;
    FailureCallback on_failure;
    RetryPolicy retry;  ///< with the functions that a stored definition cannot hold
    std::optional<Isolation> isolation{};
  };

  /// For the library itself: a definition and the code of its tasks, by position; empty where there is none.
  Workflow(std::shared_ptr<const core::Definition> definition, std::vector<Code> code);

  [[nodiscard]] const std::string& name() const;
  /// Hash of everything but the code: 32 hexadecimal digits of BLAKE2b-128 over the canonical JSON of the definition. The same on
  /// every build and machine; code is known by the user's word, `WorkflowBuilder::version`.
  [[nodiscard]] const std::string& version() const;
  [[nodiscard]] const std::string& user_version() const;
  [[nodiscard]] const std::string& description() const;
  [[nodiscard]] const std::map<std::string, std::string>& tags() const;
  [[nodiscard]] const Json& default_input() const;
  [[nodiscard]] std::optional<std::chrono::milliseconds> deadline() const;

  [[nodiscard]] std::size_t size() const;                ///< number of tasks
  [[nodiscard]] std::vector<std::string> tasks() const;  ///< dependencies first; among equals the one declared first
  [[nodiscard]] std::vector<std::string> dependencies(std::string_view task) const;  ///< as declared
  [[nodiscard]] std::vector<std::string> dependents(std::string_view task) const;    ///< in the order of declaration
  /// Level n holds the tasks whose longest path from a root has n steps.
  [[nodiscard]] std::vector<std::vector<std::string>> levels() const;
  [[nodiscard]] std::vector<std::string> roots() const;
  [[nodiscard]] std::vector<std::string> leaves() const;
  /// Whether neither can reach the other; false for a task and itself.
  [[nodiscard]] bool can_run_parallel(std::string_view a, std::string_view b) const;
  /// The named tasks and all their ancestors, as a workflow named `<name>-subgraph`.
  [[nodiscard]] Workflow subgraph(const std::vector<std::string>& tasks) const;

  [[nodiscard]] std::string to_text() const;     ///< one line a task: name, dependencies, rule
  [[nodiscard]] std::string to_dot() const;      ///< Graphviz
  [[nodiscard]] std::string to_mermaid() const;  ///< Mermaid flowchart
  [[nodiscard]] Json to_json() const;            ///< the canonical definition

  [[nodiscard]] const core::Definition& definition() const noexcept { return *definition_; }
  [[nodiscard]] const std::shared_ptr<const core::Definition>& shared_definition() const noexcept { return definition_; }
  [[nodiscard]] const Code& code(std::size_t position) const { return (*code_)[position]; }

 private:
  std::shared_ptr<const core::Definition> definition_;
  std::shared_ptr<const std::vector<Code>> code_;
};

class WorkflowBuilder;

/// Refers to a task that is being declared, and sets what it has beyond its function. A small value; it must not outlive its
/// builder.
class CLOACINA_API TaskHandle {
 public:
  TaskHandle(WorkflowBuilder* builder, std::size_t position) : builder_(builder), position_(position) {}

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] std::size_t position() const noexcept { return position_; }

 protected:
  void add_dependency(const TaskHandle& task);
  void add_dependency(std::string name);
  void set_rule(Rule rule);
  void set_retry(RetryPolicy policy);
  void set_timeout(std::chrono::milliseconds timeout);
  void set_description(std::string text);
  void set_max_crashes(int crashes);
  void set_recovers(bool recovers);
  void set_isolation(Isolation isolation);
  void set_on_success(SuccessCallback callback);
  void set_on_failure(FailureCallback callback);

  WorkflowBuilder* builder_;
  std::size_t position_;
};

/// A task whose function returns R, for typed dependants to take as an argument. TaskRef<void> is a task over a TaskContext.
template <class R = void>
class TaskRef : public TaskHandle {
 public:
  using Result = R;
  using TaskHandle::TaskHandle;

  /// Runs after these tasks: what other declarations returned, or names, also of tasks that are declared later.
  template <class... Tasks>
  TaskRef& after(Tasks&&... tasks) {
    (add_one(std::forward<Tasks>(tasks)), ...);
    return *this;
  }
  TaskRef& when(Rule rule) { return set_rule(std::move(rule)), *this; }
  /// Default for functions: RetryPolicy{}; for commands: no retry.
  TaskRef& retry(RetryPolicy policy) { return set_retry(std::move(policy)), *this; }
  /// Per attempt, from its start; at the timeout the stop token is requested.
  TaskRef& timeout(std::chrono::milliseconds timeout) { return set_timeout(timeout), *this; }
  TaskRef& description(std::string text) { return set_description(std::move(text)), *this; }
  /// So many deaths of a runner with this task in hand make it Failed, quarantined. Default 3.
  TaskRef& max_crashes(int crashes) { return set_max_crashes(crashes), *this; }
  /// When this task completes, failures among its ancestors no longer make the execution Failed.
  TaskRef& recovers(bool yes = true) { return set_recovers(yes), *this; }
  /// Each attempt runs in a process of its own, a copy of this one as it was when the workflow was given to a runner: what it does
  /// to its memory, or its end by a signal, fails the attempt and nothing else. See Isolation.
  TaskRef& isolated(Isolation isolation = {}) { return set_isolation(isolation), *this; }
  TaskRef& on_success(SuccessCallback callback) { return set_on_success(std::move(callback)), *this; }
  TaskRef& on_failure(FailureCallback callback) { return set_on_failure(std::move(callback)), *this; }

 private:
  void add_one(const TaskHandle& task) { add_dependency(task); }
  void add_one(std::string name) { add_dependency(std::move(name)); }
  void add_one(const std::vector<std::string>& names) {
    for (const auto& name : names) add_dependency(name);
  }
};

namespace detail {

/// A function over a TaskContext or over nothing; false for void and other types that are no functions.
template <class F>
concept PlainTask = std::is_invocable_v<F, TaskContext&> || std::is_invocable_v<F>;

/// Whether F can be called with these results, or with a TaskContext and these results. There is no result of type void.
template <class F, class... Args>
constexpr bool takes_results() {
  if constexpr ((std::is_void_v<Args> || ...)) {
    return false;
  } else {
    return std::is_invocable_v<F&, const Args&...> || std::is_invocable_v<F&, TaskContext&, const Args&...>;
  }
}

template <class F, class... Args>
inline constexpr bool takes = takes_results<F, Args...>();

template <class F, class... Args>
decltype(auto) call_typed(F& function, TaskContext& task, const Args&... args) {
  if constexpr (std::is_invocable_v<F&, TaskContext&, const Args&...>) {
    return function(task, args...);
  } else {
    return function(args...);
  }
}

template <class F, class... Args>
using TypedResult =
    std::remove_cvref_t<decltype(call_typed(std::declval<F&>(), std::declval<TaskContext&>(), std::declval<const Args&>()...))>;

}  // namespace detail

/// Declares the tasks of a workflow and builds it. Two styles that mix freely:
///
/// * tasks over a TaskContext: `flow.task("sum", [](TaskContext& t) { … }).after("fetch")`
/// * typed tasks, whose dependencies are arguments: `flow.task("sum", [](const Orders& o) { … }, orders)`. The result is kept in
/// the
///   context under the task's name, as JSON through the type's `to_json`/`from_json`. A wrong type or number of dependencies does
///   not compile, and neither does a cycle: a task can only name tasks that exist.
class CLOACINA_API WorkflowBuilder {
 public:
  explicit WorkflowBuilder(std::string name);
  ~WorkflowBuilder();
  WorkflowBuilder(WorkflowBuilder&&) noexcept;
  WorkflowBuilder& operator=(WorkflowBuilder&&) noexcept;

  WorkflowBuilder& description(std::string text);
  WorkflowBuilder& tag(std::string key, std::string value);
  /// The user's word for the version of the code; part of the workflow's version.
  WorkflowBuilder& version(std::string text);
  /// A submission's input overrides these keys one by one. *Throws* Error{InvalidArgument} unless it is a JSON object.
  WorkflowBuilder& default_input(Json object);
  /// An execution that is not terminal so long after it became due ends Failed; what runs is asked to stop.
  WorkflowBuilder& deadline(std::chrono::milliseconds after_due);

  /// A task over a TaskContext (or over nothing).
  template <detail::PlainTask F>
  TaskRef<> task(std::string name, F function) {
    if constexpr (std::is_invocable_v<F&, TaskContext&>) {
      return TaskRef<>{this, add(std::move(name), TaskFunction(std::move(function)))};
    } else {
      return TaskRef<>{this, add(std::move(name), [f = std::move(function)](TaskContext&) mutable { f(); })};
    }
  }

  /// A typed task with result R. `function` takes the results of `dependencies` in their order, optionally a TaskContext& before
  /// them.
  template <class R, class F, class... D>
    requires(!detail::PlainTask<R>)
  TaskRef<R> task(std::string name, F function, const TaskRef<D>&... dependencies) {
    check_typed<F, D...>();
    if constexpr (detail::takes<F, D...>) {
      static_assert(std::is_void_v<R> || std::is_convertible_v<detail::TypedResult<F, D...>, R>,
                    "cloacina: the function of this task does not return the declared result type");
      TaskRef<R> ref{this, add(name, typed<R>(name, std::move(function), dependencies...))};
      ref.after(dependencies...);
      return ref;
    } else {
      return TaskRef<R>{this, 0};
    }
  }

  /// As above, the result being what `function` returns.
  template <class F, class First, class... D>
  auto task(std::string name, F function, const TaskRef<First>& first, const TaskRef<D>&... others) {
    check_typed<F, First, D...>();
    if constexpr (detail::takes<F, First, D...>) {
      using R = detail::TypedResult<F, First, D...>;
      TaskRef<R> ref{this, add(name, typed<R>(name, std::move(function), first, others...))};
      ref.after(first, others...);
      return ref;
    } else {
      return TaskRef<>{this, 0};
    }
  }

  /// A program as a task. Not retried unless `.retry()` says so.
  TaskRef<> command(std::string name, Command command);

  /// The workflow. *Throws* Error{InvalidWorkflow} with every problem, one a line: no task, a bad or duplicate name, an unknown
  /// dependency (with the nearest name), a cycle (with its path), a rule that names no ancestor, a policy out of range. The builder
  /// can be mended and built again.
  [[nodiscard]] Workflow build() const;
  /// The problems that `build` would throw, in the order of declaration. `task` is the position, or size_t(-1) for the workflow.
  struct Problem {
    std::size_t task;
    std::string text;
  };
  [[nodiscard]] std::vector<Problem> problems() const;

 private:
  friend class TaskHandle;
  struct Impl;

  std::size_t add(std::string name, TaskFunction function);

  template <class F, class... D>
  static constexpr void check_typed() {
    static_assert((!std::is_void_v<D> && ...),
                  "cloacina: a dependency of a typed task must be a typed task; order it behind others with .after(...)");
    static_assert((std::is_void_v<D> || ...) || detail::takes<F, D...>,
                  "cloacina: the function of this task does not take the results of its dependencies, in this order");
  }

  template <class R, class F, class... D>
  static TaskFunction typed(const std::string& name, F function, const TaskRef<D>&... dependencies) {
    return [name, f = std::move(function), ... keys = std::string(dependencies.name())](TaskContext& t) mutable {
      if constexpr (std::is_void_v<R>) {
        detail::call_typed(f, t, t.context().template get<D>(keys)...);
      } else {
        t.context().set(name, Json(static_cast<R>(detail::call_typed(f, t, t.context().template get<D>(keys)...))));
      }
    };
  }

  std::unique_ptr<Impl> impl_;
};

}  // namespace cloacina
