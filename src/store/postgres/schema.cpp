#include "store/postgres/schema.hpp"

#include "store/sql_files.hpp"

namespace cloacina::store::postgres {

namespace {

struct Migration {
  int version;
  std::string name;
  std::string_view text;
};

/// `postgres/migrations/0001_first` is version 1.
std::vector<Migration> migrations() {
  std::vector<Migration> out;
  constexpr std::string_view folder = "postgres/migrations/";
  for (const auto& file : sql_files()) {
    if (file.name.starts_with(folder)) {
      const std::string name{file.name.substr(folder.size())};
      out.push_back({std::stoi(name.substr(0, 4)), name, file.text});
    }
  }
  return out;
}

/// Several processes that open a new database at once: one makes the tables, the others wait. The number is nobody else's.
constexpr const char* lock_schema = "SELECT pg_advisory_xact_lock(7305244413 # hashtext(coalesce(current_schema(), ''))::bigint)";

}  // namespace

Result execute(PGconn* connection, const std::string& sql, const std::string& action) {
  Result result(PQexec(connection, sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  throw make_error(state == nullptr ? "" : state, action, PQresultErrorMessage(result.get()));
}

std::optional<std::string> text(PGconn* connection, const std::string& sql, const std::string& action) {
  const auto result = execute(connection, sql, action);
  if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) return std::nullopt;
  return PQgetvalue(result.get(), 0, 0);
}

int schema_version() { return migrations().back().version; }

int schema_state(PGconn* connection, const Target& target) {
  const std::string action = "looking at the schema of database " + target.shown;
  if (!text(connection, "SELECT current_schema()", action)) {
    throw Error(ErrorCode::Unavailable,
                action + ": no schema of the search path exists; an administrator has to run CREATE SCHEMA");
  }
  // Not by to_regclass: that may remember that there was none before another process made it.
  if (!text(connection,
            "SELECT 1 FROM pg_class WHERE relname = 'cloacina_migration' AND relnamespace = (SELECT oid FROM pg_namespace WHERE "
            "nspname = "
            "current_schema())",
            action)) {
    return 0;
  }
  return std::stoi(text(connection, "SELECT coalesce(max(version), 0) FROM cloacina_migration", action).value_or("0"));
}

MigrationReport migrate(const Target& target, bool dry_run) {
  const auto handle = connect(target);
  auto* connection = handle.get();
  const std::string action = "bringing the schema of database " + target.shown + " up to date";
  MigrationReport report;
  report.from = schema_state(connection, target);
  report.to = schema_version();
  if (report.from > report.to) {
    throw Error(ErrorCode::Conflict, "database " + target.shown + " has schema version " + std::to_string(report.from) +
                                         ", newer than this program's " + std::to_string(report.to) + "; use a newer cloacina");
  }
  for (const auto& m : migrations()) {
    if (m.version <= report.from) continue;
    report.applied.push_back(m.name);
    if (dry_run) continue;
    execute(connection, "BEGIN", action);
    execute(connection, lock_schema, action);
    // Another process may have been faster. An error ends the connection, and the transaction with it.
    if (schema_state(connection, target) < m.version) {
      execute(
          connection,
          "SET LOCAL client_min_messages = warning; CREATE TABLE IF NOT EXISTS cloacina_migration (version integer PRIMARY KEY, "
          "name text NOT NULL, applied_at bigint NOT NULL)",
          action);
      execute(connection, std::string(m.text), action);
      execute(connection,
              "INSERT INTO cloacina_migration VALUES (" + std::to_string(m.version) + ", '" + m.name +
                  "', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)",
              action);
    }
    execute(connection, "COMMIT", action);
  }
  return report;
}

}  // namespace cloacina::store::postgres
