#include "runner/isolation.hpp"

#include <algorithm>

#include "cloacina/command.hpp"
#include "core/definition.hpp"
#include "engine/work.hpp"
#include "os/fork_server.hpp"
#include "os/process.hpp"

namespace cloacina::runner {

namespace {

using Functions = std::vector<TaskFunction>;

// Both sides are the same program in the same state: what they say to each other is never stored. CBOR, because it carries every
// text and number as it is.

Json to_json(const Failure& failure) {
  Json json{{"kind", failure.kind}, {"error", failure.error}, {"tail", failure.output_tail}};
  if (failure.code) json["code"] = *failure.code;
  if (failure.exit) json["exit"] = *failure.exit;
  if (failure.signal) json["signal"] = *failure.signal;
  return json;
}

Failure failure_from(const Json& json) {
  Failure failure{json.at("kind").get<FailureKind>(), json.at("error").get<std::string>(), {}, {}, {},
                  json.at("tail").get<std::string>()};
  if (json.contains("code")) failure.code = json.at("code").get<ErrorCode>();
  if (json.contains("exit")) failure.exit = json.at("exit").get<int>();
  if (json.contains("signal")) failure.signal = json.at("signal").get<int>();
  return failure;
}

std::string request_of(std::size_t position, const TaskContext& task) {
  const Json json{{"position", position},
                  {"execution", task.execution().to_string()},
                  {"workflow", task.workflow()},
                  {"task", task.task()},
                  {"attempt", task.attempt()},
                  {"fence", task.fence()},
                  {"context", task.context().json()},
                  {"passed", task.waited().passed},
                  {"deferrals", task.waited().deferrals},
                  {"since", task.waited().since ? Json(task.waited().since->time_since_epoch().count()) : Json()}};
  std::string bytes;
  Json::to_cbor(json, bytes);
  return bytes;
}

std::string reply_of(TaskContext& task, const std::optional<Failure>& failure) {
  Json json = Json::object();
  // Something that no exception stands for, as a wait is not, came in between: it ends so.
  if (task.deferred()) {
    json["deferred_ms"] = task.deferred()->count();
    json["passed"] = task.waited().passed;
  } else if (failure) {
    json["failure"] = to_json(*failure);
  }
  Json set = Json::object();
  Json removed = Json::array();
  for (const auto& [key, value] : task.context().changes()) {
    if (value) {
      set[key] = *value;
    } else {
      removed.push_back(key);
    }
  }
  json["set"] = std::move(set);
  json["removed"] = std::move(removed);
  const TaskOutput output = task.take_output();
  json["output"] = {output.out, output.err, output.out_truncated, output.err_truncated};
  std::string bytes;
  Json::to_cbor(json, bytes);
  return bytes;
}

/// In the copy.
std::string run_here(const Functions& functions, std::string_view request, const std::stop_token& stop) {
  const Json json = Json::from_cbor(request);
  const auto workflow = json.at("workflow").get<std::string>();
  const auto name = json.at("task").get<std::string>();
  TaskContext task({ExecutionId::parse(json.at("execution").get<std::string>()), workflow, name, json.at("attempt").get<int>(),
                    json.at("fence").get<std::int64_t>()},
                   Context(json.at("context")), stop, [](const UserConnection&, const TaskContext&) {
                     throw Error(ErrorCode::InvalidArgument,
                                 "complete_in: this task is isolated, and its process has no part in the runner's database");
                   });
  TaskContext::Waited waited{.passed = json.at("passed").get<int>(), .deferrals = json.at("deferrals").get<int>()};
  if (const auto& since = json.at("since"); !since.is_null()) {
    waited.since = Timestamp{Timestamp::duration{since.get<std::int64_t>()}};
  }
  task.set_waited(waited);
  std::optional<Failure> failure;
  try {
    functions.at(json.at("position").get<std::size_t>())(task);
  } catch (...) {
    os::lift_memory_limit();
    failure = engine::failure_of(std::current_exception());
  }
  os::lift_memory_limit();
  return reply_of(task, failure);
}

/// What ended the process instead of the function's return; none when it did return.
std::string death_of(const os::ForkedResult& result, const Isolation& isolation) {
  if (!result.error.empty()) return result.error;
  if (result.signal) {
    const auto name = os::signal_name(*result.signal);
    if (name == "SIGXCPU" && isolation.cpu_time_max)
      return "killed by SIGXCPU: it used " + format_duration(*isolation.cpu_time_max) + " of the processor";
    if (name == "SIGKILL" && !result.stopped) return "killed by SIGKILL, by the system for want of memory or by somebody";
    return "killed by " + name;
  }
  if (result.exit) return "its process ended with exit " + std::to_string(*result.exit) + " before it returned";
  return result.returned ? std::string() : "stopped before it began";
}

/// In the runner.
void run_there(os::ForkServer& server, std::size_t position, const Isolation& isolation, TaskContext& task) {
  const auto result = server.call(
      request_of(position, task),
      {.memory_bytes_max = isolation.memory_bytes_max, .cpu_time_max = isolation.cpu_time_max, .kill_after = isolation.kill_after},
      task.stop_token());
  if (const auto death = death_of(result, isolation); !death.empty()) throw CommandError(death, result.exit, result.signal, {});
  const Json json = Json::from_cbor(result.reply);
  const auto& output = json.at("output");
  TaskOutput kept{output.at(0).get<std::string>(), output.at(1).get<std::string>(), output.at(2).get<bool>(),
                  output.at(3).get<bool>()};
  if (!(kept.out.empty() && kept.err.empty() && !kept.out_truncated && !kept.err_truncated)) task.keep_output(std::move(kept));
  if (json.contains("failure")) throw engine::RelayedFailure(failure_from(json.at("failure")));
  for (const auto& [key, value] : json.at("set").items()) task.context().set(key, value);
  for (const auto& key : json.at("removed")) (void)task.context().remove(key.get<std::string>());
  if (json.contains("deferred_ms")) {
    auto waited = task.waited();
    waited.passed = json.at("passed").get<int>();
    task.set_deferred(waited, std::chrono::milliseconds{json.at("deferred_ms").get<std::int64_t>()});
  }
}

}  // namespace

Workflow isolate(const Workflow& workflow) {
  std::vector<Workflow::Code> code;
  auto functions = std::make_shared<Functions>();
  for (std::size_t i = 0; i < workflow.size(); ++i) {
    code.push_back(workflow.code(i));
    functions->push_back(workflow.code(i).run);
  }
  if (std::none_of(code.begin(), code.end(), [](const auto& c) { return c.isolation.has_value(); })) return workflow;
  auto server = std::make_shared<os::ForkServer>(
      [functions](std::string_view request, const std::stop_token& stop) { return run_here(*functions, request, stop); });
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (!code[i].isolation) continue;
    code[i].run = [server, i, isolation = *code[i].isolation](TaskContext& task) { run_there(*server, i, isolation, task); };
  }
  return Workflow(workflow.shared_definition(), std::move(code));
}

}  // namespace cloacina::runner
