#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/values.hpp"
#include "cloacina/admin.hpp"
#include "cloacina/backup.hpp"
#include "cloacina/error.hpp"

namespace cloacina::cli {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// `NAME VERSION` with the version cut to what tells versions apart.
std::string short_version(const std::string& workflow) {
  const auto space = workflow.find(' ');
  return space == std::string::npos ? workflow : workflow.substr(0, space + 9);
}

}  // namespace

int execute(Console& console, const Globals& globals, const RunnersArguments&) {
  const auto client = open_client_if_any(globals);
  if (!client) {
    console.err.line("cloacinactl: there is no database " + shown_database(globals) + " yet");
    return ExitStatus::done;
  }
  Table table({"RUNNER", "PID", "STATE", "WORKERS", "STARTED", "KNOWS", "HOLDS"});
  for (const auto& r : client->runners()) {
    if (globals.json) {
      console.out.line(line(to_json(r)));
      continue;
    }
    std::vector<std::string> knows;
    for (const auto& w : r.workflows) knows.push_back(short_version(w));
    if (r.runs_stored_commands) knows.emplace_back("any commands");
    std::string workers = std::to_string(r.workers);
    if (r.written_off > 0) workers += " (" + std::to_string(r.written_off) + " written off)";
    table.row({{r.name},
               {std::to_string(r.pid)},
               {r.alive ? "alive" : "dead", r.alive ? Color::Green : Color::Red},
               {workers},
               {format_seconds(r.started_at)},
               {joined(knows)},
               {joined(r.holds)}});
  }
  if (!globals.json) table.write(console.out);
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const MigrateArguments& a) {
  const auto report = migrate(globals.database, a.dry_run, globals.tenant);
  if (globals.json) {
    OrderedJson json;
    json["from"] = report.from;
    json["to"] = report.to;
    json["applied"] = report.applied;
    json["dry_run"] = a.dry_run;
    if (!report.needs.empty()) json["needs"] = report.needs;
    console.out.line(line(json));
    return ExitStatus::done;
  }
  if (report.applied.empty()) {
    console.out.line("schema version " + std::to_string(report.to) + ", nothing to do");
    return ExitStatus::done;
  }
  for (const auto& sql : report.needs) console.out.line("an administrator has to run first: " + sql);
  for (const auto& name : report.applied) console.out.line((a.dry_run ? "would apply " : "applied ") + name);
  console.out.line("schema version " + std::to_string(report.from) + " -> " + std::to_string(report.to));
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const DoctorArguments&) {
  bool healthy = true;
  Table table({"CHECK", "", "FOUND"});
  for (const auto& finding : doctor(globals.database, globals.tenant)) {
    healthy = healthy && !finding.problem;
    if (globals.json) {
      OrderedJson json;
      json["check"] = finding.check;
      json["problem"] = finding.problem;
      json["text"] = finding.text;
      console.out.line(line(json));
    } else {
      table.row({{finding.check},
                 {finding.problem ? "problem" : "ok", finding.problem ? Color::Red : Color::Green},
                 {one_line(finding.text)}});
    }
  }
  if (!globals.json) table.write(console.out);
  return healthy ? ExitStatus::done : ExitStatus::not_completed;
}

int execute(Console& console, const Globals& globals, const PruneArguments& a) {
  Retention retention;
  if (a.older_than) retention.older_than = read_duration("--older-than", *a.older_than);
  if (a.firings_older_than) retention.firings_older_than = read_duration("--firings-older-than", *a.firings_older_than);
  retention.keep = a.keep;
  for (const auto& status : a.statuses) retention.statuses.push_back(parse_execution_status(status));
  if (!retention.older_than && !retention.keep && !retention.firings_older_than) {
    throw Error(ErrorCode::InvalidArgument, "prune: write what may go: --older-than D, --keep N or --firings-older-than D");
  }
  if (!retention.statuses.empty() && !retention.older_than && !retention.keep) {
    throw Error(ErrorCode::InvalidArgument, "prune: --status is for --older-than and --keep");
  }
  const auto report = database_is_missing(globals) ? PruneReport{} : prune(globals.database, retention, globals.tenant);
  if (globals.json) {
    OrderedJson json;
    json["deleted"] = report.executions;
    if (retention.firings_older_than) json["firings"] = report.firings;
    console.out.line(line(json));
    return ExitStatus::done;
  }
  const auto say = [&](std::int64_t number, const char* what) {
    console.out.line("deleted " + std::to_string(number) + " " + what + (number == 1 ? "" : "s"));
  };
  if (retention.older_than || retention.keep) say(report.executions, "execution");
  if (retention.firings_older_than) say(report.firings, "firing");
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const BackupArguments& a) {
  const auto report = backup(globals.database, a.file, {.overwrite = a.overwrite, .tenant = globals.tenant});
  if (globals.json) {
    console.out.line(line({{"file", a.file}, {"bytes", report.bytes}}));
  } else {
    console.out.line("wrote " + a.file + ", " + std::to_string(report.bytes) + " bytes");
  }
  return ExitStatus::done;
}

}  // namespace cloacina::cli
