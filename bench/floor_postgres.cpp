// Floors: the minimal statements on a PostgreSQL server; one connection, prepared, pipelined.
#include <libpq-fe.h>

#include <memory>
#include <stdexcept>

#include "harness.hpp"

namespace cloacina::bench {

namespace {

class Server {
 public:
  explicit Server(const std::string& url) : handle_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(handle()) != CONNECTION_OK) fail();
  }
  void execute(const char* sql) { (void)checked(PQexec(handle(), sql)); }
  void prepare(const char* name, const char* sql) { (void)checked(PQprepare(handle(), name, sql, 0, nullptr)); }
  void pipeline() { PQenterPipelineMode(handle()); }
  void no_pipeline() { PQexitPipelineMode(handle()); }
  void send(const char* name, const std::vector<std::string>& parameters = {}) {
    std::vector<const char*> values;
    for (const auto& p : parameters) values.push_back(p.c_str());
    if (PQsendQueryPrepared(handle(), name, static_cast<int>(values.size()), values.data(), nullptr, nullptr, 0) != 1) fail();
  }
  /// Waits for all that was sent; the first column of the last result that has one, as an array's text.
  std::string wait() {
    std::string ids;
    if (PQpipelineSync(handle()) != 1) fail();
    for (;;) {
      auto* raw = PQgetResult(handle());
      if (raw == nullptr) continue;
      const auto result = checked(raw);
      if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) return ids;
      if (PQnfields(result.get()) != 1) continue;
      ids.clear();
      for (int i = 0; i < PQntuples(result.get()); ++i) ids += (i > 0 ? "," : "") + std::string(PQgetvalue(result.get(), i, 0));
    }
  }

 private:
  using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;
  [[nodiscard]] PGconn* handle() const { return handle_.get(); }
  [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(handle())); }
  Result checked(PGresult* raw) {
    Result result(raw, &PQclear);
    const auto status = PQresultStatus(raw);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC) fail();
    return result;
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> handle_;
};

std::string array(const std::string& ids) { return "{" + ids + "}"; }

}  // namespace

double floor_minimal_postgres(const std::string& url, int batch, int executions) {
  Server server(url);
  server.execute(
      "CREATE TABLE run (id bigint PRIMARY KEY, status smallint, created timestamptz, finished timestamptz);"
      "CREATE TABLE task (id bigint PRIMARY KEY, run bigint, status smallint, started timestamptz, finished timestamptz) WITH "
      "(fillfactor = 70); CREATE INDEX task_ready ON task (id) WHERE status = 1");
  server.prepare("begin", "BEGIN");
  server.prepare("commit", "COMMIT");
  server.prepare("add", "INSERT INTO run (id, status, created) SELECT g, 1, now() FROM generate_series($1::bigint, $2::bigint) g");
  server.prepare(
      "add_task",
      "INSERT INTO task (id, run, status) SELECT g * 3 + p, g, (p = 0)::int FROM generate_series($1::bigint, $2::bigint) "
      "g, generate_series(0, 2) p");
  server.prepare("claim",
                 "UPDATE task SET status = 2, started = now() WHERE id = ANY (ARRAY (SELECT id FROM task WHERE status = 1 ORDER BY "
                 "id LIMIT $1::int FOR UPDATE SKIP LOCKED)) RETURNING id");
  server.prepare("done", "UPDATE task SET status = 3, finished = now() WHERE id = ANY ($1::bigint[]) AND status = 2");
  server.prepare("ready",
                 "UPDATE task SET status = 1 WHERE id = ANY (ARRAY (SELECT i + 1 FROM unnest($1::bigint[]) i WHERE i % 3 < 2))");
  server.prepare(
      "finish",
      "UPDATE run SET status = 3, finished = now() WHERE id = ANY (ARRAY (SELECT i / 3 FROM unnest($1::bigint[]) i WHERE "
      "i % 3 = 2))");
  server.pipeline();
  const std::vector<std::string> all{"0", std::to_string(executions - 1)};
  server.send("begin");
  server.send("add", all);
  server.send("add_task", all);
  server.send("commit");
  (void)server.wait();
  server.no_pipeline();
  server.execute("VACUUM ANALYZE task");
  server.pipeline();
  const Stopwatch watch;
  std::string ids;
  do {
    server.send("begin");
    if (!ids.empty()) {
      for (const char* name : {"done", "ready", "finish"}) server.send(name, {array(ids)});
    }
    server.send("claim", {std::to_string(batch)});
    server.send("commit");
    ids = server.wait();
  } while (!ids.empty());
  return 3.0 * executions / watch.seconds();
}

std::vector<double> floor_commit_ms_postgres(const std::string& url, int count) {
  Server server(url);
  server.execute("SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS floor (at timestamptz)");
  server.prepare("insert", "INSERT INTO floor VALUES (now())");
  server.pipeline();
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    const Stopwatch watch;
    server.send("insert");
    (void)server.wait();
    out.push_back(watch.seconds() * 1e3);
  }
  return out;
}

std::vector<double> floor_round_trip_ms(const std::string& url, int count) {
  Server server(url);
  server.prepare("one", "SELECT 1");
  server.pipeline();
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    const Stopwatch watch;
    server.send("one");
    (void)server.wait();
    out.push_back(watch.seconds() * 1e3);
  }
  return out;
}

void insert_history_on_server(const std::string& url, int executions) {
  Server server(url);
  const auto count = std::to_string(executions);
  server.execute(
      ("SET synchronous_commit = off;"
       "INSERT INTO cloacina_execution (key, id, workflow, definition, status, priority, submitted_at, due_at, started_at, "
       "finished_at, open_leaves, input) SELECT nextval('cloacina_execution_number'), decode(lpad(to_hex(i), 32, '0'), "
       "'hex'), 1, 1, 3, 0, i, i, i, i, 0, '{}' FROM generate_series(1, " +
       count +
       ") i;"
       "INSERT INTO cloacina_task (id, state, definition, rank, due_at, fence, number, runner, started_at, finished_at) "
       "SELECT key << 16 | p, 5, 1, 0, key, 1, 1, 1, key, key FROM cloacina_execution, generate_series(0, 2) p")
          .c_str());
  server.execute("VACUUM ANALYZE cloacina_execution");
  server.execute("VACUUM ANALYZE cloacina_task");
  server.execute("CHECKPOINT");
}

std::shared_ptr<void> open_snapshot(const std::string& url) {
  auto server = std::make_shared<Server>(url);
  server->execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
  server->execute("SELECT count(*) FROM cloacina_execution");
  return server;
}

std::string dead_rows(const std::string& url) {
  Server server(url);
  server.prepare(
      "dead",
      "SELECT string_agg(relname || ': ' || n_live_tup || ' rows, ' || n_dead_tup || ' dead, ' || "
      "pg_size_pretty(pg_total_relation_size(relid)), '; ' ORDER BY relname) FROM pg_stat_user_tables WHERE schemaname = "
      "current_schema() AND relname IN ('cloacina_task', 'cloacina_execution')");
  server.pipeline();
  server.send("dead");
  return server.wait();
}

double transactions_on_server(const std::string& url) {
  Server server(url);
  server.prepare("count", "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()");
  server.pipeline();
  server.send("count");
  return std::stod(server.wait());
}

}  // namespace cloacina::bench
