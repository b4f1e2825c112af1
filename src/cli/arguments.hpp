#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What was typed, as plain values. The words are read in parse.cpp; what they mean is checked by the commands.
namespace cloacina::cli {

/// Options of every command.
struct Globals {
  std::string database = "sqlite:cloacina.db";
  std::string tenant;
  bool json = false;
};

struct RunArguments {
  std::string file;
  std::string workflow;  ///< empty: the only one of the file
  std::optional<std::string> input;
  int workers = 8;
};
struct ServeArguments {
  std::vector<std::string> paths;
  int workers = 8;
  int lanes = 1;
  std::string lease = "15s";
  std::string source;  ///< empty: the paths, made absolute
  bool only_loaded = false;
  std::optional<std::string> keep_for;
  std::optional<std::int64_t> keep;
  std::optional<std::string> keep_firings_for;
};
struct SubmitArguments {
  std::string workflow;
  std::optional<std::string> input;
  std::optional<std::string> key;
  std::optional<std::string> at;
  int priority = 0;
  bool wait = false;
};
struct WaitArguments {
  std::string id;
  std::optional<std::string> timeout;
};
struct ShowArguments {
  std::string id;
};
struct ListArguments {
  std::string workflow;
  std::string status;
  std::string since;
  std::uint64_t limit = 50;
};
struct LogsArguments {
  std::string id;
  std::optional<std::string> task;
  std::optional<int> attempt;
};
struct CancelArguments {
  std::string id;
  std::string reason;
};
struct PauseArguments {
  std::string id;
  std::string reason;
};
struct ResumeArguments {
  std::string id;
};
struct RetryArguments {
  std::string id;
  std::optional<std::string> from;
};
struct CheckArguments {
  std::vector<std::string> files;
};
struct GraphArguments {
  std::string subject;  ///< a file, or the id of an execution
  std::string workflow;
  std::string format = "text";
};
struct RunnersArguments {};
struct MigrateArguments {
  bool dry_run = false;
};
struct DoctorArguments {};
struct PruneArguments {
  std::optional<std::string> older_than;
  std::optional<std::int64_t> keep;
  std::vector<std::string> statuses;
  std::optional<std::string> firings_older_than;
};
struct BackupArguments {
  std::string file;
  bool overwrite = false;
};
struct TenantCreateArguments {
  std::string name;
  bool login = false;
  std::string password_file;
};
struct TenantListArguments {};
struct TenantRemoveArguments {
  std::string name;
};
/// What all `cron` commands take. Policies and times are read by the commands, which say what they take.
struct CronArguments {
  std::string expression;
  std::optional<std::string> zone;
  std::string dialect = "ocps";
  std::string name;  ///< what `H` is hashed from
};
struct CronNextArguments : CronArguments {
  std::optional<std::string> after;
  std::optional<std::string> before;
  std::string count = "1";
  std::string gap = "next_valid";
  std::string overlap = "automatic";
  bool local = false;
};
struct CronCheckArguments : CronArguments {};
struct CronExplainArguments : CronArguments {};

/// The definition of a schedule, one option a field.
struct SchedulePutArguments {
  std::string name;
  std::string workflow;
  std::optional<std::string> input;
  std::string cron;
  std::string dialect = "ocps";
  std::string zone = "UTC";
  std::string gap = "next_valid";
  std::string overlap = "automatic";
  std::optional<std::string> start_at;
  std::optional<std::string> end_at;
  std::string catchup = "none";
  std::string max_lateness = "1m";
  std::string catchup_window = "365d";
  std::string concurrency = "allow";
  std::string jitter = "0s";
  bool paused = false;
  int priority = 0;
  std::vector<std::string> tags;  ///< `KEY=VALUE`
};
struct ScheduleGetArguments {
  std::string name;
};
struct ScheduleListArguments {
  std::string workflow;
  bool paused = false;
};
struct ScheduleRemoveArguments {
  std::string name;
};
struct SchedulePauseArguments {
  std::string name;
  std::string note;
};
struct ScheduleResumeArguments {
  std::string name;
};
struct ScheduleRunNowArguments {
  std::string name;
};
struct ScheduleNextArguments {
  std::string name;
  int count = 1;
};
struct ScheduleHistoryArguments {
  std::string name;
  std::string outcome;
  std::string since;
  std::uint64_t limit = 50;
};
struct ScheduleStatsArguments {
  std::string name;
  std::string since;
};
struct ScheduleBackfillArguments {
  std::string name;
  std::string from;
  std::string to;
  int concurrency = 1;
  bool dry_run = false;
};
struct ScheduleCalendarArguments {
  int days = 7;
};

using Command =
    std::variant<std::monostate, RunArguments, ServeArguments, SubmitArguments, WaitArguments, ShowArguments, ListArguments,
                 LogsArguments, CancelArguments, PauseArguments, ResumeArguments, RetryArguments, CheckArguments, GraphArguments,
                 RunnersArguments, MigrateArguments, DoctorArguments, PruneArguments, BackupArguments, TenantCreateArguments,
                 TenantListArguments, TenantRemoveArguments, SchedulePutArguments, ScheduleGetArguments, ScheduleListArguments,
                 ScheduleRemoveArguments, SchedulePauseArguments, ScheduleResumeArguments, ScheduleRunNowArguments,
                 ScheduleNextArguments, ScheduleHistoryArguments, ScheduleStatsArguments, ScheduleBackfillArguments,
                 ScheduleCalendarArguments, CronNextArguments, CronCheckArguments, CronExplainArguments>;

struct Arguments {
  Globals globals;
  Command command;
};

}  // namespace cloacina::cli
