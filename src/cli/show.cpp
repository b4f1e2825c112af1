#include <algorithm>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/values.hpp"
#include "cli/words.hpp"

namespace cloacina::cli {

namespace {

constexpr std::size_t page_size = 500;

void field(Stream& out, std::string name, std::string_view value) {
  name.resize(11, ' ');
  out.line(out.paint(Color::Dim, name) + " " + std::string(value));
}

void show(Stream& out, const Execution& e) {
  const auto now = utc_now();
  field(out, "execution", e.id.to_string());
  field(out, "workflow", e.workflow + "  (version " + e.version + ")");
  field(out, "status", out.paint(color_of(e.status), status_of(e)));
  if (e.error) field(out, "error", *e.error);
  if (e.pause_reason && !e.pause_reason->empty()) field(out, "paused for", *e.pause_reason);
  if (e.key) field(out, "key", *e.key);
  if (e.priority != 0) field(out, "priority", std::to_string(e.priority));
  if (e.schedule) field(out, "schedule", *e.schedule + (e.slot ? " " + format_seconds(*e.slot) : ""));
  field(out, "submitted", format_timestamp(e.submitted_at));
  if (e.due_at > e.submitted_at) field(out, "due", format_timestamp(e.due_at));
  if (e.started_at) field(out, "started", format_timestamp(*e.started_at));
  if (e.finished_at) field(out, "finished", format_timestamp(*e.finished_at) + "  (" + duration_of(e, now) + ")");
  out.line("");
  Table table({"", "TASK", "STATUS", "TIME", "REMARKS"});
  for (const auto& t : e.tasks) {
    table.row({{std::string(sign_of(t.status)), color_of(t.status)},
               {t.name},
               {std::string(to_string(t.status)), color_of(t.status)},
               {duration_of(t, now)},
               {remark_on(t, now), t.status == TaskStatus::Failed ? Color::Red : Color::Dim}});
  }
  table.write(out);
  if (!e.events.empty()) out.line("");
  for (const auto& event : e.events) {
    field(out, event.kind,
          format_timestamp(event.at) + (event.task ? "  " + *event.task : "") +
              (event.detail.empty() ? "" : "  " + one_line(event.detail)) +
              (event.actor.empty() ? "" : "  " + out.paint(Color::Dim, "by " + one_line(event.actor))));
  }
  out.line("");
  out.line(out.paint(Color::Dim, "context"));
  out.line(e.context.dump(2, ' ', false, Json::error_handler_t::replace));
}

ListFilter filter_of(const ListArguments& a) {
  ListFilter filter;
  if (!a.workflow.empty()) filter.workflow = a.workflow;
  if (!a.status.empty()) filter.status = parse_execution_status(a.status);
  if (!a.since.empty()) filter.since = read_since("--since", a.since, utc_now());
  return filter;
}

void check_workflow(const Runner& client, const std::string& name) {
  const auto known = client.workflows();
  if (std::any_of(known.begin(), known.end(), [&](const Workflow& w) { return w.name() == name; })) return;
  std::string names;
  for (const auto& w : known) names += (names.empty() ? "" : ", ") + w.name();
  throw Error(ErrorCode::NotFound,
              "there is no workflow '" + name + "'" + (names.empty() ? "; the database knows none yet" : "; there are: " + names));
}

/// Calls `use` for each page, until there is no more, `limit` is reached or nobody reads.
template <class F>
void for_each_page(const Runner& client, ListFilter filter, std::uint64_t limit, const Stream& out, const F& use) {
  while (limit > 0 && !out.closed()) {
    filter.limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, page_size));
    auto page = client.list(filter);
    limit -= std::min<std::uint64_t>(limit, page.executions.size());
    use(page.executions);
    if (!page.next) return;
    filter.page = page.next;
  }
}

void list_json(Stream& out, const Runner& client, std::vector<Execution>& executions) {
  for (auto& e : executions) {
    if (out.closed()) return;
    try {
      e.context = client.get(e.id).context;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::NotFound) throw;
      continue;  // deleted since the page was read
    }
    out.line(line(to_json(e, Detail::WithoutTasks)));
  }
}

}  // namespace

int execute(Console& console, const Globals& globals, const ShowArguments& a) {
  const auto execution = [&] {
    const auto id = ExecutionId::parse(a.id);
    return open_client(globals)->get(id);
  }();
  if (globals.json) {
    console.out.line(line(to_json(execution, Detail::Whole)));
  } else {
    show(console.out, execution);
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const ListArguments& a) {
  const auto filter = filter_of(a);
  const auto client = open_client_if_any(globals);
  if (!client) {
    if (filter.workflow) throw Error(ErrorCode::NotFound, "there is no workflow '" + a.workflow + "': there is no database yet");
    console.err.line("cloacinactl: there is no database " + shown_database(globals) + " yet");
    return ExitStatus::done;
  }
  if (filter.workflow) check_workflow(*client, *filter.workflow);
  if (globals.json) {
    for_each_page(*client, filter, a.limit, console.out, [&](auto& executions) { list_json(console.out, *client, executions); });
    return ExitStatus::done;
  }
  const auto now = utc_now();
  Table table({"ID", "WORKFLOW", "STATUS", "SUBMITTED", "TIME", "ERROR"});
  for_each_page(*client, filter, a.limit, console.out, [&](const auto& executions) {
    for (const auto& e : executions) {
      table.row({{e.id.to_string()},
                 {e.workflow},
                 {status_of(e), color_of(e.status)},
                 {format_seconds(e.submitted_at)},
                 {duration_of(e, now)},
                 {e.error ? one_line(*e.error) : std::string(), Color::Red}});
    }
  });
  table.write(console.out);
  return ExitStatus::done;
}

}  // namespace cloacina::cli
