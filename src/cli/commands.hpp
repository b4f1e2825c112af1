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
int execute(Console& console, const Globals& globals, const CronNextArguments& arguments);
int execute(Console& console, const Globals& globals, const CronCheckArguments& arguments);
int execute(Console& console, const Globals& globals, const CronExplainArguments& arguments);

}  // namespace cloacina::cli
