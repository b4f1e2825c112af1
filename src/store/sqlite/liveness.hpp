#pragma once

#include <algorithm>
#include <filesystem>
#include <vector>

#include "os/lock_file.hpp"
#include "store/records.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::store::sqlite {

/// Who lives: each runner holds the byte of the lock file that its key names, until its process ends, however it ends.
class Liveness {
 public:
  explicit Liveness(const std::filesystem::path& lock_file) : locks_(lock_file) {}

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
  void refresh(Connection& connection) {
    others_.clear();
    auto use = connection.use("open_runners");
    while (use.step()) {
      const RunnerKey key = use.integer(0);
      if (std::find(own_.begin(), own_.end(), key) == own_.end()) others_.push_back(key);
    }
  }
  /// Registered runners whose process is gone. A system call each, no query.
  [[nodiscard]] std::vector<RunnerKey> dead() const {
    std::vector<RunnerKey> out;
    std::copy_if(others_.begin(), others_.end(), std::back_inserter(out), [&](RunnerKey r) { return !locks_.is_locked(r); });
    return out;
  }
  void forget(RunnerKey runner) { std::erase(others_, runner); }
  [[nodiscard]] bool company() const { return !others_.empty(); }

 private:
  os::LockFile locks_;
  std::vector<RunnerKey> own_;
  std::vector<RunnerKey> others_;
};

}  // namespace cloacina::store::sqlite
