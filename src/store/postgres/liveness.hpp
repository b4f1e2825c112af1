#pragma once

#include <set>

#include "store/sql/liveness.hpp"

namespace cloacina::store::postgres {

/// Who lives: each runner has a lease by the server's clock, which it renews.
class LeaseLiveness final : public sql::Liveness {
 public:
  std::vector<RunnerKey> find_dead(sql::Session& session, Timestamp now) override {
    std::vector<RunnerKey> out;
    auto use = session.use("dead_runners");
    use.bind(now);
    while (use.step()) out.push_back(use.integer(0));
    return out;
  }
  void forget(RunnerKey /*runner*/) override { known = false; }
  [[nodiscard]] std::string_view sign_of_death() const override { return "its lease has ended"; }

  std::set<RunnerKey> own;
  bool company = false;  ///< others are registered,
  bool died = false;     ///< and the lease of one of them has ended,
  bool known = false;    ///< as it was when it was last asked
};

}  // namespace cloacina::store::postgres
