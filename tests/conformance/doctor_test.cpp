// Databases that were broken by hand, and what `doctor` says of each.
#include "conformance/postgres_backend.hpp"
#include "conformance/sqlite_backend.hpp"
#include "conformance/store_fixture.hpp"
#include "postgres/fresh_schema.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Doctor : public StoreConformance {
 protected:
  void raw(const std::string& sql) {
    if (GetParam().name == "sqlite") {
      store::sqlite::Connection(database_.url.substr(7), {}).execute("PRAGMA foreign_keys = OFF; " + sql);
    } else {
      (void)RawConnection(database_.url).run(sql);
    }
  }
  std::vector<std::string> problems() {
    std::vector<std::string> out;
    for (const auto& finding : db_->doctor()) {
      if (finding.problem && (finding.check == "consistency" || finding.check == "schema" || finding.check == "database")) {
        out.push_back(finding.check + ": " + finding.text);
      }
    }
    return out;
  }
  /// Another database that nobody has broken yet.
  void reset() {
    reader_.reset();
    store_.reset();
    db_.reset();
    database_ = GetParam().fresh();
    db_ = database_.open({.durability = Durability::Normal, .lease = std::chrono::hours{24 * 36'500}, .callers_clock = true});
    store_ = db_->store();
    reader_ = db_->reader();
    runner_ = store_->open_runner({.id = "main", .name = "host/1", .host = "host", .pid = 1, .workers = 4, .started_at = now_});
    known_.clear();
  }
  /// Two tasks and one after both; the first has ended, the second waits for a runner.
  ExecutionId half_way() {
    WorkflowBuilder flow("join");
    flow.task("a", nothing);
    flow.task("b", nothing);
    flow.task("c", nothing).after("a", "b");
    flow.task("d", nothing).after("c");
    const auto id = submit(flow.build(), {.input = Json{{"n", 1}}});
    EXPECT_EQ(complete(claim_one(), Json{{"k", "v"}}), Applied::Yes);
    return id;
  }
  [[nodiscard]] static std::string row(int task) { return "id & 65535 = " + std::to_string(task); }
};

TEST_P(Doctor, FindsNothingWhereNothingIsWrong) {
  half_way();
  EXPECT_THAT(problems(), IsEmpty());
  drain();
  EXPECT_THAT(problems(), IsEmpty());
}

struct Breakage {
  const char* name;
  std::string sql;
  const char* found;
};

TEST_P(Doctor, FindsAndExplainsEveryBreakage) {
  const bool sqlite = GetParam().name == "sqlite";
  const Breakage table[] = {
      {"an execution without tasks", "DELETE FROM cloacina_task",
       "executions that are open, and nothing of them is ready or runs (1): ID"},
      {"tasks without an execution", "DELETE FROM cloacina_execution",
       "keys of executions that are not there and have tasks (1): "},
      {"an execution that has ended in the middle", "UPDATE cloacina_execution SET status = 3, finished_at = 1",
       "executions that have ended and have tasks that wait (1): ID"},
      {"an end without its time", "UPDATE cloacina_task SET state = 5; UPDATE cloacina_execution SET status = 3",
       "executions that have ended and do not say when, so that 'prune' never takes them (1): ID"},
      {"a count of leaves that is too large", "UPDATE cloacina_execution SET open_leaves = 2",
       "executions that count their open leaves wrongly and would not end when they should (1): ID"},
      {"a count of failures that is wrong", "UPDATE cloacina_execution SET failed = 1",
       "executions that count their failed tasks wrongly (1): ID"},
      {"a count of dependencies that is too small", "UPDATE cloacina_task SET done = 0, completed = 0 WHERE " + row(2),
       "tasks that count their ended dependencies wrongly (1): ID c"},
      {"a task that began before its dependencies ended", "UPDATE cloacina_task SET state = 1 WHERE " + row(2),
       "tasks that may run or have run before their dependencies ended (1): ID c"},
      {"a task that nobody set going", "UPDATE cloacina_task SET state = 0 WHERE " + row(1),
       "tasks that wait for nothing and are not ready (1): ID b"},
      {"a task that its workflow does not have",
       "INSERT INTO cloacina_task (id, state, definition, rank, due_at) SELECT (id | 65535) - 1, 5, definition, 0, 0 FROM "
       "cloacina_task WHERE " +
           row(1),
       "tasks, by execution and number, that their workflow does not have (1): ID 65534"},
      {"a claim of nobody", "UPDATE cloacina_task SET state = 4, runner = 4711 WHERE " + row(1),
       "executions with a running task that no runner holds (1): ID"},
      {"a delay without an end", "UPDATE cloacina_task SET state = 2, wake_at = NULL WHERE " + row(1),
       "executions with a task that waits for a time and has none (1): ID"},
      {"changes that are no JSON", "UPDATE cloacina_task SET changes = 'x{' WHERE " + row(0),
       "tasks whose changes of the context cannot be read (1): ID a"},
      {"an input that is no JSON", "UPDATE cloacina_execution SET input = 'x{'", "executions whose input cannot be read (1): ID"},
      {"a version that is not there", "UPDATE cloacina_execution SET definition = 4711",
       "executions whose workflow version is not stored (1): ID"},
      {"a version that was changed", "UPDATE cloacina_definition SET text = '{\"name\":\"join\",\"tasks\":[{\"name\":\"a\"}]}'",
       "stored versions of workflows that cannot be read or are not what their hash says (1): join "},
      {"attempts of nothing", "INSERT INTO cloacina_attempt (task, number, status, fence) VALUES (4711 * 65536, 1, 2, 1)",
       "keys of executions with attempts of tasks that are not there (1): 4711"},
      {"a history of nothing",
       "INSERT INTO cloacina_firing (schedule, slot, outcome, kind, through, count, due_at, fired_at) VALUES (4711, 1, 0, 0, 1, 1, "
       "1, 1)",
       "keys of schedules that are not there and have a history (1): 4711"},
      {"a queue behind nothing",
       std::string("UPDATE cloacina_task SET state = 0; UPDATE cloacina_execution SET gate = 7, waiting = 1") +
           (sqlite ? "" : ", open_gate = 7"),
       "executions that wait for others of their schedule or backfill, of which none is open (1): ID"},
      {"a clock that was wrong", "UPDATE cloacina_execution SET submitted_at = 9000000000000000",
       "executions that were submitted in the future (1): ID"},
      {"an index that is gone", "DROP INDEX cloacina_task_ready",
       "schema: the database lacks cloacina_task_ready; restore a backup"},
      {"a table that is gone", "DROP TABLE cloacina_output", "the database lacks cloacina_output"},
      {"a column that is gone",
       "ALTER TABLE cloacina_task DROP COLUMN deferred; ALTER TABLE cloacina_task DROP COLUMN error; ALTER TABLE "
       "cloacina_execution DROP COLUMN failed",
       "failed"},
  };
  for (const auto& breakage : table) {
    SCOPED_TRACE(breakage.name);
    reset();
    const auto id = half_way();
    ASSERT_THAT(problems(), IsEmpty());
    raw(breakage.sql);
    std::string found = breakage.found;
    if (const auto at = found.find("ID"); at != std::string::npos) found.replace(at, 2, id.to_string());
    EXPECT_THAT(problems(), Contains(HasSubstr(found)));
  }
}

TEST_P(Doctor, WhoeverMeetsATaskThatItsWorkflowDoesNotHaveIsTold) {
  const auto id = half_way();
  const auto met = [&](auto&& use) -> std::string {
    try {
      use();
    } catch (const Error& e) {
      return std::string(to_string(e.code())) + ": " + e.what();
    }
    return "nothing thrown";
  };
  const auto told = HasSubstr("Corrupt: the database has a task 65534 of workflow 'join', which has only 4");
  raw("UPDATE cloacina_task SET id = (id | 65535) - 1 WHERE " + row(1));
  EXPECT_THAT(met([&] { (void)get(id); }), told);
  EXPECT_THAT(met([&] { (void)claim(); }), told);
  raw("UPDATE cloacina_task SET state = 4, runner = " + std::to_string(runner_) + " WHERE " + row(65534));
  EXPECT_THAT(met([&] { (void)reader_->runners(); }), told);
}

TEST_P(Doctor, NamesTheFirstAndCountsTheRest) {
  const auto definition = put(chain("w", {"a"}));
  const auto first = submit(definition).to_string();
  for (int i = 0; i < 6; ++i) submit(definition);
  raw("UPDATE cloacina_execution SET open_leaves = 5");
  EXPECT_THAT(problems(), Contains(AllOf(HasSubstr("they should (7): " + first), HasSubstr(" and 2 more; 'cloacinactl cancel'"))));
}

TEST_P(Doctor, WhatItAdvisesMendsIt) {
  const auto id = half_way();
  raw("UPDATE cloacina_task SET state = 0, done = 0, completed = 0 WHERE id & 65535 > 0; UPDATE cloacina_execution SET open_leaves "
      "= 3");
  ASSERT_FALSE(problems().empty());
  EXPECT_EQ(control(Control::Kind::Cancel, id).applied, Applied::Yes);
  EXPECT_EQ(control(Control::Kind::Retry, id).applied, Applied::Yes);
  drain();
  EXPECT_EQ(get(id).status, ExecutionStatus::Completed);
  EXPECT_THAT(problems(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Backends, Doctor, ::testing::Values(sqlite_backend(), postgres_backend()),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace cloacina::test
