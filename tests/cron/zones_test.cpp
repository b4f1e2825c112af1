#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cloacina/error.hpp"
#include "cloacina/time_zone.hpp"
#include "cron/oracle.hpp"
#include "cron/posix_rule_cases.hpp"
#include "cron/zone_data.hpp"

namespace cloacina {
namespace {

namespace fs = std::filesystem;

Timestamp at_second(std::int64_t second) { return Timestamp{std::chrono::seconds{second}}; }

long libc_offset(std::time_t at) {
  std::tm shown{};
  ::localtime_r(&at, &shown);
  return shown.tm_gmtoff;
}

TEST(Zones, AgreeWithTheCLibraryFrom1970To2199) {
  const auto database = ZoneDatabase::system();
  const auto names = database.names();
  ASSERT_GT(names.size(), 400U);
  const std::int64_t end = cron::local_end;
  const std::int64_t step = oracle::soak() ? 6 * 3600 + 7 : 31 * 86'400 + 7;
  for (const auto& name : names) {
    const TimeZone zone = database.zone(name);
    ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
    for (std::int64_t at = 0; at < end; at += step)
      ASSERT_EQ(zone.offset_at(at_second(at)).count(), libc_offset(at)) << name << " " << at;
    for (const auto& transition : zone.data().offsets) {
      if (transition.begin < 0 || transition.begin > end) continue;
      ASSERT_EQ(transition.offset, libc_offset(transition.begin)) << name << " " << transition.begin;
      ASSERT_EQ(zone.offset_at(at_second(transition.begin - 1)).count(), libc_offset(transition.begin - 1))
          << name << transition.begin;
      ASSERT_NE(libc_offset(transition.begin - 1), libc_offset(transition.begin)) << name << " " << transition.begin;
    }
  }
}

TEST(Zones, SummerTimeGoesOnAfter2037) {
  const TimeZone berlin = ZoneDatabase::system().zone("Europe/Berlin");
  EXPECT_EQ(berlin.format(parse_timestamp("2038-07-01T10:00:00Z")), "2038-07-01T12:00:00+02:00");
  EXPECT_EQ(berlin.format(parse_timestamp("2199-12-31T22:59:59Z")), "2199-12-31T23:59:59+01:00");
}

TEST(Zones, FormatShowsTheSecondsOfOldOffsets) {
  const TimeZone monrovia = ZoneDatabase::system().zone("Africa/Monrovia");
  EXPECT_EQ(monrovia.format(parse_timestamp("1971-01-01T12:00:00Z")), "1971-01-01T11:15:30-00:44:30");
  EXPECT_EQ(TimeZone{}.format(parse_timestamp("1971-01-01T12:00:00.9Z")), "1971-01-01T12:00:00+00:00");
}

TEST(Zones, PiecesCoverAllTimeOnceAndGapsDoNotExist) {
  const auto database = ZoneDatabase::system();
  for (const auto& name : database.names()) {
    const TimeZone zone = database.zone(name);
    const auto& data = zone.data();
    for (std::size_t i = 1; i < data.pieces.size(); ++i) ASSERT_EQ(data.pieces[i - 1].end, data.pieces[i].begin) << name;
    for (const auto& gap : data.gaps) {
      ASSERT_LT(gap.local_begin, gap.local_end) << name;
      for (const auto& piece : data.pieces) {
        ASSERT_FALSE(gap.local_begin < piece.end + piece.offset && piece.begin + piece.offset < gap.local_end) << name;
      }
    }
  }
}

/// A clock that is changed again before its overlap or gap is over: no zone does that, a damaged or an invented one may.
TEST(Zones, ChangesWithinAnHourAreTakenAsTheyAre) {
  using cron::Offsets;
  const cron::ZoneData overlap_cut("x", Offsets{{cron::beginning_of_time, 3600}, {100'000, 0}, {101'800, 3600}});
  // 1 h back, and after half an hour forward again: the second half of the repeated hour is shown once more only until then.
  ASSERT_EQ(overlap_cut.gaps.size(), 1U);
  EXPECT_EQ(overlap_cut.gaps[0].local_begin, 103'600);
  EXPECT_EQ(overlap_cut.gaps[0].local_end, 105'400);
  const cron::ZoneData twice("x", Offsets{{cron::beginning_of_time, 0}, {100'000, 3600}, {100'600, 0}, {101'200, 3600}});
  std::int64_t missing = 0;
  for (const auto& gap : twice.gaps) missing += gap.local_end - gap.local_begin;
  // [100000, 100600), [101200, 103600) and [104200, 104800): what both changes jump over counts once.
  EXPECT_EQ(missing, 3'600);
}

struct NameCase {
  const char* name;
  const char* text;
};

TEST(ZoneDatabase, NamesAreCheckedWithASuggestion) {
  const ZoneDatabase database("/usr/share/zoneinfo");
  const NameCase cases[] = {
      {"Europe/Berln", "time zone 'Europe/Berln' does not exist in /usr/share/zoneinfo; did you mean Europe/Berlin?"},
      {"Europe/Belrin", "time zone 'Europe/Belrin' does not exist in /usr/share/zoneinfo; did you mean Europe/Berlin?"},
      {"europe/berlin", "time zone 'europe/berlin' does not exist in /usr/share/zoneinfo; did you mean Europe/Berlin?"},
      {"Berlin", "time zone 'Berlin' does not exist in /usr/share/zoneinfo; did you mean Europe/Berlin?"},
      {"America/New York", "time zone 'America/New York' does not exist in /usr/share/zoneinfo; did you mean America/New_York?"},
      {"utc", "time zone 'utc' does not exist in /usr/share/zoneinfo; did you mean UTC?"},
      {"UTC+2", "time zone 'UTC+2' is an offset, not a zone; write Etc/GMT-2 (in these names the sign is reversed)"},
      {"+00:00", "time zone '+00:00' is an offset, not a zone; write UTC"},
      {"Mars/Olympus", "time zone 'Mars/Olympus' does not exist in /usr/share/zoneinfo"},
      {"", "time zone '' does not exist in /usr/share/zoneinfo"},
      {"localtime", "time zone 'localtime' does not exist in /usr/share/zoneinfo"},
      {"../../../etc/passwd", "time zone '../../../etc/passwd' does not exist in /usr/share/zoneinfo"},
      {"tzdata.zi", "time zone 'tzdata.zi' does not exist in /usr/share/zoneinfo"},
      {"leapseconds", "time zone 'leapseconds' does not exist in /usr/share/zoneinfo"},
      {"Europe", "time zone 'Europe' does not exist in /usr/share/zoneinfo"},
  };
  for (const auto& [name, text] : cases) {
    try {
      (void)database.zone(name);
      ADD_FAILURE() << name << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
      EXPECT_STREQ(error.what(), text);
    }
  }
  for (const char* name : {"posix/Europe/Berlin", "right/Europe/Berlin", "posixrules"})
    EXPECT_THROW((void)database.zone(name), Error);
  for (const char* name : {"Europe/Berlin", "GB", "US/Pacific", "Etc/GMT+12", "America/Argentina/Buenos_Aires", "UTC", "EST5EDT"}) {
    EXPECT_EQ(database.zone(name).name(), name);
  }
}

TEST(ZoneDatabase, UtcNeedsNoDatabase) {
  const ZoneDatabase nothing("/nonexistent");
  EXPECT_EQ(nothing.zone("UTC"), TimeZone{});
  EXPECT_EQ(nothing.version(), "unknown");
  EXPECT_EQ(nothing.names(), std::vector<std::string>{"UTC"});
  try {
    (void)nothing.zone("Europe/Berlin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "time zone 'Europe/Berlin': there is no time zone database in /nonexistent; install the package tzdata, or use UTC");
  }
}

/// A database of our own, to change it.
class ChangingDatabase : public ::testing::Test {
 protected:
  ChangingDatabase() {
    std::string pattern = (fs::temp_directory_path() / "zones-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    fs::create_directories(directory_ / "Europe");
    install("Europe/Berlin", "Europe/Berlin");
    install("Europe/London", "Europe/London");
    std::ofstream(directory_ / "tzdata.zi") << "# version 2026a\nR x\n";
  }
  ~ChangingDatabase() override { fs::remove_all(directory_); }

  /// As a package manager does: a new file under a temporary name, then renamed over the old one.
  void install(const std::string& source, const std::string& name) {
    fs::copy_file("/usr/share/zoneinfo/" + source, directory_ / "new");
    fs::rename(directory_ / "new", directory_ / name);
  }

  fs::path directory_;
};

TEST_F(ChangingDatabase, RefreshTellsWhichZonesAreOthersNow) {
  const ZoneDatabase database(directory_.string());
  EXPECT_EQ(database.version(), "2026a");
  const TimeZone before = database.zone("Europe/Berlin");
  (void)database.zone("Europe/London");
  EXPECT_TRUE(database.refresh().empty());

  install("Europe/Moscow", "Europe/Berlin");
  install("Europe/London", "Europe/London");  // another file, the same rules
  std::ofstream(directory_ / "tzdata.zi") << "# version 2026b\n";
  EXPECT_EQ(database.zone("Europe/Berlin"), before) << "no change before refresh";
  EXPECT_EQ(database.refresh(), std::vector<std::string>{"Europe/Berlin"});
  EXPECT_EQ(database.version(), "2026b");
  const auto at = parse_timestamp("2026-01-01T00:00:00Z");
  EXPECT_EQ(database.zone("Europe/Berlin").offset_at(at), std::chrono::hours{3});
  EXPECT_EQ(before.offset_at(at), std::chrono::hours{1}) << "a value keeps its rules";
  EXPECT_TRUE(database.refresh().empty());
}

TEST_F(ChangingDatabase, RemovedAndDamagedZonesAreReportedOnce) {
  const ZoneDatabase database(directory_.string());
  (void)database.zone("Europe/Berlin");
  (void)database.zone("Europe/London");
  fs::remove(directory_ / "Europe/Berlin");
  std::ofstream(directory_ / "new") << "TZif2 but nothing else";
  fs::rename(directory_ / "new", directory_ / "Europe/London");
  EXPECT_EQ(database.refresh(), (std::vector<std::string>{"Europe/Berlin", "Europe/London"}));
  EXPECT_TRUE(database.refresh().empty());
  EXPECT_THROW((void)database.zone("Europe/Berlin"), Error);
  try {
    (void)database.zone("Europe/London");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Corrupt);
  }
}

TEST_F(ChangingDatabase, AZoneThatWasMissedIsReportedWhenItIsThere) {
  const ZoneDatabase database(directory_.string());
  (void)database.zone("Europe/Berlin");
  fs::remove(directory_ / "Europe/Berlin");
  EXPECT_THROW((void)database.zone("Europe/Paris"), Error);
  EXPECT_EQ(database.refresh(), std::vector<std::string>{"Europe/Berlin"});
  EXPECT_TRUE(database.refresh().empty());
  install("Europe/Berlin", "Europe/Berlin");
  install("Europe/Paris", "Europe/Paris");
  EXPECT_EQ(database.refresh(), (std::vector<std::string>{"Europe/Berlin", "Europe/Paris"}));
  EXPECT_EQ(database.zone("Europe/Berlin").name(), "Europe/Berlin");
  EXPECT_TRUE(database.refresh().empty());
}

std::string file_of(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Tzif, EveryDamageIsAnErrorAndNeverACrash) {
  const std::string good = file_of("America/New_York");
  ASSERT_GT(good.size(), 1000U);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW((void)cron::read_tzif(good.substr(0, length), "x"), Error) << length;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 6'000; ++i) {
    std::string bytes = good;
    const auto position = std::uniform_int_distribution<std::size_t>(0, i % 2 == 0 ? 60 : bytes.size() - 1)(random);
    bytes[position] = static_cast<char>(random());
    try {
      const cron::ZoneData data("x", cron::read_tzif(bytes, "x"));
      ASSERT_FALSE(data.pieces.empty());
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::Corrupt);
    }
  }
}

TEST(Tzif, LeapSecondFilesAreRefused) {
  const std::string bytes = file_of("right/Europe/Berlin");
  if (bytes.empty()) {
    // Not every system installs them; a header that claims one leap second says the same.
    std::string counted = file_of("UTC");
    counted[31] = 1;
    EXPECT_THROW((void)cron::read_tzif(counted, "x"), Error);
    return;
  }
  EXPECT_THROW((void)cron::read_tzif(bytes, "x"), Error);
}

TEST(Tzif, PosixRules) {
  for (const auto& [rule, at, offset] : posix_rule_cases) {
    cron::Offsets offsets{{cron::beginning_of_time, 0}};
    cron::append_posix_rule(offsets, rule, "x");
    const cron::ZoneData data("x", offsets);
    const auto second = parse_timestamp(at).time_since_epoch().count() / 1'000'000;
    EXPECT_EQ(data.pieces[data.piece_at(second)].offset, offset) << rule << " " << at;
  }
  for (const char* bad : {"", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "<CET-1",
                          "CET-1CEST,M3.5.0,M10.5.0,", "CET-168", "CET-1:60", "1X", "CET-1CEST,J0,J365", "CET-1CEST,366,1"}) {
    cron::Offsets offsets{{cron::beginning_of_time, 0}};
    EXPECT_THROW(cron::append_posix_rule(offsets, bad, "x"), Error) << bad;
  }
}

}  // namespace
}  // namespace cloacina
