// What only a PostgreSQL database has: a schema on a server that others use too, statements and their plans, a connection to lose.

#include <gmock/gmock.h>

#include "conformance/postgres_backend.hpp"
#include "conformance/store_fixture.hpp"
#include "postgres/fresh_schema.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "nothing thrown";
}

class PostgresSchema : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<store::Database> open() const { return store::open(schema_.url()); }

  FreshSchema schema_;
  RawConnection raw_{schema_.url()};
};

TEST_F(PostgresSchema, EveryStatementPrepares) {
  (void)open();
  for (const auto& [name, statement] : store::postgres::statements()) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQprepare(raw_.handle(), statement.name.c_str(), statement.text.c_str(), static_cast<int>(statement.types.size()),
                  statement.types.data()),
        &PQclear);
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_COMMAND_OK) << name << ": " << PQresultErrorMessage(result.get());
  }
}

TEST_F(PostgresSchema, BothBackendsNameTheSameStatements) {
  // What a server needs besides: its clock, leases, numbers of transactions, words to others.
  const std::set<std::string_view> own{"announce",   "clock",       "dead_runners",  "end_lease", "look",  "transaction_status",
                                       "turn_start", "renew_alone", "claim_of_task", "place",     "enter", "identity",
                                       "refuse"};
  std::set<std::string_view> here;
  for (const auto& [name, statement] : store::postgres::statements()) {
    if (!own.contains(name)) here.insert(name);
  }
  std::set<std::string_view> there;
  for (const auto& [name, text] : store::sqlite::statements()) there.insert(name);
  EXPECT_EQ(here, there);
}

TEST_F(PostgresSchema, MigratesFromScratchAndRecordsIt) {
  const auto plan = store::migrate(schema_.url(), true);
  EXPECT_EQ(plan.from, 0);
  EXPECT_EQ(raw_.run("SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"), "0")
      << "a dry run makes nothing";
  const auto report = store::migrate(schema_.url(), false);
  EXPECT_EQ(report.to, store::postgres::schema_version());
  EXPECT_THAT(report.applied, ElementsAre("0001_first", "0002_reliability", "0003_schedule_events"));
  EXPECT_THAT(store::migrate(schema_.url(), false).applied, IsEmpty()) << "done once";
  EXPECT_EQ(raw_.run("SELECT count(*) FROM cloacina_migration"), std::to_string(store::postgres::schema_version()));
}

TEST_F(PostgresSchema, SeveralProcessesMayOpenANewDatabaseAtOnce) {
  std::vector<std::thread> threads;
  std::vector<std::string> errors(4);
  for (auto& error : errors) {
    threads.emplace_back([&] { error = error_of([&] { (void)open(); }); });
  }
  for (auto& t : threads) t.join();
  EXPECT_THAT(errors, ::testing::Each("nothing thrown"));
}

TEST_F(PostgresSchema, ANewerSchemaIsRefused) {
  (void)open();
  raw_.run("INSERT INTO cloacina_migration VALUES (999, '0999_future', 0)");
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("has schema version 999, newer than this program's"));
  EXPECT_THAT(store::doctor(schema_.url()).at(0).text, HasSubstr("use a newer cloacina"));
}

TEST_F(PostgresSchema, TablesOfOthersAreLeftAlone) {
  raw_.run("CREATE TABLE orders (id integer); INSERT INTO orders VALUES (7)");
  EXPECT_EQ(error_of([&] { (void)open(); }), "nothing thrown");
  EXPECT_EQ(raw_.run("SELECT id FROM orders"), "7");
}

TEST_F(PostgresSchema, ErrorsSayWhatAndNeverThePassword) {
  const auto gone = error_of([] { (void)store::open("postgresql://me:s3cret@/x?host=/nowhere"); });
  EXPECT_THAT(gone, HasSubstr("Unavailable: connecting to the PostgreSQL database"));
  EXPECT_THAT(gone, HasSubstr("/nowhere"));
  EXPECT_THAT(gone, Not(HasSubstr("s3cret")));
  const auto wrong = error_of([] { (void)store::open("postgresql://me:s3cret@[::1/x"); });
  EXPECT_THAT(wrong, HasSubstr("InvalidArgument: "));
  EXPECT_THAT(wrong, Not(HasSubstr("s3cret")));
  const auto missing = error_of([] { (void)store::open(server_url() + "&options=-csearch_path%3Dno_such_schema"); });
  EXPECT_THAT(missing, HasSubstr("CREATE SCHEMA"));
}

TEST_F(PostgresSchema, AConnectionStringOfKeysIsTakenToo) {
  const auto parsed = server_url();
  const auto host = parsed.substr(parsed.find("host=") + 5, parsed.find("&user") - parsed.find("host=") - 5);
  EXPECT_EQ(
      error_of([&] {
        (void)store::open("postgresql:host=" + host + " user=cloacina dbname=postgres options=-csearch_path=" + schema_.name());
      }),
      "nothing thrown");
}

