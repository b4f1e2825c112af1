#include "cli/parse.hpp"

#include "cli/declare.hpp"
#include "cli/exit_status.hpp"

namespace cloacina::cli {

namespace {

constexpr const char* examples = R"(
Examples:
  cloacinactl run nightly.yaml --input '{"day": "2026-11-23"}'
  cloacinactl serve /etc/cloacina            works until it is told to stop
  cloacinactl submit nightly --wait          from anywhere, beside a serve
  cloacinactl list --status Failed --since 1d
  cloacinactl retry 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f
  cloacinactl schedule put nightly --workflow nightly --cron '0 2 * * *' --zone Europe/Berlin
  cloacinactl cron next '30 2 * * *' --zone Europe/Berlin --count 5 --local

Exit status: 0 done, 1 the execution did not complete, 2 bad input, 3 not found, 4 conflict, 5 database unavailable,
6 time is up, 70 a bug of cloacina.)";

/// Declares the words. What is read lands in members, which live as long as the parser.
class Parser {
 public:
  Parser() : app_("Durable workflows in a database you already have.", "cloacinactl") {
    app_.set_version_flag("--version", "cloacinactl " CLOACINA_VERSION, "Print the version");
    app_.set_help_flag("-h,--help", "Print this help, or that of a command");
    app_.add_option("-d,--database", globals_.database, "sqlite:PATH, or postgresql://USER@HOST/NAME as libpq takes it")
        ->envname("CLOACINA_DATABASE")
        ->capture_default_str()
        ->type_name("URL");
    app_.add_option("--tenant", globals_.tenant, "An isolated set of everything: a schema on PostgreSQL, a sibling file on SQLite")
        ->type_name("NAME");
    app_.add_flag("--json", globals_.json, "Print JSON for programs, one object a line");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(examples);
    declare_work();
    declare_looks();
    declare_controls();
    declare_files();
    declare_upkeep();
    declare_schedules(Declare(app_, command_));
    declare_cron(Declare(app_, command_));
  }

  [[nodiscard]] CLI::App& app() { return app_; }
  [[nodiscard]] Arguments arguments() const { return {globals_, command_()}; }

 private:
  template <class T>
  std::pair<CLI::App*, T*> command(const std::string& name, const std::string& description, const std::string& footer = {}) {
    return Declare(app_, command_).command<T>(name, description, footer);
  }
  static void add_id(CLI::App* sub, std::string& id) { sub->add_option("ID", id, "The execution")->required()->type_name(""); }
  static CLI::Option* add_workers(CLI::App* sub, int& workers) {
    return sub->add_option("--workers", workers, "Tasks that run at once")->capture_default_str()->type_name("N");
  }
  void declare_work() {
    auto [run, r] = command<RunArguments>("run", "Run one workflow of a file now, in the foreground",
                                          "  cloacinactl run nightly.yaml\n"
                                          "  cloacinactl run jobs.yaml --workflow nightly --input @input.json --json");
    run->add_option("FILE", r->file, "A workflow file")->required()->type_name("");
    run->add_option("--workflow", r->workflow, "Which one, when the file has several")->type_name("NAME");
    add_input(run, r->input);
    add_workers(run, r->workers);

    auto [serve, s] =
        command<ServeArguments>("serve", "Run what is submitted, until SIGTERM or SIGINT; SIGHUP loads the files again",
                                "  cloacinactl serve /etc/cloacina --workers 16\n"
                                "  cloacinactl serve a.yaml b.yaml --only-loaded");
    serve->add_option("PATH", s->paths, "Workflow files, or folders of them")->required()->type_name("");
    add_workers(serve, s->workers);
    serve->add_option("--lanes", s->lanes, "Loops that write, each with a connection; more than one on PostgreSQL only")
        ->capture_default_str()
        ->type_name("N");
    serve->add_option("--lease", s->lease, "How long claims stay valid without a sign of life")
        ->capture_default_str()
        ->type_name("D");
    serve->add_option("--source", s->source, "Who puts the schedules of these files (default: the paths, made absolute)")
        ->type_name("NAME");
    serve->add_flag("--only-loaded", s->only_loaded, "Run nothing but what these files say");
    serve->add_option("--keep-for", s->keep_for, "Delete executions that ended so long ago")->type_name("D");
    serve->add_option("--keep", s->keep, "Delete executions that ended, but for the newest N")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    serve->add_option("--keep-firings-for", s->keep_firings_for, "Delete entries of schedules' histories that are so old")
        ->type_name("D");

    auto [submit, b] =
        command<SubmitArguments>("submit", "Start an execution of a stored workflow; prints its id once it is durable",
                                 "  cloacinactl submit nightly --key 2026-11-23\n"
                                 "  cloacinactl submit nightly --at 2026-11-24T02:00:00Z --priority 10\n"
                                 "  echo '{\"day\": \"today\"}' | cloacinactl submit nightly --input @- --wait");
    submit->add_option("WORKFLOW", b->workflow, "Its name")->required()->type_name("");
    add_input(submit, b->input);
    submit->add_option("--key", b->key, "The same key again gives the same execution")->type_name("K");
    submit->add_option("--at", b->at, "Not before this time, RFC 3339")->type_name("TIME");
    submit->add_option("--priority", b->priority, "A higher one goes first")->capture_default_str()->type_name("N");
    submit->add_flag("--wait", b->wait, "Wait until it has ended; exit 0 only when it completed");

    auto [wait, w] = command<WaitArguments>("wait", "Wait until an execution has ended",
                                            "  cloacinactl wait 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f --timeout 5m");
    add_id(wait, w->id);
    wait->add_option("--timeout", w->timeout, "How long; exit 6 when it is up")->type_name("D");
  }

