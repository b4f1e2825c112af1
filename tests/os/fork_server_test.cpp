// Calls in copies of this process.

#include "os/fork_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include "cloacina/error.hpp"
#include "process_help.hpp"

namespace cloacina::os {
namespace {

using namespace std::chrono_literals;
using test::Fifo;
using test::Pid;
using test::TempDir;

ForkedResult call(ForkServer& server, std::string_view request, const ForkLimits& limits = {}) {
  return server.call(request, limits, {});
}

std::string echo(std::string_view request, const std::stop_token& /*stop*/) { return "<" + std::string(request) + ">"; }

TEST(ForkServer, AnswersEveryCallFromAFreshCopy) {
  int calls = 0;
  ForkServer server(
      [&calls](std::string_view request, const std::stop_token&) { return std::string(request) + std::to_string(++calls); });
  calls = 10;  // too late for the copy
  EXPECT_EQ(call(server, "a").reply, "a1");
  EXPECT_EQ(call(server, "b").reply, "b1");
  EXPECT_EQ(calls, 10);
}

TEST(ForkServer, CarriesLargeRequestsAndReplies) {
  ForkServer server(echo);
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(call(server, large).reply, "<" + large + ">");
}

TEST(ForkServer, TellsHowACallEnded) {
  ForkServer server([](std::string_view request, const std::stop_token&) -> std::string {
    if (request == "signal") ::raise(SIGSEGV);
    if (request == "abort") std::abort();
    if (request == "exit") ::_exit(7);
    if (request == "exit 0") ::_exit(0);
    throw std::runtime_error("no");
  });
  EXPECT_EQ(call(server, "signal").signal, SIGSEGV);
  EXPECT_EQ(call(server, "abort").signal, SIGABRT);
  EXPECT_EQ(call(server, "exit").exit, 7);
  EXPECT_EQ(call(server, "throw").exit, 70);
  const auto silent = call(server, "exit 0");
  EXPECT_EQ(silent.exit, 0);
  EXPECT_FALSE(silent.returned);
}

/// The parent of a process.
pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string field;
  for (int i = 0; i < 4; ++i) status >> field;  // number, (name), state, parent
  return std::stoi(field);
}

TEST(ForkServer, HoldsNoDescriptorOfTheProcessAndHasNothingToRead) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  const Fd file(::open(path.c_str(), O_CREAT | O_RDWR, 0600));
  ForkServer server([&](std::string_view, const std::stop_token&) {
    int held = 0;
    const pid_t guard = ::getppid();
    // A lock of the process's, as the one that shows that it lives, would be held on by any of them.
    for (const pid_t pid : {::getpid(), guard, parent_of(guard)}) {
      for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code ignored;
        held += std::filesystem::read_symlink(entry, ignored) == path ? 1 : 0;
      }
    }
    char byte = 0;
    return std::to_string(held) + (::read(0, &byte, 1) == 0 ? " end" : " input");
  });
  EXPECT_EQ(call(server, "").reply, "0 end");
}

TEST(ForkServer, IgnoresSigpipeWhereTheProgramDoesAndHasNoHandlerOfIts) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const auto usr = ::signal(SIGUSR1, [](int) {});
  ForkServer server([](std::string_view, const std::stop_token&) {
    int ends[2] = {};
    if (::pipe(ends) != 0) return std::string("no pipe");
    ::close(ends[0]);
    const bool failed = ::write(ends[1], "x", 1) < 0 && errno == EPIPE;
    struct sigaction now {};
    ::sigaction(SIGUSR1, nullptr, &now);
    return std::string(failed && now.sa_handler == SIG_DFL ? "so" : "not so");
  });
  ::signal(SIGPIPE, before);
  ::signal(SIGUSR1, usr);
  EXPECT_EQ(call(server, "").reply, "so");
}

TEST(ForkServer, StopsWhatIsAskedTo) {
  const TempDir dir;
  Fifo fifo(dir.path() / "fifo");
  ForkServer server([&](std::string_view request, const std::stop_token& stop) {
    std::ofstream(fifo.path()) << ::getpid() << std::endl;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    do {
      never.wait(lock, stop, [] { return false; });
    } while (request == "deaf");
    return std::string("stopped");
  });
  for (const std::string request : {"willing", "deaf"}) {
    std::stop_source stop;
    ForkedResult result;
    std::jthread caller([&] { result = server.call(request, {.kill_after = 100ms}, stop.get_token()); });
    const Pid pid(fifo.pid());
    stop.request_stop();
    caller.join();
    EXPECT_TRUE(result.stopped);
    if (request == "deaf") {
      EXPECT_EQ(result.signal, SIGKILL);
    } else {
      EXPECT_EQ(result.reply, "stopped");
    }
    EXPECT_TRUE(pid.gone_within(0ms));
  }
  std::stop_source stopped;
  stopped.request_stop();
  const auto none = server.call("willing", {}, stopped.get_token());
  EXPECT_TRUE(none.stopped && !none.returned && !none.exit && !none.signal && none.error.empty());
}

