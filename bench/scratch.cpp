#include "scratch.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "store/postgres/schema.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace cloacina::bench {

namespace {

std::string server() {
  const char* url = std::getenv("CLOACINA_TEST_POSTGRES");
  return url == nullptr ? "" : url;
}

void on_server(const std::string& sql) {
  store::postgres::PlainSession(store::postgres::target_of(server(), {})).execute(sql, "preparing a benchmark");
}

}  // namespace

std::vector<StoreKind> kinds() {
  if (server().empty()) return {StoreKind::Sqlite};
  return {StoreKind::Sqlite, StoreKind::Postgres};
}

Scratch::Scratch(StoreKind kind) : kind_(kind) {
  if (kind == StoreKind::Postgres) return;
  // Beside the build, not in /tmp: that may be memory, and a durable commit must reach a disk.
  std::string name = std::string(CLOACINA_BENCH_FOLDER) + "/scratch-XXXXXX";
  std::filesystem::create_directories(CLOACINA_BENCH_FOLDER);
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  folder_ = name;
}

Scratch::Scratch(std::chrono::microseconds delay) : kind_(StoreKind::Postgres) {
  const auto url = server();
  const auto begin = url.find("host=") + 5;
  proxy_ = std::make_unique<DelayProxy>(url.substr(begin, url.find('&', begin) - begin), delay);
}

Scratch::~Scratch() {
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
  for (const auto& schema : schemas_) on_server("DROP SCHEMA " + schema + " CASCADE");
}

std::string Scratch::url(const std::string& name) {
  if (kind_ == StoreKind::Sqlite) return "sqlite:" + file(name);
  std::string schema = "b" + std::to_string(::getpid()) + "_" + name;
  std::replace(schema.begin(), schema.end(), '.', '_');
  if (std::find(schemas_.begin(), schemas_.end(), schema) == schemas_.end()) {
    on_server("DROP SCHEMA IF EXISTS " + schema + " CASCADE; CREATE SCHEMA " + schema);
    schemas_.push_back(schema);
  }
  auto where = server();
  if (proxy_) {
    const auto begin = where.find("host=") + 5;
    where.replace(begin, where.find('&', begin) - begin, proxy_->folder());
  }
  return where + "&options=-csearch_path%3D" + schema;
}

std::unique_ptr<store::sql::Session> Scratch::session(const std::string& name, bool durable) {
  const store::OpenOptions options{.durability = durable ? Durability::Full : Durability::Normal};
  const auto where = url(name);
  (void)store::migrate(where, false);
  if (kind_ == StoreKind::Postgres) {
    return std::make_unique<store::postgres::PgSession>(store::postgres::target_of(where, options));
  }
  auto connection = std::make_unique<store::sqlite::Connection>(file(name), store::sqlite::Connection::Options{});
  connection->execute(std::string("PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000; PRAGMA synchronous = ") +
                      (durable ? "FULL" : "NORMAL"));
  return connection;
}

}  // namespace cloacina::bench
