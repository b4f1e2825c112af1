#include "store/postgres/connection.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "store/postgres/encode.hpp"
#include "store/sql/statements.hpp"

namespace cloacina::store::postgres {

namespace {

constexpr int oldest_server = 130'000;

/// The types of `$1`, `$2`, …, each as the cast behind its first use says.
std::vector<Oid> types_of(std::string_view name, std::string_view text) {
  std::vector<Oid> types;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    std::size_t end = at + 1;
    std::size_t number = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9')
      number = number * 10 + static_cast<std::size_t>(text[end++] - '0');
    if (number <= types.size() && types[number - 1] != 0) continue;
    const auto rest = text.substr(end);
    constexpr std::array<std::pair<std::string_view, Oid>, 6> casts{{{"::bigint[]", int8_array_type},
                                                                     {"::text[]", text_array_type},
                                                                     {"::bytea[]", bytea_array_type},
                                                                     {"::bigint", int8_type},
                                                                     {"::text", text_type},
                                                                     {"::bytea", bytea_type}}};
    const auto cast = std::find_if(casts.begin(), casts.end(), [&](const auto& c) { return rest.starts_with(c.first); });
    if (number == 0 || cast == casts.end()) {
      throw Error(ErrorCode::Internal, "SQL statement '" + std::string(name) + "': a parameter has no cast at its first use");
    }
    types.resize(std::max(types.size(), number));
    types[number - 1] = cast->second;
  }
  return types;
}

/// Text of libpq without the password of the connection string.
std::string message_of(PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  if (const char* password = PQpass(connection); password != nullptr && *password != '\0') {
    const std::string_view secret(password);
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
  }
  return text;
}

/// Of an administrator, a crash, a shutdown, or of the connection itself.
bool ends_connection(std::string_view state) { return state.starts_with("57P0") || state.starts_with("08"); }

}  // namespace

const std::map<std::string_view, Named>& statements() {
  static const auto table = [] {
    std::map<std::string_view, Named> out;
    for (const auto& [head, text] : sql::parse_statements("postgres/statements")) {
      constexpr std::string_view mark = " (many)";
      const bool many = head.ends_with(mark);
      const auto name = many ? head.substr(0, head.size() - mark.size()) : head;
      out.emplace(name, Named{std::string(name), std::string(text), many, types_of(name, text)});
    }
    return out;
  }();
  return table;
}

Target target_of(const std::string& url, const OpenOptions& options) {
  Target target;
  target.options = options;
  target.conninfo = url;
  if (constexpr std::string_view prefix = "postgresql:"; url.starts_with(prefix) && !url.starts_with("postgresql://")) {
    target.conninfo = url.substr(prefix.size());
  }
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(target.conninfo.c_str(), &error),
                                                                              &PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> text(error, &PQfreemem);
  if (!parsed) {
    throw Error(ErrorCode::InvalidArgument,
                "the database's URL cannot be read: write postgresql://USER@HOST/NAME, or postgresql:KEY=VALUE …");
  }
  for (const auto* o = parsed.get(); o->keyword != nullptr; ++o) {
    const std::string_view key = o->keyword;
    if (o->val == nullptr || (key != "host" && key != "port" && key != "dbname" && key != "user" && key != "service")) continue;
    target.shown += (target.shown.empty() ? "" : " ") + std::string(key) + "=" + o->val;
  }
  if (target.shown.empty()) target.shown = "of the defaults";
  return target;
}