TEST(ForkServer, KeepsALimitOfProcessorTime) {
  ForkServer server([](std::string_view, const std::stop_token&) -> std::string {
    while (true) {
    }
  });
  EXPECT_EQ(call(server, "", {.cpu_time_max = 1s}).signal, SIGXCPU);
}

#ifndef CLOACINA_SANITIZED  // their shadow memory is address space too
TEST(ForkServer, KeepsALimitOfMemoryUntilItIsLifted) {
  ForkServer server([](std::string_view, const std::stop_token&) -> std::string {
    const auto allocates = [](std::size_t bytes) {
      try {
        // The compiler may leave out an allocation whose memory nobody touches.
        std::string block(bytes, 'x');
        return block.back() == 'x';
      } catch (const std::bad_alloc&) {
        return false;
      }
    };
    std::string said = allocates(10 << 20) ? "10 " : "";
    if (allocates(500 << 20)) said += "500 ";
    lift_memory_limit();
    if (allocates(500 << 20)) said += "lifted";
    return said;
  });
  EXPECT_EQ(call(server, "", {.memory_bytes_max = 50 << 20}).reply, "10 lifted");
}
#endif

TEST(ForkServer, ManyThreadsCallAtOnce) {
  ForkServer server(echo);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          const auto text = std::to_string(t) + "," + std::to_string(i);
          right += call(server, text).reply == "<" + text + ">" ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 200);
}

TEST(ForkServer, LeavesNoDescriptorAndNoChildBehind) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = descriptors();
  {
    ForkServer server(echo);
    for (int i = 0; i < 10; ++i) (void)call(server, "x");
    EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1) << "a wait() of the host program would meet it";
  }
  EXPECT_EQ(descriptors(), before);
}

TEST(ForkServer, KillsWhatACallLeavesRunning) {
  ForkServer server([](std::string_view, const std::stop_token&) {
    int ends[2] = {};
    if (::pipe(ends) != 0) return std::string();
    if (::fork() == 0) {
      ::setsid();
      if (::fork() == 0) {
        const pid_t self = ::getpid();
        (void)!::write(ends[1], &self, sizeof self);
        while (true) ::pause();
      }
      ::_exit(0);
    }
    pid_t left = 0;
    (void)!::read(ends[0], &left, sizeof left);
    return std::to_string(left);
  });
  const auto reply = call(server, "").reply;
  ASSERT_FALSE(reply.empty());
  EXPECT_TRUE(Pid(std::stoi(reply)).gone_within(0ms));
}

TEST(ForkServer, IsMadeAnewWhenSomebodyKilledIt) {
  int version = 1;
  ForkServer server([&version](std::string_view, const std::stop_token&) {
    return std::to_string(version) + " " + std::to_string(parent_of(::getppid()));
  });
  const auto first = call(server, "").reply;
  ASSERT_EQ(first.substr(0, 2), "1 ");
  version = 2;
  const pid_t pid = std::stoi(first.substr(2));
  const Pid killed(pid);
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(killed.gone_within(20s));
  const auto second = call(server, "").reply;
  EXPECT_EQ(second.substr(0, 2), "2 ");
  EXPECT_NE(second, "2 " + std::to_string(pid));
}

TEST(ForkServer, EverythingDiesWithTheProcess) {
  const TempDir dir;
  Fifo fifo(dir.path() / "fifo");
  const pid_t host = ::fork();
  if (host == 0) {
    ForkServer server([&](std::string_view, const std::stop_token&) {
      std::ofstream(fifo.path()) << ::getpid() << std::endl;
      while (true) ::pause();
      return std::string();
    });
    (void)call(server, "");
    ::_exit(0);
  }
  const pid_t task = fifo.pid();
  std::vector<Pid> family;
  for (pid_t pid = task; pid != 1 && pid != ::getpid();) {
    family.emplace_back(pid);
    pid = parent_of(pid);
  }
  EXPECT_GE(family.size(), 3U) << "the task, its guard and the server";
  ::kill(host, SIGKILL);
  for (const auto& pid : family) EXPECT_TRUE(pid.gone_within(std::chrono::milliseconds{test::patience_ms}));
  ::waitpid(host, nullptr, 0);
}

}  // namespace
}  // namespace cloacina::os
