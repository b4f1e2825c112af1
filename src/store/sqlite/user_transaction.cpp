// What is done as a part of a transaction of the user's.
#include <algorithm>

#include "cloacina/error.hpp"
#include "store/sql/turn.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/database.hpp"

namespace cloacina::store::sqlite {

namespace {

sqlite3* connection_of(const UserConnection& connection, const std::filesystem::path& file) {
  auto* const* found = std::get_if<sqlite3*>(&connection);
  if (found == nullptr || *found == nullptr) {
    throw Error(ErrorCode::InvalidArgument, "the database is a SQLite file: a sqlite3* is needed, and one that is not null");
  }
  const char* name = sqlite3_db_filename(*found, "main");
  std::error_code error;
  if (name == nullptr || *name == '\0' || !std::filesystem::equivalent(name, file, error) || error) {
    throw Error(ErrorCode::InvalidArgument,
                "the connection is to another database than the runner's: its main file has to be " + file.string());
  }
  if (sqlite3_get_autocommit(*found) != 0) {
    throw Error(ErrorCode::InvalidArgument, "no transaction is open on the connection; it needs a BEGIN IMMEDIATE first");
  }
  return *found;
}

/// What is done in it is undone unless it is kept.
class Savepoint {
 public:
  explicit Savepoint(Connection& connection) : connection_(connection) { connection_.use("savepoint").run(); }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint() {
    // Some errors (a full disk) have rolled back all of it by themselves.
    if (kept_ || !connection_.in_transaction()) return;
    sqlite3_exec(connection_.handle(), "ROLLBACK TO cloacina; RELEASE cloacina", nullptr, nullptr, nullptr);
  }
  void keep() {
    connection_.use("release_savepoint").run();
    kept_ = true;
  }

 private:
  Connection& connection_;
  bool kept_ = false;
};

}  // namespace

BatchResult SqliteDatabase::apply_in(const UserConnection& user, const Batch& batch) {
  Connection connection(connection_of(user, file_));
  BatchResult result;
  {
    Savepoint savepoint(connection);
    sql::NoLiveness nobody;
    sql::Turn turn(connection, definitions_, nobody, batch);
    turn.run([&] { return batch.now; });
    result = turn.result();
    if (std::all_of(result.outcomes.begin(), result.outcomes.end(), [](Applied a) { return a == Applied::Yes; })) {
      savepoint.keep();
      return result;
    }
  }
  // A commit has nothing left to commit, and says so.
  sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  throw Error(ErrorCode::Conflict, "the claim of the task was lost: the transaction was rolled back");
}

}  // namespace cloacina::store::sqlite
