#include "cloacina/error.hpp"
#include "core/text.hpp"
#include "store/sqlite/database.hpp"
#include "store/store.hpp"
#ifdef CLOACINA_POSTGRES
#include "store/postgres/database.hpp"
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

}  // namespace

std::unique_ptr<Database> open(const std::string& url, const OpenOptions& options) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return std::make_unique<postgres::PgDatabase>(url, options);
#else
  (void)names_postgres(url);
#endif
  return std::make_unique<sqlite::SqliteDatabase>(sqlite_file(url), options);
}

MigrationReport migrate(const std::string& url, bool dry_run) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return postgres::migrate_database(url, dry_run);
#else
  (void)names_postgres(url);
#endif
  return sqlite::migrate_file(sqlite_file(url), dry_run);
}

std::vector<Finding> doctor(const std::string& url) {
#ifdef CLOACINA_POSTGRES
  if (names_postgres(url)) return postgres::doctor_database(url);
#else
  (void)names_postgres(url);
#endif
  return sqlite::doctor_file(sqlite_file(url));
}

}  // namespace cloacina::store
