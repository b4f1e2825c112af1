#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/merge.hpp"
#include "store/records.hpp"

namespace cloacina::engine {

/// A context that is computed when a worker first needs it, and then shared. Thread-safe.
class LazyContext {
 public:
  virtual ~LazyContext() = default;
  /// *Throws* Error{Corrupt} when what is stored cannot be read.
  [[nodiscard]] std::shared_ptr<const ContextValues> get();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// An execution's input, as JSON text.
  [[nodiscard]] static std::shared_ptr<LazyContext> of_input(std::string text);
  /// What a task left behind: the context it was given and what it changed.
  [[nodiscard]] static std::shared_ptr<LazyContext> of_output(std::shared_ptr<LazyContext> given,
                                                              std::shared_ptr<const ContextValues> changes, std::size_t bytes);
  /// The merge of stored rows behind `heads`.
  [[nodiscard]] static std::shared_ptr<LazyContext> of_rows(std::shared_ptr<const core::Definition> definition,
                                                            std::vector<core::Position> heads, store::ContextRows rows);

 protected:
  explicit LazyContext(std::size_t bytes) : bytes_(bytes + 256) {}
  virtual ContextValues compute() = 0;

 private:
  std::mutex mutex_;
  std::shared_ptr<const ContextValues> values_;
  std::size_t bytes_;
};

/// Contexts kept at hand for tasks to come, so that a chain never reads back what it has just written. Bounded; what is not here is
/// read from the store. Owned by the loop.
class ContextCache {
 public:
  explicit ContextCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// What a task's context can be found under: the input for a root, the output of its only parent for a child. Tasks with several
  /// parents have none: their merge is theirs alone.
  struct Slot {
    store::ExecutionKey execution;
    std::int64_t parent;  ///< -1: the input
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  [[nodiscard]] static std::optional<Slot> slot_of(const core::Definition& definition, store::TaskKey task);

  /// Null when it is not here. Each call is one of the `uses`.
  [[nodiscard]] std::shared_ptr<LazyContext> take(const Slot& slot);
  /// Keeps a context for `uses` tasks, then lets it go.
  void put(const Slot& slot, std::shared_ptr<LazyContext> context, std::size_t uses);
  void drop(store::ExecutionKey execution);
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Kept {
    std::shared_ptr<LazyContext> context;
    std::size_t uses;
  };
  struct Entry {
    std::unordered_map<std::int64_t, Kept> contexts;
    std::size_t bytes = 0;
    std::list<store::ExecutionKey>::iterator age;
  };
  void erase(std::unordered_map<store::ExecutionKey, Entry>::iterator entry);

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<store::ExecutionKey, Entry> entries_;
  std::list<store::ExecutionKey> ages_;  // least recently used first
};

}  // namespace cloacina::engine