  void declare_looks() {
    auto [show, s] = command<ShowArguments>("show", "Show an execution, its tasks and its context");
    add_id(show, s->id);

    auto [list, l] = command<ListArguments>("list", "List executions, newest first",
                                            "  cloacinactl list --workflow nightly --status Failed --since 2h\n"
                                            "  cloacinactl list --json --limit 1000 | jq .id");
    list->add_option("--workflow", l->workflow, "Only of this workflow")->type_name("NAME");
    list->add_option("--status", l->status, "Pending, Running, Paused, Completed, Failed or Cancelled")->type_name("STATUS");
    list->add_option("--since", l->since, "Submitted since: RFC 3339, or a duration ago")->type_name("TIME");
    list->add_option("--limit", l->limit, "At most so many")->capture_default_str()->check(CLI::PositiveNumber)->type_name("N");

    auto [logs, o] = command<LogsArguments>("logs", "Print what commands wrote",
                                            "  cloacinactl logs 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f fetch --attempt 2");
    add_id(logs, o->id);
    logs->add_option("TASK", o->task, "Only of this task")->type_name("");
    logs->add_option("--attempt", o->attempt, "Only of this attempt, from 1")->check(CLI::PositiveNumber)->type_name("N");
  }

  void declare_controls() {
    auto [cancel, c] = command<CancelArguments>("cancel", "Stop an execution: what runs is asked to end, nothing starts any more");
    add_id(cancel, c->id);
    cancel->add_option("--reason", c->reason, "Kept with the execution")->type_name("TEXT");
    auto [pause, p] = command<PauseArguments>("pause", "Start nothing of an execution until it is resumed; what runs finishes");
    add_id(pause, p->id);
    pause->add_option("--reason", p->reason, "Kept with the execution")->type_name("TEXT");
    auto [resume, r] = command<ResumeArguments>("resume", "Go on with a paused execution");
    add_id(resume, r->id);
    auto [retry, t] = command<RetryArguments>("retry", "Run failed, skipped and cancelled tasks again, in the same execution",
                                              "  cloacinactl retry 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f --from sum");
    add_id(retry, t->id);
    retry->add_option("--from", t->from, "This task and all that follow from it, also completed ones")->type_name("TASK");
  }

