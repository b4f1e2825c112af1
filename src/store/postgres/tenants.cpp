// Tenants are schemas of the database, each with a role of its own if that is wanted.
#include <functional>

#include "core/tenant_name.hpp"
#include "os/process.hpp"
#include "store/postgres/database.hpp"
#include "store/postgres/schema.hpp"

namespace cloacina::store::postgres {

namespace {

constexpr std::size_t password_size = 32;

std::string role_of(const std::string& name) { return "cloacina_" + name; }

/// A transaction for statements without parameters; an error ends the connection, and the transaction with it.
void in_transaction(PlainSession& session, const std::string& action, const std::function<void()>& work) {
  session.execute("BEGIN", action);
  work();
  session.execute("COMMIT", action);
}

bool yes(PlainSession& session, const std::string& condition, const std::string& action) {
  return session.text("SELECT (" + condition + ")::int", action) == "1";
}

bool is_superuser(PlainSession& session, const std::string& action) {
  return yes(session, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", action);
}

/// As the server stores it: the password itself is not sent, and does not reach its log.
std::string encrypted(PGconn* connection, const std::string& password, const std::string& role) {
  if (password.find('\0') != std::string::npos) throw Error(ErrorCode::InvalidArgument, "the password has a zero character in it");
  const std::unique_ptr<char, void (*)(void*)> secret(PQencryptPasswordConn(connection, password.c_str(), role.c_str(), nullptr),
                                                      &PQfreemem);
  if (!secret) throw make_error("", "encrypting the password of role " + role, PQerrorMessage(connection));
  const std::unique_ptr<char, void (*)(void*)> literal(
      PQescapeLiteral(connection, secret.get(), std::char_traits<char>::length(secret.get())), &PQfreemem);
  if (!literal) throw make_error("", "quoting the password of role " + role, PQerrorMessage(connection));
  return literal.get();
}

void check_rights(PlainSession& session, const std::string& name, bool login, const std::string& action) {
  const bool schemas = yes(session, "has_database_privilege(current_database(), 'CREATE')", action);
  const bool roles = !login || yes(session, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user", action);
  if (schemas && roles) return;
  const auto user = session.text("SELECT quote_ident(current_user)", action).value_or("");
  const auto statement = login ? "CREATE ROLE " + quoted(role_of(name)) + " LOGIN PASSWORD '…'; CREATE SCHEMA " + quoted(name) +
                                     " AUTHORIZATION " + quoted(role_of(name)) + ";"
                               : "CREATE SCHEMA " + quoted(name) + " AUTHORIZATION " + user + ";";
  throw Error(ErrorCode::Unavailable, action + ": this user may not make " + (schemas ? "roles" : "schemas in this database") +
                                          "; an administrator has to run: " + statement);
}

}  // namespace

std::optional<TenantLogin> create_tenant(const Target& database, const std::string& name, bool login, const std::string& password) {
  core::check_tenant_name(name);
  const std::string action = "creating tenant '" + name + "' in database " + database.shown;
  PlainSession session(database);
  if (yes(session, "EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '" + name + "')", action)) {
    throw Error(ErrorCode::Conflict, "there is a schema '" + name + "' already in database " + database.shown);
  }
  const auto role = role_of(name);
  if (login && yes(session, "EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '" + role + "')", action)) {
    throw Error(ErrorCode::Conflict,
                "there is a role '" + role + "' already on this server; make the tenant without a login, or another name");
  }
  check_rights(session, name, login, action);
  const bool superuser = is_superuser(session, action);
  std::optional<TenantLogin> made;
  in_transaction(session, action, [&] {
    if (login) {
      made = TenantLogin{role, password.empty() ? os::random_text(password_size) : password};
      session.execute("CREATE ROLE " + quoted(role) + " LOGIN PASSWORD " + encrypted(session.handle(), made->password, role),
                      action);
      if (!superuser) session.execute("GRANT " + quoted(role) + " TO CURRENT_USER", action);
      if (!yes(session, "has_database_privilege('" + role + "', current_database(), 'CONNECT')", action)) {
        const auto here = session.text("SELECT quote_ident(current_database())", action).value_or("");
        session.execute("GRANT CONNECT ON DATABASE " + here + " TO " + quoted(role), action);
      }
      session.execute("ALTER ROLE " + quoted(role) + " SET search_path = " + quoted(name), action);
      session.execute("CREATE SCHEMA " + quoted(name) + " AUTHORIZATION " + quoted(role), action);
      // What is made from here on is the role's own.
      session.execute("SET LOCAL ROLE " + quoted(role), action);
    } else {
      session.execute("CREATE SCHEMA " + quoted(name), action);
    }
    session.execute("SET LOCAL search_path = " + quoted(name), action);
    migrate_in(session, action);
  });
  return made;
}

std::vector<std::string> list_tenants(const Target& database) {
  PlainSession session(database);
  const auto found = session.execute(
      "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'cloacina_migration' AND "
      "n.nspname <> coalesce(current_schema(), '') ORDER BY n.nspname",
      "listing tenants of database " + database.shown);
  std::vector<std::string> names;
  for (int row = 0; row < PQntuples(found.get()); ++row) {
    std::string name = PQgetvalue(found.get(), row, 0);
    try {
      core::check_tenant_name(name);
      names.push_back(std::move(name));
    } catch (const Error&) {
      // Somebody keeps workflows in it, but it is no tenant.
    }
  }
  return names;
}

void remove_tenant(const Target& database, const std::string& name) {
  core::check_tenant_name(name);
  const std::string action = "removing tenant '" + name + "' of database " + database.shown;
  PlainSession session(database);
  if (!yes(session,
           "EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'cloacina_migration' "
           "AND "
           "n.nspname = '" +
               name + "')",
           action)) {
    throw Error(ErrorCode::NotFound, "there is no tenant '" + name + "' in database " + database.shown);
  }
  const auto role = role_of(name);
  const bool owned = yes(session,
                         "EXISTS (SELECT 1 FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = '" + name +
                             "' AND r.rolname = '" + role + "')",
                         action);
  in_transaction(session, action, [&] {
    session.execute("DROP SCHEMA " + quoted(name) + " CASCADE", action);
    if (!owned) return;
    session.execute("DROP OWNED BY " + quoted(role), action);
    session.execute("DROP ROLE " + quoted(role), action);
  });
}

}  // namespace cloacina::store::postgres
