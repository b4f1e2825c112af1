// A time zone database that changes while schedules run.
#include <cstdlib>
#include <filesystem>

#include "cron/system_zones.hpp"
#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

namespace fs = std::filesystem;

/// The zones of this program, in a folder of its own. They are looked for once, so it has to be there before the first test.
class OwnZones : public ::testing::Environment {
 public:
  static OwnZones& get() {
    static auto* zones = dynamic_cast<OwnZones*>(::testing::AddGlobalTestEnvironment(new OwnZones));
    return *zones;
  }

  void SetUp() override {
    folder_ = std::make_unique<os::test::TempDir>();
    fs::create_directories(folder_->path() / "Europe");
    fs::create_directories(folder_->path() / "Asia");
    fs::create_directories(folder_->path() / "Australia");
    for (const char* name : {"Europe/Berlin", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe"}) install(name, name);
    ::setenv("TZDIR", folder_->path().c_str(), 1);
  }
  void TearDown() override { folder_.reset(); }

  /// As a package manager does: a new file under another name, then renamed over the old one.
  void install(const std::string& rules_of, const std::string& name) {
    fs::copy_file("/usr/share/zoneinfo/" + rules_of, folder_->path() / "new");
    fs::rename(folder_->path() / "new", folder_->path() / name);
  }
  void remove(const std::string& name) { fs::remove(folder_->path() / name); }

 private:
  std::unique_ptr<os::test::TempDir> folder_;
};

[[maybe_unused]] const OwnZones& registered = OwnZones::get();

}  // namespace

class ScheduleZones : public ScheduleTest {
 protected:
  void SetUp() override {
    ScheduleTest::SetUp();
    options.zones = cron::system_zones_state();
  }
  ~ScheduleZones() override {
    for (const char* name : {"Europe/Berlin", "Europe/London", "Asia/Kolkata"}) OwnZones::get().install(name, name);
    (void)cron::refresh_system_zones();
  }
  /// What `serve` does once a minute.
  void look_at_zones() {
    const auto before = cron::system_zones_state();
    (void)cron::refresh_system_zones();
    if (cron::system_zones_state() != before) engine().rezone(cron::system_zones_state());
    settle();
  }
  static Schedule in_zone(const std::string& zone, const std::string& cron, const std::string& name = "tick") {
    auto s = minutely(name);
    s.time_zone = zone;
    s.cron = cron;
    return s;
  }
};
CLOACINA_ENGINE_SUITE(ScheduleZones);

TEST_P(ScheduleZones, AnUpdateMovesTheNextSlot) {
  add(single("one"));
  schedules().put(in_zone("Europe/Berlin", "0 16 * * *"));
  schedules().put(in_zone("Europe/London", "0 16 * * *", "london"));
  schedules().put(in_zone("Europe/Berlin", "0 9 * * *", "morning"));
  settle();
  EXPECT_EQ(schedules().get("tick").next_run_at, at("15:00"));
  OwnZones::get().install("Europe/Moscow", "Europe/Berlin");  // UTC+3 now
  look_at_zones();
  EXPECT_EQ(schedules().get("tick").next_run_at, at("13:00"));
  EXPECT_EQ(schedules().get("london").next_run_at, at("16:00"));
  EXPECT_EQ(schedules().get("morning").next_run_at, at("2026-03-02T06:00:00Z"));
  EXPECT_EQ(schedules().get("tick").revision, 1);
  go_to("13:00");
  settle();
  go_to("17:00");
  settle();
  EXPECT_THAT(ledger(), ElementsAre("13:00 fired"));
  EXPECT_THAT(ledger("morning"), IsEmpty());
}

TEST_P(ScheduleZones, UpdatesLoseAndRepeatNoSlot) {
  add(single("one"));
  // Whole hours back and forth: these rules have the same slots in both.
  for (const auto catchup : {Catchup::None, Catchup::Latest, Catchup::All}) {
    auto s = in_zone("Europe/Berlin", "*/10 * * * *", std::string(to_string(catchup)));
    s.catchup = catchup;
    schedules().put(s);
  }
  auto spread = in_zone("Europe/Berlin", "*/10 * * * *", "spread");
  spread.jitter = 8min;
  schedules().put(spread);
  schedules().put(in_zone("Europe/Berlin", "*/10 * * * *", "paused"));
  settle();
  for (int i = 0; i < 40; ++i) {
    advance(std::chrono::minutes{3 + i % 5});
    if (i % 7 == 0) crash();
    if (i % 9 == 3) schedules().pause("paused");
    if (i % 9 == 7) schedules().resume("paused");
    if (i % 3 != 0) settle();
    OwnZones::get().install(i % 2 == 0 ? "Europe/Moscow" : "Europe/Berlin", "Europe/Berlin");
    if (i % 11 == 5) watch.failing_commits = 2;
    look_at_zones();
  }
  schedules().resume("paused");
  settle();
  const auto until = now.utc;
  advance(8min);
  settle();
  for (const char* name : {"none", "latest", "all", "spread", "paused"}) expect_each_slot_once(name, at("12:00"), until);
}

TEST_P(ScheduleZones, ARemovedZoneDisablesItsSchedulesWithAReasonUntilItIsBack) {
  add(single("one"));
  schedules().put(in_zone("Asia/Kolkata", "*/10 * * * *"));
  schedules().put(in_zone("Europe/London", "*/10 * * * *", "london"));
  settle();
  go_to("12:10");
  settle();
  OwnZones::get().remove("Asia/Kolkata");
  look_at_zones();
  auto info = schedules().get("tick");
  ASSERT_TRUE(info.disabled_reason);
  EXPECT_THAT(*info.disabled_reason, HasSubstr("Asia/Kolkata"));
  EXPECT_EQ(info.next_run_at, std::nullopt);
  const auto all = schedules().list();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& i) { return i.disabled_reason.has_value(); }), 1);
  // Nothing of it is tried again and again; the others go on.
  const auto rest = step();
  EXPECT_FALSE(rest.committed || rest.again || rest.trouble);
  EXPECT_EQ(rest.wake_utc, at("12:20"));
  go_to("12:30");
  settle();
  EXPECT_THAT(ledger("london"), ElementsAre("12:10 fired", "12:20 skipped missed 1", "12:30 fired"));
  // It can be paused, resumed and run by hand like any other.
  schedules().pause("tick", "no zone");
  EXPECT_TRUE(schedules().get("tick").disabled_reason);
  schedules().resume("tick");
  (void)schedules().run_now("tick");
  EXPECT_THROW(schedules().put(in_zone("Asia/Kolkata", "*/5 * * * *")), Error);
  OwnZones::get().install("Asia/Kolkata", "Asia/Kolkata");
  look_at_zones();
  info = schedules().get("tick");
  EXPECT_EQ(info.disabled_reason, std::nullopt);
  EXPECT_EQ(info.next_run_at, at("12:40"));
  go_to("12:40");
  settle();
  expect_each_slot_once("tick", at("12:00"), now.utc);
  EXPECT_EQ(schedules().stats("tick").skipped[SkipReason::Missed], 1);  // 12:20; 12:30 was not too late
  EXPECT_EQ(schedules().stats("tick").fired, 3);
}

