// A firing that fails, or whose process is killed, before each of its SQL statements.
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "schedule_help.hpp"

namespace cloacina::engine::test {

using testing::ElementsAre;
using testing::SizeIs;

namespace {

/// Counts the statements of connections that are opened while it lives, and does something before one of them. One at a time.
class StatementWatch {
 public:
  enum class Then { Nothing, Fail, Die };

  StatementWatch() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&on_open)); }
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;
  ~StatementWatch() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&on_open));
    then = Then::Nothing;
  }

  static void arm(int at, Then what) {
    seen = 0;
    nth = at;
    then = what;
    failing = false;
  }
  [[nodiscard]] static int count() { return seen; }

 private:
  static int on_open(sqlite3* db, const char**, const sqlite3_api_routines*) {
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &on_statement, nullptr);
    // Asked at every step of a statement: an error that the statement itself meets.
    sqlite3_progress_handler(db, 1, &on_progress, nullptr);
    return SQLITE_OK;
  }
  static int on_statement(unsigned, void*, void*, void*) {
    if (++seen != nth) return 0;
    if (then == Then::Die) ::kill(::getpid(), SIGKILL);
    failing = then == Then::Fail;
    return 0;
  }
  static int on_progress(void*) { return std::exchange(failing, false) ? 1 : 0; }

  inline static int seen = 0;
  inline static int nth = 0;
  inline static Then then = Then::Nothing;
  inline static bool failing = false;
};

using Then = StatementWatch::Then;

}  // namespace

class ScheduleKill : public ScheduleTest {
 protected:
  StatementWatch statements;

  /// One of each kind: an execution that runs, one that waits, one that is skipped, one that is cancelled for the next.
  void put_all() {
    add(single("one"));
    schedules().put(minutely(Concurrency::Allow, "allow"));
    for (const auto concurrency : {Concurrency::Skip, Concurrency::Queue, Concurrency::Replace}) {
      schedules().put(minutely(concurrency, std::string(to_string(concurrency)), "later"));
    }
  }
  void expect_whole(int minutes) {
    for (const char* name : {"allow", "skip", "queue", "replace"}) expect_each_slot_once(name, at("12:00"), now.utc);
    EXPECT_EQ(schedules().stats("allow").completed, minutes);
    EXPECT_EQ(schedules().stats("queue").open, minutes);
    EXPECT_EQ(schedules().stats("replace").open, 1);
    EXPECT_EQ(schedules().stats("replace").cancelled, minutes - 1);
    EXPECT_THAT(ledger("skip"), SizeIs(2));
    EXPECT_THAT(executions("one"), SizeIs(minutes));
    EXPECT_THAT(executions("later"), SizeIs(1 + 2 * minutes));
  }
};
CLOACINA_ENGINE_SUITE_ON(ScheduleKill, "sqlite");

TEST_P(ScheduleKill, AFailureBeforeAnyStatementOfAFiringLeavesNothingHalfDone) {
  put_all();
  boot();
  settle();
  run_minutes(1);
  advance(1min);
  StatementWatch::arm(0, Then::Nothing);
  perform_all(step().start);
  const int all = StatementWatch::count();
  ASSERT_GT(all, 30);
  settle();
  int failed = 0;
  for (int n = 1; n <= all; ++n) {
    advance(1min);
    StatementWatch::arm(n, Then::Fail);
    const auto effects = step();
    failed += effects.trouble ? 1 : 0;
    perform_all(effects.start);
    settle();
  }
  EXPECT_GT(failed, all - 5);
  boot();  // whatever was claimed by a commit that seemed to fail
  settle();
  expect_whole(2 + all);
}

TEST_P(ScheduleKill, AKillBeforeAnyStatementOfAFiringLeavesNothingHalfDone) {
  put_all();
  settle();
  run_minutes(1);
  // In a child that dies; the engine of this process is not there meanwhile.
  const auto fire_in_child = [&](int n) {
    crash();
    advance(1min);
    const pid_t child = ::fork();
    if (child == 0) {
      boot();
      step();  // looks what is due
      StatementWatch::arm(n, n == 0 ? Then::Nothing : Then::Die);
      step();
      ::_exit(std::min(StatementWatch::count(), 250));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    settle();
    return status;
  };
  const int counted = fire_in_child(0);
  ASSERT_TRUE(WIFEXITED(counted));
  const int all = WEXITSTATUS(counted);
  ASSERT_GT(all, 30);
  ASSERT_LT(all, 250);
  for (int n = 1; n <= all; ++n) {
    const int status = fire_in_child(n);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "before statement " << n << " of " << all;
  }
  expect_whole(2 + all);
}

}  // namespace cloacina::engine::test
