#include "runner/options.hpp"

#include <algorithm>

#include "core/tenant_name.hpp"
#include "core/text.hpp"
#include "runner/pruning.hpp"

namespace cloacina::runner {

namespace {

/// What a database's timeout can hold, and more than enough for the rest: sums with a clock stay far from its end.
constexpr std::chrono::milliseconds duration_max = std::chrono::hours{24 * 24};

/// Collects the fields that are out of range.
class Check {
 public:
  explicit Check(std::string what) : what_(std::move(what)) {}

  template <class T>
  void range(const char* field, T value, T low, T high) {
    if (value < low || value > high) {
      bad(field, std::to_string(value) + ", it must be from " + std::to_string(low) + " to " + std::to_string(high));
    }
  }
  void duration(const char* field, std::chrono::milliseconds value, std::chrono::milliseconds low) {
    if (value < low || value > duration_max) {
      bad(field,
          std::to_string(value.count()) + "ms, it must be from " + format_duration(low) + " to " + format_duration(duration_max));
    }
  }
  void bad(const char* field, const std::string& why) { text_ += std::string(text_.empty() ? " " : "; ") + field + " is " + why; }
  void done() const {
    if (!text_.empty()) throw Error(ErrorCode::InvalidArgument, what_ + ":" + text_);
  }

 private:
  std::string what_;
  std::string text_;
};

/// What a timestamp's text can hold, 0000 to 9999.
constexpr Timestamp first_time = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr Timestamp end_of_time = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};

bool is_utf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

void check(const RunnerOptions& o) {
  using std::chrono::milliseconds;
  Check c("runner options");
  c.range("workers", o.workers, 1, 4'096);
  c.range("lanes", o.lanes, 1, std::max(o.workers, 1));
  if (o.lanes > 1 && o.database.starts_with("sqlite:")) {
    c.bad("lanes", std::to_string(o.lanes) + ", a SQLite file has one writer at a time, so it must be 1");
  }
  c.range("prefetch_max", o.prefetch_max, 0, 100'000);
  c.range("written_off_max", o.written_off_max, 1, 4'096);
  c.range<std::size_t>("context_bytes_max", o.context_bytes_max, 1'024, std::size_t{512} << 20);
  c.range<std::size_t>("context_cache_bytes", o.context_cache_bytes, 0, std::size_t{1} << 40);
  c.range<std::size_t>("inbox_max", o.inbox_max, 1, 10'000'000);
  c.duration("heartbeat", o.heartbeat, milliseconds{10});
  c.duration("lease", o.lease, milliseconds{30});
  if (o.lease >= milliseconds{30} && o.lease / 3 < o.heartbeat && o.heartbeat <= duration_max) {
    c.bad("lease", format_duration(o.lease) + ", it must be at least three heartbeats (" + format_duration(3 * o.heartbeat) + ")");
  }
  c.duration("stop_grace", o.stop_grace, milliseconds{0});
  c.duration("busy_timeout", o.busy_timeout, milliseconds{0});
  if (o.durability != Durability::Full && o.durability != Durability::Normal) c.bad("durability", "none of the enumerators");
  if (!is_utf8(o.name)) c.bad("name", "not UTF-8");
  if (!is_utf8(o.actor)) c.bad("actor", "not UTF-8");
  c.done();
  check(o.retention, "runner options: retention");
  if (!o.tenant.empty()) core::check_tenant_name(o.tenant);
}

void check(const SubmitOptions& o) {
  Check c("submit options");
  c.range("priority", o.priority, -1'000'000, 1'000'000);
  if (o.start_at && (*o.start_at < first_time || *o.start_at >= end_of_time)) {
    c.bad("start_at", "out of range, it must be in the years 0000 to 9999");
  }
  if (o.key && (o.key->empty() || o.key->size() > 1'024)) c.bad("key", "of a bad length, it must have 1 to 1024 bytes");
  c.done();
}

void check_reason(const std::string& reason) {
  Check c("controls");
  if (!is_utf8(reason)) c.bad("reason", "not UTF-8");
  c.done();
}

void check(const ListFilter& f) {
  Check c("list filter");
  c.range<std::size_t>("limit", f.limit, 1, 1'000);
  c.done();
}

void check(const ScheduleFilter& f) {
  Check c("schedule filter");
  c.range("limit", f.limit, 1, 10'000);
  c.done();
}

void check(const FiringFilter& f) {
  Check c("firing filter");
  c.range("limit", f.limit, 1, 10'000);
  c.done();
}

void check(const BackfillOptions& o) {
  Check c("backfill options");
  c.range("concurrency", o.concurrency, 1, 10'000);
  c.done();
}

}  // namespace cloacina::runner