Handle connect(const Target& target) {
  // Before the user's own words, which win.
  const std::array<const char*, 11> keys{"connect_timeout",
                                         "gssencmode",
                                         "keepalives",
                                         "keepalives_idle",
                                         "keepalives_interval",
                                         "keepalives_count",
                                         "tcp_user_timeout",
                                         "fallback_application_name",
                                         "client_encoding",
                                         "dbname",
                                         nullptr};
  const std::array<const char*, 11> values{
      "10", "disable", "1", "10", "5", "3", "15000", "cloacina", "UTF8", target.conninfo.c_str(), nullptr};
  const std::string action = "connecting to the PostgreSQL database " + target.shown;
  Handle handle(PQconnectdbParams(keys.data(), values.data(), 1));
  if (!handle || PQstatus(handle.get()) != CONNECTION_OK) {
    throw make_error("", action, handle ? message_of(handle.get()) : "out of memory");
  }
  if (const int version = PQserverVersion(handle.get()); version < oldest_server) {
    throw Error(ErrorCode::Conflict,
                action + ": the server is PostgreSQL " + std::to_string(version / 10'000) + "; version 13 or newer is needed");
  }
  // Every statement of ours finds its rows by an index. A plan that was made when a table was small or not yet analysed is kept for
  // long, so others are not to be thought of.
  const auto patience = std::to_string(target.options.busy_timeout.count());
  std::string settings =
      "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off; SET "
      "lock_timeout = " +
      patience + "; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s';";
  if (target.options.durability == Durability::Normal) settings += " SET synchronous_commit = off;";
  const Result done(PQexec(handle.get(), settings.c_str()));
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) {
    const char* state = PQresultErrorField(done.get(), PG_DIAG_SQLSTATE);
    throw make_error(state == nullptr ? "" : state, action, message_of(handle.get()));
  }
  PQsetNoticeProcessor(
      handle.get(), [](void*, const char*) {}, nullptr);
  return handle;
}

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

void PgSession::begin_session() {
  prepared_.clear();
  in_transaction_ = false;
  if (PQenterPipelineMode(handle_.get()) != 1) throw Error(ErrorCode::Internal, "the connection has no pipeline mode");
}

void PgSession::reconnect() {
  handle_.reset();
  pending_.clear();
  handle_ = connect(target_);
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
  if (!handle_) {
    if (in_transaction_) throw make_error("", "using the database", "the connection is gone");
    reconnect();
  }
  if (prepared_.insert(&named).second) {
    sent(PQsendPrepare(handle_.get(), named.name.c_str(), named.text.c_str(), static_cast<int>(named.types.size()),
                       named.types.data()),
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
    sent(PQsendQueryPrepared(handle_.get(), named.name.c_str(), parameters.size(), parameters.pointers(), parameters.lengths(),
                             parameters.formats(), 1),
         named);
    pending_.push_back({Sent::Execute, &named, &statement});
  }
  if (named.name.starts_with("begin")) in_transaction_ = true;
  if (named.name == "commit" || named.name == "rollback") in_transaction_ = false;
}

void PgSession::sent(int ok, const Named& named) {
  if (ok != 1) lose("sending statement '" + named.name + "'");
}

void PgSession::lose(const std::string& action) {
  const auto text = message_of(handle_.get());
  handle_.reset();
  pending_.clear();
  throw make_error("", action, text);
}

void PgSession::push() {
  if (!handle_) return;
  if (PQpipelineSync(handle_.get()) != 1) lose("using the database");
  pending_.push_back({Sent::Sync, nullptr, nullptr});
}

void PgSession::collect() {
  if (pending_.empty()) {
    if (!handle_) throw make_error("", "using the database", "the connection is gone");
    return;
  }
  if (pending_.back().kind != Sent::Sync) push();
  ++round_trips_;
  std::optional<PgError> failure;
  while (!pending_.empty()) {
    const Pending p = pending_.front();
    Result result(PQgetResult(handle_.get()));
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
        const bool bad = PQstatus(handle_.get()) != CONNECTION_OK || (state != nullptr && ends_connection(state));
        if (!failure) {
          failure = make_error(state == nullptr || bad ? "" : state, "statement '" + p.named->name + "'",
                               PQresultErrorMessage(result.get()));
        }
        if (bad) {
          handle_.reset();
          pending_.clear();
          throw PgError(*failure);
        }
      }
    }
    result.reset();
    // Each answer ends with nothing.
    while (Result more{PQgetResult(handle_.get())}) {
    }
  }
  if (!failure) return;
  // A COMMIT behind the failed statement was not run.
  in_transaction_ = PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
  throw PgError(*failure);
}

void PgSession::abandon() noexcept {
  if (!in_transaction_) return;
  try {
    if (handle_) {
      try {
        collect();
      } catch (const PgError&) {
        // It is being given up.
      }
      if (handle_) {
        use("rollback").bind().run();
      }
    }
  } catch (const std::exception&) {
    // The connection is gone, and the transaction with it.
    handle_.reset();
    pending_.clear();
  }
  in_transaction_ = false;
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
