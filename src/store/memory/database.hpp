#pragma once

#include <functional>
#include <memory>

#include "store/memory/session.hpp"
#include "store/sql/definitions.hpp"
#include "store/store.hpp"

namespace cloacina::store::memory {

struct Options {
  /// None: a runner lives as long as the Store that opened it, as on SQLite. Otherwise it lives by a lease of that length, by the
  /// clock of the batches, as on a server; a Store that is destroyed ends the leases of its runners.
  std::optional<std::chrono::milliseconds> lease{};
  /// The clock that decides, as a server's; none: the caller's does.
  std::function<Timestamp()> clock{};
  bool keeps_changes = false;  ///< executions that were changed are kept for `take_changed`
};

/// A database in the memory of this process, under the turn that all backends share: what tests and simulations run on. It is gone
/// with its object. It is not thread-safe: one thread uses it and all of its connections. One of them at a time has a transaction
/// that writes; what another would begin meanwhile is refused with Error{Unavailable}. A Store that is destroyed without
/// `close_runner` is a runner that died. There is nothing to wait for: watches have no descriptor.
class MemoryDatabase final : public Database {
 public:
  explicit MemoryDatabase(const Options& options);

  [[nodiscard]] std::unique_ptr<Store> store() override;
  [[nodiscard]] std::unique_ptr<Reader> reader() override;
  [[nodiscard]] std::unique_ptr<ChangeWatch> watch() override;
  [[nodiscard]] std::vector<Finding> doctor() override;
  /// *Throws* Error{InvalidArgument}: nobody else has a connection to it.
  BatchResult apply_in(const UserConnection& connection, const Batch& batch) override;

  /// Another object for the same database, as another process would have.
  [[nodiscard]] std::unique_ptr<MemoryDatabase> again() const;
  /// A connection of its own, to look behind the store.
  [[nodiscard]] std::unique_ptr<MemorySession> session() { return std::make_unique<MemorySession>(shared_); }
  /// The rows, as committed while nobody has a transaction open.
  [[nodiscard]] const Contents& contents() const { return shared_->contents; }
  /// The next commit that changes something fails at its end, as on a disk that is full: everything is taken back.
  void refuse_next_commit(bool refuse = true) { shared_->refuses_commit = refuse; }
  /// Executions that commits have changed since the last call. *Requires* `Options::keeps_changes`.
  [[nodiscard]] std::set<ExecutionKey> take_changed() { return std::exchange(shared_->changed, {}); }

 private:
  Options options_;
  std::shared_ptr<Shared> shared_;
  sql::Definitions definitions_;
};

[[nodiscard]] std::unique_ptr<MemoryDatabase> open(const Options& options = {});

}  // namespace cloacina::store::memory
