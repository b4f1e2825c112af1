#include <algorithm>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"

namespace cloacina::cli {

namespace {

void check_attempt(const Runner& client, const ExecutionId& id, const std::string& task, int number) {
  const auto execution = client.get(id);
  const auto& attempts = execution.task(task).attempts;
  if (std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& a) { return a.number == number; })) return;
  throw Error(ErrorCode::NotFound, "task '" + task + "' of execution " + id.to_string() + " has no attempt " +
                                       std::to_string(number) + "; it has " + std::to_string(attempts.size()));
}

void write(Stream& out, const AttemptLog& log, bool with_head) {
  if (with_head) {
    const std::string head = "==> " + log.task + ", attempt " + std::to_string(log.attempt) + ", " + log.stream +
                             (log.truncated ? ", only the end" : "") + " <==";
    out.line(out.paint(Color::Bold, head));
  }
  out.write(log.text);
  if (with_head && !log.text.ends_with('\n')) out.write("\n");
}

}  // namespace

int execute(Console& console, const Globals& globals, const LogsArguments& a) {
  const auto id = ExecutionId::parse(a.id);
  const auto client = open_client(globals);
  const auto logs = client->logs(id, a.task, a.attempt);
  if (logs.empty() && a.task && a.attempt) check_attempt(*client, id, *a.task, *a.attempt);
  for (const auto& log : logs) {
    if (globals.json) {
      console.out.line(line(to_json(log)));
    } else {
      write(console.out, log, logs.size() > 1);
    }
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
