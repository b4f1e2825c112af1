#include <algorithm>

#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

namespace {

/// With more definitions than these it is asked first which of them have work.
constexpr std::size_t asked_at_once_max = 4;
/// The limit of `last_chance`.
constexpr int chances_at_once = 100;

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

std::optional<Use> Turn::ask_queue(int limit) {
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
  if (sources.empty()) return std::nullopt;
  auto use = session_.use("ready");
  for (const auto definition : sources) use.add(definition, limit);
  use.send();
  return use;
}

std::vector<Turn::Candidate> Turn::queue_head(std::optional<Use> queue, int limit) {
  std::vector<Candidate> head;
  if (!queue) return head;
  while (queue->step()) {
    head.push_back({queue->integer(1), queue->time(2), task_of(queue->integer(0)), nullptr, true});
  }
  // Each definition's are in order.
  if (!std::is_sorted(head.begin(), head.end(), Earlier{})) std::sort(head.begin(), head.end(), Earlier{});
  if (head.size() > static_cast<std::size_t>(limit)) {
    head.resize(static_cast<std::size_t>(limit));
    result_.left_ready = true;
  }
  return head;
}

bool Turn::may_ask_ahead() const {
  if (!batch_.claim || batch_.claim->limit <= 0 || batch_.claim->any_commands) return false;
  const bool others = batch_.renew || batch_.release_dead || batch_.timers || !batch_.controls.empty() ||
                      !batch_.schedules.empty() || !batch_.firings.empty();
  return !others && batch_.claim->definitions.size() <= asked_at_once_max &&
         std::all_of(batch_.outcomes.begin(), batch_.outcomes.end(),
                     [](const AttemptOutcome& o) { return o.kind == AttemptOutcome::Kind::Completed; });
}

void Turn::ask_for_claims() {
  // All three are on their way before the first is waited for.
  asked_.emplace(Asked{session_.use("may_claim"), {}, {}});
  asked_->may.bind(batch_.claim->runner).send();
  if (batch_.claim->last_chance) asked_->chances.emplace(session_.use("last_chance")).bind(0).send();
  if (auto queue = ask_queue(batch_.claim->limit)) asked_->queue.emplace(std::move(*queue));
}

void Turn::claim() {
  const auto& request = *batch_.claim;
  if (request.limit <= 0) return;
  if (!asked_) ask_for_claims();
  Asked asked = std::move(*asked_);
  asked_.reset();
  // A runner that was taken for dead claims nothing: nobody would take it back. It hears of it when it renews its lease.
  if (!asked.may.step()) return;
  std::vector<std::pair<Candidate, bool>> chosen;  // and whether it comes from the queue
  if (asked.chances) {
    if (const auto last = last_chance(asked.chances)) chosen.emplace_back(*last, true);
  }
  const bool has_last_chance = !chosen.empty();
  const auto head = queue_head(std::move(asked.queue), request.limit - static_cast<int>(chosen.size()));
  std::stable_sort(candidates_.begin(), candidates_.end(), Earlier{});
  std::size_t from_queue = 0;
  std::size_t at_hand = 0;
  std::vector<Candidate> left;
  while (static_cast<int>(chosen.size()) < request.limit) {
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
  if (has_last_chance) result_.claimed.front().last_chance = true;
}

std::optional<Turn::Candidate> Turn::last_chance(std::optional<Use>& chances) {
  std::optional<std::int64_t> found;
  for (;;) {
    int seen = 0;
    DefinitionKey definition = 0;
    for (; !found && chances->step(); ++seen) {
      definition = chances->integer(1);
      if (knows(definition)) found = chances->integer(0);
    }
    chances.reset();
    if (found || seen < chances_at_once) break;
    // They are in the order of their definitions: of the next ones some may be known here.
    chances.emplace(session_.use("last_chance")).bind(definition + 1).send();
  }
  if (!found) return std::nullopt;
  auto use = session_.use("take_last_chance");
  if (!use.bind(*found).step()) return std::nullopt;
  return Candidate{0, {}, task_of(*found), nullptr, true};
}

void Turn::take(std::vector<std::pair<Candidate, bool>> chosen) {
  if (chosen.empty()) return;
  Claiming c{session_.use("claim_queued"), session_.use("claim_new"), session_.use("peek_execution"), {}, {}, {}, {}};
  auto fresh = session_.use("claim_first");
  const RunnerKey runner = batch_.claim->runner;
  for (const auto& [candidate, from_queue] : chosen) {
    const std::size_t index = result_.claimed.size();
    auto& claimed = result_.claimed.emplace_back();
    claimed.task = candidate.task;
    claimed.fence = 1;
    const std::int64_t row = row_of(candidate.task);
    if (from_queue) {
      c.queued.add(row, runner, now_);
      c.of_queued.push_back(index);
    } else if (candidate.has_row) {
      c.renewed.add(row, candidate.execution->definition_key, candidate.rank, candidate.due_at, runner, now_);
      c.of_renewed.push_back(index);
    } else {
      fresh.add(row, candidate.execution->definition_key, candidate.rank, candidate.due_at, runner, now_);
    }
    auto* e = touched(candidate.task.execution);
    if (e == nullptr) {
      c.peek.add(candidate.task.execution);
      c.of_peek.push_back(index);
      continue;
    }
    claimed.id = e->id;
    claimed.definition = e->definition_key;
    claimed.retried = e->retried;
    if (e->status != ExecutionStatus::Pending) continue;
    e->status = ExecutionStatus::Running;
    e->started = true;
    c.begun.insert(e->key);
  }
  // All are on their way before the first is waited for, and what the turn asks at its end too.
  fresh.defer();
  if (!c.of_queued.empty()) c.queued.send();
  if (!c.of_renewed.empty()) c.renewed.send();
  if (!c.of_peek.empty()) c.peek.send();
  claiming_.emplace(std::move(c));
}

void Turn::finish_claims() {
  if (!claiming_) return;
  auto& c = *claiming_;
  const auto read = [&](Use& use, const std::vector<std::size_t>& indices) {
    std::size_t rows = 0;
    for (; !indices.empty() && use.step(); ++rows) {
      auto& claimed = result_.claimed[indices[use.input()]];
      claimed.fence = use.integer(0);
      claimed.number = static_cast<int>(use.integer(1));
      claimed.failures = static_cast<int>(use.integer(2));
      if (!use.is_null(4)) claimed.deferred = use.text(4);
    }
    if (rows != indices.size()) throw Error(ErrorCode::Corrupt, "a queued task has no row");
  };
  read(c.queued, c.of_queued);
  read(c.renewed, c.of_renewed);
  std::size_t rows = 0;
  for (; !c.of_peek.empty() && c.peek.step(); ++rows) {
    auto& claimed = result_.claimed[c.of_peek[c.peek.input()]];
    claimed.id = id_of(c.peek.blob(0));
    claimed.definition = c.peek.integer(1);
    claimed.retried = c.peek.integer(2) != 0;
    if (static_cast<ExecutionStatus>(c.peek.integer(3)) == ExecutionStatus::Pending) c.begun.insert(claimed.task.execution);
  }
  if (rows != c.of_peek.size()) throw Error(ErrorCode::Corrupt, "the database has tasks of an execution that is not there");
  // Nobody could run it otherwise.
  std::shared_ptr<const Definition> definition;
  DefinitionKey of = 0;
  for (const auto& claimed : result_.claimed) {
    if (std::exchange(of, claimed.definition) != claimed.definition) definition = definitions_.get(session_, claimed.definition);
    (void)task_at(*definition, claimed.task.position);
  }
  auto start = session_.use("start_execution");
  for (const auto key : c.begun) start.add(key, now_);
  start.defer();
}

}  // namespace cloacina::store::sql
