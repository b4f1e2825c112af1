#pragma once

#include <set>

#include "harness.hpp"

namespace cloacina::engine::test {

class ScheduleTest : public EngineTest {
 public:
  using EngineTest::EngineTest;

 protected:
  /// A schedule that fires at every full minute.
  static Schedule minutely(const std::string& name = "tick", const std::string& workflow = "one") {
    Schedule s;
    s.name = name;
    s.workflow = workflow;
    s.cron = "* * * * *";
    return s;
  }
  static Schedule minutely(Catchup catchup, const std::string& name = "tick") {
    Schedule s = minutely(name);
    s.catchup = catchup;
    return s;
  }
  static Schedule minutely(Concurrency concurrency, const std::string& name = "tick", const std::string& workflow = "one") {
    Schedule s = minutely(name, workflow);
    s.concurrency = concurrency;
    return s;
  }
  /// `12:01` of the first day, or a whole timestamp.
  static Timestamp at(const std::string& text) { return parse_timestamp(text.size() == 5 ? "2026-03-01T" + text + ":00Z" : text); }
  void SetUp() override { now.utc = parse_timestamp("2026-03-01T12:00:30Z"); }
  void go_to(const std::string& text) { advance(at(text) - now.utc); }

  /// A new process looks what is due in its first turn, and fires it in the second. Gives that one.
  Effects fire_in_new_process() {
    boot();
    const auto first = step();
    EXPECT_TRUE(first.start.empty());
    return step();
  }

  /// Lives through `count` full minutes.
  void run_minutes(int count) {
    for (int i = 0; i < count; ++i) {
      advance(1min);
      settle();
    }
  }

  std::vector<Firing> history(const std::string& name = "tick") {
    std::vector<Firing> firings;
    FiringFilter filter{.limit = 10'000};
    do {
      auto page = schedules().history(name, filter);
      firings.insert(firings.end(), page.firings.begin(), page.firings.end());
      filter.before = page.next;
    } while (filter.before);
    std::reverse(firings.begin(), firings.end());
    return firings;
  }
  /// `12:01 fired`, `12:02-12:05 skipped paused 4`
  std::vector<std::string> ledger(const std::string& name = "tick") {
    std::vector<std::string> out;
    for (const auto& f : history(name)) {
      const auto clock = [](Timestamp t) { return format_seconds(t).substr(11, 5); };
      std::string line = clock(f.slot);
      if (f.through != f.slot) line += "-" + clock(f.through);
      line += " " + std::string(to_string(f.outcome));
      if (f.kind != Firing::Kind::Slot) line += " " + std::string(to_string(f.kind));
      if (f.reason) line += " " + std::string(to_string(*f.reason)) + " " + std::to_string(f.count);
      out.push_back(line);
    }
    return out;
  }

  /// Every slot of (after, through] has fired once, with an execution of its own, or is part of one skipped run; and nothing that
  /// is no slot has. Slots that a backfill fired may be skipped as well. *Requires* a schedule whose rule was never edited.
  void expect_each_slot_once(const std::string& name, Timestamp after, Timestamp through) {
    const auto info = schedules().get(name);
    const auto rule = rule_of(info.definition, info.created_at);
    const auto tick = std::chrono::microseconds{1};
    std::map<Timestamp, int> times;
    std::set<Timestamp> backfilled;
    std::set<ExecutionId> executions_of;
    for (const auto& f : history(name)) {
      if (f.kind == Firing::Kind::RunNow) continue;
      if (f.outcome == Firing::Outcome::Fired) {
        EXPECT_EQ(rule.next(f.slot - tick), f.slot) << name << " fired " << format_timestamp(f.slot) << ", which is no slot";
        if (f.kind == Firing::Kind::Backfill) backfilled.insert(f.slot);
        if (f.kind == Firing::Kind::Slot) ++times[f.slot];
        ASSERT_TRUE(f.execution);
        EXPECT_TRUE(executions_of.insert(*f.execution).second) << name << ": one execution for two slots";
        continue;
      }
      std::int64_t count = 0;
      std::int64_t by_backfill = 0;
      for (auto slot = rule.next(f.slot - tick); slot && *slot <= f.through; slot = rule.next(*slot), ++count) {
        ++times[*slot];
        by_backfill += backfilled.contains(*slot) ? 1 : 0;
      }
      EXPECT_LE(f.count, count) << name;
      EXPECT_GE(f.count, count - by_backfill) << name << " skips fewer slots than there are";
    }
    for (auto slot = rule.next(after); slot && *slot <= through; slot = rule.next(*slot)) {
      if (info.definition.start_at && *slot < *info.definition.start_at) continue;
      if (info.definition.end_at && *slot >= *info.definition.end_at) break;
      const int n = times[*slot];
      EXPECT_TRUE(n == 1 || (n == 0 && backfilled.contains(*slot))) << name << " " << format_timestamp(*slot) << ": " << n;
      times.erase(*slot);
    }
    for (const auto& [slot, n] : times) {
      EXPECT_FALSE(slot > after && slot <= through) << name << " " << format_timestamp(slot) << " is no slot of its window";
    }
  }

  /// Executions of the schedule's slots that are not terminal, in the order of their submission.
  std::vector<Execution> open(const std::string& workflow = "one") {
    auto all = executions(workflow);
    std::erase_if(all, [](const auto& e) { return is_terminal(e.status); });
    return all;
  }
};

}  // namespace cloacina::engine::test
