// Submissions and outcomes that are a part of the user's own transaction.
#include <sqlite3.h>

#include "runner/runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The connection of an application that keeps its rows in the database of the runner.
class Application {
 public:
  explicit Application(const std::string& url) {
    if (url.starts_with("sqlite:")) {
      EXPECT_EQ(sqlite3_open(url.substr(7).c_str(), &sqlite_), SQLITE_OK);
      EXPECT_EQ(sqlite3_busy_timeout(sqlite_, 60'000), SQLITE_OK);
    } else {
      postgres_ = std::make_unique<cloacina::test::RawConnection>(url);
    }
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() { sqlite3_close(sqlite_); }

  /// The first column of the first row. Throws what the database says.
  std::string run(const std::string& sql) {
    if (postgres_) return postgres_->run(sql);
    std::string first;
    char* error = nullptr;
    const auto take = [](void* to, int, char** values, char**) {
      *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    if (sqlite3_exec(sqlite_, sql.c_str(), take, &first, &error) != SQLITE_OK) {
      const std::string text = error == nullptr ? "no text" : error;
      sqlite3_free(error);
      throw std::runtime_error(text);
    }
    return first;
  }
  void begin() { run(postgres_ ? "BEGIN" : "BEGIN IMMEDIATE"); }
  [[nodiscard]] UserConnection connection() const {
    return postgres_ ? UserConnection(postgres_->handle()) : UserConnection(sqlite_);
  }

 private:
  sqlite3* sqlite_ = nullptr;
  std::unique_ptr<cloacina::test::RawConnection> postgres_;
};

class Transactions : public RunnerTest {
 protected:
  /// A table of the application's; a row a booking.
  [[nodiscard]] std::unique_ptr<Application> application() {
    auto made = std::make_unique<Application>(url());
    made->run("CREATE TABLE IF NOT EXISTS booking (what text)");
    return made;
  }
};

TEST_F(Transactions, ASubmissionExistsIfAndOnlyIfTheTransactionCommits) {
  Journal<std::string> ran;
  const auto r = started({single("flow", [&](TaskContext& t) { ran.add(t.context().get<std::string>("order")); })});
  const auto app = application();
  app->begin();
  app->run("INSERT INTO booking VALUES ('lost')");
  const auto lost = r->submit_in(app->connection(), "flow", {{"order", "lost"}});
  app->run("ROLLBACK");
  app->begin();
  app->run("INSERT INTO booking VALUES ('kept')");
  const auto kept = r->submit_in(app->connection(), "flow", {{"order", "kept"}});
  if (on_postgres()) {
    EXPECT_THAT(error_of([&] { (void)r->get(kept); }, ErrorCode::NotFound), HasSubstr(kept.to_string()))
        << "seen before its commit";
  }
  app->run("COMMIT");
  EXPECT_TRUE(r->wait(kept, patience).completed());
  EXPECT_THAT(error_of([&] { (void)r->get(lost); }, ErrorCode::NotFound), HasSubstr(lost.to_string()));
  EXPECT_EQ(ran.all(), std::vector<std::string>{"kept"});
  EXPECT_EQ(app->run("SELECT count(*) FROM booking"), "1");
}

TEST_F(Transactions, ARollbackToASavepointTakesASubmissionBack) {
  const auto r = started({single("flow")});
  const auto app = application();
  app->begin();
  const auto first = r->submit_in(app->connection(), "flow");
  app->run("SAVEPOINT mine");
  const auto second = r->submit_in(app->connection(), "flow");
  app->run("ROLLBACK TO SAVEPOINT mine");
  const auto third = r->submit_in(app->connection(), "flow", {}, {.key = "once"});
  EXPECT_EQ(r->submit_in(app->connection(), "flow", {}, {.key = "once"}), third) << "the same key is the same execution";
  app->run("COMMIT");
  EXPECT_TRUE(r->wait(first, patience).completed());
  EXPECT_TRUE(r->wait(third, patience).completed());
  (void)error_of([&] { (void)r->get(second); }, ErrorCode::NotFound);
  EXPECT_THAT(r->list().executions, SizeIs(2));
}

TEST_F(Transactions, AnErrorLeavesTheTransactionAsItWas) {
  const auto r = started({single("flow")});
  const auto app = application();
  EXPECT_THAT(error_of([&] { r->submit_in(app->connection(), "flow"); }, ErrorCode::InvalidArgument), HasSubstr("BEGIN"));
  app->begin();
  app->run("INSERT INTO booking VALUES ('kept')");
  EXPECT_THAT(error_of([&] { r->submit_in(app->connection(), "flaw"); }, ErrorCode::NotFound), HasSubstr("did you mean 'flow'?"));
  EXPECT_THAT(error_of([&] { r->submit_in(app->connection(), "flow", Json::array()); }, ErrorCode::InvalidArgument),
              HasSubstr("the input is a JSON object"));
  app->run("COMMIT");
  EXPECT_EQ(app->run("SELECT count(*) FROM booking"), "1");
  EXPECT_THAT(r->list().executions, IsEmpty());
}

TEST_F(Transactions, AConnectionToAnotherDatabaseIsRefused) {
  const auto r = started({single("flow")});
  (void)runner(options("other.db"));
  Application other(url("other.db"));
  other.begin();
  if (on_postgres()) {
    // It is the same database, and the schema that the connection looks into first does not matter.
    const auto path = other.run("SHOW search_path");
    const auto id = r->submit_in(other.connection(), "flow");
    EXPECT_EQ(other.run("SHOW search_path"), path);
    other.run("COMMIT");
    EXPECT_TRUE(r->wait(id, patience).completed());
  } else {
    EXPECT_THAT(error_of([&] { r->submit_in(other.connection(), "flow"); }, ErrorCode::InvalidArgument),
                HasSubstr("another database"));
    other.run("COMMIT");
  }
  const UserConnection wrong_kind =
      on_postgres() ? UserConnection(static_cast<sqlite3*>(nullptr)) : UserConnection(static_cast<pg_conn*>(nullptr));
  EXPECT_THAT(error_of([&] { r->submit_in(wrong_kind, "flow"); }, ErrorCode::InvalidArgument), HasSubstr("is needed"));
}

TEST_F(Transactions, ATaskIsCompletedTogetherWithItsRows) {
  std::atomic<int> runs{0};
  WorkflowBuilder flow("flow");
  flow.task("book",
            [&](TaskContext& t) {
              const auto app = std::make_unique<Application>(url());
              app->begin();
              app->run("INSERT INTO booking VALUES ('" + std::string(t.task()) + "')");
              t.context().set("booked", true);
              t.complete_in(app->connection());
              if (++runs == 1) {
                app->run("ROLLBACK");  // as a crash before the commit
                return;
              }
              app->run("COMMIT");
              t.context().set("booked", false);
              throw std::runtime_error("after the commit nothing can fail any more");
            })
      .retry({.max_attempts = 3, .initial_delay = 1ms, .max_delay = 1ms})
      .on_success([&](const ExecutionId&, std::string_view) { runs += 10; });
  flow.task("then", [](TaskContext&) {}).after("book");
  Journal<ExecutionStatus> finished;
  const auto app = (void(runner()), application());
  auto r = runner();
  r->add(flow.build());
  r->on_finished([&](const Execution& e) { finished.add(e.status); });
  r->start();
  const auto done = r->run("flow");
  EXPECT_TRUE(done.completed());
  EXPECT_EQ(done.context, Json({{"booked", true}}));
  const auto& attempts = done.task("book").attempts;
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_THAT(attempts[0].error.value_or(""), HasSubstr("its transaction was not committed"));
  EXPECT_EQ(attempts[1].status, AttemptStatus::Completed);
  EXPECT_EQ(app->run("SELECT count(*) FROM booking"), "1") << "once, and not once an attempt";
  EXPECT_THAT(finished.at_least(1), SizeIs(1));
  EXPECT_TRUE(eventually([&] { return runs.load() == 12; })) << "its callback was called once";
}

TEST_F(Transactions, AnExecutionThatEndsInTheUsersTransactionIsReported) {
  const auto app = (void(runner()), application());
  Journal<ExecutionStatus> finished;
  auto r = runner();
  r->add(single("flow", [&](TaskContext& t) {
    Application own(url());
    own.begin();
    t.complete_in(own.connection());
    own.run("COMMIT");
  }));
  r->on_finished([&](const Execution& e) { finished.add(e.status); });
  r->start();
  EXPECT_TRUE(r->run("flow").completed());
  EXPECT_THAT(finished.at_least(1), SizeIs(1));
}

TEST_F(Transactions, ALostClaimRefusesTheTransaction) {
  const auto app = (void(runner()), application());
  const auto closed = gate();
  Journal<std::string> said;
  const auto r = started({single("flow", [&, closed](TaskContext& t) {
    closed->pass();  // deaf: it goes on although it was cancelled
    Application own(url());
    own.begin();
    own.run("INSERT INTO booking VALUES ('twice')");
    try {
      t.complete_in(own.connection());
      said.add("completed");
    } catch (const Error& e) {
      said.add(std::string(to_string(e.code())));
      // Somebody who does not heed the error, and commits all the same.
      try {
        own.run("COMMIT");
      } catch (const std::exception&) {
      }
    }
  })});
  (void)r->submit("flow");
  ASSERT_TRUE(closed->reached());
  // What a runner does that takes this one for dead.
  app->run("UPDATE cloacina_task SET fence = fence + 1");
  closed->open();
  EXPECT_EQ(said.at_least(1), std::vector<std::string>{"Conflict"});
  EXPECT_EQ(app->run("SELECT count(*) FROM booking"), "0");
  app->run("UPDATE cloacina_task SET fence = fence - 1");
}

TEST_F(Transactions, ItIsCalledOnceAnAttempt) {
  const auto app = (void(runner()), application());
  Journal<std::string> said;
  const auto r = started({single("flow", [&](TaskContext& t) {
    Application own(url());
    own.begin();
    t.complete_in(own.connection());
    said.add(error_of([&] { t.complete_in(own.connection()); }, ErrorCode::Conflict));
    own.run("COMMIT");
  })});
  EXPECT_TRUE(r->run("flow").completed());
  EXPECT_THAT(said.at_least(1).at(0), HasSubstr("called before"));
}

}  // namespace
}  // namespace cloacina::runner::test
