#pragma once

#include <functional>

#include "cli/signals.hpp"
#include "cloacina/runner.hpp"

namespace cloacina::cli {

/// Stops `runner`: waits for what runs as long as it takes, but no longer than the next SIGINT or SIGTERM.
StopReport drain(Runner& runner, Signals& signals, const std::function<void()>& announce = {});

}  // namespace cloacina::cli
