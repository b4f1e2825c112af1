// Several lanes and processes at once on one PostgreSQL database, by the server's clock, and a connection that is cut.

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/postgres_backend.hpp"
#include "conformance/store_fixture.hpp"
#include "core/changes.hpp"
#include "postgres/fresh_schema.hpp"
#include "postgres/proxy.hpp"
#include "store/postgres/lost_commit.hpp"

namespace cloacina::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Timestamp here() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// A lane: a store with a runner of its own, by its own clock, which may be wrong.
class Lane {
 public:
  Lane(store::Database& database, std::chrono::hours clock_error = {}) : store(database.store()), error_(clock_error) {
    runner = store->open_runner(
        {.id = ExecutionId::generate().to_string(), .name = "lane", .host = "host", .pid = 1, .started_at = now()});
  }
  [[nodiscard]] Timestamp now() const { return here() + error_; }
  [[nodiscard]] Batch batch() const {
    Batch b;
    b.now = now();
    b.runner = runner;
    return b;
  }
  [[nodiscard]] store::ClaimRequest request(int limit, DefinitionKey definition) const {
    return {.runner = runner, .limit = limit, .definitions = {definition}};
  }
  [[nodiscard]] AttemptOutcome completed(const ClaimedTask& task) const {
    AttemptOutcome o;
    o.task = task.task;
    o.fence = task.fence;
    o.number = task.number;
    o.started_at = o.finished_at = now();
    return o;
  }
  [[nodiscard]] store::NewExecution execution(DefinitionKey definition) const {
    store::NewExecution e;
    e.id = ExecutionId::generate();
    e.definition = definition;
    e.submitted_at = now();
    return e;
  }

  std::unique_ptr<store::Store> store;
  RunnerKey runner = 0;

 private:
  std::chrono::hours error_;
};

class PostgresLanes : public ::testing::Test {
 protected:
  DefinitionKey put(const Workflow& workflow) { return database_->store()->put_definition(workflow.definition(), here()); }
  [[nodiscard]] std::vector<std::string> audit() const { return postgres_backend().audit({schema_.url(), nullptr}); }

  FreshSchema schema_;
  std::unique_ptr<store::Database> database_ = store::open(schema_.url(), {.durability = Durability::Normal});
  std::unique_ptr<store::Reader> reader_ = database_->reader();
};

/// A diamond of many: every task of the middle may be run by another lane, and all of them count in one row.
Workflow wide(int width) {
  WorkflowBuilder flow{"wide"};
  flow.task("first", nothing);
  for (int i = 0; i < width; ++i) flow.task("m" + std::to_string(i), nothing).after("first");
  auto last = flow.task("last", nothing);
  for (int i = 0; i < width; ++i) last.after("m" + std::to_string(i));
  return flow.build();
}

