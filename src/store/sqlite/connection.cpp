#include "store/sqlite/connection.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "cloacina/error.hpp"
#include "store/sql/statements.hpp"

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

const std::map<std::string_view, std::string_view>& statements() {
  static const auto table = sql::parse_statements("sqlite/statements");
  return table;
}

void SqliteStatement::start() {
  input_ = 0;
  bound_ = false;
  changed_ = 0;
  changed_inputs_.clear();
  shown_ = 0;
  if (answers_) return;
  for (; input_ < rows; ++input_) {
    const int before = sqlite3_total_changes(db_);
    bind_input();
    while (step()) {
    }
    sqlite3_reset(handle());
    // Some statements (COMMIT) leave the number of the last change as it was.
    if (sqlite3_total_changes(db_) == before) continue;
    changed_ += sqlite3_changes(db_);
    if (rows > 1 || sqlite3_changes(db_) > 0) changed_inputs_.push_back(input_);
  }
}

bool SqliteStatement::next() {
  if (!answers_) {
    if (shown_ == changed_inputs_.size()) return false;
    input_ = changed_inputs_[shown_++];
    return true;
  }
  for (; input_ < rows; ++input_) {
    if (!bound_) bind_input();
    bound_ = true;
    if (step()) return true;
    sqlite3_reset(handle());
    bound_ = false;
  }
  return false;
}

int SqliteStatement::finish() {
  while (answers_ && next()) ++changed_;
  return changed_;
}

void SqliteStatement::let_go() { sqlite3_reset(handle()); }

void SqliteStatement::bind_input() {
  const std::size_t width = values.size() / rows;
  for (std::size_t i = 0; i < width; ++i) {
    const auto& value = values[input_ * width + i];
    const int index = static_cast<int>(i) + 1;
    int code = SQLITE_OK;
    switch (value.kind) {
      case sql::Value::Kind::Null:
        code = sqlite3_bind_null(handle(), index);
        break;
      case sql::Value::Kind::Integer:
        code = sqlite3_bind_int64(handle(), index, value.integer);
        break;
      case sql::Value::Kind::Text:
        code = sqlite3_bind_text64(handle(), index, value.bytes.data() == nullptr ? "" : value.bytes.data(), value.bytes.size(),
                                   SQLITE_STATIC, SQLITE_UTF8);
        break;
      case sql::Value::Kind::Blob:
        code = sqlite3_bind_blob(handle(), index, value.bytes.data(), static_cast<int>(value.bytes.size()), SQLITE_STATIC);
        break;
    }
    if (code != SQLITE_OK) fail(db_, code, "binding a value");
  }
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(handle());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const std::string sql = sqlite3_sql(handle());
  fail(db_, code,
       sqlite3_get_autocommit(db_) != 0 && sql.find("BEGIN") != std::string::npos ? "opening a transaction" : "using the database");
}

std::string_view SqliteStatement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle(), column));
  return data == nullptr ? std::string_view{}
                         : std::string_view{data, static_cast<std::size_t>(sqlite3_column_bytes(handle(), column))};
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

void Connection::restart_log(std::chrono::milliseconds patience) noexcept {
  const auto usual = std::exchange(busy_timeout_, std::min(busy_timeout_, patience));
  sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  busy_timeout_ = usual;
}

sql::Use Connection::use(std::string_view name) {
  auto& slot = prepared_[name];
  if (!slot) {
    const auto found = statements().find(name);
    if (found == statements().end()) throw Error(ErrorCode::Internal, "there is no SQL statement '" + std::string(name) + "'");
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), found->second.data(), static_cast<int>(found->second.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) fail(db_.get(), code, "preparing statement '" + std::string(name) + "' on " + file_);
    slot = std::make_unique<SqliteStatement>(db_.get(), statement);
  }
  return sql::Use(*slot);
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
    const SqliteStatement statement(db_.get(), raw);
    if (code == SQLITE_OK) code = sqlite3_step(raw);
    if (code == SQLITE_DONE) return std::nullopt;
    if (code == SQLITE_ROW) return statement.is_null(0) ? std::nullopt : std::optional(std::string(statement.bytes(0)));
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
