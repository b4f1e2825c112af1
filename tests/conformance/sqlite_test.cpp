// What only a SQLite file has: its schema, its statements, and damage that is done to it from outside.

#include <gmock/gmock.h>

#include <fstream>

#include "conformance/store_fixture.hpp"
#include "os/temp_dir.hpp"
#include "store/sql_files.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::test {
namespace {

using store::sqlite::Connection;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// What `call` throws as `Code: text`.
template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "nothing thrown";
}

class SqliteFile : public ::testing::Test {
 protected:
  void raw(const std::string& sql) { Connection(file_, {.create = true}).execute(sql); }
  [[nodiscard]] std::unique_ptr<store::Database> open() const { return store::open(url_); }

  os::test::TempDir folder_;
  std::filesystem::path file_ = folder_ / "test.db";
  std::string url_ = "sqlite:" + file_.string();
};

TEST_F(SqliteFile, EveryStatementPrepares) {
  (void)open();
  Connection connection(file_, {});
  std::size_t count = 0;
  for (const auto& [name, text] : store::sqlite::statements()) {
    EXPECT_EQ(error_of([&] { (void)connection.use(name); }), "nothing thrown") << name;
    ++count;
  }
  std::size_t marks = 0;
  for (const auto& file : store::sql_files()) {
    if (!file.name.starts_with("sqlite/statements") && !file.name.starts_with("sql/statements")) continue;
    for (auto at = file.text.find("-- name: "); at != std::string_view::npos; at = file.text.find("-- name: ", at + 1)) ++marks;
  }
  EXPECT_EQ(count, marks) << "two statements have one name";
  EXPECT_THAT(error_of([&] { (void)connection.use("no_such"); }), HasSubstr("Internal: there is no SQL statement 'no_such'"));
}

