#pragma once

#include <mutex>
#include <unordered_map>

#include "cloacina/error.hpp"
#include "store/sql/session.hpp"

namespace cloacina::store::sql {

/// The task at a position that was stored. *Throws* Error{Corrupt} when the workflow has none there.
[[nodiscard]] inline const core::TaskDefinition& task_at(const Definition& definition, std::int64_t position) {
  if (position < 0 || position >= static_cast<std::int64_t>(definition.tasks.size())) {
    throw Error(ErrorCode::Corrupt, "the database has a task " + std::to_string(position) + " of workflow '" + definition.name +
                                        "', which has only " + std::to_string(definition.tasks.size()) +
                                        "; 'cloacinactl doctor' names what is damaged");
  }
  return definition.tasks[static_cast<std::size_t>(position)];
}

/// The parsed definitions of one database, read once each. Thread-safe; definitions never change.
class Definitions {
 public:
  /// *Throws* Error{Corrupt} when there is no such definition, or it cannot be read.
  [[nodiscard]] std::shared_ptr<const Definition> get(Session& session, DefinitionKey key) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = known_.find(key); it != known_.end()) return it->second;
    }
    auto use = session.use("definition_by_key");
    if (!use.bind(key).step()) throw Error(ErrorCode::Corrupt, "the database has no workflow definition " + std::to_string(key));
    auto definition = core::definition_from_text(use.text(0));
    const std::lock_guard lock(mutex_);
    return known_.emplace(key, std::move(definition)).first->second;
  }

  /// The key of a workflow that has been registered; it never changes.
  [[nodiscard]] std::int64_t workflow_of(Session& session, DefinitionKey definition, const std::string& name) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = workflows_.find(definition); it != workflows_.end()) return it->second;
    }
    auto use = session.use("workflow_by_name");
    if (!use.bind(name).step()) throw Error(ErrorCode::Corrupt, "the database has no workflow " + name);
    const std::lock_guard lock(mutex_);
    return workflows_.emplace(definition, use.integer(0)).first->second;
  }

  /// Forgets everything: a transaction is not going to be committed, and what it stored may be known here by a key that another
  /// definition gets. *Requires* that the transaction has not ended yet.
  void forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
    workflows_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<DefinitionKey, std::shared_ptr<const Definition>> known_;
  std::unordered_map<DefinitionKey, std::int64_t> workflows_;
};

}  // namespace cloacina::store::sql
