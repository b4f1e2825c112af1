#include "core/merge.hpp"

#include <algorithm>
#include <unordered_set>

namespace cloacina::core {

namespace {

/// The heads and all their ancestors, dependencies first, each at its first visit in declared order.
std::vector<Position> visit(const Definition& d, std::span<const Position> heads) {
  std::vector<Position> out;
  std::vector<bool> seen(d.tasks.size(), false);
  std::vector<std::pair<Position, std::size_t>> path;
  for (const Position head : heads) {
    if (seen[head]) continue;
    seen[head] = true;
    path.emplace_back(head, 0);
    while (!path.empty()) {
      auto& [task, next] = path.back();
      const auto& after = d.tasks[task].after;
      if (next == after.size()) {
        out.push_back(task);
        path.pop_back();
        continue;
      }
      const Position parent = after[next++];
      if (!seen[parent]) {
        seen[parent] = true;
        path.emplace_back(parent, 0);
      }
    }
  }
  return out;
}

struct Change {
  Position task;
  const Json* value;  // null: removed
};

/// Marks the strict ancestors of a set of tasks; reused for many keys without clearing.
class Seen {
 public:
  explicit Seen(const Definition& d) : definition_(d), stamp_(d.tasks.size(), 0) {}

  void mark_ancestors(const std::vector<Change>& changes) {
    ++now_;
    std::uint32_t lowest = definition_.rank[changes.front().task];
    for (const auto& c : changes) lowest = std::min(lowest, definition_.rank[c.task]);
    for (const auto& c : changes) stack_.push_back(c.task);
    while (!stack_.empty()) {
      const Position t = stack_.back();
      stack_.pop_back();
      for (const Position parent : definition_.tasks[t].after) {
        if (stamp_[parent] == now_ || definition_.rank[parent] < lowest) continue;
        stamp_[parent] = now_;
        stack_.push_back(parent);
      }
    }
  }
  [[nodiscard]] bool contains(Position task) const { return stamp_[task] == now_; }

 private:
  const Definition& definition_;
  std::vector<std::uint32_t> stamp_;
  std::vector<Position> stack_;
  std::uint32_t now_ = 0;
};

void append_unique(Json& out, const Json& more) {
  struct Hash {
    std::size_t operator()(const Json* j) const { return std::hash<Json>{}(*j); }
  };
  struct Equal {
    bool operator()(const Json* a, const Json* b) const { return *a == *b; }
  };
  // Collected first, added after: growing `out` would move the elements that `known` points to.
  std::vector<const Json*> fresh;
  std::unordered_set<const Json*, Hash, Equal> known;
  for (const auto& element : out) known.insert(&element);
  for (const auto& element : more) {
    if (known.insert(&element).second) fresh.push_back(&element);
  }
  for (const Json* element : fresh) out.push_back(*element);
}

}  // namespace

Json merge_values(const Json& earlier, const Json& later) {
  if (earlier.is_array() && later.is_array()) {
    Json out = earlier;
    append_unique(out, later);
    return out;
  }
  if (earlier.is_object() && later.is_object()) {
    Json out = earlier;
    for (const auto& [key, value] : later.items()) {
      const auto it = out.find(key);
      if (it == out.end()) {
        out.emplace(key, value);
      } else {
        *it = merge_values(*it, value);
      }
    }
    return out;
  }
  return later;
}

ContextValues merge(const Definition& d, const ContextValues& input, std::span<const Position> heads,
                    const ChangesByTask& changes) {
  ContextValues out = input;
  std::map<std::string_view, std::vector<Change>> contested;
  std::map<std::string_view, std::pair<Position, const std::shared_ptr<const Json>*>> first;
  for (const Position task : visit(d, heads)) {
    const auto it = changes.find(task);
    if (it == changes.end() || !it->second) continue;
    for (const auto& [key, value] : *it->second) {
      const auto [entry, fresh] = first.try_emplace(key, task, &value);
      if (fresh) continue;
      auto& list = contested[key];
      if (list.empty()) list.push_back({entry->second.first, entry->second.second->get()});
      list.push_back({task, value.get()});
    }
  }
  for (const auto& [key, change] : first) {
    if (contested.contains(key)) continue;
    if (*change.second) {
      out.insert_or_assign(std::string(key), *change.second);
    } else {
      out.erase(std::string(key));
    }
  }
  Seen seen(d);
  for (const auto& [key, list] : contested) {
    seen.mark_ancestors(list);
    std::optional<Json> merged;
    for (const auto& change : list) {
      if (change.value == nullptr || seen.contains(change.task)) continue;
      merged = merged ? merge_values(*merged, *change.value) : *change.value;
    }
    if (merged) {
      out.insert_or_assign(std::string(key), std::make_shared<const Json>(std::move(*merged)));
    } else {
      out.erase(std::string(key));
    }
  }
  return out;
}

}  // namespace cloacina::core
