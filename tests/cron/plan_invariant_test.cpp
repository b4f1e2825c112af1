#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "cron/oracle.hpp"
#include "cron/plan.hpp"

namespace cloacina::cron {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr microseconds tick{1};

/// A schedule's life on a clock that is advanced, stepped back, and at whose times users pause, resume and edit. What the ledger
/// must hold at the end is computed without the planner: the oracle's slots of each rule between its edits.
class Life {
 public:
  Life(std::uint32_t seed, const oracle::Clock& clock, const std::string& zone, Timestamp from)
      : random_(seed), clock_(clock), zone_(ZoneDatabase::system().zone(zone)), from_(from), now_(from) {
    begin_reign(from_);
    cursor_ = first_cursor(rule(), from_);
    if (rule().start_at) reigns_.back().after = *rule().start_at - tick;
  }

  void run() {
    for (int step = 0; step < 60; ++step) {
      // User actions happen at new instants; turns may see an older clock.
      now_ += microseconds{pick(1, 1'000'000)} + seconds{chance(20) ? pick(0, 20'000) : pick(0, 900)};
      if (now_ > from_ + std::chrono::hours{48}) break;
      switch (pick(0, 9)) {
        case 0:
          pause();
          break;
        case 1:
          resume();
          break;
        case 2:
          edit();
          break;
        default:
          turn(chance(15) ? now_ - seconds{pick(1, 90'000)} : now_, pick(1, 6));
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    resume();
    now_ += std::chrono::hours{3};
    for (int turns = 0; due() && *due() <= now_; ++turns) {
      ASSERT_LT(turns, 100'000) << "a schedule that is due makes progress";
      turn(now_, pick(1, 50));
      if (::testing::Test::HasFatalFailure()) return;
    }
    check_ledger();
  }

 private:
  /// A rule and the instants (after, through] whose slots are its own.
  struct Reign {
    ScheduleRule rule;
    Timestamp after;
    Timestamp through;
    std::vector<Timestamp> slots;  // by the oracle, inside the rule's window
  };

  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  [[nodiscard]] const ScheduleRule& rule() const { return reigns_.back().rule; }
  [[nodiscard]] std::optional<Timestamp> due() const { return next_run_at(rule(), cursor_); }

  void begin_reign(Timestamp after) {
    static const char* const texts[] = {"*/10 * * * *",   "*/7 * * * * *", "0,30 * * * *", "30 0,1,2,3 * * *",  "* * * * *",
                                        "*/20 1-3 * * *", "0 0 * * *",     "5/13 * * * *", "15,45 0 2,3 * * *", "*/2 */5 * * * *"};
    const std::string text = texts[pick(0, 9)];
    ScheduleRule made{.name = "life", .rule = {.expression = CronExpression::parse(text, Dialect::Extended), .zone = zone_}};
    made.rule.gap = static_cast<GapPolicy>(pick(0, 2));
    made.rule.overlap = static_cast<OverlapPolicy>(pick(0, 3));
    made.catchup = static_cast<Catchup>(pick(0, 2));
    made.max_lateness = seconds{pick(0, 600)};
    if (chance(50)) made.catchup_window = seconds{pick(60, 40'000)};
    if (chance(40)) made.jitter = seconds{pick(1, chance(20) ? 5'000 : 100)};
    if (chance(20)) made.start_at = now_ + seconds{pick(-3'000, 20'000)};
    if (chance(20)) made.end_at = now_ + seconds{pick(0, 100'000)};
    std::vector<Timestamp> slots;
    for (const std::time_t second : clock_.matched(oracle::Expression(text)).occurrences(made.rule.gap, made.rule.overlap)) {
      const Timestamp slot{seconds{second}};
      if ((!made.start_at || slot >= *made.start_at) && (!made.end_at || slot < *made.end_at)) slots.push_back(slot);
    }
    reigns_.push_back({std::move(made), after, Timestamp::max(), std::move(slots)});
  }

  void pause() {
    cursor_ = after_pause(cursor_, now_);
    if (!paused_since_) paused_since_ = now_;
  }
  void resume() {
    cursor_ = after_resume(cursor_, now_);
    if (paused_since_) pauses_.emplace_back(*paused_since_, now_);
    paused_since_.reset();
  }
  void edit() {
    cursor_ = after_edit(cursor_, rule(), now_);
    reigns_.back().through = now_;
    begin_reign(now_);
  }

  [[nodiscard]] const Reign& reign_of(Timestamp slot) const {
    for (const Reign& reign : reigns_) {
      if (slot > reign.after && slot <= reign.through) return reign;
    }
    return reigns_.front();
  }

  void turn(Timestamp now, int max_slots) {
    const auto due_before = due();
    const Timestamp settled_before = cursor_.settled;
    const Plan plan = cron::plan(rule(), cursor_, now, max_slots);
    ASSERT_LE(plan.fire.size() + plan.skipped.size(), static_cast<std::size_t>(max_slots));
    ASSERT_GE(plan.cursor.settled, settled_before);
    // While a pause is open, a schedule asks for no turn; one that gets it anyway settles the paused slots.
    if (!paused_since_) {
      ASSERT_EQ(!plan.fire.empty() || !plan.skipped.empty(), due_before && *due_before <= now)
          << "a turn does something exactly when next_run_at says so";
    }
    for (const auto& firing : plan.fire) {
      ASSERT_LE(firing.due, now);
      ASSERT_GE(firing.due, firing.slot);
      ASSERT_TRUE(ledger_.emplace(firing.slot, std::nullopt).second) << "fired twice";
      const ScheduleRule& of = reign_of(firing.slot).rule;
      ASSERT_LE(firing.due - firing.slot, of.jitter);
      if (of.catchup == Catchup::None) {
        ASSERT_LE(now - firing.due, of.max_lateness) << "a stale slot under none";
      }
    }
    for (const auto& run : plan.skipped) {
      const auto before = ledger_.size();
      for (const Reign& reign : reigns_) {
        const auto first = std::lower_bound(reign.slots.begin(), reign.slots.end(), std::max(run.slot, reign.after + tick));
        for (auto slot = first; slot != reign.slots.end() && *slot <= std::min(run.through, reign.through); ++slot) {
          ASSERT_TRUE(ledger_.emplace(*slot, run.reason).second) << "settled twice";
        }
      }
      ASSERT_EQ(ledger_.size() - before, static_cast<std::size_t>(run.count));
      ASSERT_TRUE(ledger_.contains(run.slot) && ledger_.contains(run.through));
    }
    cursor_ = plan.cursor;
  }

  void check_ledger() {
    std::size_t settled = 0;
    for (const Reign& reign : reigns_) {
      for (const Timestamp slot : reign.slots) {
        if (slot <= reign.after || slot > reign.through || slot > now_) continue;
        const auto entry = ledger_.find(slot);
        if (entry == ledger_.end()) {
          ASSERT_GT(slot + reign.rule.jitter, now_)
              << format_seconds(slot) << " is neither fired nor skipped, and no jitter holds it";
          continue;
        }
        ++settled;
        const bool in_pause =
            std::any_of(pauses_.begin(), pauses_.end(), [&](const auto& p) { return slot >= p.first && slot < p.second; });
        ASSERT_EQ(entry->second == SkipReason::Paused, in_pause) << format_seconds(slot);
        if (entry->second == SkipReason::Missed) {
          ASSERT_EQ(reign.rule.catchup, Catchup::None);
        }
        if (entry->second == SkipReason::Superseded) {
          ASSERT_EQ(reign.rule.catchup, Catchup::Latest);
        }
        if (entry->second == SkipReason::CatchupWindow) {
          ASSERT_NE(reign.rule.catchup, Catchup::None);
        }
      }
    }
    ASSERT_EQ(settled, ledger_.size()) << "something was settled that is no slot";
  }

  std::mt19937 random_;
  const oracle::Clock& clock_;
  TimeZone zone_;
  Timestamp from_;
  Timestamp now_;
  Cursor cursor_;
  std::vector<Reign> reigns_;
  std::vector<std::pair<Timestamp, Timestamp>> pauses_;
  std::optional<Timestamp> paused_since_;
  std::map<Timestamp, std::optional<SkipReason>> ledger_;
};

TEST(PlanInvariant, FiredAndSkippedAreAllSlotsWhateverHappens) {
  const std::pair<const char*, const char*> places[] = {{"Europe/Berlin", "2026-03-28T12:00:00Z"},
                                                        {"Europe/Berlin", "2026-10-24T12:00:00Z"},
                                                        {"Australia/Lord_Howe", "2026-10-03T00:00:00Z"}};
  const std::uint32_t lives = oracle::soak() ? 1'000 : 40;
  for (const auto& [zone, text] : places) {
    const Timestamp from = parse_timestamp(text);
    const std::time_t second = from.time_since_epoch().count() / 1'000'000;
    const oracle::Clock clock(zone, second - 3'600, second + 60 * 3'600);
    for (std::uint32_t seed = 0; seed < lives; ++seed) {
      SCOPED_TRACE(std::string(text) + " seed " + std::to_string(seed));
      Life(oracle::seed(seed), clock, zone, from).run();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace cloacina::cron
