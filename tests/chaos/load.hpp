#pragma once

#include <string>

namespace cloacina::chaos {

/// Keeps a runner busy for so long, with retention, a schedule and isolated tasks. Prints a line a second: executions ended,
/// resident KiB, descriptors, KiB of the database's files.
int load(const std::string& url, int seconds);

}  // namespace cloacina::chaos
