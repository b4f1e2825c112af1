#pragma once

#include <algorithm>
#include <filesystem>
#include <vector>

#include "os/lock_file.hpp"
#include "store/sql/liveness.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::store::sqlite {

/// Who lives: each runner holds the byte of the lock file that its key names, until its process ends, however it ends.
class LockLiveness final : public sql::Liveness {
 public:
  explicit LockLiveness(const std::filesystem::path& lock_file) : locks_(lock_file) {}

  /// *Throws* Error{Internal} when somebody holds the byte of a new runner.
  void live(RunnerKey runner) {
    if (!locks_.try_lock(runner)) throw Error(ErrorCode::Internal, "the lock of a new runner is held by another");
    own_.push_back(runner);
  }
  void leave(RunnerKey runner) {
    locks_.unlock(runner);
    std::erase(own_, runner);
  }
  /// Reads who is registered.
  void refresh(sql::Session& session) {
    others_.clear();
    auto use = session.use("open_runners");
    while (use.step()) {
      const RunnerKey key = use.integer(0);
      if (std::find(own_.begin(), own_.end(), key) == own_.end()) others_.push_back(key);
    }
  }
  std::vector<RunnerKey> find_dead(sql::Session& session, Timestamp /*now*/) override {
    refresh(session);
    std::vector<RunnerKey> out;
    std::copy_if(others_.begin(), others_.end(), std::back_inserter(out), [&](RunnerKey r) { return !locks_.is_locked(r); });
    return out;
  }
  void forget(RunnerKey runner) override { std::erase(others_, runner); }
  [[nodiscard]] std::string_view sign_of_death() const override { return "its process has ended"; }
  /// Whether the process of a registered runner is gone. A system call each, no query.
  [[nodiscard]] bool somebody_died() const {
    return std::any_of(others_.begin(), others_.end(), [&](RunnerKey r) { return !locks_.is_locked(r); });
  }
  [[nodiscard]] bool company() const { return !others_.empty(); }

 private:
  os::LockFile locks_;
  std::vector<RunnerKey> own_;
  std::vector<RunnerKey> others_;
};

}  // namespace cloacina::store::sqlite
