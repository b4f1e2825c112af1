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

/// Equal values hash alike, whatever kind of number holds them: 1 set by a program is the 1 read back from the database.
std::size_t hash_of(const Json& value) {
  const auto mix = [](std::size_t seed, std::size_t more) { return (seed ^ more) * 1099511628211ULL + 0x9e3779b97f4a7c15ULL; };
  std::size_t out = 0;
  if (value.is_number()) return std::hash<double>{}(value.get<double>());
  if (value.is_array()) {
    out = 1;
    for (const auto& element : value) out = mix(out, hash_of(element));
    return out;
  }
  if (value.is_object()) {
    out = 2;
    for (const auto& [key, member] : value.items()) out = mix(mix(out, std::hash<std::string>{}(key)), hash_of(member));
    return out;
  }
  return std::hash<Json>{}(value);
}

using Values = std::vector<const Json*>;

Json merge_arrays(const Values& values) {
  struct Hash {
    std::size_t operator()(const Json* j) const { return hash_of(*j); }
  };
  struct Equal {
    bool operator()(const Json* a, const Json* b) const { return *a == *b; }
  };
  std::unordered_set<const Json*, Hash, Equal> known;
  Json out = *values.front();
  for (const auto& element : *values.front()) known.insert(&element);
  for (std::size_t i = 1; i < values.size(); ++i) {
    for (const auto& element : *values[i]) {
      if (known.insert(&element).second) out.push_back(element);
    }
  }
  return out;
}

Json merge_all(const Values& values);

Json merge_objects(const Values& values) {
  std::map<std::string_view, Values> members;
  for (const Json* value : values) {
    for (const auto& [key, member] : value->get_ref<const Json::object_t&>()) members[key].push_back(&member);
  }
  Json out = Json::object();
  for (const auto& [key, list] : members) out.emplace(key, merge_all(list));
  return out;
}

/// Values of one key in their order, none of which had seen another. All at once, since pair by pair would copy what is merged so
/// far for each of them.
Json merge_all(const Values& values) {
  const Json& last = *values.back();
  if (!last.is_structured() || values.size() == 1) return last;
  // Something of another kind replaces all before it.
  const auto other = std::find_if(values.rbegin(), values.rend(), [&](const Json* v) { return v->type() != last.type(); });
  const Values alike(other.base(), values.end());
  return last.is_array() ? merge_arrays(alike) : merge_objects(alike);
}

}  // namespace

Json merge_values(const Json& earlier, const Json& later) { return merge_all({&earlier, &later}); }

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
    Values values;
    for (const auto& change : list) {
      if (change.value != nullptr && !seen.contains(change.task)) values.push_back(change.value);
    }
    if (values.empty()) {
      out.erase(std::string(key));
    } else {
      out.insert_or_assign(std::string(key), std::make_shared<const Json>(merge_all(values)));
    }
  }
  return out;
}

}  // namespace cloacina::core