TEST_F(SqliteFile, MigratesFromScratchAndRecordsIt) {
  const auto plan = store::migrate(url_, true);
  EXPECT_EQ(plan.from, 0);
  EXPECT_FALSE(std::filesystem::exists(file_)) << "a dry run makes nothing";
  const auto report = store::migrate(url_, false);
  EXPECT_EQ(report.from, 0);
  EXPECT_EQ(report.to, store::sqlite::schema_version());
  EXPECT_THAT(report.applied, Contains("0001_first"));
  EXPECT_THAT(store::migrate(url_, false).applied, IsEmpty()) << "done once";
  Connection connection(file_, {});
  EXPECT_EQ(connection.integer("SELECT count(*) FROM cloacina_migration"), store::sqlite::schema_version());
  EXPECT_EQ(connection.text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(connection.integer("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%'").value_or(-1),
            connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'").value_or(-1));
}

TEST_F(SqliteFile, OpeningMigrates) {
  (void)open();
  EXPECT_EQ(Connection(file_, {}).integer("SELECT max(version) FROM cloacina_migration"), store::sqlite::schema_version());
  EXPECT_EQ(error_of([&] { (void)open(); }), "nothing thrown");
}

TEST_F(SqliteFile, WhatATransactionStoredAndTookBackIsNotRemembered) {
  const auto database = open();
  const auto store = database->store();
  const auto now = parse_timestamp("2026-03-29T01:00:00Z");
  store::ScheduleWrite write{store::ScheduleWrite::Kind::Create, {}};
  write.row.id = ExecutionId::generate();
  write.row.name = "s";
  write.row.workflow = "nobody knows it";
  ASSERT_TRUE(store->write_schedules({&write, 1}, now));
  store::Batch batch;
  batch.now = now;
  store::ExtraFiring firing;
  firing.schedule = store->find_schedule("s")->key;
  firing.workflow = write.row.workflow;
  firing.firing = {now, now, ExecutionId::generate(), "{}"};
  batch.firings.push_back(firing);
  raw("CREATE TRIGGER full BEFORE INSERT ON cloacina_execution BEGIN SELECT RAISE(ABORT, 'no'); END");
  EXPECT_ANY_THROW(store->commit(batch)) << "after it made a placeholder for the workflow";
  raw("DROP TRIGGER full");
  const auto key = store->put_definition(chain("w", {"a"}).definition(), now);
  EXPECT_EQ(store->definition(key).definition->name, "w") << "the placeholder had the same key";
}

TEST_F(SqliteFile, ANewerSchemaIsRefused) {
  (void)open();
  raw("INSERT INTO cloacina_migration VALUES (999, '0999_future', 0)");
  for (const auto& error : {error_of([&] { (void)open(); }), error_of([&] { (void)store::migrate(url_, false); })}) {
    EXPECT_THAT(error, HasSubstr("Conflict: database " + file_.string() + " has schema version 999, newer than this program's"));
  }
  EXPECT_THAT(store::doctor(url_).at(0).text, HasSubstr("use a newer cloacina"));
}

TEST_F(SqliteFile, AnotherApplicationsDatabaseIsRefusedUntilItIsAdopted) {
  raw("CREATE TABLE orders (id INTEGER); CREATE TABLE customers (id INTEGER); INSERT INTO orders VALUES (7)");
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("Conflict: database " + file_.string() +
                                                         " belongs to another application (it has the tables customers, orders)"));
  EXPECT_EQ(Connection(file_, {}).integer("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'cloacina%'"), 0)
      << "nothing half done";
  EXPECT_THAT(store::doctor(url_).at(0).text, HasSubstr("belongs to another application"));
  store::migrate(url_, false);
  EXPECT_EQ(error_of([&] { (void)open(); }), "nothing thrown");
  EXPECT_EQ(Connection(file_, {}).integer("SELECT id FROM orders"), 7);
}

TEST_F(SqliteFile, WhatIsNoDatabaseIsCorrupt) {
  std::ofstream(file_) << std::string(8'192, 'x');
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("Corrupt: "));
  EXPECT_TRUE(store::doctor(url_).at(0).problem);
}

TEST_F(SqliteFile, ADamagedDatabaseIsRefused) {
  (void)open();
  raw("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto pages = std::filesystem::file_size(file_) / 4'096;
  ASSERT_GT(pages, 4U);
  {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(2 * 4'096));
    file << std::string(4'096, '\x5a');
  }
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("Corrupt: "));
  std::vector<std::string> problems;
  for (const auto& finding : store::doctor(url_)) {
    if (finding.problem) problems.push_back(finding.check);
  }
  EXPECT_THAT(problems, Not(IsEmpty()));
}

TEST_F(SqliteFile, AUrlNamesAFileInAFolderThatIsThere) {
  for (const std::string url : {"", "orders.db", "sqlite:", "sqlite::memory:", "sqlite:file:x?mode=ro", "mysql://localhost/x"}) {
    EXPECT_THAT(error_of([&] { (void)store::open(url); }), HasSubstr("InvalidArgument: database '" + url + "'"));
  }
  EXPECT_THAT(error_of([&] { (void)store::open("sqlite:" + (folder_ / "no/such/x.db").string()); }), HasSubstr("does not exist"));
  EXPECT_THAT(error_of([&] { (void)store::open("sqlite:" + folder_.path().string()); }), HasSubstr("Unavailable: database "));
  EXPECT_EQ(error_of([&] { (void)store::open("sqlite://" + file_.string()); }), "nothing thrown");
  EXPECT_TRUE(std::filesystem::exists(file_));
}

TEST_F(SqliteFile, ALockedDatabaseIsUnavailableAndNothingWasApplied) {
  const auto db = store::open(url_, {.busy_timeout = std::chrono::milliseconds{1}});
  const auto store = db->store();
  Connection other(file_, {});
  other.execute("BEGIN IMMEDIATE");
  EXPECT_THAT(error_of([&] { store->commit({}); }),
              HasSubstr("Unavailable: opening a transaction: another program holds the database locked"));
  other.execute("ROLLBACK");
  EXPECT_EQ(error_of([&] { store->commit({}); }), "nothing thrown");
}

TEST_F(SqliteFile, TheDoctorSaysThatThereIsNoFile) {
  const auto findings = store::doctor(url_);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].problem);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

class SqliteStore : public StoreConformance {
 protected:
  void raw(const std::string& sql) { Connection(database_.url.substr(7), {}).execute(sql); }
};

TEST_P(SqliteStore, StoredDataThatCannotBeReadIsCorrupt) {
  const auto id = submit(chain("w", {"a"}));
  raw("UPDATE cloacina_execution SET input = 'no json'");
  EXPECT_THAT(error_of([&] { (void)reader_->get(id); }), HasSubstr("Corrupt: "));
  raw("UPDATE cloacina_execution SET input = '{}', definition = 4711");
  EXPECT_THAT(error_of([&] { (void)reader_->get(id); }), HasSubstr("Corrupt: the database has no workflow definition 4711"));
  EXPECT_THAT(error_of([&] { claim(); }), HasSubstr("Corrupt: "));
}

TEST_P(SqliteStore, ADeathIsRememberedWhenItsCommitFails) {
  const auto definition = put(chain("w", {"a"}));
  submit(definition);
  auto other = other_runner({definition});
  auto b = batch();
  b.runner = other.runner;
  b.claim = store::ClaimRequest{.runner = other.runner, .limit = 1, .definitions = {definition}};
  other.store->commit(b);
  raw("INSERT INTO cloacina_task (id, state, definition, rank, due_at) VALUES (4711 << 16, 1, 4711, 0, 0)");
  EXPECT_TRUE(store_->changed_by_others());
  other.store.reset();
  EXPECT_TRUE(store_->somebody_died());
  b = batch();
  b.release_dead = true;
  b.claim = request(5);
  b.claim->any_commands = true;  // looks at the definition that is not there
  EXPECT_THAT(error_of([&] { commit(b); }), HasSubstr("Corrupt: "));
  commit(batch());
  EXPECT_TRUE(store_->somebody_died());
  b.claim->any_commands = false;
  EXPECT_EQ(commit(b).claimed.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Backends, SqliteStore, ::testing::Values(backends().front()),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace cloacina::test
