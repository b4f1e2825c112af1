#include "store/postgres/lost_commit.hpp"

#include <thread>

namespace cloacina::store::postgres {

namespace {

/// A commit that is still going on is waited for so often, so long each time.
constexpr int looks_max = 100;
constexpr std::chrono::milliseconds look_gap{20};

template <class T>
void put_first(std::vector<T>& to, std::vector<T>& from) {
  from.insert(from.end(), std::make_move_iterator(to.begin()), std::make_move_iterator(to.end()));
  to = std::move(from);
}

}  // namespace

void LostCommit::Answers::merge_into(BatchResult& result) {
  std::vector<Applied> outcomes;
  auto next = result.outcomes.begin();
  for (const bool done : settled) outcomes.push_back(done ? Applied::Yes : *next++);
  result.outcomes = std::move(outcomes);
  put_first(result.claimed, carried.claimed);
  put_first(result.finished, carried.finished);
  put_first(result.lost, carried.lost);
  put_first(result.quarantined, carried.quarantined);
  result.released += carried.released;
}

void LostCommit::remember(std::string number, const Batch& batch, BatchResult result) {
  number_ = std::move(number);
  runner_ = batch.runner;
  outcomes_.clear();
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    outcomes_.emplace(std::pair{batch.outcomes[i].task, batch.outcomes[i].fence}, result.outcomes[i]);
  }
  result_ = std::move(result);
}

bool LostCommit::find_out(PgSession& session) {
  try {
    session.abandon();
    for (int look = 0; look < looks_max; ++look) {
      auto use = session.use("transaction_status");
      if (!use.bind(number_).step()) return false;
      const bool ended = use.text(0) != "in progress";
      // NULL: so long ago that only its mark can tell.
      const bool committed = use.is_null(0) || use.text(0) == "committed";
      if (ended) {
        committed_ = committed && has_left_its_mark(session);
        return true;
      }
      std::this_thread::sleep_for(look_gap);
    }
  } catch (const Error&) {
    // Not now.
  }
  return false;
}

bool LostCommit::has_left_its_mark(PgSession& session) const {
  // One is enough: they were written together, or not at all.
  for (const auto& [claim, applied] : outcomes_) {
    if (applied != Applied::Yes) continue;
    auto use = session.use("load_task");
    // A claim that still runs has no outcome.
    return !use.bind(sql::row_of(claim.first)).step() || static_cast<State>(use.integer(0)) != State::Running ||
           use.integer(1) != claim.second;
  }
  for (const auto& claimed : result_.claimed) {
    auto use = session.use("claim_of_task");
    // A fence that is larger was taken after it; the same one may be somebody else's.
    return use.bind(sql::row_of(claimed.task)).step() &&
           (use.integer(0) > claimed.fence || (use.integer(0) == claimed.fence && use.integer(1) == runner_));
  }
  for (const auto& submitted : result_.submissions) {
    if (submitted.applied != Applied::Yes) continue;
    auto use = session.use("find_execution");
    return use.bind(submitted.id.bytes()).step();
  }
  // What else a turn does is done again without harm, or is found to be done.
  return true;
}

bool LostCommit::forget() {
  number_.clear();
  return committed_;
}

std::optional<LostCommit::Answers> LostCommit::settle(PgSession& session, const Batch& next) {
  if (!find_out(session)) {
    throw make_error("", "finding out what became of the last commit", "the server cannot be asked yet");
  }
  if (!forget()) return std::nullopt;
  Answers answers;
  answers.rest = next;
  answers.rest.outcomes.clear();
  for (const auto& o : next.outcomes) {
    const auto it = outcomes_.find({o.task, o.fence});
    const bool done = it != outcomes_.end() && it->second == Applied::Yes;
    answers.settled.push_back(done);
    if (!done) answers.rest.outcomes.push_back(o);
  }
  answers.carried = std::move(result_);
  return answers;
}

}  // namespace cloacina::store::postgres
