#include "cli/exit_status.hpp"

namespace cloacina::cli {

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::InvalidWorkflow:
      return ExitStatus::bad_input;
    case ErrorCode::NotFound:
      return ExitStatus::not_found;
    case ErrorCode::Conflict:
      return ExitStatus::conflict;
    case ErrorCode::Unavailable:
    case ErrorCode::Corrupt:
      return ExitStatus::unavailable;
    case ErrorCode::Timeout:
      return ExitStatus::time_is_up;
    case ErrorCode::Internal:
      return ExitStatus::our_bug;
  }
  return ExitStatus::our_bug;
}

int exit_status(const Execution& execution) { return execution.completed() ? ExitStatus::done : ExitStatus::not_completed; }

}  // namespace cloacina::cli
