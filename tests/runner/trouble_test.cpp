// A database that another program holds: calls say so, what ended is not forgotten, and stopping does not hang.
#include <sqlite3.h>

#include <future>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Another program in the middle of a transaction.
class Hog {
 public:
  explicit Hog(const std::filesystem::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK);
    EXPECT_EQ(sqlite3_busy_timeout(db_, 60'000), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  Hog(const Hog&) = delete;
  Hog& operator=(const Hog&) = delete;
  ~Hog() { sqlite3_close(db_); }

 private:
  sqlite3* db_ = nullptr;
};

class Trouble : public RunnerTest {
 protected:
  Journal<std::string> lines;
  [[nodiscard]] RunnerOptions impatient() {
    auto o = options();
    o.busy_timeout = 5ms;
    o.log = [this](LogLevel, std::string_view text) { lines.add(std::string(text)); };
    return o;
  }
  [[nodiscard]] Hog hog() const { return Hog(folder() / "runner.db"); }
};

TEST_F(Trouble, CallsSayThatTheDatabaseIsLocked) {
  const auto r = started({single("flow")}, impatient());
  const auto client = runner(impatient());
  const auto id = r->run("flow").id;
  {
    const auto holds = hog();
    for (auto* one : {r.get(), client.get()}) {
      EXPECT_THAT(error_of([&] { (void)one->submit("flow"); }, ErrorCode::Unavailable), HasSubstr("locked"));
      (void)error_of([&] { one->pause(id); }, ErrorCode::Unavailable);
      (void)error_of([&] { one->add(single("another")); }, ErrorCode::Unavailable);
      EXPECT_TRUE(one->get(id).completed()) << "reading goes on";
      EXPECT_TRUE(one->wait(id).completed());
    }
    EXPECT_THAT(error_of([&] { client->start(); }, ErrorCode::Unavailable), HasSubstr("locked"));
  }
  client->start();
  EXPECT_TRUE(eventually([&] {
    try {
      return r->run("flow").completed();
    } catch (const Error&) {
      return false;
    }
  }));
  EXPECT_THAT(r->list().executions, SizeIs(2)) << "what was refused did not happen";
}

TEST_F(Trouble, WhatEndedMeanwhileIsRecordedLater) {
  const auto closed = gate();
  std::atomic<int> ran{0};
  const auto r = started({single("flow",
                                 [&, closed](TaskContext& t) {
                                   ++ran;
                                   closed->pass();
                                   t.context().set("done", true);
                                 })},
                         impatient());
  const auto ids = r->submit_many(std::vector<Submission>(4, {.workflow = "flow"}));
  ASSERT_TRUE(closed->reached(4));
  {
    const auto holds = hog();
    closed->open();
    EXPECT_THAT(lines.at_least(2), Contains(HasSubstr("a commit failed, trying again")));
  }
  for (const auto& id : ids) EXPECT_EQ(r->wait(id, patience).context, Json({{"done", true}}));
  EXPECT_EQ(ran.load(), 4);
}

TEST_F(Trouble, AStopMeanwhileDoesNotHangAndTheWorkIsTakenOver) {
  const auto closed = gate();
  const auto flow = gated("flow", closed);
  ExecutionId id;
  {
    const auto r = started({flow}, impatient());
    id = r->submit("flow");
    ASSERT_TRUE(closed->reached());
    const auto holds = hog();
    EXPECT_THAT(r->stop(1ms).unfinished, SizeIs(1));
  }
  EXPECT_THAT(lines.all(), Contains(HasSubstr("could not give its work back")));
  closed->open();
  const auto other = started({flow});
  EXPECT_TRUE(other->wait(id, patience).completed());
}

TEST_F(Trouble, AWaitInAClientSeesTheEndThatALockDelayed) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)}, impatient());
  const auto client = runner(impatient());
  const auto id = client->submit("flow");
  ASSERT_TRUE(closed->reached());
  auto waiting = std::async(std::launch::async, [&] { return client->wait(id, patience); });
  {
    const auto holds = hog();
    closed->open();
    (void)lines.at_least(1);
  }
  EXPECT_TRUE(waiting.get().completed());
}

}  // namespace
}  // namespace cloacina::runner::test