/// Statements of the loop, and of those who watch executions: none may read a whole table, however large or new it is.
class PostgresPlans : public PostgresSchema {
 protected:
  void expect_indexes(const std::string& when) {
    RawConnection raw(schema_.url());
    raw.run("SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off");
    for (const auto& [name, statement] : store::postgres::statements()) {
      if (cold.contains(name) || name.starts_with("examine_") || !has_plan(statement.text)) continue;
      const std::unique_ptr<PGresult, void (*)(PGresult*)> prepared(
          PQprepare(raw.handle(), statement.name.c_str(), statement.text.c_str(), static_cast<int>(statement.types.size()),
                    statement.types.data()),
          &PQclear);
      std::string arguments;
      for (std::size_t i = 0; i < statement.types.size(); ++i) arguments += arguments.empty() ? "NULL" : ", NULL";
      const auto plan =
          raw.run("SELECT explain_of('EXPLAIN EXECUTE " + statement.name + (arguments.empty() ? "" : "(" + arguments + ")") + "')");
      EXPECT_THAT(plan, Not(HasSubstr("Bitmap"))) << when << ": " << name << "\n" << plan;
      for (const char* table : {"execution", "task", "attempt", "output", "event", "firing", "schedule"}) {
        EXPECT_THAT(plan, Not(HasSubstr(std::string("Seq Scan on cloacina_") + table))) << when << ": " << name << "\n" << plan;
      }
    }
  }
  static bool has_plan(const std::string& text) {
    for (const char* word : {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}) {
      if (text.starts_with(word)) return true;
    }
    return false;
  }
  /// For people who ask, now and then.
  const std::set<std::string_view> cold{"stranded",        "oldest_ready", "count_ready", "prunable", "schedules_of_other_zones",
                                        "firing_statuses", "held_by"};
};

TEST_F(PostgresPlans, NoHotStatementReadsAWholeTable) {
  (void)open();
  raw_.run(
      "CREATE FUNCTION explain_of(what text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text; plan text := ''; BEGIN FOR "
      "line IN "
      "EXECUTE what LOOP plan := plan || line || E'\\n'; END LOOP; RETURN plan; END $$");
  expect_indexes("empty");
  raw_.run(
      "INSERT INTO cloacina_execution (key, id, workflow, definition, priority, status, open_leaves, submitted_at, due_at, "
      "finished_at, "
      "input) SELECT i, decode(lpad(to_hex(i), 32, '0'), 'hex'), 1, 1, 0, 3, 0, i, i, i, '{}' FROM generate_series(1, 50000) i;"
      "INSERT INTO cloacina_task (id, definition, due_at, rank, state) SELECT i << 16, 1, i, 0, 5 FROM generate_series(1, 50000) "
      "i");
  expect_indexes("large, and nobody has looked at it yet");
  raw_.run("ANALYZE");
  expect_indexes("large");
  raw_.run("DELETE FROM cloacina_execution; DELETE FROM cloacina_task");
  raw_.run("VACUUM ANALYZE cloacina_execution");
  raw_.run("VACUUM ANALYZE cloacina_task");
  expect_indexes("just vacuumed");
}

class PostgresStore : public StoreConformance {
 protected:
  void raw(const std::string& sql) { RawConnection(database_.url).run(sql); }
  /// Those of this database, which are known by their name.
  void end_all_backends() {
    raw("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = "
        "current_schema()");
  }
};

TEST_P(PostgresStore, AConnectionThatIsGoneIsMadeAnew) {
  const auto definition = put(chain("w", {"a"}));
  submit(definition);
  end_all_backends();
  const auto task = claim_one();
  EXPECT_EQ(complete(task), Applied::Yes);
  end_all_backends();
  EXPECT_THAT(error_of([&] { (void)store_->due_schedules(now_, 1); }), HasSubstr("Unavailable"));
  EXPECT_EQ(error_of([&] { (void)store_->due_schedules(now_, 1); }), "nothing thrown");
}

TEST_P(PostgresStore, AReaderWhoseSnapshotWasLostReadsOn) {
  const auto id = submit(put(chain("w", {"a"})));
  ASSERT_TRUE(reader_->get(id));
  for (int i = 0; i < 2; ++i) {
    end_all_backends();
    EXPECT_THAT(error_of([&] { (void)reader_->get(id); }), HasSubstr("Unavailable")) << "in the middle of a snapshot";
    EXPECT_TRUE(reader_->get(id)) << "over a new connection";
    EXPECT_TRUE(reader_->status(id));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, PostgresStore, ::testing::Values(postgres_backend()),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace cloacina::test
