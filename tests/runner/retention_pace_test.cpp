// How fast is deleted what is not kept: told by a world of numbers, no clock.
#include <gtest/gtest.h>

#include "runner/retention_pace.hpp"

namespace cloacina::runner::test {
namespace {

using namespace std::chrono_literals;
using Duration = RetentionPace::Duration;

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

/// A database to which rows that may go are added at a steady rate.
struct Rows {
  double a_second = 0;      ///< come
  Duration per_step = 6ms;  ///< a step of RetentionPace::batch rows
  double there = 0;
  double most_late = 0;  ///< in the second half
  Duration busy{};
  Duration elapsed{};

  void pass(Duration time) {
    there += a_second * seconds(time);
    elapsed += time;
  }

  void live(RetentionPace& pace, Duration life) {
    while (elapsed < life) {
      for (bool more = true; more && elapsed < life;) {
        const int deleted = static_cast<int>(std::min<double>(there, RetentionPace::batch));
        there -= deleted;
        busy += per_step;
        pass(per_step);
        pass(pace.after_step(per_step, deleted));
        more = deleted == RetentionPace::batch;
        if (elapsed > life / 2) most_late = std::max(most_late, there);
      }
      pass(pace.after_pass());
    }
  }
};

TEST(RetentionPace, KeepsUpWithALittleLessThanHalfOfItsSpeed) {
  const double speed = RetentionPace::batch / seconds(6ms);
  for (const double part : {0.01, 0.1, 0.19, 0.21, 0.45}) {
    RetentionPace pace({.keep = 1'000});
    Rows rows{.a_second = speed * part};
    rows.live(pace, 1h);
    EXPECT_LE(rows.most_late, rows.a_second * 70) << part << ": no more than what comes in about a minute";
  }
}

TEST(RetentionPace, WhenItDoesNotKeepUpItLeavesHalfOfTheTimeToTheWork) {
  RetentionPace pace({.older_than = 1s});
  Rows rows{.a_second = 100'000};
  rows.live(pace, 10min);
  EXPECT_LE(rows.busy, rows.elapsed * 51 / 100);
  EXPECT_GE(rows.busy, rows.elapsed * 45 / 100);
}

TEST(RetentionPace, ToLookForNothingTakesAFiftiethOfTheTime) {
  RetentionPace pace({.older_than = 1s});
  Duration busy{};
  Duration elapsed{};
  for (int pass = 0; pass < 100; ++pass) {
    // A hundred steps over what stays.
    for (int step = 0; step < 100; ++step) {
      busy += 10ms;
      elapsed += 10ms + pace.after_step(10ms, 3);
    }
    elapsed += pace.after_pass();
  }
  EXPECT_LE(busy * 50, elapsed);
}

TEST(RetentionPace, WithLittleToDoItLooksATenthOfTheShortestTimeApart) {
  const auto pause = [](const Retention& retention) {
    RetentionPace pace(retention);
    (void)pace.after_step(1ms, 5);
    return pace.after_pass();
  };
  EXPECT_EQ(pause({.keep = 5}), 60s);
  EXPECT_EQ(pause({.older_than = 100s}), 10s);
  EXPECT_EQ(pause({.older_than = 100s, .firings_older_than = 50s}), 5s);
  EXPECT_EQ(pause({.older_than = 1ms}), 1s);
  EXPECT_EQ(pause({.older_than = 24h}), 60s);
}

}  // namespace
}  // namespace cloacina::runner::test
