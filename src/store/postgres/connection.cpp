#include "store/postgres/connection.hpp"

#include <algorithm>

#include "os/readiness.hpp"
#include "store/postgres/encode.hpp"

namespace cloacina::store::postgres {

namespace {

/// Of an administrator, a crash, a shutdown, or of the connection itself.
bool ends_connection(std::string_view state) { return state.starts_with("57P0") || state.starts_with("08"); }

}  // namespace

// ---- statements

void PgStatement::start() {
  results_.clear();
  result_ = 0;
  row_ = -1;
  shift_ = named_.many ? 1 : 0;
  input_ = 0;
  expected_ = named_.many ? 1 : rows;
  session_.send(*this);
}

void PgStatement::collect() {
  if (results_.size() < expected_) session_.collect();
}

bool PgStatement::next() {
  collect();
  for (; result_ < results_.size(); ++result_, row_ = -1) {
    auto* result = current();
    ++row_;
    if (PQnfields(result) == 0) {
      // No columns: a row for each input that changed something.
      if (row_ > 0 || std::string_view(PQcmdTuples(result)).find_first_not_of('0') == std::string_view::npos) continue;
      input_ = result_;
      return true;
    }
    if (row_ >= PQntuples(result)) continue;
    input_ = named_.many ? static_cast<std::size_t>(decode_integer(PQgetvalue(result, row_, 0), PQgetlength(result, row_, 0)) - 1)
                         : result_;
    return true;
  }
  return false;
}

int PgStatement::finish() {
  collect();
  int changed = 0;
  for (const auto& result : results_) changed += std::atoi(PQcmdTuples(result.get()));
  return changed;
}

void PgStatement::let_go() { session_.forget(*this); }

std::int64_t PgStatement::integer(int column) const {
  if (is_null(column)) return 0;
  return decode_integer(PQgetvalue(current(), row_, column + shift_), PQgetlength(current(), row_, column + shift_));
}

std::string_view PgStatement::bytes(int column) const {
  if (is_null(column)) return {};
  return {PQgetvalue(current(), row_, column + shift_), static_cast<std::size_t>(PQgetlength(current(), row_, column + shift_))};
}

// ---- the session

PgSession::PgSession(Target target, PGconn* borrowed)
    : target_(std::move(target)), link_{Handle(borrowed, CloseConnection{true}), true} {
  begin_session();
  in_transaction_ = settled_ = true;
}

PgSession::~PgSession() {
  if (!link_.handle.get_deleter().borrowed || !connected()) return;
  try {
    collect();
  } catch (const std::exception&) {
    // It is the owner's to see.
  }
  if (connected()) PQexitPipelineMode(handle());
}

void PgSession::begin_session() {
  prepared_.clear();
  in_transaction_ = settled_ = false;
  if (PQenterPipelineMode(handle()) != 1) {
    throw Error(ErrorCode::InvalidArgument, "the connection is in the middle of another command");
  }
  // What does not fit into the socket waits in memory, so that nobody waits for ever to send it.
  if (!link_.handle.get_deleter().borrowed) PQsetnonblocking(handle(), 1);
}

void PgSession::set_patience(std::chrono::milliseconds patience) {
  patience_ = patience;
  // libpq counts in seconds, and two is its least.
  target_.connect_timeout = std::max(std::chrono::seconds{2}, std::chrono::duration_cast<std::chrono::seconds>(patience));
}

Result PgSession::next_result() {
  const auto until = std::chrono::steady_clock::now() + patience_;
  while (PQisBusy(handle()) != 0) {
    const int unsent = PQflush(handle());
    if (unsent < 0) lose("using the database");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!os::wait_until_ready(PQsocket(handle()), unsent > 0, left)) {
      link_.handle.reset();
      pending_.clear();
      throw make_error("", "using the database", "the server has not answered for " + format_duration(patience_));
    }
    if (PQconsumeInput(handle()) != 1) lose("using the database");
  }
  return Result(PQgetResult(handle()));
}

void PgSession::reconnect() {
  link_.handle.reset();
  pending_.clear();
  link_ = connect(target_);
  begin_session();
}

sql::Use PgSession::use(std::string_view name) {
  const auto found = statements().find(name);
  if (found == statements().end()) throw Error(ErrorCode::Internal, "there is no SQL statement '" + std::string(name) + "'");
  auto& free = free_[&found->second];
  if (free.empty()) return sql::Use(all_.emplace_back(*this, found->second));
  auto* statement = free.back();
  free.pop_back();
  return sql::Use(*statement);
}

void PgSession::forget(PgStatement& statement) {
  if (statement.results_.size() < statement.expected_) {
    for (auto& p : pending_) {
      if (p.statement == &statement) p.statement = nullptr;
    }
  }
  statement.results_.clear();
  statement.expected_ = 0;
  free_[&statement.named_].push_back(&statement);
}

