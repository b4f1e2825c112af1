// What is left of a command when its runner or its guard is killed.

#include "os/guard.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <thread>

#include "process_help.hpp"

namespace cloacina::os {
namespace {

using namespace std::chrono_literals;
using test::Fifo;
using test::Pid;
using test::run;
using test::shell;
using test::TempDir;

constexpr auto second = 1'000ms;

/// A process that runs a command whose descendants try everything to survive, and tells their numbers through a named pipe.
class DoomedRunner {
 public:
  /// `after_start` is called in the runner process when the command runs.
  template <class F>
  explicit DoomedRunner(F after_start, const std::filesystem::path& scratch_file = {}) : scratch_file_(scratch_file) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      std::jthread worker([&] { (void)run(spec()); });
      started_.line();
      after_start();
      while (true) ::pause();
    }
    ::setpgid(pid_, pid_);
    guard_ = Pid(pids_.pid());
    for (int i = 0; i < tree_size; ++i) tree_.emplace_back(pids_.pid());
    runner_ = Pid(pid_);
    std::ofstream(started_.path()) << "\n";
    std::ofstream(go_.path()) << "\n";
  }
  DoomedRunner(const DoomedRunner&) = delete;
  DoomedRunner& operator=(const DoomedRunner&) = delete;
  ~DoomedRunner() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const Pid& guard() const { return guard_; }
  /// Waits for the end of the runner, then counts who of the tree is still there a second later.
  int survivors() {
    EXPECT_TRUE(runner_.gone_within(std::chrono::milliseconds(test::patience_ms)));
    const auto end = std::chrono::steady_clock::now() + second;
    int alive = 0;
    for (const auto& pid : tree_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (!pid.gone_within(std::max(left, 0ms))) ++alive;
    }
    return alive;
  }

 private:
  static constexpr int tree_size = 5;

  [[nodiscard]] ChildSpec spec() const {
    ChildSpec spec = shell(
        "trap '' TERM HUP INT\n"
        "echo $PPID > $pids\n"
        "sh -c 'echo $$ > $pids; exec sleep 1000' &\n"
        "setsid sh -c 'echo $$ > $pids; exec sleep 1000' &\n"
        "(setsid sh -c 'setsid -f sh -c \"echo \\$\\$ > $pids; exec sleep 1000\"' &)\n"
        "setsid sh -c 'trap \"\" TERM HUP; echo $$ > $pids; while :; do sleep 1000; done' &\n"
        "echo $$ > $pids\n"
        "read x < $go\n"
        "while :; do sleep 1000; done");
    spec.scratch_file = scratch_file_;
    spec.env.push_back("pids=" + pids_.path());
    spec.env.push_back("go=" + go_.path());
    return spec;
  }

  std::filesystem::path scratch_file_;
  TempDir dir_;
  Fifo pids_{dir_ / "pids"};
  Fifo started_{dir_ / "started"};
  Fifo go_{dir_ / "go"};
  pid_t pid_ = -1;
  std::vector<Pid> tree_;
  Pid runner_{-1};
  Pid guard_{-1};
};

TEST(Guard, TheWholeTreeIsGoneASecondAfterTheRunnerWasKilled) {
  for (int round = 0; round < 3; ++round) {
    DoomedRunner runner([] {});
    ::kill(runner.pid(), SIGKILL);
    EXPECT_EQ(runner.survivors(), 0);
  }
}

TEST(Guard, RemovesTheScratchFileWithItsFolderWhenTheRunnerCannot) {
  const TempDir dir;
  const auto folder = dir / "scratch";
  std::filesystem::create_directory(folder);
  test::write_file(folder / "output", "x");
  DoomedRunner runner([] {}, folder / "output");
  ::kill(runner.pid(), SIGKILL);
  EXPECT_EQ(runner.survivors(), 0);
  // The guard does it last: its own end tells when.
  EXPECT_TRUE(runner.guard().gone_within(second));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Guard, OutlivesAKillOfTheRunnersProcessGroup) {
  DoomedRunner runner([] {});
  ::kill(-runner.pid(), SIGKILL);
  EXPECT_EQ(runner.survivors(), 0);
}

TEST(Guard, NoticesARunnerThatExits) {
  DoomedRunner runner([] { ::_exit(0); });
  EXPECT_EQ(runner.survivors(), 0);
}

TEST(Guard, IsNotFooledByAForkOfTheRunnerThatHoldsItsDescriptors) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  DoomedRunner runner([&] {
    const pid_t holder = ::fork();
    if (holder == 0) {
      // Holds all descriptors of the runner, its end of the control socket included, for as long as the test does its pipe.
      ::close(ends[1]);
      char byte = 0;
      while (::read(ends[0], &byte, 1) > 0) {
      }
      ::_exit(0);
    }
    ::_exit(0);
  });
  ::close(ends[0]);
  EXPECT_EQ(runner.survivors(), 0);
  ::close(ends[1]);
}

TEST(Guard, KilledItselfItTakesTheCommandWithItAndTheRunnerLearnsOfIt) {
  const TempDir dir;
  Fifo pids(dir / "pids");
  bool group_gone = false;
  bool command_gone = false;
  std::jthread killer([&] {
    const pid_t guard = pids.pid();
    const Pid command(pids.pid());
    const Pid other(pids.pid());
    ::kill(guard, SIGKILL);
    command_gone = command.gone_within(second);
    group_gone = other.gone_within(second);
  });
  const auto result = run(shell("echo $PPID > " + pids.path() + "; echo $$ > " + pids.path() + "; sh -c 'echo $$ > " + pids.path() +
                                "; exec sleep 1000'; echo survived"));
  killer.join();
  EXPECT_EQ(result.error, "lost '/bin/sh': the process that guards it was killed");
  EXPECT_FALSE(result.exit || result.signal);
  EXPECT_TRUE(command_gone);
  EXPECT_TRUE(group_gone);
}

TEST(Guard, TakesOffOrphansWhileTheCommandRuns) {
  // Without it they would stay as zombies; the children of the guard are then more than the shell.
  const auto result =
      run(shell("for i in 1 2 3 4 5 6 7 8 9 10; do (setsid true &) ; done\n"
                "for i in $(seq 20000); do [ \"$(cat /proc/$PPID/task/$PPID/children)\" = \"$$ \" ] && exit 0; done; exit 1"));
  EXPECT_EQ(result.exit, 0);
}

TEST(Guard, HasANameOfItsOwn) { EXPECT_EQ(run(shell("cat /proc/$PPID/comm")).out, "cloacina-guard\n"); }

#ifndef CLOACINA_SANITIZED
TEST(Guard, GivesTheRunnersMemoryBack) {
  std::vector<char> large(100'000'000, 'x');
  const auto result = run(shell(
      "for i in $(seq 20000); do set -- $(grep RssAnon /proc/$PPID/status); [ $2 -lt 1000 ] && exit 0; done; echo $2; exit 1"));
  EXPECT_EQ(result.exit, 0) << result.out << " kB";
  EXPECT_EQ(large.back(), 'x');
}
#endif

}  // namespace
}  // namespace cloacina::os
