#include <algorithm>

#include "cloacina/error.hpp"
#include "cloacina/task.hpp"

namespace cloacina {

void TaskContext::complete_in(const UserConnection& connection) {
  if (!complete_) throw Error(ErrorCode::InvalidArgument, "complete_in: this task runs without a database");
  complete_(connection, *this);
}

namespace {
/// Ends a run. No std::exception: what user code catches of those is its own.
struct GivenBack {};
}  // namespace

void TaskContext::give_back(std::chrono::milliseconds time, int passed) {
  waited_.passed = passed;
  deferred_ = std::max(time, std::chrono::milliseconds{1});
  throw GivenBack{};
}

void TaskContext::defer_until(const std::function<bool()>& condition, std::chrono::milliseconds interval) {
  // Caught by user code all the same: it ends here nevertheless.
  if (deferred_) throw GivenBack{};
  const int wait = waits_++;
  if (wait < waited_.passed || condition()) return;
  give_back(interval, wait);
}

void TaskContext::sleep_for(std::chrono::milliseconds time) {
  if (deferred_) throw GivenBack{};
  const int wait = waits_++;
  if (wait < waited_.passed || time <= std::chrono::milliseconds{0}) return;
  give_back(time, wait + 1);
}

}  // namespace cloacina
