#pragma once

#include "cloacina/error.hpp"
#include "cloacina/execution.hpp"

namespace cloacina::cli {

/// Exit statuses of the command, a contract with scripts.
struct ExitStatus {
  static constexpr int done = 0;
  static constexpr int not_completed = 1;  ///< the execution did not complete, or a check-up found something
  static constexpr int bad_input = 2;
  static constexpr int not_found = 3;
  static constexpr int conflict = 4;
  static constexpr int unavailable = 5;
  static constexpr int time_is_up = 6;
  static constexpr int our_bug = 70;
};

/// The one table from codes to exit statuses.
[[nodiscard]] int exit_status(ErrorCode code);
/// Of a command that saw `execution` to its end.
[[nodiscard]] int exit_status(const Execution& execution);

}  // namespace cloacina::cli
