#include "store/sqlite/schema.hpp"

#include "cloacina/error.hpp"
#include "store/sql_files.hpp"

namespace cloacina::store::sqlite {

namespace {

struct Migration {
  int version;
  std::string name;
  std::string_view text;
};

/// `sqlite/migrations/0001_first` is version 1.
std::vector<Migration> migrations() {
  std::vector<Migration> out;
  constexpr std::string_view folder = "sqlite/migrations/";
  for (const auto& file : sql_files()) {
    if (file.name.starts_with(folder)) {
      const std::string name{file.name.substr(folder.size())};
      out.push_back({std::stoi(name.substr(0, 4)), name, file.text});
    }
  }
  return out;
}

}  // namespace

int schema_version() { return migrations().back().version; }

SchemaState schema_state(Connection& connection) {
  SchemaState state;
  // One statement: another process may make our tables between two. Null when they are there.
  const auto others = connection.text(
      "SELECT iif(EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'cloacina_migration'), NULL, coalesce((SELECT "
      "group_concat(name, "
      "', ') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 5)), ''))");
  if (!others) {
    state.version = static_cast<int>(connection.integer("SELECT coalesce(max(version), 0) FROM cloacina_migration").value_or(0));
    return state;
  }
  state.tables = *others;
  state.foreign = !state.tables.empty();
  return state;
}

MigrationReport migrate(Connection& connection, const std::string& file, bool dry_run, bool adopt) {
  MigrationReport report;
  auto state = schema_state(connection);
  report.from = state.version;
  report.to = schema_version();
  if (state.version > report.to) {
    throw Error(ErrorCode::Conflict, "database " + file + " has schema version " + std::to_string(state.version) +
                                         ", newer than this program's " + std::to_string(report.to) + "; use a newer cloacina");
  }
  if (state.foreign && !adopt) {
    throw Error(ErrorCode::Conflict, "database " + file + " belongs to another application (it has the tables " + state.tables +
                                         "); to keep workflows in it all the same, run 'cloacinactl migrate' once");
  }
  if (state.version == report.to) return report;
  for (const auto& m : migrations()) {
    if (m.version <= state.version) continue;
    report.applied.push_back(m.name);
    if (dry_run) continue;
    Transaction transaction(connection);
    // Another process may have been faster.
    if (const auto now = schema_state(connection); now.version >= m.version) continue;
    connection.execute(
        "CREATE TABLE IF NOT EXISTS cloacina_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT "
        "NULL) "
        "STRICT;");
    connection.execute(std::string(m.text));
    connection.execute("INSERT INTO cloacina_migration VALUES (" + std::to_string(m.version) + ", '" + m.name +
                       "', unixepoch() * 1000000);");
    transaction.commit();
  }
  return report;
}

}  // namespace cloacina::store::sqlite
