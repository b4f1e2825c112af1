#pragma once

#include <string>

namespace cloacina::chaos {

/// Keeps a runner busy for so long, with retention, a schedule and isolated tasks: with so many executions a second, or with 0 as
/// many as it can. Prints a line a second: executions ended, resident KiB, descriptors, KiB of the database's files.
int load(const std::string& url, int seconds, int per_second);

}  // namespace cloacina::chaos
