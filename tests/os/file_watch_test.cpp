#include "os/file_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include "temp_dir.hpp"

namespace cloacina::os {
namespace {

using test::TempDir;
using test::write_file;

// Events of this process's own calls are queued when the calls return, so that no test has to wait.
bool readable(const FileWatch& watch) {
  pollfd fd{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&fd, 1, 0) == 1;
}

TEST(FileWatch, AWriteWakesOnce) {
  const TempDir dir;
  write_file(dir / "a-wal", "x");
  FileWatch watch(dir / "a-wal");
  ASSERT_TRUE(watch.available());
  EXPECT_FALSE(readable(watch));
  EXPECT_FALSE(watch.drain());
  write_file(dir / "a-wal", "y");
  EXPECT_TRUE(readable(watch));
  EXPECT_TRUE(watch.drain());
  EXPECT_FALSE(readable(watch));
  EXPECT_FALSE(watch.drain());
  std::filesystem::resize_file(dir / "a-wal", 0);
  EXPECT_TRUE(watch.drain());
}

TEST(FileWatch, SeesAMissingFileComeAndThenItsWrites) {
  const TempDir dir;
  FileWatch watch(dir / "a-wal");
  ASSERT_TRUE(watch.available());
  write_file(dir / "a-wal", "x");
  EXPECT_TRUE(readable(watch));
  EXPECT_TRUE(watch.drain());
  write_file(dir / "a-wal", "y");
  EXPECT_TRUE(watch.drain());
}

TEST(FileWatch, NeighboursDoNotWake) {
  const TempDir dir;
  write_file(dir / "a-wal", "x");
  FileWatch watch(dir / "a-wal");
  write_file(dir / "new", "x");
  write_file(dir / "new", "y");
  std::filesystem::remove(dir / "new");
  EXPECT_FALSE(readable(watch));
}

TEST(FileWatch, NeighboursAreNoNewsWhileTheFileIsMissing) {
  const TempDir dir;
  FileWatch watch(dir / "a-wal");
  write_file(dir / "new", "x");
  EXPECT_FALSE(watch.drain());
}

TEST(FileWatch, ADeletedFileIsSeenAgainWhenItComesBack) {
  const TempDir dir;
  write_file(dir / "a-wal", "x");
  FileWatch watch(dir / "a-wal");
  for (int round = 0; round < 3; ++round) {
    std::filesystem::remove(dir / "a-wal");
    EXPECT_TRUE(readable(watch));
    EXPECT_FALSE(watch.drain()) << "a deletion is no news";
    write_file(dir / "a-wal", "x");
    EXPECT_TRUE(watch.drain());
    write_file(dir / "a-wal", "y");
    EXPECT_TRUE(watch.drain());
    write_file(dir / "new", "x");
    EXPECT_FALSE(readable(watch)) << "the folder is not watched while the file is there";
  }
}

TEST(FileWatch, DeletedAndBackBetweenTwoLooks) {
  const TempDir dir;
  write_file(dir / "a-wal", "x");
  FileWatch watch(dir / "a-wal");
  std::filesystem::remove(dir / "a-wal");
  write_file(dir / "a-wal", "x");
  EXPECT_TRUE(watch.drain());
  write_file(dir / "a-wal", "y");
  EXPECT_TRUE(watch.drain());
}

TEST(FileWatch, ADeletedFileThatIsStillOpenIsNotTheFile) {
  const TempDir dir;
  std::ofstream open(dir / "a-wal");
  FileWatch watch(dir / "a-wal");
  std::filesystem::remove(dir / "a-wal");
  EXPECT_TRUE(readable(watch));
  EXPECT_FALSE(watch.drain());
  write_file(dir / "a-wal", "new");
  EXPECT_TRUE(watch.drain());
  open << "old" << std::flush;
  EXPECT_FALSE(watch.drain());
}

TEST(FileWatch, AFileMovedOverItIsWatchedInItsPlace) {
  const TempDir dir;
  write_file(dir / "a-wal", "x");
  write_file(dir / "next", "x");
  FileWatch watch(dir / "a-wal");
  std::filesystem::rename(dir / "next", dir / "a-wal");
  EXPECT_TRUE(watch.drain());
  write_file(dir / "a-wal", "y");
  EXPECT_TRUE(watch.drain());
}

TEST(FileWatch, SaysThatItIsNotAvailable) {
  const TempDir dir;
  FileWatch watch(dir / "missing/a-wal");
  EXPECT_FALSE(watch.available());
  EXPECT_EQ(watch.fd(), -1);
  EXPECT_FALSE(watch.drain());
}

TEST(FileWatch, WithoutDescriptorsItIsNotAvailable) {
  const TempDir dir;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const FileWatch watch(dir / "a-wal");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(watch.available());
}

}  // namespace
}  // namespace cloacina::os
