#pragma once

#include "cli/arguments.hpp"
#include "cli/console.hpp"

namespace cloacina::cli {

/// The commands. Each returns its exit status; what went wrong is thrown as cloacina::Error.
int execute(Console& console, const Globals& globals, const RunArguments& arguments);
int execute(Console& console, const Globals& globals, const ServeArguments& arguments);
int execute(Console& console, const Globals& globals, const SubmitArguments& arguments);
int execute(Console& console, const Globals& globals, const WaitArguments& arguments);
int execute(Console& console, const Globals& globals, const ShowArguments& arguments);
int execute(Console& console, const Globals& globals, const ListArguments& arguments);
int execute(Console& console, const Globals& globals, const LogsArguments& arguments);
int execute(Console& console, const Globals& globals, const CancelArguments& arguments);
int execute(Console& console, const Globals& globals, const PauseArguments& arguments);
int execute(Console& console, const Globals& globals, const ResumeArguments& arguments);
int execute(Console& console, const Globals& globals, const RetryArguments& arguments);
int execute(Console& console, const Globals& globals, const CheckArguments& arguments);
int execute(Console& console, const Globals& globals, const GraphArguments& arguments);
int execute(Console& console, const Globals& globals, const RunnersArguments& arguments);
int execute(Console& console, const Globals& globals, const MigrateArguments& arguments);
int execute(Console& console, const Globals& globals, const DoctorArguments& arguments);
int execute(Console& console, const Globals& globals, const PruneArguments& arguments);
int execute(Console& console, const Globals& globals, const BackupArguments& arguments);
int execute(Console& console, const Globals& globals, const TenantCreateArguments& arguments);
int execute(Console& console, const Globals& globals, const TenantListArguments& arguments);
int execute(Console& console, const Globals& globals, const TenantRemoveArguments& arguments);
int execute(Console& console, const Globals& globals, const CronNextArguments& arguments);
int execute(Console& console, const Globals& globals, const CronCheckArguments& arguments);
int execute(Console& console, const Globals& globals, const CronExplainArguments& arguments);

int execute(Console& console, const Globals& globals, const SchedulePutArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleGetArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleListArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleRemoveArguments& arguments);
int execute(Console& console, const Globals& globals, const SchedulePauseArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleResumeArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleRunNowArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleNextArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleHistoryArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleStatsArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleBackfillArguments& arguments);
int execute(Console& console, const Globals& globals, const ScheduleCalendarArguments& arguments);

}  // namespace cloacina::cli
