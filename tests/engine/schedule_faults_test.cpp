// What fails, dies or jumps while slots fire: each still fires once, or is skipped with a reason.
#include <random>

#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScheduleFaults : public ScheduleTest {
 protected:
  static constexpr Catchup catchups[] = {Catchup::None, Catchup::Latest, Catchup::All};
};
CLOACINA_ENGINE_SUITE(ScheduleFaults);

TEST_P(ScheduleFaults, ALostAnswerNeitherLosesNorRepeatsASlot) {
  options.workers = 0;  // nothing is claimed: this is about the ledger
  add(single("one"));
  for (const auto concurrency : {Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
    schedules().put(minutely(concurrency, std::string(to_string(concurrency))));
  }
  settle();
  for (int minute = 0; minute < 6; ++minute) {
    advance(1min);
    watch.lost_answers = 1 + minute % 3;
    settle();
  }
  for (const char* name : {"allow", "skip", "queue", "replace"}) expect_each_slot_once(name, at("12:00"), now.utc);
  EXPECT_THAT(ledger("skip"), ElementsAre("12:01 fired", "12:02-12:06 skipped concurrency 5"));
  EXPECT_THAT(ledger("queue"), SizeIs(6));
  EXPECT_THAT(open(), SizeIs(6 + 1 + 6 + 1));
}

TEST_P(ScheduleFaults, AProcessThatDiesAfterEveryOtherCommitFinishesAllSlots) {
  add(single("one"));
  schedules().put(minutely(Catchup::All));
  settle();
  for (int minute = 0; minute < 10; ++minute) {
    advance(1min);
    watch.lost_answers = minute % 2;
    step();
    crash();  // with what it has claimed
    if (minute % 2 == 1) settle();
  }
  expect_each_slot_once("tick", at("12:00"), now.utc);
  const auto all = executions("one");
  ASSERT_THAT(all, SizeIs(10));
  for (const auto& e : all) EXPECT_EQ(e.status, ExecutionStatus::Completed);
}

TEST_P(ScheduleFaults, RebootFiresOnceThoughTheAnswerIsLost) {
  add(single("one"));
  auto s = minutely();
  s.cron = "@reboot";
  schedules().put(s);
  watch.lost_answers = 2;
  for (int i = 0; i < 5; ++i) {
    step();
    advance(1s);
  }
  settle();
  EXPECT_THAT(history(), SizeIs(1));
  schedules().pause("tick");
  boot();
  watch.lost_answers = 2;
  for (int i = 0; i < 5; ++i) {
    step();
    advance(1s);
  }
  EXPECT_EQ(schedules().stats("tick").skipped[SkipReason::Paused], 1);
}

TEST_P(ScheduleFaults, AStepOfTheClockNeitherLosesNorRepeatsASlot) {
  add(single("one"));
  for (const auto catchup : catchups) schedules().put(minutely(catchup, std::string(to_string(catchup))));
  settle();
  run_minutes(2);
  Timestamp latest = now.utc;
  for (const auto jump :
       {std::chrono::hours{1}, std::chrono::hours{-1}, std::chrono::hours{24}, std::chrono::hours{-24}, std::chrono::hours{25}}) {
    now.utc += jump;
    settle();
    run_minutes(3);
    latest = std::max(latest, now.utc);
  }
  for (const auto catchup : catchups) expect_each_slot_once(std::string(to_string(catchup)), at("12:00"), latest);
  EXPECT_EQ(schedules().stats("all").fired, static_cast<int>((latest - at("12:00")) / 1min));
  EXPECT_EQ(schedules().stats("latest").skipped[SkipReason::Missed], 0);
}

TEST_P(ScheduleFaults, AfterAWeekOfSleepEachCatchupDoesWhatItSays) {
  add(single("one"));
  for (const auto catchup : catchups) {
    auto s = minutely(catchup, std::string(to_string(catchup)));
    s.cron = "*/10 * * * *";
    schedules().put(s);
  }
  auto window = minutely(Catchup::All, "window");
  window.cron = "*/10 * * * *";
  window.catchup_window = 24h;
  schedules().put(window);
  settle();
  advance(std::chrono::days{7});
  settle();
  for (const char* name : {"none", "latest", "all", "window"}) expect_each_slot_once(name, at("12:00"), now.utc);
  EXPECT_EQ(schedules().stats("none").fired, 1);
  EXPECT_EQ(schedules().stats("none").skipped[SkipReason::Missed], 1'007);
  EXPECT_EQ(schedules().stats("latest").fired, 1);
  EXPECT_EQ(schedules().stats("latest").skipped[SkipReason::Superseded], 1'007);
  EXPECT_EQ(schedules().stats("all").fired, 1'008);
  EXPECT_EQ(schedules().stats("window").fired, 144);
  EXPECT_EQ(schedules().stats("window").skipped[SkipReason::CatchupWindow], 1'008 - 144);
}

TEST_P(ScheduleFaults, ALongCatchUpHoldsUpNobody) {
  add(single("one"));
  auto s = minutely(Catchup::All, "owes");
  s.cron = "* * * * * *";
  schedules().put(s);
  schedules().put(minutely("tick"));
  settle();
  crash();
  advance(std::chrono::days{7});
  // 604,800 slots are owed. Every turn that follows brings them forward, and fires what else is due.
  for (int turn = 1; turn <= 20; ++turn) {
    const auto effects = step();
    perform_all(effects.start);
    EXPECT_TRUE(effects.again);
    EXPECT_GE(schedules().stats("owes").fired, 100 * (turn - 1));
    EXPECT_LE(effects.start.size(), 512U);
    if (turn % 4 == 0) advance(1min);
  }
  EXPECT_EQ(schedules().stats("tick").fired, 5);
}

TEST_P(ScheduleFaults, TenThousandSchedulesDueAtOnceFireOnceEach) {
  options.workers = 0;
  add(single("one"));
  std::vector<Schedule> many;
  for (int i = 0; i < 10'000; ++i) many.push_back(minutely("tick" + std::to_string(i)));
  schedules().put_many(many);
  settle();
  const int before = watch.commits;
  advance(30s);
  settle();
  EXPECT_LE(watch.commits - before, 200);
  std::int64_t fired = 0;
  store::Reader& rows = reader();
  ScheduleFilter filter{.limit = 10'000};
  const auto page = rows.list_schedules(filter);
  ASSERT_THAT(page, SizeIs(10'000));
  for (const auto& row : page) {
    fired += static_cast<std::int64_t>(rows.fired_slots(row.key, at("12:00"), at("13:00")).size());
    ASSERT_EQ(row.next_run_at, at("12:02"));
  }
  EXPECT_EQ(fired, 10'000);
}

TEST_P(ScheduleFaults, TheLastSlotOfTheYear2199IsTheLastOfAll) {
  add(single("one"));
  now.utc = parse_timestamp("2199-12-31T23:57:30Z");
  schedules().put(minutely());
  settle();
  run_minutes(10);
  EXPECT_THAT(ledger(), ElementsAre("23:58 fired", "23:59 fired"));
  EXPECT_EQ(schedules().get("tick").next_run_at, std::nullopt);
  EXPECT_EQ(schedules().get("tick").disabled_reason, std::nullopt);
  EXPECT_THAT(schedules().next("tick", 5), IsEmpty());
  EXPECT_THROW(schedules().put(minutely("another")), Error);
}

// ---- engines beside each other

struct Company {
  int engines;
  std::uint64_t seed;
};

TEST_P(ScheduleFaults, EnginesOnOneDatabaseInterleavedAtRandomFireEachSlotOnce) {
  for (const auto& company : {Company{2, 1}, Company{2, 2}, Company{4, 3}, Company{4, 4}}) {
    SCOPED_TRACE(std::to_string(company.engines) + " engines, seed " + std::to_string(company.seed));
    std::mt19937_64 random(company.seed);
    const auto below = [&](int end) { return std::uniform_int_distribution<int>(0, end - 1)(random); };
    const std::string tag = std::to_string(company.seed);
    add(single("one"));
    const auto from = now.utc;
    for (const auto concurrency : {Concurrency::Allow, Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
      auto s = minutely(concurrency, std::string(to_string(concurrency)) + tag);
      s.cron = "*/5 * * * * *";
      s.catchup = static_cast<Catchup>(below(3));
      s.max_lateness = 10s;
      schedules().put(s);
    }
    std::vector<std::unique_ptr<Process>> all;
    std::vector<std::chrono::microseconds> skew;
    for (int i = 0; i < company.engines; ++i) {
      all.push_back(another());
      skew.emplace_back(std::chrono::milliseconds{below(4'000) - 2'000});  // no two clocks agree
    }
    std::map<Process*, Items> flying;
    const auto real = now;
    auto clock = now;
    for (int turn = 0; turn < 300; ++turn) {
      const auto i = static_cast<std::size_t>(below(company.engines));
      if (below(60) == 0) {
        flying.erase(all[i].get());
        all[i] = another();  // the old one dies
      }
      if (below(25) == 0) watch.failing_commits = 1;
      clock.utc += std::chrono::milliseconds{below(700)};
      clock.steady += std::chrono::milliseconds{700};
      now = clock;
      now.utc += skew[i];
      if (below(3) != 0) all[i]->engine->hint();
      auto effects = step(*all[i]);
      auto& mine = flying[all[i].get()];
      mine.insert(mine.end(), effects.start.begin(), effects.start.end());
      if (below(2) == 0) perform_all(*all[i], std::exchange(mine, {}));
    }
    now = clock;
    all.clear();
    crash();
    advance(10s);
    settle();
    const auto until = now.utc;
    for (const char* name : {"allow", "skip", "queue", "replace"}) expect_each_slot_once(name + tag, from, until);
    for (const char* name : {"allow", "skip", "queue", "replace"}) schedules().remove(name + tag);
    EXPECT_THAT(open(), IsEmpty());
    now.steady = real.steady + 1h * company.seed;
  }
}

}  // namespace cloacina::engine::test
