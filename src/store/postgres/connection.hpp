#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "store/postgres/error.hpp"
#include "store/sql/session.hpp"
#include "store/store.hpp"

namespace cloacina::store::postgres {

class Parameters;

/// A statement of `statements.sql`.
struct Named {
  std::string name;
  std::string text;
  bool many = false;  ///< its parameters are arrays
  std::vector<Oid> types;
};

/// All of them by name. Parsed once a process.
[[nodiscard]] const std::map<std::string_view, Named>& statements();

/// Where a database is, and how to work with it.
struct Target {
  std::string conninfo;  ///< as libpq takes it
  std::string shown;     ///< for messages: without the password
  OpenOptions options{};
  std::chrono::seconds connect_timeout{10};
};

/// *Throws* Error{InvalidArgument} for what libpq cannot read, and for a tenant's name that is none.
[[nodiscard]] Target target_of(const std::string& url, const OpenOptions& options);

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

struct CloseConnection {
  bool borrowed = false;  ///< it is the user's
  void operator()(PGconn* connection) const {
    if (!borrowed) PQfinish(connection);
  }
};
using Handle = std::unique_ptr<PGconn, CloseConnection>;

struct Link {
  Handle handle;
  /// A pooler is in between: what belongs to a session (settings, prepared statements, LISTEN) does not survive a transaction, so
  /// settings go into every transaction, and statements have no names.
  bool pooled = false;
};

/// Connects, and sets what holds for the whole session. *Throws* Error{Unavailable}, Error{Conflict} for a server that is too old.
[[nodiscard]] Link connect(const Target& target);
/// The settings, as one statement: for the session, or for the transaction alone.
[[nodiscard]] std::string settings_of(const Target& target, bool for_transaction);
/// Text of libpq without the password of the connection string.
[[nodiscard]] std::string message_of(PGconn* connection);
/// A name as SQL takes it. *Requires* one that was checked.
[[nodiscard]] inline std::string quoted(const std::string& name) { return '"' + name + '"'; }

class PgSession;

/// A prepared statement: one round trip for all of its input, or none of its own when others follow.
class PgStatement final : public sql::Statement {
 public:
  PgStatement(PgSession& session, const Named& named) : session_(session), named_(named) {}

  void start() override;
  bool next() override;
  int finish() override;
  void let_go() override;
  [[nodiscard]] std::size_t input() const override { return input_; }

  [[nodiscard]] bool is_null(int column) const override { return PQgetisnull(current(), row_, column + shift_) != 0; }
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] std::string_view bytes(int column) const override;

  [[nodiscard]] const Named& named() const { return named_; }
  void take(Result result) { results_.push_back(std::move(result)); }

 private:
  friend class PgSession;
  [[nodiscard]] PGresult* current() const { return results_[result_].get(); }
  void collect();

  PgSession& session_;
  const Named& named_;
  std::vector<Result> results_;
  std::size_t expected_ = 0;
  std::size_t result_ = 0;
  int row_ = -1;
  int shift_ = 0;  ///< columns before the first that is ours
  std::size_t input_ = 0;
};

/// One connection in pipeline mode: statements are sent as they come, and answers read when somebody waits for one.
class PgSession final : public sql::Session {
 public:
  explicit PgSession(Target target) : target_(std::move(target)), link_(connect(target_)) { begin_session(); }
  /// Over a connection of the user's on which a transaction is open: nothing is set, prepared, or left behind.
  PgSession(Target target, PGconn* borrowed);
  PgSession(const PgSession&) = delete;
  PgSession& operator=(const PgSession&) = delete;
  ~PgSession() override;

  [[nodiscard]] sql::Use use(std::string_view name) override;

  /// Reads all answers that are outstanding. *Throws* the first error among them.
  void collect();
  /// Lets the server work on what was sent, without waiting for it. A pooler is waited for: it must not see the end of a second
  /// transaction before it has answered the first.
  void push() override;
  /// After an error: ends the transaction, if there is one. Never throws.
  void abandon() noexcept override;
  [[nodiscard]] bool connected() const { return link_.handle != nullptr; }
  /// Whether others' hints cannot be heard, and nothing may be left on the connection.
  [[nodiscard]] bool pooled() const { return link_.pooled; }
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }
  /// A new connection; what was prepared is gone with the old one. *Throws* Error{Unavailable}.
  void reconnect();
  [[nodiscard]] const Target& target() const { return target_; }
  /// How long a server may take to answer; from then on it is taken for unreachable. A loop that waits cannot stop its tasks.
  void set_patience(std::chrono::milliseconds patience);
  /// How often something was waited for.
  [[nodiscard]] std::int64_t round_trips() const { return round_trips_; }
  [[nodiscard]] int backend() const { return connected() ? PQbackendPID(handle()) : 0; }

 private:
  friend class PgStatement;
  enum class Sent { Prepare, Execute, Sync };
  struct Pending {
    Sent kind;
    const Named* named;
    PgStatement* statement;  ///< none: nobody looks
  };

  [[nodiscard]] PGconn* handle() const { return link_.handle.get(); }
  void begin_session();
  void sync();
  /// The next result that is not there yet, within the patience; none at the end of an answer.
  [[nodiscard]] Result next_result();
  void send(PgStatement& statement);
  void execute(const Named& named, const Parameters& parameters, PgStatement* statement);
  /// Before the first statement of a transaction that has a pooler's connection for itself.
  void send_settings();
  void sent(int ok, const Named& named);
  void forget(PgStatement& statement);
  [[noreturn]] void lose(const std::string& action);

  Target target_;
  Link link_;
  Named settings_{"settings", settings_of(target_, true), false, {}};
  bool settled_ = false;  ///< the settings hold for what is sent next; where they are sent at all
  std::set<const Named*> prepared_;
  std::deque<Pending> pending_;
  std::unordered_map<const Named*, std::vector<PgStatement*>> free_;
  std::deque<PgStatement> all_;
  bool in_transaction_ = false;
  std::chrono::milliseconds patience_{65'000};  // longer than the server's own timeout
  std::int64_t round_trips_ = 0;
};

/// A transaction; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(PgSession& session);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  /// *Throws* PgError; when that says that the connection is lost, nobody knows whether it was committed.
  void commit();

 private:
  PgSession& session_;
  bool ended_ = false;
};

}  // namespace cloacina::store::postgres
