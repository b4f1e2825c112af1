#include "store/sqlite/database.hpp"

#include "cloacina/error.hpp"
#include "os/file_watch.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::store::sqlite {

namespace {

/// Files up to this size are checked whole when they are opened.
constexpr std::uintmax_t checked_at_open_bytes_max = 4 << 20;

class WalWatch final : public ChangeWatch {
 public:
  explicit WalWatch(const std::filesystem::path& wal) : watch_(wal) {}
  [[nodiscard]] int fd() const override { return watch_.fd(); }
  bool drain(std::int64_t /*except*/) override { return watch_.drain(); }
  [[nodiscard]] bool hints_early() const override { return true; }

 private:
  os::FileWatch watch_;
};

Connection connect(const std::filesystem::path& file, const OpenOptions& options) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::Unavailable, "database " + file.string() + ": the folder " + folder.string() + " does not exist");
  }
  if (std::filesystem::is_directory(file, error)) {
    throw Error(ErrorCode::Unavailable, "database " + file.string() + " is a folder, not a file");
  }
  return Connection(file, {.create = true, .busy_timeout = options.busy_timeout});
}

void set_wal(Connection& connection, const std::filesystem::path& file) {
  const auto mode = connection.text("PRAGMA journal_mode = WAL");
  if (mode != "wal") {
    throw Error(ErrorCode::Unavailable, "database " + file.string() + " cannot use a write-ahead log (its journal mode stays " +
                                            mode.value_or("unknown") + "); is it on a network file system, or read-only?");
  }
}

}  // namespace

SqliteDatabase::SqliteDatabase(std::filesystem::path file, const OpenOptions& options) : file_(std::move(file)), options_(options) {
  auto connection = connect(file_, options_);
  migrate(connection, file_.string(), false, false);
  set_wal(connection, file_);
  std::error_code error;
  if (std::filesystem::file_size(file_, error) <= checked_at_open_bytes_max && !error) {
    if (const auto state = connection.text("PRAGMA quick_check(1)"); state != "ok") {
      throw Error(ErrorCode::Corrupt, "database " + file_.string() + " is damaged: " + state.value_or("no answer") +
                                          "; restore a backup, or rescue what is left with sqlite3's .recover");
    }
  }
}

std::unique_ptr<Store> SqliteDatabase::store() { return make_store(file_, beside("-lock"), options_, definitions_); }
std::unique_ptr<Reader> SqliteDatabase::reader() { return make_reader(file_, beside("-lock"), options_, definitions_); }
std::unique_ptr<ChangeWatch> SqliteDatabase::watch() { return std::make_unique<WalWatch>(beside("-wal")); }
std::vector<Finding> SqliteDatabase::doctor() { return doctor_file(file_); }

MigrationReport migrate_file(const std::filesystem::path& file, bool dry_run) {
  if (dry_run && !std::filesystem::exists(file)) {
    auto report = MigrationReport{.from = 0, .to = schema_version(), .applied = {}, .needs = {}};
    report.applied.emplace_back("a new file");
    return report;
  }
  auto connection = connect(file, {});
  auto report = migrate(connection, file.string(), dry_run, true);
  if (!dry_run) set_wal(connection, file);
  return report;
}

}  // namespace cloacina::store::sqlite
