// What is done as a part of a transaction of the user's.
#include "store/postgres/database.hpp"
#include "store/sql/turn.hpp"

namespace cloacina::store::postgres {

namespace {

PGconn* connection_of(const UserConnection& connection) {
  auto* const* found = std::get_if<pg_conn*>(&connection);
  if (found == nullptr || *found == nullptr) {
    throw Error(ErrorCode::InvalidArgument,
                "the database is on a PostgreSQL server: a PGconn* is needed, and one that is not null");
  }
  switch (PQtransactionStatus(*found)) {
    case PQTRANS_INTRANS:
      return *found;
    case PQTRANS_INERROR:
      throw Error(ErrorCode::InvalidArgument, "the transaction of the connection has failed already; it can only be rolled back");
    default:
      throw Error(ErrorCode::InvalidArgument, "no transaction is open on the connection; it needs a BEGIN first");
  }
}

/// What is done in it is undone unless it is kept; the search path too.
class Savepoint {
 public:
  explicit Savepoint(PgSession& session) : session_(session) { session_.use("savepoint").bind().defer(); }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint() {
    if (kept_ || !session_.connected()) return;
    try {
      undo();
    } catch (const std::exception&) {
      // The transaction has failed: its owner cannot commit it, and sees so.
    }
  }
  void undo() {
    kept_ = true;
    session_.use("back_to_savepoint").bind().defer();
    session_.use("release_savepoint").bind().run();
  }
  void keep() {
    session_.use("release_savepoint").bind().run();
    kept_ = true;
  }

 private:
  PgSession& session_;
  bool kept_ = false;
};

}  // namespace

BatchResult PgDatabase::apply_in(const UserConnection& connection, const Batch& batch) {
  PgSession session(target_, connection_of(connection));
  Savepoint savepoint(session);
  const auto elsewhere = [] {
    return Error(ErrorCode::InvalidArgument, "the connection is to another database than the runner's");
  };
  std::string path;
  {
    auto place = session.use("place");
    if (!place.bind(schema_).step() || place.integer(1) == 0) throw elsewhere();
    path = place.text(0);
  }
  session.use("enter").bind(path_).run();
  {
    auto identity = session.use("identity");
    if (!identity.step() || identity.text(0) != identity_) throw elsewhere();
  }
  sql::NoLiveness nobody;
  sql::Turn turn(session, definitions_, nobody, batch);
  turn.run([&] {
    if (target_.options.callers_clock) return batch.now;
    auto clock = session.use("clock");
    return clock.step() ? clock.time(0) : batch.now;
  });
  auto result = turn.result();
  for (const auto applied : result.outcomes) {
    if (applied == Applied::Yes) continue;
    savepoint.undo();
    try {
      session.use("refuse").bind().run();
    } catch (const Error&) {
      // That is what it does.
    }
    throw Error(ErrorCode::Conflict, "the claim of the task was lost: the transaction cannot be committed any more");
  }
  // Heard at the commit.
  session.use("announce").bind().run();
  session.use("enter").bind(path).run();
  savepoint.keep();
  return result;
}

}  // namespace cloacina::store::postgres
