#include "store/sqlite/backup.hpp"

#include "os/sync.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::store::sqlite {

namespace {

namespace fs = std::filesystem;

/// A file that is not finished: gone with its object, with what SQLite has laid beside it.
class Unfinished {
 public:
  explicit Unfinished(fs::path file) : file_(std::move(file)) { remove(); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() { remove(); }

  [[nodiscard]] const fs::path& path() const { return file_; }

 private:
  void remove() const {
    std::error_code ignored;
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) fs::remove(file_.string() + ending, ignored);
  }

  fs::path file_;
};

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

void check_target(const fs::path& database, const fs::path& file, bool overwrite) {
  const std::string where = "backup to " + file.string();
  std::error_code ignored;
  if (!file.has_filename() || fs::is_directory(file, ignored)) {
    throw Error(ErrorCode::InvalidArgument, where + ": that is a folder; name the file");
  }
  if (!fs::is_directory(folder_of(file), ignored)) {
    throw Error(ErrorCode::InvalidArgument, where + ": there is no folder " + folder_of(file).string());
  }
  if (!fs::exists(file, ignored)) return;
  if (fs::equivalent(database, file, ignored)) throw Error(ErrorCode::InvalidArgument, where + ": that is the database itself");
  if (!overwrite) throw Error(ErrorCode::Conflict, where + ": the file is there already; choose another name, or overwrite it");
}

/// One step copies all pages of one snapshot: page by page, so that whatever else the file holds comes along unchanged. With a
/// write-ahead log a reader holds up nobody; the log grows until it has read.
void copy(Connection& from, Connection& to, const std::string& action) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) fail(to.handle(), sqlite3_errcode(to.handle()), action);
  (void)sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) fail(to.handle(), code, action);
}

}  // namespace

BackupReport backup_file(const fs::path& database, const fs::path& file, bool overwrite) {
  if (!fs::exists(database)) throw Error(ErrorCode::NotFound, "there is no database " + database.string() + " to back up");
  check_target(database, file, overwrite);
  const Unfinished part(file.string() + ".part");
  const std::string action = "copying database " + database.string() + " to " + part.path().string();
  {
    Connection from(database, {.read_only = true});
    if (schema_state(from).version == 0) {
      throw Error(ErrorCode::InvalidArgument, "file " + database.string() + " has no workflows in it; is it the right one?");
    }
    Connection to(part.path(), {.create = true});
    copy(from, to, action);
    if (const auto found = to.text("PRAGMA integrity_check"); found != "ok") {
      throw Error(ErrorCode::Corrupt, "the copy of database " + database.string() + " is damaged: " + found.value_or("no answer"));
    }
  }
  os::sync_file(part.path());
  std::error_code failed;
  const BackupReport report{fs::file_size(part.path())};
  fs::rename(part.path(), file, failed);
  if (failed) throw Error(ErrorCode::Unavailable, "giving the backup its name " + file.string() + ": " + failed.message());
  os::sync_folder(folder_of(file));
  return report;
}

}  // namespace cloacina::store::sqlite
