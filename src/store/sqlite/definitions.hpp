#pragma once

#include <mutex>
#include <unordered_map>

#include "store/records.hpp"
#include "store/sqlite/connection.hpp"

namespace cloacina::store::sqlite {

/// The parsed definitions of one database, read once each. Thread-safe; definitions never change.
class Definitions {
 public:
  /// *Throws* Error{Corrupt} when there is no such definition, or it cannot be read.
  [[nodiscard]] std::shared_ptr<const Definition> get(Connection& connection, DefinitionKey key) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = known_.find(key); it != known_.end()) return it->second;
    }
    auto use = connection.use("definition_by_key");
    if (!use.bind(key).step()) throw Error(ErrorCode::Corrupt, "the database has no workflow definition " + std::to_string(key));
    auto definition = core::definition_from_text(use.text(0));
    const std::lock_guard lock(mutex_);
    return known_.emplace(key, std::move(definition)).first->second;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<DefinitionKey, std::shared_ptr<const Definition>> known_;
};

}  // namespace cloacina::store::sqlite
