#pragma once

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace cloacina::test {

/// The server that the run of the tests has started; no test runs without it.
inline std::string server_url() {
  if (const char* url = std::getenv("CLOACINA_TEST_POSTGRES"); url != nullptr && *url != '\0') return url;
  std::string url;
  // Programs of the build are in its folder bin.
  const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  std::ifstream file(build / "postgres.url");
  std::getline(file, url);
  if (url.empty()) {
    throw std::runtime_error("there is no PostgreSQL server: run the tests with ctest, or with 'tools/pg_server.py run -- …'");
  }
  return url;
}

/// The server's folder, where its socket is.
inline std::string server_folder() {
  const auto url = server_url();
  const auto begin = url.find("host=") + 5;
  return url.substr(begin, url.find('&', begin) - begin);
}

/// The pooler before it.
inline std::string pooler_url() { return "postgresql:///postgres?host=" + server_folder() + "/pooled&user=cloacina"; }

/// A connection for what tests do behind the store's back.
class RawConnection {
 public:
  explicit RawConnection(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    (void)run("SET client_min_messages = warning");
  }
  /// The first column of the first row; empty when there is none.
  std::string run(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_.get(), sql.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
  [[nodiscard]] PGconn* handle() const { return connection_.get(); }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

/// A schema of its own; it goes away with the object.
class FreshSchema {
 public:
  FreshSchema() {
    static std::atomic<int> made{0};
    name_ = "t_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
    RawConnection(server_url()).run("DROP SCHEMA IF EXISTS " + name_ + " CASCADE; CREATE SCHEMA " + name_);
  }
  FreshSchema(const FreshSchema&) = delete;
  FreshSchema& operator=(const FreshSchema&) = delete;
  ~FreshSchema() {
    try {
      RawConnection(server_url()).run("DROP SCHEMA " + name_ + " CASCADE");
    } catch (const std::exception&) {
      // The server has gone, and the schema with it.
    }
  }
  [[nodiscard]] std::string url() const {
    return server_url() + "&options=-csearch_path%3D" + name_ + "&application_name=" + name_;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace cloacina::test
