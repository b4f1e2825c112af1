#include "os/child.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>

#include "process_help.hpp"

namespace cloacina::os {
namespace {

using namespace std::chrono_literals;
using test::command;
using test::Fifo;
using test::Pid;
using test::run;
using test::shell;
using test::TempDir;

TEST(Child, StatusInputAndBothStreams) {
  ChildSpec spec = shell("echo out; cat; echo err >&2; exit 3");
  spec.input = "line\n";
  const auto result = run(spec);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.exit, 3);
  EXPECT_EQ(result.signal, std::nullopt);
  EXPECT_EQ(result.out, "out\nline\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.out_truncated || result.err_truncated || result.stopped);
}

TEST(Child, ASignalIsNamed) {
  const auto result = run(shell("kill -SEGV $$"));
  EXPECT_EQ(result.exit, std::nullopt);
  EXPECT_EQ(result.signal, SIGSEGV);
}

TEST(Child, TheEnvironmentIsExactlyTheOneGiven) {
  ChildSpec spec = command({"/usr/bin/env"});
  spec.env = {"B=x y\n$(z)", "A="};
  EXPECT_EQ(run(spec).out, "B=x y\n$(z)\nA=\n");
}

TEST(Child, ArgumentsAreNoCode) {
  const TempDir dir;
  const std::string hostile = "$(touch " + (dir / "x").string() + "); `touch y` ' \" \n *";
  EXPECT_EQ(run(command({"printf", "%s", hostile})).out, hostile);
  EXPECT_FALSE(std::filesystem::exists(dir / "x"));
}

TEST(Child, WorksInItsFolder) {
  const TempDir dir;
  ChildSpec spec = command({"pwd", "-P"});
  spec.cwd = dir.path();
  EXPECT_EQ(run(spec).out, std::filesystem::canonical(dir.path()).string() + "\n");
}

TEST(Child, GetsNoDescriptorOfTheRunner) {
  // Without close-on-exec on purpose, low and high.
  std::vector<Fd> open;
  for (int i = 0; i < 20; ++i) open.emplace_back(::open("/dev/null", O_RDONLY));
  open.emplace_back(::fcntl(0, F_DUPFD, 900));
  // 3 is the folder that ls itself reads.
  EXPECT_EQ(run(command({"ls", "/proc/self/fd"})).out, "0\n1\n2\n3\n");
}

TEST(Child, WorksForARunnerWithoutStandardStreams) {
  const pid_t runner = ::fork();
  if (runner == 0) {
    ::close(0);
    ::close(1);
    ::close(2);
    ChildSpec spec = shell("cat; echo err >&2");
    spec.input = "in";
    const auto result = run(spec);
    ::_exit(result.exit == 0 && result.out == "in" && result.err == "err\n" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(runner, &status, 0), runner);
  EXPECT_EQ(status, 0);
}

TEST(Child, SignalsAreAtTheirDefaultsAndTheRunnersAreLeftAlone) {
  struct Saved {
    int signal;
    struct sigaction action;
  };
  std::vector<Saved> before;
  for (const int signal : {SIGPIPE, SIGCHLD, SIGUSR1, SIGINT, SIGRTMIN}) {
    before.push_back({signal, {}});
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ASSERT_EQ(::sigaction(signal, &ignore, &before.back().action), 0);
  }
  sigset_t blocked;
  sigset_t mask_before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigaddset(&blocked, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &mask_before);

  const auto result = run(command({"cat", "/proc/self/status"}));
  for (const char* set : {"SigBlk", "SigIgn", "SigCgt"}) {
    EXPECT_THAT(result.out, testing::HasSubstr(std::string(set) + ":\t0000000000000000\n"));
  }
  EXPECT_EQ(result.exit, 0) << "although this process ignores SIGCHLD";

  sigset_t mask_after;
  ::pthread_sigmask(SIG_SETMASK, &mask_before, &mask_after);
  EXPECT_TRUE(::sigismember(&mask_after, SIGTERM));
  EXPECT_TRUE(::sigismember(&mask_after, SIGUSR2));
  EXPECT_FALSE(::sigismember(&mask_after, SIGINT));
  for (const auto& saved : before) {
    struct sigaction after {};
    ::sigaction(saved.signal, &saved.action, &after);
    EXPECT_EQ(after.sa_handler, SIG_IGN);
  }
}

TEST(Child, HasASessionAndAProcessGroupOfItsOwn) {
  // stat: pid (name) state parent group session …
  const auto result = run(shell("set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ]"));
  EXPECT_EQ(result.exit, 0);
}

TEST(Child, IsNotMetByTheHostsWaits) {
  const TempDir dir;
  Fifo ready(dir / "ready");
  Fifo go(dir / "go");
  std::jthread host([&] {
    ready.line();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(run(shell("echo > " + go.path())).exit, 0);
  });
  EXPECT_EQ(run(shell("echo > " + ready.path() + "; read x < " + go.path() + "; exit 4")).exit, 4);
}

TEST(Child, AnInputThatNobodyReadsHurtsNobody) {
  ChildSpec spec = command({"true"});
  spec.input.assign(10'000'000, 'x');
  EXPECT_EQ(run(spec).exit, 0);
}

TEST(Child, ALargeInputArrivesWholeByEitherName) {
  ChildSpec spec = shell("wc -c; wc -c < /dev/stdin");
  spec.input.assign(10'000'000, 'x');
  const auto result = run(spec);
  EXPECT_EQ(result.out, "10000000\n10000000\n");
}

TEST(Child, GigabytesOfOutputKeepTheirEnd) {
  ChildSpec spec = shell("head -c 1G /dev/zero & head -c 1G /dev/zero >&2; wait; echo end; echo end >&2");
  const auto result = run(spec);
  EXPECT_EQ(result.exit, 0);
  for (const auto& text : {result.out, result.err}) {
    EXPECT_EQ(text.size(), spec.output_bytes_max);
    EXPECT_TRUE(text.ends_with("\0end\n"));
  }
  EXPECT_TRUE(result.out_truncated && result.err_truncated);
}

TEST(Child, TheLastBytesAreKeptExactly) {
  std::string all;
  for (int n = 1; n <= 100'000; ++n) all += std::to_string(n) + "\n";
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{100}, all.size() - 1, all.size(), all.size() + 1}) {
    ChildSpec spec = command({"seq", "100000"});
    spec.output_bytes_max = limit;
    const auto result = run(spec);
    EXPECT_EQ(result.out_truncated, limit < all.size()) << limit;
    EXPECT_TRUE(result.out == all.substr(all.size() - std::min(limit, all.size()))) << limit;
  }
}

TEST(Child, ItsEndIsTheEndAndTakesItsDescendantsWithIt) {
  struct Case {
    const char* what;
    const char* start;  // leaves a process that holds stdout and tells its number
  };
  const Case cases[] = {
      {"of its group", "sh -c 'echo $$ > $fifo; exec sleep 1000' &"},
      {"detached", "setsid sh -c 'echo $$ > $fifo; exec sleep 1000' &"},
      {"forked twice", "(setsid -f sh -c 'echo $$ > $fifo; exec sleep 1000');"},
      {"deaf to signals", "setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > $fifo; while :; do sleep 1000; done' &"},
  };
  for (const auto& one : cases) {
    const TempDir dir;
    Fifo fifo(dir / "fifo");
    Fifo go(dir / "go");
    pid_t left = 0;
    ChildSpec spec = shell(std::string(one.start) + " read x < " + go.path() + "; echo done");
    spec.env.push_back("fifo=" + fifo.path());
    std::jthread test([&] {
      left = fifo.pid();
      EXPECT_EQ(::kill(left, 0), 0) << one.what;
      std::ofstream(go.path()) << "\n";
    });
    const auto result = run(spec);
    test.join();
    EXPECT_EQ(result.exit, 0) << one.what;
    EXPECT_EQ(result.out, "done\n") << one.what;
    EXPECT_EQ(::kill(left, 0), -1) << one.what;
    EXPECT_EQ(errno, ESRCH) << one.what;
  }
}

TEST(Child, AStopSendsSigterm) {
  const TempDir dir;
  Fifo ready(dir / "ready");
  std::stop_source stop;
  std::jthread stopper([&] {
    ready.line();
    stop.request_stop();
  });
  // The child of the shell gets the signal as well: else `wait` would be the one that ends and the test would show nothing.
  // The outer trap is set before the inner shell, which says that all is ready, is there.
  const auto line = "trap 'wait; echo bye; exit 5' TERM; sh -c 'trap \"echo child; exit\" TERM; echo > " + ready.path() +
                    "; while :; do sleep 0.01; done' & wait";
  const auto result = run_child(shell(line), stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit, 5);
  EXPECT_EQ(result.out, "child\nbye\n");
}

TEST(Child, ADeafCommandIsKilledWhenItsTimeIsUp) {
  const TempDir dir;
  Fifo ready(dir / "ready");
  std::stop_source stop;
  std::jthread stopper([&] {
    ready.line();
    stop.request_stop();
  });
  ChildSpec spec = shell("trap '' TERM; echo > " + ready.path() + "; while :; do sleep 1000; done");
  spec.kill_after = 50ms;
  const auto result = run_child(spec, stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit, std::nullopt);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Child, ASuspendedCommandCanBeStopped) {
  const TempDir dir;
  Fifo ready(dir / "ready");
  std::stop_source stop;
  std::jthread stopper([&] {
    ready.line();
    stop.request_stop();
  });
  const auto result = run_child(shell("echo > " + ready.path() + "; kill -STOP $$"), stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST(Child, AStopBeforeTheStartStartsNothing) {
  const TempDir dir;
  std::stop_source stop;
  stop.request_stop();
  const auto result = run_child(command({"touch", (dir / "x").string()}), stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.exit || result.signal);
  EXPECT_EQ(result.error, "");
  EXPECT_FALSE(std::filesystem::exists(dir / "x"));
}

TEST(Child, WhatCannotBeRunIsNamedWithTheReason) {
  const TempDir dir;
  test::write_file(dir / "text", "no program\n");
  test::write_file(dir / "script", "echo without a first line that says by whom\n");
  std::filesystem::permissions(dir / "script", std::filesystem::perms::owner_all);
  const std::string text = (dir / "text").string();
  const std::string script = (dir / "script").string();
  const std::vector<std::pair<ChildSpec, std::string>> table = {
      {command({"no-such-program"}), "cannot run 'no-such-program': No such file or directory"},
      {command({"/no/such"}), "cannot run '/no/such': No such file or directory"},
      {command({text}), "cannot run '" + text + "': Permission denied"},
      {command({dir.path().string()}), "cannot run '" + dir.path().string() + "': Permission denied"},
      {command({script}), "cannot run '" + script + "': Exec format error"},
      {command({"true", std::string(200'000, 'x')}), "cannot run 'true': Argument list too long"},
      {command({"true", std::string("a\0b", 3)}), "cannot run 'true': an argument contains a NUL character"},
      {{.argv = {"true"}, .env = {std::string("A=\0", 3)}}, "cannot run 'true': an environment variable contains a NUL character"},
      {{.argv = {"true"}, .cwd = "/no/such"}, "cannot run 'true' in '/no/such': No such file or directory"},
      {{.argv = {"true"}, .cwd = text}, "cannot run 'true' in '" + text + "': Not a directory"},
      {{}, "cannot run a command without a program"},
      {command({""}), "cannot run a command without a program"},
  };
  for (const auto& [spec, error] : table) {
    const auto result = run(spec);
    EXPECT_EQ(result.error, error);
    EXPECT_FALSE(result.exit || result.signal) << error;
  }
}

TEST(Child, ProgramsAreLookedForInItsOwnPath) {
  const TempDir dir;
  for (const char* folder : {"a", "b", "c"}) std::filesystem::create_directory(dir / folder);
  const auto path = "PATH=/no/such:" + (dir / "a").string() + ":" + (dir / "b").string() + ":" + (dir / "c").string();
  test::write_file(dir / "a/prog", "#!/bin/sh\necho a\n");
  EXPECT_EQ(run({.argv = {"prog"}, .env = {path}}).error, "cannot run 'prog': Permission denied");
  for (const char* name : {"b/prog", "c/prog"}) {
    test::write_file(dir / name, "#!/bin/sh\necho $0 $1\n");
    std::filesystem::permissions(dir / name, std::filesystem::perms::owner_all);
  }
  EXPECT_EQ(run({.argv = {"prog", "x"}, .env = {path}}).out, (dir / "b/prog").string() + " x\n");
  EXPECT_EQ(run({.argv = {"true"}, .env = {}}).exit, 0) << "a usual PATH when it has none";
  EXPECT_EQ(run({.argv = {"./prog", "x"}, .env = {}, .cwd = dir / "c"}).out, "./prog x\n");
  EXPECT_EQ(run({.argv = {"prog", "x"}, .env = {"PATH="}, .cwd = dir / "c"}).out, "./prog x\n");
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG | __WALL) != -1 || errno != ECHILD; }

TEST(Child, WithoutDescriptorsItSaysSoAndLeavesNone) {
  const auto before = open_descriptors();
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  int failures = 0;
  for (rlim_t limit = 5; limit < 24; ++limit) {
    rlimit few = saved;
    few.rlim_cur = limit;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto result = run(command({"true"}));
    if (!result.error.empty()) {
      ++failures;
      EXPECT_EQ(result.error, "cannot run 'true': Too many open files");
    } else {
      EXPECT_EQ(result.exit, 0);
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_FALSE(has_children());
  }
  EXPECT_GT(failures, 0);
  EXPECT_LT(failures, 19);
}

TEST(Child, ManyRunsLeaveNothing) {
  const auto before = open_descriptors();
  for (int i = 0; i < 250; ++i) {
    ASSERT_EQ(run(command({"true"})).exit, 0);
    ASSERT_NE(run(command({"no-such-program"})).error, "");
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_children());
}

TEST(Child, SixtyFourAtOnceDoNotMixUp) {
  const auto before = open_descriptors();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 64; ++i) {
      threads.emplace_back([i, &wrong] {
        for (int n = 0; n < 5; ++n) {
          const std::string name = std::to_string(i) + "." + std::to_string(n);
          ChildSpec spec = shell("cat; echo $0 >&2; exit " + std::to_string(i));
          spec.argv.push_back(name);
          spec.input = name;
          const auto result = run(spec);
          if (result.exit != i || result.out != name || result.err != name + "\n") ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace cloacina::os
