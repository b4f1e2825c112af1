#include "core/definition.hpp"

#include <algorithm>
#include <queue>

#include "core/definition_json.hpp"
#include "core/hash.hpp"

namespace cloacina::core {

std::optional<Position> Definition::find(std::string_view task) const {
  const auto it = by_name.find(std::string(task));
  if (it == by_name.end()) return std::nullopt;
  return it->second;
}

std::shared_ptr<const Definition> finish(Definition d) {
  const std::size_t n = d.tasks.size();
  d.dependents.assign(n, {});
  d.rank.assign(n, 0);
  d.order.clear();
  d.roots.clear();
  d.leaves.clear();
  d.by_name.clear();
  std::vector<std::size_t> waiting(n);
  std::priority_queue<Position, std::vector<Position>, std::greater<>> ready;
  for (Position t = 0; t < n; ++t) {
    d.by_name.emplace(d.tasks[t].name, t);
    waiting[t] = d.tasks[t].after.size();
    for (const Position parent : d.tasks[t].after) d.dependents[parent].push_back(t);
    if (waiting[t] == 0) {
      ready.push(t);
      d.roots.push_back(t);
    }
  }
  while (!ready.empty()) {
    const Position t = ready.top();
    ready.pop();
    d.rank[t] = static_cast<std::uint32_t>(d.order.size());
    d.order.push_back(t);
    for (const Position child : d.dependents[t]) {
      if (--waiting[child] == 0) ready.push(child);
    }
  }
  for (Position t = 0; t < n; ++t) {
    if (d.dependents[t].empty()) d.leaves.push_back(t);
  }
  d.only_commands = n > 0 && std::all_of(d.tasks.begin(), d.tasks.end(), [](const auto& t) { return !t.command.is_null(); });
  if (d.text.empty()) d.text = to_json(d).dump();
  d.version = content_hash(d.text);
  return std::make_shared<const Definition>(std::move(d));
}

std::vector<Position> find_cycle(const std::vector<std::vector<Position>>& after) {
  enum class Mark : char { New, Open, Done };
  std::vector<Mark> mark(after.size(), Mark::New);
  std::vector<std::pair<Position, std::size_t>> path;  // a task and which of its dependencies comes next
  for (Position root = 0; root < after.size(); ++root) {
    if (mark[root] != Mark::New) continue;
    path.emplace_back(root, 0);
    mark[root] = Mark::Open;
    while (!path.empty()) {
      auto& [task, next] = path.back();
      if (next == after[task].size()) {
        mark[task] = Mark::Done;
        path.pop_back();
        continue;
      }
      const Position parent = after[task][next++];
      if (mark[parent] == Mark::New) {
        mark[parent] = Mark::Open;
        path.emplace_back(parent, 0);
      } else if (mark[parent] == Mark::Open) {
        std::vector<Position> cycle{parent};
        for (auto it = path.rbegin(); it->first != parent; ++it) cycle.push_back(it->first);
        cycle.push_back(parent);
        return cycle;
      }
    }
  }
  return {};
}

namespace {
template <class Next>
std::vector<bool> reach(std::size_t size, Position from, const Next& next) {
  std::vector<bool> seen(size, false);
  std::vector<Position> stack{from};
  while (!stack.empty()) {
    const Position t = stack.back();
    stack.pop_back();
    for (const Position other : next(t)) {
      if (!seen[other]) {
        seen[other] = true;
        stack.push_back(other);
      }
    }
  }
  return seen;
}
}  // namespace

std::vector<bool> ancestors(const Definition& d, Position task) {
  return reach(d.tasks.size(), task, [&](Position t) -> const std::vector<Position>& { return d.tasks[t].after; });
}

std::vector<bool> descendants(const Definition& d, Position task) {
  return reach(d.tasks.size(), task, [&](Position t) -> const std::vector<Position>& { return d.dependents[t]; });
}

}  // namespace cloacina::core
