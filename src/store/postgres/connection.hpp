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
};

/// *Throws* Error{InvalidArgument} for what libpq cannot read.
[[nodiscard]] Target target_of(const std::string& url, const OpenOptions& options);

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Handle = std::unique_ptr<PGconn, CloseConnection>;

/// Connects, and sets what holds for the whole session. *Throws* Error{Unavailable}, Error{Conflict} for a server that is too old.
[[nodiscard]] Handle connect(const Target& target);

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
  explicit PgSession(Target target) : target_(std::move(target)), handle_(connect(target_)) { begin_session(); }

  [[nodiscard]] sql::Use use(std::string_view name) override;

  /// Reads all answers that are outstanding. *Throws* the first error among them.
  void collect();
  /// Lets the server work on what was sent, without waiting for it.
  void push();
  /// After an error: ends the transaction, if there is one. Never throws.
  void abandon() noexcept;
  [[nodiscard]] bool connected() const { return handle_ != nullptr; }
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }
  /// A new connection; what was prepared is gone with the old one. *Throws* Error{Unavailable}.
  void reconnect();
  [[nodiscard]] const Target& target() const { return target_; }
  /// How often something was waited for.
  [[nodiscard]] std::int64_t round_trips() const { return round_trips_; }
  [[nodiscard]] int backend() const { return handle_ == nullptr ? 0 : PQbackendPID(handle_.get()); }

 private:
  friend class PgStatement;
  enum class Sent { Prepare, Execute, Sync };
  struct Pending {
    Sent kind;
    const Named* named;
    PgStatement* statement;  ///< none: nobody looks
  };

  void begin_session();
  void send(PgStatement& statement);
  void prepare(const Named& named);
  void sent(int ok, const Named& named);
  void forget(PgStatement& statement);
  [[noreturn]] void lose(const std::string& action);

  Target target_;
  Handle handle_;
  std::set<const Named*> prepared_;
  std::deque<Pending> pending_;
  std::unordered_map<const Named*, std::vector<PgStatement*>> free_;
  std::deque<PgStatement> all_;
  bool in_transaction_ = false;
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