void PgSession::send(PgStatement& statement) {
  const auto& named = statement.named_;
  if (named.name == "rollback" && !in_transaction_) {
    statement.expected_ = 0;
    return;
  }
  if (!connected()) {
    if (in_transaction_) throw make_error("", "using the database", "the connection is gone");
    reconnect();
  }
  const bool begins = named.name.starts_with("begin");
  if (link_.pooled && !settled_ && !begins) send_settings();
  if (!link_.pooled && prepared_.insert(&named).second) {
    sent(PQsendPrepare(handle(), named.name.c_str(), named.text.c_str(), static_cast<int>(named.types.size()), named.types.data()),
         named);
    pending_.push_back({Sent::Prepare, &named, nullptr});
  }
  Parameters parameters;
  const std::span<const sql::Value> values(statement.values);
  if (values.size() != statement.rows * named.types.size()) {
    throw Error(ErrorCode::Internal, "SQL statement '" + named.name + "' is used with another number of parameters than it has");
  }
  for (std::size_t i = 0; i < statement.expected_; ++i) {
    if (named.many) {
      parameters.arrays(values, statement.rows, named.types);
    } else {
      parameters.scalars(values.subspan(i * named.types.size(), named.types.size()), named.types);
    }
    execute(named, parameters, &statement);
  }
  if (begins) {
    in_transaction_ = true;
    if (link_.pooled) send_settings();
  }
  if (named.name == "commit" || named.name == "rollback") in_transaction_ = settled_ = false;
}

void PgSession::execute(const Named& named, const Parameters& parameters, PgStatement* statement) {
  if (link_.pooled) {
    sent(PQsendQueryParams(handle(), named.text.c_str(), parameters.size(), named.types.data(), parameters.pointers(),
                           parameters.lengths(), parameters.formats(), 1),
         named);
  } else {
    sent(PQsendQueryPrepared(handle(), named.name.c_str(), parameters.size(), parameters.pointers(), parameters.lengths(),
                             parameters.formats(), 1),
         named);
  }
  pending_.push_back({Sent::Execute, &named, statement});
}

void PgSession::send_settings() {
  settled_ = true;
  execute(settings_, Parameters{}, nullptr);
}

void PgSession::sent(int ok, const Named& named) {
  if (ok != 1) lose("sending statement '" + named.name + "'");
}

void PgSession::lose(const std::string& action) {
  const auto text = message_of(handle());
  link_.handle.reset();
  pending_.clear();
  throw make_error("", action, text);
}

void PgSession::push() {
  if (!connected()) return;
  if (link_.pooled) {
    collect();
  } else {
    sync();
  }
}

void PgSession::sync() {
  if (PQpipelineSync(handle()) != 1 || PQflush(handle()) < 0) lose("using the database");
  pending_.push_back({Sent::Sync, nullptr, nullptr});
  // Statements without BEGIN are a transaction up to here.
  if (!in_transaction_) settled_ = false;
}

void PgSession::collect() {
  if (pending_.empty()) {
    if (!connected()) throw make_error("", "using the database", "the connection is gone");
    return;
  }
  if (pending_.back().kind != Sent::Sync) sync();
  ++round_trips_;
  std::optional<PgError> failure;
  while (!pending_.empty()) {
    const Pending p = pending_.front();
    Result result = next_result();
    if (!result) lose("using the database");
    pending_.pop_front();
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        continue;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        if (p.kind == Sent::Execute && p.statement != nullptr) p.statement->take(std::move(result));
        break;
      case PGRES_PIPELINE_ABORTED:
        if (p.kind == Sent::Prepare) prepared_.erase(p.named);
        break;
      default: {
        if (p.kind == Sent::Prepare) prepared_.erase(p.named);
        const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        // The server ends the connection with some words, and closes it a moment later.
        const bool bad = PQstatus(handle()) != CONNECTION_OK || (state != nullptr && ends_connection(state));
        if (!failure) {
          failure = make_error(state == nullptr || bad ? "" : state, "statement '" + p.named->name + "'",
                               PQresultErrorMessage(result.get()));
        }
        if (bad) {
          link_.handle.reset();
          pending_.clear();
          throw PgError(*failure);
        }
      }
    }
    result.reset();
    // Each answer ends with nothing.
    while (Result more = next_result()) {
    }
  }
  if (!failure) return;
  // A COMMIT behind the failed statement was not run.
  in_transaction_ = PQtransactionStatus(handle()) != PQTRANS_IDLE;
  settled_ = in_transaction_ && settled_;
  throw PgError(*failure);
}

void PgSession::abandon() noexcept {
  if (!in_transaction_) return;
  try {
    if (connected()) {
      try {
        collect();
      } catch (const PgError&) {
        // It is being given up.
      }
      if (connected()) use("rollback").bind().run();
    }
  } catch (const std::exception&) {
    // The connection is gone, and the transaction with it.
    link_.handle.reset();
    pending_.clear();
  }
  in_transaction_ = settled_ = false;
}

Transaction::Transaction(PgSession& session) : session_(session) { session_.use("begin").bind().defer(); }

Transaction::~Transaction() {
  if (!ended_) session_.abandon();
}

void Transaction::commit() {
  // An error of what was sent before comes out here, and not as one of the commit.
  session_.use("commit").bind().run();
  ended_ = true;
}

}  // namespace cloacina::store::postgres
