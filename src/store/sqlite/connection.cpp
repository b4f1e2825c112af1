#include "store/sqlite/connection.hpp"

#include <thread>

#include "cloacina/error.hpp"
#include "store/sql_files.hpp"

namespace cloacina::store::sqlite {

void fail(sqlite3* db, int code, const std::string& action) {
  const std::string detail = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const std::string text = action + ": " + detail;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorCode::Unavailable, action + ": another program holds the database locked (" + detail + ")");
    case SQLITE_FULL:
      throw Error(ErrorCode::Unavailable, action + ": no space left on the disk (" + detail + ")");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
    case SQLITE_AUTH:
      throw Error(ErrorCode::Unavailable, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorCode::Corrupt, text);
    case SQLITE_TOOBIG:
      throw Error(ErrorCode::InvalidArgument, text);
    default:
      throw Error(ErrorCode::Internal, text + " (SQLite result " + std::to_string(code) + ")");
  }
}

const std::unordered_map<std::string_view, std::string_view>& statements() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::string_view> out;
    constexpr std::string_view mark = "-- name: ";
    for (const auto& file : sql_files()) {
      if (file.name != "sqlite/statements") continue;
      for (std::size_t at = file.text.find(mark); at != std::string_view::npos;) {
        const std::size_t line_end = file.text.find('\n', at);
        const std::size_t next = file.text.find(mark, line_end);
        const auto name = file.text.substr(at + mark.size(), line_end - at - mark.size());
        out.emplace(name, file.text.substr(line_end, next == std::string_view::npos ? next : next - line_end));
        at = next;
      }
    }
    return out;
  }();
  return table;
}

void Use::check(int code) {
  if (code != SQLITE_OK) fail(db_, code, "binding a value");
}

bool Use::step() {
  stepped_ = true;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const std::string sql = sqlite3_sql(statement_);
  fail(db_, code,
       sqlite3_get_autocommit(db_) != 0 && sql.find("BEGIN") != std::string::npos ? "opening a transaction" : "using the database");
}

int Use::run() {
  while (step()) {
  }
  const int changed = sqlite3_changes(db_);
  reset();
  return changed;
}

std::string_view Use::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string_view{}
                         : std::string_view{data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Use::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? std::string_view{}
                         : std::string_view{data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<Timestamp> Use::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<std::string> Use::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return std::string(text(column));
}

Connection::Connection(const std::filesystem::path& file, const Options& options)
    : busy_timeout_(options.busy_timeout), file_(file.string()) {
  sqlite3* db = nullptr;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | (options.create ? SQLITE_OPEN_CREATE : 0) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file_.c_str(), &db, flags, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) fail(db, code, "opening database " + file_);
  sqlite3_busy_handler(db, &Connection::on_busy, this);
}

int Connection::on_busy(void* self, int calls) {
  // SQLite's own handler sleeps up to 100 ms; writers of one file take turns in less than one, so we look more often.
  auto& connection = *static_cast<Connection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (calls == 0) connection.busy_since_ = now;
  if (now - connection.busy_since_ >= connection.busy_timeout_) return 0;
  std::this_thread::sleep_for(std::chrono::microseconds(calls < 10 ? 200 : calls < 50 ? 1'000 : 5'000));
  return 1;
}

Use Connection::use(std::string_view name) {
  auto& slot = prepared_[name];
  if (!slot) {
    const auto found = statements().find(name);
    if (found == statements().end()) throw Error(ErrorCode::Internal, "there is no SQL statement '" + std::string(name) + "'");
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), found->second.data(), static_cast<int>(found->second.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) fail(db_.get(), code, "preparing statement '" + std::string(name) + "' on " + file_);
    slot.reset(statement);
  }
  return {db_.get(), slot.get()};
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(db_.get(), code, "database " + file_);
}

std::optional<std::string> Connection::text(const std::string& sql) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
    if (code == SQLITE_OK) code = sqlite3_step(raw);
    if (code == SQLITE_DONE) return std::nullopt;
    if (code == SQLITE_ROW) return Use(db_.get(), raw).optional_text(0);
    // The change to a write-ahead log does not ask the busy handler: it fails at once while another connection looks at the file.
    if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() - start >= busy_timeout_) {
      fail(db_.get(), code, "database " + file_);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::optional<std::int64_t> Connection::integer(const std::string& sql) {
  const auto found = text(sql);
  if (!found) return std::nullopt;
  return std::stoll(*found);
}

Transaction::~Transaction() {
  // Some errors (a full disk) roll back by themselves; a rollback then has nothing to do.
  if (connection_.in_transaction()) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace cloacina::store::sqlite
