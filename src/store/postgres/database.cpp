#include "store/postgres/database.hpp"

#include "store/postgres/schema.hpp"
#include "store/sql/reader.hpp"

namespace cloacina::store::postgres {

namespace {

/// A reader goes by the leases.
class PgSurroundings final : public sql::Surroundings {
 public:
  PgSurroundings(PgSession& session, bool callers_clock) : session_(session), callers_clock_(callers_clock) {}

  bool lives(RunnerKey /*runner*/, std::optional<Timestamp> lease_until) override {
    if (callers_clock_) return lease_until > Timestamp{};
    auto use = session_.use("clock");
    return use.step() && lease_until > use.time(0);
  }
  bool changed_by_others(sql::Session& session) override {
    auto use = session.use("data_version");
    if (!use.step()) return false;
    const auto now = use.integer(0);
    return std::exchange(seen_, now) != now;
  }

 private:
  PgSession& session_;
  bool callers_clock_;
  std::int64_t seen_ = 0;
};

}  // namespace

PgDatabase::PgDatabase(const std::string& url, const OpenOptions& options) : target_(target_of(url, options)) {
  PlainSession session(target_);
  migrate(session, false);
  const std::string action = "opening database " + target_.shown;
  schema_ = session.text("SELECT current_schema()", action).value_or("");
  path_ = session.text("SELECT quote_ident(current_schema())", action).value_or("");
  identity_ = session.text("SELECT current_database() || ' ' || min(applied_at) FROM cloacina_migration", action).value_or("");
}

std::unique_ptr<Store> PgDatabase::store() { return make_store(target_, definitions_); }

std::unique_ptr<Reader> PgDatabase::reader() {
  auto session = std::make_unique<PgSession>(target_);
  auto surroundings = std::make_unique<PgSurroundings>(*session, target_.options.callers_clock);
  return sql::make_reader(std::move(session), std::move(surroundings), definitions_);
}

std::unique_ptr<ChangeWatch> PgDatabase::watch() { return make_watch(target_); }
std::vector<Finding> PgDatabase::doctor() { return doctor_database(target_); }

}  // namespace cloacina::store::postgres
