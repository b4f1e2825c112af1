#include "cloacina/error.hpp"
#include "core/text.hpp"
#include "store/sqlite/database.hpp"
#include "store/store.hpp"

namespace cloacina::store {

namespace {

std::filesystem::path sqlite_file(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) {
    throw Error(ErrorCode::InvalidArgument, "database " + core::quote(url) + ": write sqlite:PATH, as sqlite:orders.db");
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
  return std::make_unique<sqlite::SqliteDatabase>(sqlite_file(url), options);
}

MigrationReport migrate(const std::string& url, bool dry_run) { return sqlite::migrate_file(sqlite_file(url), dry_run); }

std::vector<Finding> doctor(const std::string& url) { return sqlite::doctor_file(sqlite_file(url)); }

}  // namespace cloacina::store
