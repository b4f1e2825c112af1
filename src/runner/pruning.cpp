#include "runner/pruning.hpp"

#include "cloacina/error.hpp"

namespace cloacina::runner {

namespace {

constexpr std::chrono::hours time_max{24 * 36'525};

std::uint32_t bits_of(const std::vector<ExecutionStatus>& statuses) {
  std::uint32_t bits = 0;
  for (const auto status : statuses) bits |= 1U << static_cast<unsigned>(status);
  return bits;
}

}  // namespace

void check(const Retention& retention, const std::string& who) {
  const auto refuse = [&](const std::string& what) { throw Error(ErrorCode::InvalidArgument, who + ": " + what); };
  for (const auto& [name, time] :
       {std::pair("older_than", retention.older_than), std::pair("firings_older_than", retention.firings_older_than)}) {
    if (time && time->count() < 0) refuse(std::string(name) + " is negative");
    if (time && *time > time_max) refuse(std::string(name) + " is more than a hundred years");
  }
  if (retention.keep && *retention.keep < 0) refuse("keep is negative");
  for (const auto status : retention.statuses) {
    if (!is_terminal(status)) {
      refuse("executions that are " + std::string(to_string(status)) + " have not ended; write Completed, Failed or Cancelled");
    }
  }
}

PruneReport prune(store::Store& store, const Retention& retention, Timestamp now, int batch,
                  const std::function<bool(int deleted)>& go_on) {
  PruneReport report;
  const auto pass = [&](store::PruneScan scan, std::int64_t& deleted, auto step) {
    scan.limit = batch;
    for (;;) {
      const auto done = step(scan);
      deleted += done.deleted;
      if (!go_on(done.deleted) || !done.next) return;
      scan.after = *done.next;
    }
  };
  if (retention.older_than || retention.keep) {
    store::PruneScan scan;
    scan.before = retention.older_than ? now - *retention.older_than : Timestamp::max();
    if (!retention.statuses.empty()) scan.statuses = bits_of(retention.statuses);
    if (retention.keep) scan.through = store.newest_ended(*retention.keep).value_or(0);
    if (scan.through > 0) pass(scan, report.executions, [&](const auto& s) { return store.prune(s); });
  }
  if (retention.firings_older_than) {
    store::PruneScan scan;
    scan.before = now - *retention.firings_older_than;
    pass(scan, report.firings, [&](const auto& s) { return store.prune_firings(s); });
  }
  return report;
}

}  // namespace cloacina::runner
