#include "conformance/sqlite_backend.hpp"

#include "conformance/audit.hpp"
#include "os/temp_dir.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::test {

namespace {

class SqliteAudit final : public SqlAuditedDatabase {
 public:
  explicit SqliteAudit(const std::string& url) : connection_(url.substr(7), {.read_only = true}) {}
  store::sql::Session& session() override { return connection_; }
  std::optional<std::int64_t> integer(const std::string& sql) override { return connection_.integer(sql); }

 private:
  store::sqlite::Connection connection_;
};

}  // namespace

Backend sqlite_backend() {
  return {"sqlite",
          [] {
            auto folder = std::make_shared<os::test::TempDir>();
            return FreshDatabase{"sqlite:" + (*folder / "test.db").string(), folder};
          },
          [](const FreshDatabase& fresh) {
            SqliteAudit database(fresh.url);
            return audit(database);
          }};
}

}  // namespace cloacina::test
