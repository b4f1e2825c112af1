// The write-ahead log of a SQLite file stays small, whoever else writes and reads.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "os/temp_dir.hpp"
#include "store/sqlite/log_keeper.hpp"

namespace cloacina::store::sqlite {
namespace {

/// A program that writes all the time.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& file) : connection_(file, {.create = true}) {
    connection_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (x BLOB)");
  }
  void write(int pages) {
    connection_.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (randomblob(" + std::to_string(4'000 * pages) +
                        ")); DELETE FROM t; COMMIT");
  }

 private:
  Connection connection_;
  LogKeeper log_{connection_};
};

class LogKeeperTest : public testing::Test {
 protected:
  static constexpr std::uintmax_t page = 4'096;
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "test.db"; }
  [[nodiscard]] std::uintmax_t log_pages() const { return std::filesystem::file_size(file().string() + "-wal") / page; }

 private:
  os::test::TempDir folder_;
};

TEST_F(LogKeeperTest, OneWriterBeginsItAnew) {
  Writer writer(file());
  for (int i = 0; i < 500; ++i) writer.write(100);
  EXPECT_LE(log_pages(), LogKeeper::copy_pages + 500);
}

TEST_F(LogKeeperTest, WritersAndReadersThatNeverPauseDoNotKeepItFromBeginningAnew) {
  Writer writer(file());
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    for (Writer one(file()); !stop;) one.write(1);
  });
  // Somebody reads at any time: the next one begins before the last one ends.
  std::jthread readers([&] {
    Connection first(file(), {.read_only = true});
    Connection second(file(), {.read_only = true});
    first.execute("BEGIN");
    for (auto *now = &first, *next = &second; !stop; std::swap(now, next)) {
      for (int i = 0; i < 20; ++i) (void)now->integer("SELECT count(*) FROM t");
      next->execute("BEGIN");
      (void)next->integer("SELECT count(*) FROM t");
      now->execute("COMMIT");
    }
  });
  for (int i = 0; i < 2'000; ++i) writer.write(100);
  stop = true;
  EXPECT_LE(log_pages(), 2 * LogKeeper::restart_pages) << "of at least 200,000 written";
}

TEST_F(LogKeeperTest, WhoReadsAnOldStateStopsNobodyAndItBeginsAnewAfterwards) {
  Writer writer(file());
  writer.write(1);
  Connection reader(file(), {.read_only = true});
  reader.execute("BEGIN");
  EXPECT_EQ(reader.integer("SELECT count(*) FROM t"), 0);
  for (int i = 0; i < 300; ++i) writer.write(100);
  const auto grown = log_pages();
  EXPECT_GE(grown, 25'000U) << "nothing of it may be overwritten";
  EXPECT_EQ(reader.integer("SELECT count(*) FROM t"), 0);
  reader.execute("COMMIT");
  for (int i = 0; i < 300; ++i) writer.write(100);
  EXPECT_LE(log_pages(), grown + 2 * LogKeeper::restart_pages);
}

}  // namespace
}  // namespace cloacina::store::sqlite
