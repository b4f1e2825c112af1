#pragma once

#include "cloacina/runner.hpp"

namespace cloacina::runner {

/// Refuses values out of range. *Throws* Error{InvalidArgument} that names every bad field.
void check(const RunnerOptions& options);
void check(const SubmitOptions& options);
void check(const ListFilter& filter);
void check(const ScheduleFilter& filter);
void check(const FiringFilter& filter);
void check(const BackfillOptions& options);
/// Of a control; it is stored, and shown as JSON.
void check_reason(const std::string& reason);

}  // namespace cloacina::runner
