#include <algorithm>

#include "store/sqlite/turn.hpp"

namespace cloacina::store::sqlite {

namespace {

struct Earlier {
  template <class C>
  bool operator()(const C& a, const C& b) const {
    return std::tie(a.rank, a.due_at, a.task) < std::tie(b.rank, b.due_at, b.task);
  }
};

}  // namespace

bool Turn::knows(DefinitionKey definition) {
  const auto& known = batch_.claim->definitions;
  if (std::binary_search(known.begin(), known.end(), definition)) return true;
  return batch_.claim->any_commands && definitions_.get(connection_, definition)->only_commands;
}

std::vector<Turn::Candidate> Turn::queue_head(int limit) {
  std::vector<Candidate> head;
  int sources = 0;
  for (DefinitionKey definition = 0;;) {
    {
      auto use = connection_.use("next_ready_definition");
      if (!use.bind(definition).step()) break;
      definition = use.integer(0);
    }
    if (!knows(definition)) continue;
    ++sources;
    auto use = connection_.use("ready");
    use.bind(definition, limit);
    while (use.step()) head.push_back({use.integer(1), use.time(2), task_of(use.integer(0)), nullptr, true});
  }
  if (sources > 1) std::sort(head.begin(), head.end(), Earlier{});
  if (head.size() > static_cast<std::size_t>(limit)) head.resize(static_cast<std::size_t>(limit));
  return head;
}

void Turn::claim() {
  if (batch_.claim->last_chance && batch_.claim->limit > 0) claim_last_chance();
  const int limit = batch_.claim->limit - static_cast<int>(result_.claimed.size());
  if (limit <= 0) return;
  const auto head = queue_head(limit);
  std::stable_sort(candidates_.begin(), candidates_.end(), Earlier{});
  std::size_t from_queue = 0;
  std::size_t at_hand = 0;
  std::vector<Candidate> left;
  for (int taken = 0; taken < limit;) {
    const bool hand = at_hand < candidates_.size();
    const bool queued = from_queue < head.size();
    if (!hand && !queued) break;
    if (queued && (!hand || Earlier{}(head[from_queue], candidates_[at_hand]))) {
      take(head[from_queue++], true);
      ++taken;
    } else if (knows(candidates_[at_hand].execution->definition_key)) {
      take(candidates_[at_hand++], false);
      ++taken;
    } else {
      left.push_back(candidates_[at_hand++]);
    }
  }
  left.insert(left.end(), candidates_.begin() + static_cast<std::ptrdiff_t>(at_hand), candidates_.end());
  candidates_ = std::move(left);
}

void Turn::claim_last_chance() {
  std::optional<Candidate> found;
  {
    auto use = connection_.use("last_chance");
    while (!found && use.step()) {
      if (knows(use.integer(1))) found = Candidate{0, {}, task_of(use.integer(0)), nullptr, true};
    }
  }
  if (!found) return;
  take(*found, true);
  result_.claimed.back().last_chance = true;
}

void Turn::take(const Candidate& c, bool queued) {
  auto& e = touch(c.task.execution);
  ClaimedTask claimed{.task = c.task, .id = e.id, .definition = e.definition_key, .retried = e.retried};
  const auto read = [&](Use& use) {
    if (!use.step()) throw Error(ErrorCode::Corrupt, "a queued task has no row");
    claimed.fence = use.integer(0);
    claimed.number = static_cast<int>(use.integer(1));
    claimed.failures = static_cast<int>(use.integer(2));
  };
  const std::int64_t row = row_of(c.task);
  if (queued) {
    auto use = connection_.use("claim_queued");
    read(use.bind(row, batch_.claim->runner, batch_.now));
  } else if (c.has_row) {
    auto use = connection_.use("claim_new");
    read(use.bind(row, e.definition_key, c.rank, c.due_at, batch_.claim->runner, batch_.now));
  } else {
    connection_.use("claim_first").bind(row, e.definition_key, c.rank, c.due_at, batch_.claim->runner, batch_.now).run();
    claimed.fence = 1;
  }
  if (e.status == ExecutionStatus::Pending) {
    connection_.use("start_execution").bind(e.key, batch_.now).run();
    e.status = ExecutionStatus::Running;
    e.started = true;
  }
  result_.claimed.push_back(claimed);
}

void Turn::queue(const Candidate& c, State state, std::optional<Timestamp> wake_at) {
  connection_.use("queue_task")
      .bind(row_of(c.task), static_cast<int>(state), c.execution->definition_key, c.rank, c.due_at, wake_at)
      .run();
}

}  // namespace cloacina::store::sqlite
