#include "chaos/effects.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <memory>

#include "cloacina/error.hpp"

namespace cloacina::chaos {

namespace {

using Rows = std::vector<std::string>;

/// A connection as a user's program has one.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Rows run(const std::string& sql) = 0;
  virtual UserConnection handle() = 0;
};

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::Unavailable, what); }

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(const std::string& path) {
    if (sqlite3_open(path.c_str(), &raw_) != SQLITE_OK) fail("cannot open " + path);
    sqlite3_busy_timeout(raw_, 10'000);
  }
  ~SqliteConnection() override { sqlite3_close(raw_); }
  Rows run(const std::string& sql) override {
    Rows rows;
    const auto keep = [](void* to, int, char** values, char**) {
      static_cast<Rows*>(to)->emplace_back(values[0] == nullptr ? "" : values[0]);
      return 0;
    };
    if (sqlite3_exec(raw_, sql.c_str(), keep, &rows, nullptr) != SQLITE_OK) fail(sql + ": " + sqlite3_errmsg(raw_));
    return rows;
  }
  UserConnection handle() override { return raw_; }

 private:
  sqlite3* raw_ = nullptr;
};

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(const std::string& url) : raw_(PQconnectdb(url.c_str())) {
    if (PQstatus(raw_) != CONNECTION_OK) {
      const std::string why = PQerrorMessage(raw_);
      PQfinish(raw_);
      fail(why);
    }
    PQsetNoticeProcessor(
        raw_, [](void*, const char*) {}, nullptr);
  }
  ~PostgresConnection() override { PQfinish(raw_); }
  Rows run(const std::string& sql) override {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(raw_, sql.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(sql + ": " + PQerrorMessage(raw_));
    Rows rows;
    for (int i = 0; i < PQntuples(result.get()); ++i) rows.emplace_back(PQgetvalue(result.get(), i, 0));
    return rows;
  }
  UserConnection handle() override { return raw_; }

 private:
  PGconn* raw_;
};

std::unique_ptr<Connection> connect(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (url.starts_with(scheme)) return std::make_unique<SqliteConnection>(url.substr(scheme.size()));
  return std::make_unique<PostgresConnection>(url);
}

}  // namespace

void make_effects(const std::string& url) { connect(url)->run("CREATE TABLE IF NOT EXISTS effects (execution text)"); }

void write_effect(const std::string& url, TaskContext& task) {
  const auto connection = connect(url);
  connection->run(url.starts_with("sqlite:") ? "BEGIN IMMEDIATE" : "BEGIN");
  connection->run("INSERT INTO effects VALUES ('" + task.execution().to_string() + "')");
  task.context().set(task.task(), task.fence());
  task.complete_in(connection->handle());
  connection->run("COMMIT");
}

std::vector<std::string> read_effects(const std::string& url) { return connect(url)->run("SELECT execution FROM effects"); }

}  // namespace cloacina::chaos
