#include "conformance/postgres_backend.hpp"

#include "conformance/audit.hpp"
#include "postgres/fresh_schema.hpp"
#include "store/postgres/connection.hpp"

namespace cloacina::test {

namespace {

class PostgresAudit final : public SqlAuditedDatabase {
 public:
  explicit PostgresAudit(const std::string& url) : session_(store::postgres::target_of(url, {})), raw_(url) {}
  store::sql::Session& session() override { return session_; }
  std::optional<std::int64_t> integer(const std::string& sql) override {
    const auto text = raw_.run(sql);
    return text.empty() ? std::nullopt : std::optional<std::int64_t>(std::stoll(text));
  }

 private:
  store::postgres::PgSession session_;
  RawConnection raw_;
};

std::vector<std::string> audit_schema(const std::string& url) {
  // Some tests ask after every step; a connection costs more than the answer.
  static std::string last;
  static std::unique_ptr<PostgresAudit> database;
  if (std::exchange(last, url) != url) database = std::make_unique<PostgresAudit>(url);
  return audit(*database);
}

}  // namespace

Backend postgres_backend() {
  return {"postgres",
          [] {
            auto schema = std::make_shared<FreshSchema>();
            return FreshDatabase{schema->url(), schema};
          },
          [](const FreshDatabase& fresh) { return audit_schema(fresh.url); }};
}

Backend pooled_backend() {
  return {"pooled",
          [] {
            auto schema = std::make_shared<FreshSchema>();
            return FreshDatabase{pooler_url(), schema, schema->name()};
          },
          [](const FreshDatabase& fresh) { return audit_schema(std::static_pointer_cast<FreshSchema>(fresh.keep)->url()); }};
}

}  // namespace cloacina::test
