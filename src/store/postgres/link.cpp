// Where a database is, how to reach it, and the statements that are sent there.
#include <algorithm>
#include <array>

#include "core/tenant_name.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/encode.hpp"
#include "store/sql/statements.hpp"

namespace cloacina::store::postgres {

namespace {

constexpr int oldest_server = 130'000;

/// The types of `$1`, `$2`, …, each as the cast behind its first use says.
std::vector<Oid> types_of(std::string_view name, std::string_view text) {
  std::vector<Oid> types;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    std::size_t end = at + 1;
    std::size_t number = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9')
      number = number * 10 + static_cast<std::size_t>(text[end++] - '0');
    if (number <= types.size() && types[number - 1] != 0) continue;
    const auto rest = text.substr(end);
    constexpr std::array<std::pair<std::string_view, Oid>, 6> casts{{{"::bigint[]", int8_array_type},
                                                                     {"::text[]", text_array_type},
                                                                     {"::bytea[]", bytea_array_type},
                                                                     {"::bigint", int8_type},
                                                                     {"::text", text_type},
                                                                     {"::bytea", bytea_type}}};
    const auto cast = std::find_if(casts.begin(), casts.end(), [&](const auto& c) { return rest.starts_with(c.first); });
    if (number == 0 || cast == casts.end()) {
      throw Error(ErrorCode::Internal, "SQL statement '" + std::string(name) + "': a parameter has no cast at its first use");
    }
    types.resize(std::max(types.size(), number));
    types[number - 1] = cast->second;
  }
  return types;
}

}  // namespace

const std::map<std::string_view, Named>& statements() {
  static const auto table = [] {
    std::map<std::string_view, Named> out;
    for (const auto& [head, text] : sql::parse_statements("postgres/statements")) {
      constexpr std::string_view mark = " (many)";
      const bool many = head.ends_with(mark);
      const auto name = many ? head.substr(0, head.size() - mark.size()) : head;
      out.emplace(name, Named{std::string(name), std::string(text), many, types_of(name, text)});
    }
    return out;
  }();
  return table;
}

Target target_of(const std::string& url, const OpenOptions& options) {
  if (!options.tenant.empty()) core::check_tenant_name(options.tenant);
  Target target;
  target.options = options;
  target.conninfo = url;
  if (constexpr std::string_view prefix = "postgresql:"; url.starts_with(prefix) && !url.starts_with("postgresql://")) {
    target.conninfo = url.substr(prefix.size());
  }
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(target.conninfo.c_str(), &error),
                                                                              &PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> text(error, &PQfreemem);
  if (!parsed) {
    throw Error(ErrorCode::InvalidArgument,
                "the database's URL cannot be read: write postgresql://USER@HOST/NAME, or postgresql:KEY=VALUE …");
  }
  for (const auto* o = parsed.get(); o->keyword != nullptr; ++o) {
    const std::string_view key = o->keyword;
    if (o->val == nullptr || (key != "host" && key != "port" && key != "dbname" && key != "user" && key != "service")) continue;
    target.shown += (target.shown.empty() ? "" : " ") + std::string(key) + "=" + o->val;
  }
  if (target.shown.empty()) target.shown = "of the defaults";
  if (!options.tenant.empty()) target.shown += " tenant=" + options.tenant;
  return target;
}

std::string settings_of(const Target& target, bool for_transaction) {
  // Every statement of ours finds its rows by an index. A plan that was made when a table was small or not yet analysed is kept for
  // long, so others are not to be thought of.
  std::vector<std::pair<std::string, std::string>> settings{{"enable_seqscan", "off"},
                                                            {"enable_bitmapscan", "off"},
                                                            {"plan_cache_mode", "force_generic_plan"},
                                                            {"jit", "off"},
                                                            {"client_min_messages", "warning"},
                                                            {"lock_timeout", std::to_string(target.options.busy_timeout.count())},
                                                            {"statement_timeout", "60s"},
                                                            {"idle_in_transaction_session_timeout", "60s"}};
  if (target.options.durability == Durability::Normal) settings.emplace_back("synchronous_commit", "off");
  // Only the tenant's schema: a table that is missing there is not to be found anywhere else.
  if (!target.options.tenant.empty()) settings.emplace_back("search_path", quoted(target.options.tenant));
  std::string sql;
  for (const auto& [name, value] : settings) {
    sql += (sql.empty() ? "SELECT set_config('" : ", set_config('") + name + "', '" + value +
           (for_transaction ? "', true)" : "', false)");
  }
  return sql;
}

namespace {

Result run(PGconn* connection, const std::string& sql, const std::string& action) {
  Result done(PQexec(connection, sql.c_str()));
  if (PQresultStatus(done.get()) == PGRES_TUPLES_OK) return done;
  const char* state = PQresultErrorField(done.get(), PG_DIAG_SQLSTATE);
  throw make_error(state == nullptr ? "" : state, action, message_of(connection));
}

}  // namespace

Link connect(const Target& target) {
  // Before the user's own words, which win.
  const std::array<const char*, 11> keys{"connect_timeout",
                                         "gssencmode",
                                         "keepalives",
                                         "keepalives_idle",
                                         "keepalives_interval",
                                         "keepalives_count",
                                         "tcp_user_timeout",
                                         "fallback_application_name",
                                         "client_encoding",
                                         "dbname",
                                         nullptr};
  const auto connect_timeout = std::to_string(target.connect_timeout.count());
  const std::array<const char*, 11> values{connect_timeout.c_str(), "disable", "1", "10", "5", "3", "15000", "cloacina", "UTF8",
                                           target.conninfo.c_str(), nullptr};
  const std::string action = "connecting to the PostgreSQL database " + target.shown;
  Handle handle(PQconnectdbParams(keys.data(), values.data(), 1));
  if (!handle || PQstatus(handle.get()) != CONNECTION_OK) {
    throw make_error("", action, handle ? message_of(handle.get()) : "out of memory");
  }
  if (const int version = PQserverVersion(handle.get()); version < oldest_server) {
    throw Error(ErrorCode::Conflict,
                action + ": the server is PostgreSQL " + std::to_string(version / 10'000) + "; version 13 or newer is needed");
  }
  PQsetNoticeProcessor(
      handle.get(), [](void*, const char*) {}, nullptr);
  // A pooler gives its clients numbers of its own in place of the process that serves them.
  const Result backend = run(handle.get(), "SELECT pg_backend_pid()", action);
  const bool pooled = std::atoi(PQgetvalue(backend.get(), 0, 0)) != PQbackendPID(handle.get());
  if (!pooled) (void)run(handle.get(), settings_of(target, false), action);
  return {std::move(handle), pooled};
}

std::string message_of(PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  if (const char* password = PQpass(connection); password != nullptr && *password != '\0') {
    const std::string_view secret(password);
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace cloacina::store::postgres