  void declare_files() {
    auto [check, c] =
        command<CheckArguments>("check", "Check workflow files; prints each workflow with its version and its schedules");
    check->add_option("FILE", c->files, "Workflow files, or folders of them")->required()->type_name("");

    auto [graph, g] =
        command<GraphArguments>("graph", "Draw a workflow, or an execution with states and durations",
                                "  cloacinactl graph nightly.yaml\n"
                                "  cloacinactl graph 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f --format dot | dot -Tsvg > g.svg");
    graph->add_option("FILE|ID", g->subject, "A workflow file, or an execution")->required()->type_name("");
    graph->add_option("--workflow", g->workflow, "Which one, when the file has several")->type_name("NAME");
    graph->add_option("--format", g->format, "text, dot or mermaid")
        ->capture_default_str()
        ->check(CLI::IsMember({"text", "dot", "mermaid"}))
        ->type_name("FORMAT");
  }

  void declare_upkeep() {
    command<RunnersArguments>("runners", "Show who is alive, what they know and what they hold");
    auto [migrate, m] = command<MigrateArguments>("migrate", "Bring the schema of the database up to date");
    migrate->add_flag("--dry-run", m->dry_run, "Only say what would be done");
    command<DoctorArguments>("doctor", "Check the database; exit 1 when something was found");
    auto [prune, p] =
        command<PruneArguments>("prune", "Delete executions that have ended, and old history of schedules, in batches",
                                "  cloacinactl prune --older-than 30d\n"
                                "  cloacinactl prune --keep 10000 --status Completed --firings-older-than 365d");
    prune->add_option("--older-than", p->older_than, "Executions that ended so long ago")->type_name("D");
    prune->add_option("--keep", p->keep, "None of the newest N that have ended")->check(CLI::NonNegativeNumber)->type_name("N");
    prune->add_option("--status", p->statuses, "Only Completed, Failed or Cancelled ones; again for another")->type_name("STATUS");
    prune->add_option("--firings-older-than", p->firings_older_than, "Entries of schedules' histories, but the last of each")
        ->type_name("D");
    auto [backup, b] = command<BackupArguments>("backup", "Copy the SQLite database while runners go on",
                                                "  cloacinactl backup /var/backups/orders.db");
    backup->add_option("FILE", b->file, "The copy")->required()->type_name("");
    backup->add_flag("--overwrite", b->overwrite, "Replace a file that is there");

    const Declare tenant = Declare(app_, command_).group("tenant", "Isolated sets of workflows in one database");
    auto [create, t] = tenant.command<TenantCreateArguments>("create", "Make a tenant; a login's password is printed once, here",
                                                             "  cloacinactl tenant create acme --login\n"
                                                             "  cloacinactl serve /etc/acme --tenant acme");
    create->add_option("NAME", t->name, "1 to 48 lower-case letters, digits and underscores")->required()->type_name("");
    create->add_flag("--login", t->login, "Also a role that can log in and use nothing but this tenant (PostgreSQL)");
    create->add_option("--password-file", t->password_file, "Its password, the first line of a file; default: one is made")
        ->type_name("FILE");
    tenant.command<TenantListArguments>("list", "Print the tenants, one a line");
    auto [remove, x] = tenant.command<TenantRemoveArguments>("remove", "Delete a tenant with everything in it, and its role");
    remove->add_option("NAME", x->name, "The tenant")->required()->type_name("");
  }

  CLI::App app_;
  Globals globals_;
  std::function<Command()> command_ = [] { return Command{}; };
};

/// The words of the command that was named, each with a space behind it.
std::string words_of(CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? std::string() : subs.front()->get_name() + " " + words_of(*subs.front());
}

}  // namespace

std::variant<Arguments, int> parse(int argc, const char* const* argv, Console& console) {
  Parser parser;
  try {
    parser.app().parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    console.out.write(parser.app().help());  // of the command that was named
    return ExitStatus::done;
  } catch (const CLI::CallForVersion&) {
    console.out.line("cloacinactl " CLOACINA_VERSION);
    return ExitStatus::done;
  } catch (const CLI::ParseError& e) {
    if (argc <= 1) {
      console.err.write(parser.app().help());
      return ExitStatus::bad_input;
    }
    const std::string words = words_of(parser.app());
    const bool unquoted = words.starts_with("cron ") && dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr;
    console.err.line(std::string("cloacinactl: ") + e.what() + (unquoted ? "; write the expression in quotes" : "") +
                     "; see cloacinactl " + words + "--help");
    return ExitStatus::bad_input;
  }
  return parser.arguments();
}

}  // namespace cloacina::cli
