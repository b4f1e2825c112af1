#include "os/waker.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

#include "os/process.hpp"

namespace cloacina::os {
namespace {

using namespace std::chrono_literals;
using Why = Waker::Why;

TEST(Waker, WakesFallTogetherAndAreKept) {
  Waker waker;
  waker.wake();
  waker.wake();
  EXPECT_EQ(waker.wait(std::nullopt), Why::Woken);
  EXPECT_EQ(waker.wait(0ns), Why::TimedOut);
}

TEST(Waker, ATimeoutIsNotShort) {
  Waker waker;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(waker.wait(3ms), Why::TimedOut);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 3ms);
  EXPECT_EQ(waker.wait(-1s), Why::TimedOut);
}

TEST(Waker, InputOfAnotherDescriptorEndsTheWaitButAWakeComesFirst) {
  Waker waker;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(waker.wait(0ns, ends[0]), Why::TimedOut);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ(waker.wait(std::nullopt, ends[0]), Why::Readable);
  EXPECT_EQ(waker.wait(std::nullopt, ends[0]), Why::Readable);
  waker.wake();
  EXPECT_EQ(waker.wait(std::nullopt, ends[0]), Why::Woken);
  EXPECT_EQ(waker.wait(std::nullopt, ends[0]), Why::Readable);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Waker, ManyThreadsWakeOne) {
  Waker waker;
  std::atomic<int> left{4};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) waker.wake();
      --left;
      waker.wake();
    });
  }
  while (left > 0) EXPECT_EQ(waker.wait(std::nullopt), Why::Woken);
}

TEST(Waker, ASignalDoesNotEndTheWait) {
  struct sigaction quiet {};
  struct sigaction before {};
  quiet.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &quiet, &before), 0);
  Waker waker;
  const pthread_t waiting = ::pthread_self();
  std::jthread sender([&] {
    for (int n = 0; n < 50; ++n) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::yield();
    }
    waker.wake();
  });
  EXPECT_EQ(waker.wait(std::nullopt), Why::Woken);
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(Process, NamesItself) {
  EXPECT_FALSE(host_name().empty());
  EXPECT_EQ(process_id(), ::getpid());
  EXPECT_NE(random_seed(), random_seed());
}

}  // namespace
}  // namespace cloacina::os
