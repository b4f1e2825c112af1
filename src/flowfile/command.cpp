#include "cloacina/command.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include "cloacina/task.hpp"
#include "flowfile/command_env.hpp"
#include "flowfile/output_file.hpp"
#include "flowfile/utf8.hpp"
#include "os/child.hpp"
#include "os/process.hpp"

namespace cloacina {

namespace {

constexpr std::size_t tail_lines_max = 20;
constexpr std::size_t tail_bytes_max = 4 * 1024;

/// Why the attempt failed; empty when it did not.
std::string failure_of(const os::ChildResult& result) {
  if (!result.error.empty()) return result.error;
  if (result.signal) return "killed by " + os::signal_name(*result.signal);
  if (!result.exit) return "stopped before the command began";
  return *result.exit == 0 ? std::string() : "exit " + std::to_string(*result.exit);
}

/// A stream as it is stored: text of at most `bytes_max` bytes. A byte that is replaced needs more room than it had.
std::string kept(std::string_view bytes, bool& truncated, std::size_t bytes_max) {
  const std::string text = flowfile::printable(truncated ? flowfile::without_cut_character(bytes) : bytes);
  truncated = truncated || text.size() > bytes_max;
  return std::string(flowfile::last_bytes(text, bytes_max));
}

TaskOutput output_of(const os::ChildResult& result, std::size_t bytes_max) {
  TaskOutput output{.out = {}, .err = {}, .out_truncated = result.out_truncated, .err_truncated = result.err_truncated};
  output.out = kept(result.out, output.out_truncated, bytes_max);
  output.err = kept(result.err, output.err_truncated, bytes_max);
  return output;
}

void run_command(const Command& command, TaskContext& task) {
  const flowfile::OutputFile output;
  const Json context = task.context().json();
  const os::ChildSpec spec{
      .argv = command.shell.empty() ? command.argv : std::vector<std::string>{"/bin/sh", "-c", command.shell},
      .env = flowfile::command_environment(os::environment(), command.env, task, context, output.path()),
      .cwd = command.cwd,
      .input = context.dump() + '\n',
      .kill_after = command.kill_after,
      .output_bytes_max = command.output_bytes_max,
      .scratch_file = output.path(),
  };
  const os::ChildResult result = os::run_child(spec, task.stop_token());
  task.keep_output(output_of(result, command.output_bytes_max));
  const std::string tail(flowfile::last_lines(task.output().err, tail_lines_max, tail_bytes_max));
  if (const std::string failure = failure_of(result); !failure.empty()) {
    throw CommandError(failure, result.exit, result.signal, tail);
  }
  try {
    Json changes = output.read();
    for (auto& [key, value] : changes.items()) task.context().set(key, std::move(value));
  } catch (const Error& e) {
    throw CommandError(e.what(), result.exit, result.signal, tail);
  }
}

void check(const Command& command) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::InvalidArgument, "a command " + why); };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (command.argv.empty() == command.shell.empty()) refuse("needs exactly one of argv and shell");
  if (!command.argv.empty() && command.argv.front().empty()) refuse("needs a program: argv[0] is empty");
  if (has_nul(command.shell) || std::ranges::any_of(command.argv, has_nul)) refuse("must not contain a NUL character");
  if (command.kill_after.count() < 0) refuse("needs a kill_after of at least 0");
  for (const auto& [name, value] : command.env) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name)) refuse("cannot have a variable named '" + name + "'");
    if (has_nul(value)) refuse("cannot have a NUL character in its variable '" + name + "'");
  }
}

}  // namespace

std::function<void(TaskContext&)> command_function(Command command) {
  check(command);
  return [shared = std::make_shared<const Command>(std::move(command))](TaskContext& task) { run_command(*shared, task); };
}

}  // namespace cloacina
