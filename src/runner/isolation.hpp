#pragma once

#include "cloacina/workflow.hpp"

namespace cloacina::runner {

/// The workflow with its isolated tasks made to run in processes of their own, which are copies of this one as it is now; the same
/// workflow when it has no such tasks. *Throws* Error{Unavailable} when the process cannot be copied.
[[nodiscard]] Workflow isolate(const Workflow& workflow);

}  // namespace cloacina::runner
