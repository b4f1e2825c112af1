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

/// The version, 0 when there is none; nothing when there is not even a schema.
std::optional<int> version_of(PlainSession& session) {
  const std::string action = "looking at the schema of database " + session.target().shown;
  if (!session.text("SELECT current_schema()", action)) return std::nullopt;
  // Not by to_regclass: that may remember that there was none before another process made it.
  if (!session.text("SELECT 1 FROM pg_class WHERE relname = 'cloacina_migration' AND relnamespace = (SELECT oid FROM pg_namespace "
                    "WHERE nspname = current_schema())",
                    action)) {
    return 0;
  }
  return std::stoi(session.text("SELECT coalesce(max(version), 0) FROM cloacina_migration", action).value_or("0"));
}

void apply(PlainSession& session, const Migration& m, const std::string& action) {
  session.execute(lock_schema, action);
  // Another process may have been faster.
  if (version_of(session).value_or(0) >= m.version) return;
  // What is made keeps to this schema, whoever calls it.
  session.execute("SELECT set_config('search_path', quote_ident(current_schema()), true)", action);
  session.execute(
      "CREATE TABLE IF NOT EXISTS cloacina_migration (version integer PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)",
      action);
  session.execute(std::string(m.text), action);
  session.execute("INSERT INTO cloacina_migration VALUES (" + std::to_string(m.version) + ", '" + m.name +
                      "', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)",
                  action);
}

}  // namespace

Result PlainSession::execute(const std::string& sql, const std::string& action) {
  const std::string sent = link_.pooled ? settings_of(target_, true) + "; " + sql : sql;
  Result result(PQexec(handle(), sent.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  throw make_error(state == nullptr ? "" : state, action, PQresultErrorMessage(result.get()));
}

std::optional<std::string> PlainSession::text(const std::string& sql, const std::string& action) {
  const auto result = execute(sql, action);
  if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) return std::nullopt;
  return PQgetvalue(result.get(), 0, 0);
}

int schema_version() { return migrations().back().version; }

int schema_state(PlainSession& session) {
  if (const auto version = version_of(session)) return *version;
  const auto& target = session.target();
  if (!target.options.tenant.empty()) {
    throw Error(ErrorCode::NotFound, "there is no tenant '" + target.options.tenant + "' in database " + target.shown +
                                         ", or this user may not use it; make it with 'cloacinactl tenant create " +
                                         target.options.tenant + "'");
  }
  throw Error(
      ErrorCode::Unavailable,
      "database " + target.shown + ": no schema of the search path exists; an administrator has to run: " + needs(session).at(0));
}

std::vector<std::string> needs(PlainSession& session) {
  const std::string action = "looking at the rights of the user of database " + session.target().shown;
  const auto user = session.text("SELECT quote_ident(current_user)", action).value_or("");
  const auto schema = session.text("SELECT quote_ident(current_schema())", action);
  if (!schema) {
    const auto& tenant = session.target().options.tenant;
    const auto name =
        tenant.empty() ? session.text("SELECT quote_ident(current_user)", action).value_or("cloacina") : quoted(tenant);
    return {"CREATE SCHEMA " + name + " AUTHORIZATION " + user + ";"};
  }
  const auto may = session.text("SELECT has_schema_privilege(current_schema(), 'CREATE')::int", action);
  if (may == "1") return {};
  return {"GRANT USAGE, CREATE ON SCHEMA " + *schema + " TO " + user + ";"};
}

void migrate_in(PlainSession& session, const std::string& action) {
  for (const auto& m : migrations()) apply(session, m, action);
}

MigrationReport migrate(PlainSession& session, bool dry_run) {
  const auto& target = session.target();
  const std::string action = "bringing the schema of database " + target.shown + " up to date";
  MigrationReport report;
  report.to = schema_version();
  report.from = dry_run ? version_of(session).value_or(0) : schema_state(session);
  if (report.from > report.to) {
    throw Error(ErrorCode::Conflict, "database " + target.shown + " has schema version " + std::to_string(report.from) +
                                         ", newer than this program's " + std::to_string(report.to) + "; use a newer cloacina");
  }
  if (report.from == report.to) return report;
  report.needs = needs(session);
  if (!dry_run && !report.needs.empty()) {
    throw Error(ErrorCode::Unavailable,
                action + ": this user may not make tables there; an administrator has to run: " + report.needs[0]);
  }
  for (const auto& m : migrations()) {
    if (m.version <= report.from) continue;
    report.applied.push_back(m.name);
    if (dry_run) continue;
    // An error ends the connection, and the transaction with it.
    session.execute("BEGIN", action);
    apply(session, m, action);
    session.execute("COMMIT", action);
  }
  return report;
}

}  // namespace cloacina::store::postgres
