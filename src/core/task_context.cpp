#include "cloacina/error.hpp"
#include "cloacina/task.hpp"

namespace cloacina {

void TaskContext::complete_in(const UserConnection& connection) {
  if (!complete_) throw Error(ErrorCode::InvalidArgument, "complete_in: this task runs without a database");
  complete_(connection, *this);
}

}  // namespace cloacina
