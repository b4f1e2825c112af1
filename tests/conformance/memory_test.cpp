// What only a database in memory has: statements that are functions, transactions that take back rows, leases by the caller's
// clock.

#include <gmock/gmock.h>

#include "cloacina/error.hpp"
#include "conformance/store_fixture.hpp"
#include "store/memory/database.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Timestamp start = parse_timestamp("2026-03-29T01:00:00Z");

store::Batch batch_of(RunnerKey runner, Timestamp now) {
  store::Batch b;
  b.now = now;
  b.runner = runner;
  return b;
}

store::NewExecution execution_of(DefinitionKey definition) {
  store::NewExecution e;
  e.id = ExecutionId::generate();
  e.definition = definition;
  e.submitted_at = start;
  return e;
}

TEST(MemoryStore, HasEveryStatementOfTheSharedTurn) {
  const std::set<std::string_view> of_sql_alone = {
      "begin",        "commit",   "savepoint",    "back_to_savepoint", "release_savepoint",
      "data_version", "stranded", "oldest_ready", "count_ready"};
  for (const auto& [name, text] : store::sqlite::statements()) {
    const bool examines = name.starts_with("examine_");  // for doctors: nobody breaks memory
    EXPECT_NE(store::memory::statements().contains(name), of_sql_alone.contains(name) || examines) << name;
  }
  const auto database = store::memory::open();
  EXPECT_THROW((void)database->session()->use("no_such"), Error);
}

TEST(MemoryStore, ARollBackTakesBackRowsAndTheirPlacesInEveryIndex) {
  const auto database = store::memory::open();
  const auto store = database->store();
  const auto definition = store->put_definition(chain("w", {"a", "b"}).definition(), start);
  auto batch = batch_of(0, start);
  batch.submissions.push_back(execution_of(definition));
  batch.submissions.back().key = "k";
  const auto key = store->commit(batch).submissions.at(0).key;
  const auto& contents = database->contents();
  const auto ready = contents.tasks.ready.places();
  ASSERT_EQ(ready.size(), 1U);

  const auto session = database->session();
  session->begin();
  session->use("claim_queued").bind(store::sql::row_of({key, 0}), 7, start).run();
  session->use("insert_event").bind(key, start, nullptr, "odd", "", "").run();
  session->use("delete_execution").bind(key).run();
  EXPECT_EQ(contents.executions.find(key), nullptr);
  EXPECT_THAT(contents.tasks.ready.places(), IsEmpty());
  session->roll_back();

  EXPECT_EQ(contents.tasks.ready.places(), ready);
  EXPECT_THAT(contents.tasks.running.places(), IsEmpty());
  EXPECT_THAT(contents.events.rows(), IsEmpty());
  ASSERT_NE(contents.executions.find_unique_key("k"), nullptr);
  EXPECT_EQ(contents.executions.find_unique_key("k")->key, key);
  EXPECT_EQ(contents.tasks.find(store::sql::row_of({key, 0}))->fence, 0);
}

TEST(MemoryStore, OneConnectionWritesAtATime) {
  const auto database = store::memory::open();
  const auto store = database->store();
  const auto session = database->session();
  session->begin();
  try {
    store->commit(batch_of(0, start));
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_THAT(e.what(), HasSubstr("another connection writes"));
  }
  session->roll_back();
  EXPECT_NO_THROW(store->commit(batch_of(0, start)));
}

class MemoryLeases : public ::testing::Test {
 protected:
  MemoryLeases() {
    mine_ = open("mine");
    other_ = open("other");
    definition_ = mine_.store->put_definition(chain("w", {"a"}).definition(), start);
    auto batch = batch_of(0, start);
    batch.submissions.push_back(execution_of(definition_));
    mine_.store->commit(batch);
  }

  struct Runner {
    std::unique_ptr<store::Store> store;
    RunnerKey key = 0;
  };
  Runner open(const std::string& id) {
    Runner r{database_->store()};
    r.key = r.store->open_runner({.id = id, .name = id, .host = "host", .started_at = start});
    return r;
  }
  std::vector<ClaimedTask> claim(Runner& runner, Timestamp now) {
    auto batch = batch_of(runner.key, now);
    batch.claim = store::ClaimRequest{.runner = runner.key, .limit = 10, .definitions = {definition_}};
    return runner.store->commit(batch).claimed;
  }
  int release(Runner& runner, Timestamp now) {
    auto batch = batch_of(runner.key, now);
    batch.release_dead = true;
    return runner.store->commit(batch).released;
  }
  BatchResult renew(Runner& runner, Timestamp now) {
    auto batch = batch_of(runner.key, now);
    batch.renew = 10s;
    return runner.store->commit(batch);
  }

  std::unique_ptr<store::memory::MemoryDatabase> database_ = store::memory::open({.lease = 10s});
  Runner mine_;
  Runner other_;
  DefinitionKey definition_ = 0;
};

TEST_F(MemoryLeases, EndByTheCallersClockUnlessTheyAreRenewed) {
  ASSERT_EQ(claim(other_, start).size(), 1U);
  EXPECT_EQ(renew(mine_, start + 5s).next_death, start + 10s);
  EXPECT_FALSE(renew(other_, start + 9s).lease_lost);
  EXPECT_EQ(release(mine_, start + 14s), 0);
  EXPECT_EQ(release(mine_, start + 19s), 1);
}

TEST_F(MemoryLeases, ARunnerThatWasTakenForDeadClaimsNothingUntilItRenews) {
  const auto claimed = claim(other_, start);
  ASSERT_EQ(claimed.size(), 1U);
  renew(mine_, start + 9s);
  ASSERT_EQ(release(mine_, start + 10s), 1);
  EXPECT_THAT(claim(other_, start + 11s), IsEmpty());
  EXPECT_TRUE(renew(other_, start + 11s).lease_lost);
  const auto again = claim(other_, start + 11s);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].fence, claimed[0].fence + 1);
}

TEST_F(MemoryLeases, EndWithTheStoreOfTheirRunner) {
  ASSERT_EQ(claim(other_, start).size(), 1U);
  other_.store.reset();
  EXPECT_EQ(release(mine_, start), 1);
}

TEST(MemoryStore, TellsWhichExecutionsCommitsHaveChanged) {
  const auto database = store::memory::open({.keeps_changes = true});
  const auto store = database->store();
  const auto definition = store->put_definition(chain("w", {"a"}).definition(), start);
  auto batch = batch_of(0, start);
  for (int i = 0; i < 2; ++i) {
    batch.submissions.push_back(execution_of(definition));
  }
  const auto keys = store->commit(batch).submissions;
  EXPECT_THAT(database->take_changed(), ElementsAre(keys[0].key, keys[1].key));
  batch = batch_of(0, start);
  batch.controls.push_back({store::Control::Kind::Cancel, keys[1].id, "", {}});
  store->commit(batch);
  EXPECT_THAT(database->take_changed(), ElementsAre(keys[1].key));
  EXPECT_THAT(database->take_changed(), IsEmpty());
}

}  // namespace
}  // namespace cloacina::test
