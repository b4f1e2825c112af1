#include <algorithm>

#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

namespace {

/// With more definitions than these it is asked first which of them have work.
constexpr std::size_t asked_at_once_max = 4;

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
  return batch_.claim->any_commands && definitions_.get(session_, definition)->only_commands;
}

std::vector<Turn::Candidate> Turn::queue_head(int limit) {
  std::vector<DefinitionKey> sources;
  if (!batch_.claim->any_commands && batch_.claim->definitions.size() <= asked_at_once_max) {
    sources = batch_.claim->definitions;
  } else {
    {
      auto use = session_.use("ready_definitions");
      while (use.step()) sources.push_back(use.integer(0));
    }
    std::erase_if(sources, [&](DefinitionKey definition) { return !knows(definition); });
  }
  std::vector<Candidate> head;
  if (sources.empty()) return head;
  auto use = session_.use("ready");
  for (const auto definition : sources) use.add(definition, limit);
  while (use.step()) head.push_back({use.integer(1), use.time(2), task_of(use.integer(0)), nullptr, true});
  if (sources.size() > 1) std::sort(head.begin(), head.end(), Earlier{});
  if (head.size() > static_cast<std::size_t>(limit)) {
    head.resize(static_cast<std::size_t>(limit));
    result_.left_ready = true;
  }
  return head;
}

void Turn::claim() {
  {
    // A runner that was taken for dead claims nothing: nobody would take it back. It hears of it when it renews its lease.
    auto use = session_.use("may_claim");
    if (!use.bind(batch_.claim->runner).step()) return;
  }
  if (batch_.claim->last_chance && batch_.claim->limit > 0) claim_last_chance();
  const int limit = batch_.claim->limit - static_cast<int>(result_.claimed.size());
  if (limit <= 0) return;
  const auto head = queue_head(limit);
  std::stable_sort(candidates_.begin(), candidates_.end(), Earlier{});
  std::size_t from_queue = 0;
  std::size_t at_hand = 0;
  std::vector<Candidate> left;
  std::vector<std::pair<Candidate, bool>> chosen;  // and whether it comes from the queue
  while (static_cast<int>(chosen.size()) < limit) {
    const bool hand = at_hand < candidates_.size();
    const bool queued = from_queue < head.size();
    if (!hand && !queued) break;
    if (queued && (!hand || Earlier{}(head[from_queue], candidates_[at_hand]))) {
      chosen.emplace_back(head[from_queue++], true);
    } else if (knows(candidates_[at_hand].execution->definition_key)) {
      chosen.emplace_back(candidates_[at_hand++], false);
    } else {
      left.push_back(candidates_[at_hand++]);
    }
  }
  left.insert(left.end(), candidates_.begin() + static_cast<std::ptrdiff_t>(at_hand), candidates_.end());
  candidates_ = std::move(left);
  take(std::move(chosen));
}

void Turn::claim_last_chance() {
  std::optional<std::int64_t> found;
  {
    auto use = session_.use("last_chance");
    while (!found && use.step()) {
      if (knows(use.integer(1))) found = use.integer(0);
    }
  }
  if (!found) return;
  {
    auto use = session_.use("take_last_chance");
    if (!use.bind(*found).step()) return;
  }
  take({{Candidate{0, {}, task_of(*found), nullptr, true}, true}});
  result_.claimed.back().last_chance = true;
}

void Turn::take(std::vector<std::pair<Candidate, bool>> chosen) {
  if (chosen.empty()) return;
  const std::size_t first = result_.claimed.size();
  auto queued = session_.use("claim_queued");
  auto renewed = session_.use("claim_new");
  auto fresh = session_.use("claim_first");
  auto peek = session_.use("peek_execution");
  std::vector<std::size_t> of_queued;
  std::vector<std::size_t> of_renewed;
  std::vector<std::size_t> of_peek;
  const RunnerKey runner = batch_.claim->runner;
  for (const auto& [c, from_queue] : chosen) {
    const std::size_t index = result_.claimed.size();
    auto& claimed = result_.claimed.emplace_back();
    claimed.task = c.task;
    claimed.fence = 1;
    const std::int64_t row = row_of(c.task);
    if (from_queue) {
      queued.add(row, runner, now_);
      of_queued.push_back(index);
    } else if (c.has_row) {
      renewed.add(row, c.execution->definition_key, c.rank, c.due_at, runner, now_);
      of_renewed.push_back(index);
    } else {
      fresh.add(row, c.execution->definition_key, c.rank, c.due_at, runner, now_);
    }
    if (touched(c.task.execution) == nullptr) {
      peek.add(c.task.execution);
      of_peek.push_back(index);
    }
  }
  // All are on their way before the first is waited for.
  fresh.defer();
  if (!of_queued.empty()) queued.send();
  if (!of_renewed.empty()) renewed.send();
  if (!of_peek.empty()) peek.send();
  const auto read = [&](Use& use, const std::vector<std::size_t>& indices) {
    std::size_t rows = 0;
    for (; !indices.empty() && use.step(); ++rows) {
      auto& claimed = result_.claimed[indices[use.input()]];
      claimed.fence = use.integer(0);
      claimed.number = static_cast<int>(use.integer(1));
      claimed.failures = static_cast<int>(use.integer(2));
    }
    if (rows != indices.size()) throw Error(ErrorCode::Corrupt, "a queued task has no row");
  };
  read(queued, of_queued);
  read(renewed, of_renewed);
  std::set<ExecutionKey> begun;
  for (std::size_t rows = 0; !of_peek.empty(); ++rows) {
    if (!peek.step()) {
      if (rows == of_peek.size()) break;
      throw Error(ErrorCode::Corrupt, "the database has tasks of an execution that is not there");
    }
    auto& claimed = result_.claimed[of_peek[peek.input()]];
    claimed.id = id_of(peek.blob(0));
    claimed.definition = peek.integer(1);
    claimed.retried = peek.integer(2) != 0;
    if (static_cast<ExecutionStatus>(peek.integer(3)) == ExecutionStatus::Pending) begun.insert(claimed.task.execution);
  }
  for (std::size_t i = first; i < result_.claimed.size(); ++i) {
    auto& claimed = result_.claimed[i];
    auto* e = touched(claimed.task.execution);
    if (e == nullptr) {
      (void)definitions_.get(session_, claimed.definition);  // nobody could run it otherwise
      continue;
    }
    claimed.id = e->id;
    claimed.definition = e->definition_key;
    claimed.retried = e->retried;
    if (e->status != ExecutionStatus::Pending) continue;
    e->status = ExecutionStatus::Running;
    e->started = true;
    begun.insert(e->key);
  }
  auto start = session_.use("start_execution");
  for (const auto key : begun) start.add(key, now_);
  start.defer();
}

}  // namespace cloacina::store::sql
