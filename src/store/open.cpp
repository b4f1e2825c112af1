#include "cloacina/error.hpp"
#include "core/text.hpp"
#include "store/backup.hpp"
#include "store/sqlite/backup.hpp"
#include "store/sqlite/database.hpp"
#include "store/store.hpp"
#ifdef CLOACINA_POSTGRES
#include "store/postgres/database.hpp"
#include "store/postgres/schema.hpp"
#endif

namespace cloacina::store {

namespace {

bool names_postgres(const std::string& url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql:")) return false;
#ifdef CLOACINA_POSTGRES
  return true;
#else
  throw Error(ErrorCode::InvalidArgument, "this cloacina was built without PostgreSQL");
#endif
}

std::filesystem::path sqlite_file(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) {
    throw Error(ErrorCode::InvalidArgument,
                "database " + core::quote(url) + ": write sqlite:PATH, as sqlite:orders.db, or postgresql://USER@HOST/NAME");
  }
  std::string path = url.substr(scheme.size());
  if (path.starts_with("//")) path = path.substr(2);  // sqlite:///var/lib/x.db is /var/lib/x.db
  if (path.empty() || path == ":memory:" || path.find('\0') != std::string::npos || path.starts_with("file:")) {
    throw Error(ErrorCode::InvalidArgument, "database " + core::quote(url) + ": a file is needed, as sqlite:orders.db");
  }
  return path;
}

/// The file that a tenant's work is in. Like any other it is made when it is first opened.
std::filesystem::path file_of(const std::string& url, const std::string& tenant) {
  const auto database = sqlite_file(url);
  return tenant.empty() ? database : sqlite::tenant_file(database, tenant);
}

}  // namespace

std::unique_ptr<Database> open(const std::string& url, const OpenOptions& options) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return std::make_unique<postgres::PgDatabase>(url, options);
#else
  (void)names_postgres(url);
#endif
  return std::make_unique<sqlite::SqliteDatabase>(file_of(url, options.tenant), options);
}

MigrationReport migrate(const std::string& url, bool dry_run, const std::string& tenant) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) {
    postgres::PlainSession session(postgres::target_of(url, {.tenant = tenant}));
    return postgres::migrate(session, dry_run);
  }
#else
  (void)names_postgres(url);
#endif
  return sqlite::migrate_file(file_of(url, tenant), dry_run);
}

std::vector<Finding> doctor(const std::string& url, const std::string& tenant) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return postgres::doctor_database(postgres::target_of(url, {.tenant = tenant}));
#else
  (void)names_postgres(url);
#endif
  return sqlite::doctor_file(file_of(url, tenant));
}

BackupReport backup(const std::string& url, const std::string& file, const BackupOptions& options) {
  if (names_postgres(url)) {
    throw Error(ErrorCode::InvalidArgument, "a server's databases are backed up with its own tools: pg_dump --format=custom" +
                                                (options.tenant.empty() ? std::string() : " --schema=" + options.tenant) +
                                                " --file=" + file + " DATABASE, or pg_basebackup for the whole server");
  }
  return sqlite::backup_file(file_of(url, options.tenant), file, options.overwrite);
}

std::optional<TenantLogin> create_tenant(const std::string& url, const std::string& name, bool login, const std::string& password) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return postgres::create_tenant(postgres::target_of(url, {}), name, login, password);
#else
  (void)names_postgres(url);
  (void)password;
#endif
  if (login)
    throw Error(ErrorCode::InvalidArgument,
                "a SQLite file has no logins: who may open tenant '" + name + "' is up to its file's permissions");
  sqlite::create_tenant(sqlite_file(url), name);
  return std::nullopt;
}

std::vector<std::string> list_tenants(const std::string& url) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return postgres::list_tenants(postgres::target_of(url, {}));
#else
  (void)names_postgres(url);
#endif
  return sqlite::list_tenants(sqlite_file(url));
}

void remove_tenant(const std::string& url, const std::string& name) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) {
    postgres::remove_tenant(postgres::target_of(url, {}), name);
    return;
  }
#else
  (void)names_postgres(url);
#endif
  sqlite::remove_tenant(sqlite_file(url), name);
}

}  // namespace cloacina::store
