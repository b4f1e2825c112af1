#pragma once

#include <variant>

// As in the headers of SQLite and of libpq, which need not be included for this.
struct sqlite3;
struct pg_conn;

namespace cloacina {

/// A connection of the user's own, of the kind that the database is of: a `sqlite3*`, or a `PGconn*` of libpq. What is done over it
/// is part of the transaction that is open on it, exists if and only if that is committed, and is undone by a rollback, to a
/// savepoint too. The connection stays the caller's, and is as before when the call returns.
using UserConnection = std::variant<sqlite3*, pg_conn*>;

}  // namespace cloacina
