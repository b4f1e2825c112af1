#pragma once

#include "harness.hpp"

namespace cloacina::engine::test {

class ScheduleTest : public EngineTest {
 protected:
  /// A schedule that fires at every full minute.
  static Schedule minutely(const std::string& name = "tick", const std::string& workflow = "one") {
    Schedule s;
    s.name = name;
    s.workflow = workflow;
    s.cron = "* * * * *";
    return s;
  }
  void SetUp() override { now.utc = parse_timestamp("2026-03-01T12:00:30Z"); }

  /// Lives through `count` full minutes.
  void run_minutes(int count) {
    for (int i = 0; i < count; ++i) {
      advance(1min);
      settle();
    }
  }

  std::vector<Firing> history(const std::string& name = "tick") {
    auto firings = schedules().history(name, {.limit = 10'000}).firings;
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
};
}  // namespace cloacina::engine::test