TEST_P(ScheduleZones, AZoneThatIsMissingWhenItsSlotComesDisablesToo) {
  add(single("one"));
  schedules().put(in_zone("Asia/Kolkata", "*/10 * * * *"));
  settle();
  OwnZones::get().remove("Asia/Kolkata");
  (void)cron::refresh_system_zones();  // but nobody tells this engine
  go_to("12:10");
  settle();
  EXPECT_TRUE(schedules().get("tick").disabled_reason);
  // Another process starts, and the zone comes later.
  options.zones = cron::system_zones_state();
  boot();
  settle();
  OwnZones::get().install("Asia/Kolkata", "Asia/Kolkata");
  look_at_zones();
  EXPECT_EQ(schedules().get("tick").disabled_reason, std::nullopt);
  go_to("12:20");
  settle();
  expect_each_slot_once("tick", at("12:00"), now.utc);
}

TEST_P(ScheduleZones, AnUpdateThatIsSeenWhileTheStoreIsAwayIsNotForgotten) {
  add(single("one"));
  schedules().put(in_zone("Europe/Berlin", "0 16 * * *"));
  settle();
  OwnZones::get().install("Europe/Moscow", "Europe/Berlin");
  (void)cron::refresh_system_zones();
  engine().rezone(cron::system_zones_state());
  watch.failing_commits = 1;
  EXPECT_TRUE(step().trouble);
  settle();
  EXPECT_EQ(schedules().get("tick").next_run_at, at("13:00"));
}

}  // namespace cloacina::engine::test
