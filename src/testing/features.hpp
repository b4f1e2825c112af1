#pragma once

#include <string>

#include "testing/dice.hpp"

namespace cloacina::simulation {

/// What may happen in a simulated world. A seed switches some of it off, so that what is left meets in all combinations.
struct Features {
  // How runners live.
  bool leases = false;   ///< by leases and a server's clock, not by locks and one clock
  bool crashes = true;   ///< runners die, also in the middle of a commit and of what follows it
  bool stalls = true;    ///< a runner stands still for a while, with all its threads
  bool drains = true;    ///< runners stop in good order
  bool versions = true;  ///< workflows are deployed in other versions, and not on every runner
  // What the store does.
  bool refusals = true;      ///< commits fail, also all of them for a while, as on a full disk
  bool lost_answers = true;  ///< commits are applied and seem to fail
  bool blind_reads = true;   ///< contexts, definitions and due schedules cannot be read
  bool partitions = true;    ///< a runner does not reach the store for a while
  bool slow = true;          ///< what follows a commit comes late
  bool races = true;         ///< others commit between what a turn reads and its commit
  bool lost_hints = true;
  // What clocks do.
  bool clock_steps = true;
  bool skew = true;  ///< each runner has its own time; with leases only
  // What tasks do.
  bool failures = true;
  bool hangs = true;
  bool stubborn = true;  ///< they ignore their stop tokens
  bool killers = true;   ///< they kill their runner
  bool deferrals = true;
  bool late_words = true;  ///< what workers report is under way for a while
  bool long_tasks = true;
  // What users do.
  bool cancels = true;
  bool pauses = true;
  bool retries = true;
  bool repeats = true;  ///< they submit again, with the same id or key
  bool delays = true;   ///< submissions for later
  bool prunes = true;
  bool schedules = true;
  bool backfills = true;
};

/// Each with even chances, but for what is rarely off.
[[nodiscard]] Features draw_features(Dice& dice);
/// As `leases crashes …`, for people.
[[nodiscard]] std::string to_string(const Features& features);

}  // namespace cloacina::simulation
