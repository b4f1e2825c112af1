#pragma once

/// Everything an application needs to declare workflows and run them.
#include "cloacina/command.hpp"
#include "cloacina/context.hpp"
#include "cloacina/error.hpp"
#include "cloacina/execution.hpp"
#include "cloacina/id.hpp"
#include "cloacina/isolation.hpp"
#include "cloacina/log.hpp"
#include "cloacina/retry.hpp"
#include "cloacina/rule.hpp"
#include "cloacina/runner.hpp"
#include "cloacina/schedule.hpp"
#include "cloacina/task.hpp"
#include "cloacina/time.hpp"
#include "cloacina/workflow.hpp"
