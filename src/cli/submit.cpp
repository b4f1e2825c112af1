#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/values.hpp"
#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

int report_end(Console& console, const Globals& globals, const Execution& execution) {
  if (globals.json) {
    console.out.line(line(to_json(execution, Detail::Whole)));
  } else {
    console.out.line(console.out.paint(color_of(execution.status), to_string(execution.status)));
  }
  explain(console, execution);
  return exit_status(execution);
}

}  // namespace

int execute(Console& console, const Globals& globals, const SubmitArguments& a) {
  SubmitOptions options{.key = a.key, .priority = a.priority};
  if (a.at) options.start_at = read_time("--at", *a.at);
  auto input = read_input(a.input);
  const auto client = open_client(globals);
  const auto id = client->submit(a.workflow, std::move(input), std::move(options));
  if (!globals.json) {
    console.out.line(id.to_string());
  } else if (!a.wait) {
    console.out.line(line({{"id", id.to_string()}}));
  }
  if (!a.wait) return ExitStatus::done;
  console.out.flush();
  return report_end(console, globals, client->wait(id));
}

int execute(Console& console, const Globals& globals, const WaitArguments& a) {
  const auto id = ExecutionId::parse(a.id);
  std::optional<std::chrono::milliseconds> timeout;
  if (a.timeout) timeout = read_duration("--timeout", *a.timeout);
  return report_end(console, globals, open_client(globals)->wait(id, timeout));
}

}  // namespace cloacina::cli
