#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

/// Does it, and says what the status is now.
template <class F>
int control(Console& console, const Globals& globals, const std::string& word, const F& act) {
  const auto id = ExecutionId::parse(word);
  const auto client = open_client(globals);
  act(*client, id);
  const auto execution = client->get(id);
  if (globals.json) {
    console.out.line(line(to_json(execution, Detail::Whole)));
  } else {
    console.out.line(console.out.paint(color_of(execution.status), to_string(execution.status)));
  }
  return ExitStatus::done;
}

}  // namespace

int execute(Console& console, const Globals& globals, const CancelArguments& a) {
  return control(console, globals, a.id, [&](Runner& client, const ExecutionId& id) { client.cancel(id, a.reason); });
}

int execute(Console& console, const Globals& globals, const PauseArguments& a) {
  return control(console, globals, a.id, [&](Runner& client, const ExecutionId& id) { client.pause(id, a.reason); });
}

int execute(Console& console, const Globals& globals, const ResumeArguments& a) {
  return control(console, globals, a.id, [](Runner& client, const ExecutionId& id) { client.resume(id); });
}

int execute(Console& console, const Globals& globals, const RetryArguments& a) {
  return control(console, globals, a.id, [&](Runner& client, const ExecutionId& id) { client.retry(id, a.from); });
}

}  // namespace cloacina::cli
