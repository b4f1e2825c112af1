#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "cloacina/cron.hpp"

namespace cloacina::cli {

/// Writes occurrences, one a line, as they come; for people also what changes of the clock did, and what did not fire for them.
class Listing {
 public:
  struct Options {
    bool json = false;
    bool local = false;              ///< also the zone's wall clock, and what was skipped
    std::optional<Timestamp> now{};  ///< also how far away they are
    std::string schedule{};          ///< in JSON, whose slots they are
  };
  /// `rule` has to live as long.
  Listing(Stream& out, const CronRule& rule, Options options);

  void occurrence(Timestamp at);
  /// What did not fire in (after, through].
  void skipped(Timestamp after, Timestamp through);

 private:
  Stream& out_;
  const CronRule& rule_;
  Options options_;
  bool remarks_;
};

}  // namespace cloacina::cli
