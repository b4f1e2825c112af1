#pragma once

#include <memory>
#include <set>

#include "store/memory/statement.hpp"

namespace cloacina::store::memory {

/// What the connections of one database share.
struct Shared {
  Contents contents;
  bool leases = false;                    ///< runners live by leases, not by their Store
  std::set<RunnerKey> living;             ///< those whose Store is there
  const MemorySession* writer = nullptr;  ///< who has a transaction that writes
  std::int64_t commits = 0;               ///< that changed something
  bool refuses_commit = false;            ///< the next commit that has something to keep fails
  bool keeps_changes = false;
  std::set<ExecutionKey> changed;  ///< executions whose rows were changed; kept when `keeps_changes`
};

/// One connection to a database in memory. All connections of a database are used by one thread, and one of them at a time has a
/// transaction that writes.
class MemorySession final : public sql::Session {
 public:
  explicit MemorySession(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  MemorySession(const MemorySession&) = delete;
  MemorySession& operator=(const MemorySession&) = delete;
  ~MemorySession() override { roll_back(); }

  /// *Throws* Error{Internal} for a name that is none.
  [[nodiscard]] sql::Use use(std::string_view name) override;

  /// *Throws* Error{Unavailable} when another connection writes.
  void begin();
  void commit();
  /// Takes back what this connection's transaction did; nothing when it has none.
  void roll_back();

  /// Grows with every commit of another connection that changed something.
  [[nodiscard]] std::int64_t commits_of_others() const { return shared_->commits - own_commits_; }
  [[nodiscard]] Shared& shared() const { return *shared_; }

 private:
  std::shared_ptr<Shared> shared_;
  std::unordered_map<std::string_view, std::unique_ptr<MemoryStatement>> statements_;
  std::int64_t own_commits_ = 0;
};

/// A transaction that is rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(MemorySession& session) : session_(session) { session_.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() { session_.roll_back(); }
  void commit() { session_.commit(); }

 private:
  MemorySession& session_;
};

/// All statements by name.
[[nodiscard]] const std::unordered_map<std::string_view, void (*)(Call&)>& statements();

}  // namespace cloacina::store::memory
