#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "delay_proxy.hpp"
#include "store/sql/session.hpp"

namespace cloacina::bench {

enum class StoreKind { Sqlite, Postgres };

[[nodiscard]] inline std::string to_string(StoreKind kind) { return kind == StoreKind::Sqlite ? "sqlite" : "postgres"; }

/// The kinds that can be measured here: a server only when the environment names one (CLOACINA_TEST_POSTGRES).
[[nodiscard]] std::vector<StoreKind> kinds();

/// Databases that are empty and go away: files of a folder beside the build, or schemas of a server.
class Scratch {
 public:
  explicit Scratch(StoreKind kind = StoreKind::Sqlite);
  /// Schemas of the server, which is as far away as a round trip of `delay` is.
  explicit Scratch(std::chrono::microseconds delay);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  [[nodiscard]] StoreKind kind() const { return kind_; }
  /// As a runner takes it.
  [[nodiscard]] std::string url(const std::string& name);
  /// A connection for our own statements; the tables are there.
  [[nodiscard]] std::unique_ptr<store::sql::Session> session(const std::string& name, bool durable = true);
  /// *Requires* Sqlite.
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }

 private:
  StoreKind kind_;
  std::filesystem::path folder_;
  std::vector<std::string> schemas_;
  std::unique_ptr<DelayProxy> proxy_;
};

}  // namespace cloacina::bench
