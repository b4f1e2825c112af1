#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "store/sql/session.hpp"

namespace cloacina::store::sql {

/// Who of the registered runners lives: by what the backend has for it.
class Liveness {
 public:
  virtual ~Liveness() = default;
  /// Registered runners that have died. Inside a turn's transaction; a backend keeps others from taking the same ones.
  [[nodiscard]] virtual std::vector<RunnerKey> find_dead(Session& session, Timestamp now) = 0;
  /// All that a dead runner held was taken back, and it was signed off.
  virtual void forget(RunnerKey runner) = 0;
  /// By what it tells that a runner has died.
  [[nodiscard]] virtual std::string_view sign_of_death() const = 0;
};

/// Of a client that takes nothing back from the dead.
class NoLiveness final : public Liveness {
 public:
  std::vector<RunnerKey> find_dead(Session& /*session*/, Timestamp /*now*/) override { return {}; }
  void forget(RunnerKey /*runner*/) override {}
  [[nodiscard]] std::string_view sign_of_death() const override { return {}; }
};

/// What a reader cannot learn from the statements that the backends share.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// Of a row of the statement `runners`.
  [[nodiscard]] virtual bool lives(RunnerKey runner, std::optional<Timestamp> lease_until) = 0;
  /// Whether another connection changed the database since the last call.
  [[nodiscard]] virtual bool changed_by_others(Session& session) = 0;
};

}  // namespace cloacina::store::sql