TEST_F(PostgresLanes, ManyLanesShareExecutionsAndRunEachTaskOnce) {
  constexpr int lanes = 6;
  constexpr int executions = 20;
  constexpr int width = 8;
  const auto definition = put(wide(width));
  {
    Lane client(*database_);
    auto b = client.batch();
    for (int i = 0; i < executions; ++i) b.submissions.push_back(client.execution(definition));
    client.store->commit(b);
    client.store->close_runner(client.runner, here());
  }
  std::mutex mutex;
  std::multiset<store::TaskKey> ran;
  std::set<std::string> ended;
  std::atomic<int> stale{0};
  std::vector<std::string> errors;
  std::vector<std::thread> threads;
  for (int t = 0; t < lanes; ++t) {
    threads.emplace_back([&] {
      try {
        Lane lane(*database_);
        auto b = lane.batch();
        for (;;) {
          b.claim = lane.request(7, definition);
          b.timers = true;
          const auto result = lane.store->commit(b);
          b = lane.batch();
          const std::lock_guard lock(mutex);
          for (const auto applied : result.outcomes) stale += applied == Applied::Yes ? 0 : 1;
          for (const auto& f : result.finished) EXPECT_TRUE(ended.insert(f.id.to_string()).second) << "ended twice";
          for (const auto& task : result.claimed) {
            ran.insert(task.task);
            b.outcomes.push_back(lane.completed(task));
          }
          if (ended.size() == executions) break;
        }
        lane.store->commit(b);
        lane.store->close_runner(lane.runner, here());
      } catch (const std::exception& e) {
        const std::lock_guard lock(mutex);
        errors.emplace_back(e.what());
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(stale, 0);
  EXPECT_THAT(ran, SizeIs(executions * (width + 2)));
  EXPECT_THAT((std::set<store::TaskKey>(ran.begin(), ran.end())), SizeIs(executions * (width + 2)));
  EXPECT_THAT(ended, SizeIs(executions));
  EXPECT_THAT(audit(), IsEmpty());
  for (const auto& e : reader_->list({.limit = 100}).executions) {
    EXPECT_EQ(e.status, ExecutionStatus::Completed);
    EXPECT_TRUE(e.started_at);
  }
}

TEST_F(PostgresLanes, ControlsOfOthersMeetARunningExecutionWithoutDeadlock) {
  const auto definition = put(wide(6));
  std::vector<ExecutionId> ids;
  {
    Lane client(*database_);
    auto b = client.batch();
    for (int i = 0; i < 12; ++i) {
      b.submissions.push_back(client.execution(definition));
      ids.push_back(b.submissions.back().id);
    }
    client.store->commit(b);
    client.store->close_runner(client.runner, here());
  }
  const auto before = RawConnection(schema_.url()).run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  std::mutex mutex;
  std::vector<std::string> errors;
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  const auto guarded = [&](const std::function<void()>& work) {
    threads.emplace_back([&, work] {
      try {
        work();
      } catch (const std::exception& e) {
        const std::lock_guard lock(mutex);
        errors.emplace_back(e.what());
        over = true;
      }
    });
  };
  for (int t = 0; t < 3; ++t) {
    guarded([&] {
      Lane lane(*database_);
      auto b = lane.batch();
      while (!over) {
        b.claim = lane.request(5, definition);
        const auto result = lane.store->commit(b);
        b = lane.batch();
        for (const auto& task : result.claimed) b.outcomes.push_back(lane.completed(task));
      }
      lane.store->commit(b);
      lane.store->close_runner(lane.runner, here());
    });
  }
  guarded([&] {
    const auto client = database_->store();
    const auto all = [&](Control::Kind kind, bool backwards) {
      Batch b;
      b.now = here();
      for (const auto& id : ids) b.controls.push_back({kind, id, "", {}});
      if (backwards) std::reverse(b.controls.begin(), b.controls.end());
      client->commit(b);
    };
    for (int i = 0; i < 10; ++i) {
      all(Control::Kind::Pause, i % 2 == 0);
      all(Control::Kind::Resume, i % 2 != 0);
    }
    const auto reader = database_->reader();
    while (!over && !std::all_of(ids.begin(), ids.end(), [&](const auto& id) { return is_terminal(*reader->status(id)); })) {
    }
    over = true;
  });
  for (auto& t : threads) t.join();
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(audit(), IsEmpty());
  EXPECT_EQ(RawConnection(schema_.url()).run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), before);
}

TEST_F(PostgresLanes, OneKeyFromManyIsOneExecution) {
  const auto definition = put(chain("w", {"a"}));
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> ids;  // by key
  std::vector<std::string> errors;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      try {
        Lane lane(*database_);
        for (int round = 0; round < 10; ++round) {
          auto b = lane.batch();
          for (int k = 0; k < 8; ++k) {
            b.submissions.push_back(lane.execution(definition));
            // Each in another order.
            b.submissions.back().key = "key " + std::to_string(round) + "/" + std::to_string((t % 2 == 0 ? k : 7 - k));
          }
          const auto result = lane.store->commit(b);
          const std::lock_guard lock(mutex);
          for (std::size_t i = 0; i < b.submissions.size(); ++i) {
            ids[*b.submissions[i].key].insert(result.submissions[i].id.to_string());
          }
        }
        lane.store->close_runner(lane.runner, here());
      } catch (const std::exception& e) {
        const std::lock_guard lock(mutex);
        errors.emplace_back(e.what());
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(ids, SizeIs(80));
  for (const auto& [key, found] : ids) EXPECT_THAT(found, SizeIs(1)) << key;
  EXPECT_THAT(reader_->list({.limit = 1'000}).executions, SizeIs(80));
}

TEST_F(PostgresLanes, TheServersClockDecidesWhateverTheHostsSay) {
  const auto definition = put(chain("w", {"a", "b"}));
  Lane early(*database_, std::chrono::hours{-1});
  Lane late(*database_, std::chrono::hours{1});
  for (auto* lane : {&early, &late}) {
    auto b = lane->batch();
    b.submissions.push_back(lane->execution(definition));
    b.claim = lane->request(1, definition);
    const auto result = lane->store->commit(b);
    ASSERT_THAT(result.claimed, SizeIs(1));
    EXPECT_LT(std::chrono::abs(result.now - here()), std::chrono::minutes{1});
    // A retry in ten minutes is in ten minutes.
    b = lane->batch();
    b.outcomes.push_back(lane->completed(result.claimed[0]));
    b.outcomes[0].kind = AttemptOutcome::Kind::Retry;
    b.outcomes[0].error = "again";
    b.outcomes[0].retry_at = lane->now() + std::chrono::minutes{10};
    const auto after = lane->store->commit(b);
    const auto e = *reader_->get(result.claimed[0].id);
    ASSERT_TRUE(e.task("a").run_at);
    EXPECT_LT(std::chrono::abs(*e.task("a").run_at - (here() + std::chrono::minutes{10})), std::chrono::minutes{1});
    EXPECT_LT(std::chrono::abs(e.submitted_at - here()), std::chrono::minutes{1});
    EXPECT_LT(std::chrono::abs(e.task("a").attempts.at(0).started_at - here()), std::chrono::minutes{1});
    ASSERT_TRUE(after.next_due);
  }
  auto b = early.batch();
  b.release_dead = true;
  EXPECT_EQ(early.store->commit(b).released, 0) << "nobody is dead for an hour's difference";
}

TEST_F(PostgresLanes, ALeaseThatEndsGivesTheWorkToOthersAndItsHolderHearsOfIt) {
  const auto definition = put(chain("w", {"a"}));
  Lane first(*database_);
  Lane second(*database_);
  auto b = first.batch();
  b.submissions.push_back(first.execution(definition));
  b.claim = first.request(1, definition);
  const auto lost = first.store->commit(b).claimed.at(0);
  b = first.batch();
  b.renew = std::chrono::milliseconds{1};
  const auto renewed = first.store->commit(b);
  EXPECT_FALSE(renewed.lease_lost);
  ASSERT_TRUE(renewed.next_death) << "the other's lease ends some day";
  // The lease is a millisecond: it ends while this goes on.
  BatchResult taken;
  while (taken.released == 0) {
    b = second.batch();
    b.release_dead = true;
    b.claim = second.request(1, definition);
    taken = second.store->commit(b);
  }
  ASSERT_THAT(taken.claimed, SizeIs(1));
  EXPECT_EQ(taken.claimed[0].fence, lost.fence + 1);
  b = first.batch();
  b.renew = std::chrono::seconds{15};
  b.check.push_back({lost.task, lost.fence});
  b.outcomes.push_back(first.completed(lost));
  const auto back = first.store->commit(b);
  EXPECT_TRUE(back.lease_lost);
  EXPECT_THAT(back.lost, SizeIs(1));
  EXPECT_EQ(back.outcomes.at(0), Applied::Stale);
  EXPECT_THAT(reader_->runners(), SizeIs(2)) << "it lives again";
}

/// Behind a proxy that loses what it is told to lose.
class PostgresCut : public PostgresLanes {
 protected:
  static std::string folder_of_server() {
    const auto url = server_url();
    const auto at = url.find("host=") + 5;
    return url.substr(at, url.find('&', at) - at);
  }
  [[nodiscard]] std::string url() const {
    auto url = schema_.url();
    const auto server = folder_of_server();
    return url.replace(url.find(server), server.size(), proxy_.folder());
  }

  Proxy proxy_{folder_of_server()};
};

TEST_F(PostgresCut, TheAnswerToACommitIsFoundOut) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto database = store::open(url(), {.durability = Durability::Normal});
  Lane lane(*database);
  auto b = lane.batch();
  b.submissions.push_back(lane.execution(definition));
  b.claim = lane.request(1, definition);
  for (const auto where : {Proxy::Cut::AfterCommit, Proxy::Cut::BeforeCommit}) {
    const int before = proxy_.cuts();
    proxy_.cut(where);
    const auto result = lane.store->commit(b);
    EXPECT_EQ(proxy_.cuts(), before + 1);
    for (const auto applied : result.outcomes) EXPECT_EQ(applied, Applied::Yes);
    ASSERT_THAT(result.claimed, SizeIs(1)) << "what was claimed is known";
    EXPECT_EQ(result.claimed[0].number, 1) << "and was claimed once";
    b = lane.batch();
    b.outcomes.push_back(lane.completed(result.claimed[0]));
    b.claim = lane.request(1, definition);
  }
  const auto last = lane.store->commit(b);
  EXPECT_THAT(last.finished, SizeIs(1));
  EXPECT_THAT(audit(), IsEmpty());
}

TEST_F(PostgresCut, WhatALostCommitHasDoneComesWithTheNextOne) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto database = store::open(url(), {.durability = Durability::Normal});
  Lane lane(*database);
  auto b = lane.batch();
  b.submissions.push_back(lane.execution(definition));
  b.claim = lane.request(1, definition);
  const auto task = lane.store->commit(b).claimed.at(0);
  b = lane.batch();
  b.outcomes.push_back(lane.completed(task));
  b.claim = lane.request(1, definition);
  proxy_.cut(Proxy::Cut::AfterCommit);
  proxy_.refuse = true;
  EXPECT_THROW(lane.store->commit(b), Error) << "nobody knows yet";
  proxy_.refuse = false;
  const auto result = lane.store->commit(b);
  EXPECT_THAT(result.outcomes, ::testing::ElementsAre(Applied::Yes)) << "it was applied, and is not stale";
  ASSERT_THAT(result.claimed, SizeIs(1));
  EXPECT_EQ(result.claimed[0].number, 1);
  b = lane.batch();
  b.outcomes.push_back(lane.completed(result.claimed[0]));
  EXPECT_THAT(lane.store->commit(b).finished, SizeIs(1));
  EXPECT_THAT(audit(), IsEmpty());
}

/// A server that crashes forgets numbers that left no trace, and gives them to others, who commit.
TEST_F(PostgresLanes, ANumberThatWasGivenToAnotherTransactionProvesNothing) {
  const auto definition = put(chain("w", {"a", "b"}));
  Lane lane(*database_);
  auto b = lane.batch();
  b.submissions.push_back(lane.execution(definition));
  b.claim = lane.request(1, definition);
  const auto first = lane.store->commit(b);
  const auto task = first.claimed.at(0);
  store::postgres::PgSession session(store::postgres::target_of(schema_.url(), {}));
  const auto another = RawConnection(schema_.url()).run("SELECT pg_current_xact_id()");
  const auto is_taken_for_committed = [&](const Batch& batch, const BatchResult& result) {
    store::postgres::LostCommit lost;
    lost.remember(another, batch, result);
    EXPECT_TRUE(lost.find_out(session));
    return lost.forget();
  };
  Batch outcome = lane.batch();
  outcome.outcomes.push_back(lane.completed(task));
  BatchResult applied;
  applied.outcomes = {Applied::Yes};
  EXPECT_FALSE(is_taken_for_committed(outcome, applied)) << "its task still runs";

  BatchResult claims;
  claims.claimed = {task};
  EXPECT_TRUE(is_taken_for_committed(lane.batch(), claims));
  claims.claimed[0].fence = task.fence + 1;
  EXPECT_FALSE(is_taken_for_committed(lane.batch(), claims)) << "nobody has that fence";
  Batch of_another = lane.batch();
  of_another.runner += 1;
  claims.claimed[0].fence = task.fence;
  EXPECT_FALSE(is_taken_for_committed(of_another, claims)) << "somebody else has that fence";

  BatchResult submitted = first;
  submitted.claimed.clear();
  EXPECT_TRUE(is_taken_for_committed(lane.batch(), submitted));
  submitted.submissions[0].id = ExecutionId::generate();
  EXPECT_FALSE(is_taken_for_committed(lane.batch(), submitted)) << "there is no such execution";

  EXPECT_EQ(lane.store->commit(outcome).outcomes.at(0), Applied::Yes);
  EXPECT_TRUE(is_taken_for_committed(outcome, applied));
}

}  // namespace
}  // namespace cloacina::test
