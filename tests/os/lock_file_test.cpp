#include "os/lock_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_dir.hpp"

namespace cloacina::os {
namespace {

using test::TempDir;

TEST(LockFile, TwoObjectsOfOneProcessExcludeEachOther) {
  const TempDir dir;
  LockFile first(dir / "runners.lock");
  LockFile second(dir / "runners.lock");
  EXPECT_TRUE(first.try_lock(7));
  EXPECT_TRUE(first.try_lock(7));
  EXPECT_FALSE(second.try_lock(7));
  EXPECT_TRUE(second.try_lock(8));
  EXPECT_TRUE(second.is_locked(7));
  EXPECT_FALSE(first.is_locked(7)) << "one's own lock is nobody else's";
  EXPECT_TRUE(first.is_locked(8));
  first.unlock(7);
  EXPECT_FALSE(second.is_locked(7));
  EXPECT_TRUE(second.try_lock(7));
}

TEST(LockFile, SlotsBeyondFourGiBAreDistinct) {
  const TempDir dir;
  LockFile first(dir / "runners.lock");
  const LockFile second(dir / "runners.lock");
  const std::int64_t slot = (std::int64_t{1} << 62) + 1;
  EXPECT_TRUE(first.try_lock(slot));
  EXPECT_TRUE(second.is_locked(slot));
  EXPECT_FALSE(second.is_locked(slot - 1));
  EXPECT_FALSE(second.is_locked(slot & 0xffff'ffff));
  EXPECT_EQ(std::filesystem::file_size(dir / "runners.lock"), 0U);
}

TEST(LockFile, ALockEndsWithItsObject) {
  const TempDir dir;
  const LockFile watcher(dir / "runners.lock");
  {
    LockFile holder(dir / "runners.lock");
    ASSERT_TRUE(holder.try_lock(1));
    { const LockFile another(dir / "runners.lock"); }
    EXPECT_TRUE(watcher.is_locked(1)) << "closing another description of the file must not release it";
  }
  EXPECT_FALSE(watcher.is_locked(1));
}

TEST(LockFile, ALockEndsWithItsKilledProcess) {
  const TempDir dir;
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    LockFile holder(dir / "runners.lock");
    const char answer = holder.try_lock(3) ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = '?';
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const LockFile watcher(dir / "runners.lock");
  EXPECT_TRUE(watcher.is_locked(3));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(watcher.is_locked(3));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(LockFile, ErrorsNameThePathAndTheReason) {
  const TempDir dir;
  try {
    const LockFile lock(dir / "missing/runners.lock");
    FAIL() << "opened a file in a missing folder";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_EQ(std::string(e.what()),
              "cannot open the lock file '" + (dir / "missing/runners.lock").string() + "': No such file or directory");
  }
}

}  // namespace
}  // namespace cloacina::os
