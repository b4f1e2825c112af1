// Schedules in a turn: which are due, what that puts into the batch, and when to look again.
#include <algorithm>

#include "engine/engine.hpp"
#include "engine/schedules.hpp"

namespace cloacina::engine {

namespace {

/// Schedules of one turn, and slots of all of them together: a turn stays short, and others' work is not held up. The first turn of
/// many that are due is the shortest: how long their tasks take, and so how many to claim, is known before most of them have fired.
/// While more fire than can be claimed they take turns with what runs; when all are claimed at once, fewer turns are better.
constexpr int schedules_first = 16;
constexpr int schedules_beside_tasks = 64;
constexpr int schedules_max = 256;
constexpr int slots_max = 512;
constexpr int slots_of_one_max = 100;

}  // namespace

void Engine::rezone(std::string zones) {
  options_.zones = std::move(zones);
  rezone_after_ = 0;
  read_schedules_.clear();
}

void Engine::plan_schedules(store::Batch& batch, const Now& now, Effects& effects) {
  if (draining_) return;
  const auto rezoned = rezone_after_;
  try {
    if (!booting_.empty() || !reboot_again_.empty()) plan_reboots(batch);
    if (rezone_after_) plan_rezones(batch, now);
    if (!next_slot_ || *next_slot_ > now.utc) return;
    const auto due = store_.due_schedules(now.utc, schedules_at_once_);
    if (due.rows.empty()) look_ = true;  // another runner was faster: when is the next?
    const int each = std::clamp(slots_max / std::max(static_cast<int>(due.rows.size()), 1), 1, slots_of_one_max);
    for (const auto& row : due.rows) batch.schedules.push_back(plan_schedule(row, due.now, each, options_.zones, read_schedules_));
  } catch (const Error& e) {
    batch.schedules.clear();
    reboots_.clear();
    rezone_after_ = rezoned;
    effects.trouble = e.what();
  }
}

void Engine::plan_reboots(store::Batch& batch) {
  reboots_.clear();
  const auto add = [&](const store::ScheduleRow& row, Timestamp at) {
    reboots_.push_back({row.name, at});
    batch.schedules.push_back(plan_reboot(row, at));
  };
  for (const auto& boot : booting_) {
    for (const auto& row : store_.reboot_schedules({&boot.name, 1})) add(row, boot.at);
  }
  for (const auto& boot : reboot_again_) {
    if (const auto row = store_.find_schedule(boot.name); row && row->reboot) add(*row, boot.at);
  }
  if (reboots_.empty()) {
    booting_.clear();
    reboot_again_.clear();
  }
}

void Engine::plan_rezones(store::Batch& batch, const Now& now) {
  const auto rows = store_.schedules_of_other_zones(options_.zones, *rezone_after_, schedules_max);
  for (const auto& row : rows) {
    rezone_after_ = row.key;
    // What is due is planned with the new rules anyway.
    if (!row.next_run_at || *row.next_run_at > now.utc) batch.schedules.push_back(plan_rezone(row, now.utc, options_.zones));
  }
  if (rows.empty()) rezone_after_.reset();
}

void Engine::settle_schedules(const store::BatchResult& result, const store::Batch& batch, const Now& now, Effects& effects) {
  if (!reboots_.empty()) {
    // They came first. One that somebody changed meanwhile has not been fired.
    booting_.clear();
    reboot_again_.clear();
    for (std::size_t i = 0; i < reboots_.size(); ++i) {
      if (result.schedules[i] != store::Applied::Yes) reboot_again_.push_back(reboots_[i]);
    }
    reboots_.clear();
  }
  if (!batch.schedules.empty()) {
    const bool all_claimed = batch.claim && static_cast<int>(result.claimed.size()) < batch.claim->limit;
    const bool more = static_cast<int>(batch.schedules.size()) >= schedules_at_once_;
    schedules_at_once_ =
        more ? std::min(2 * schedules_at_once_, all_claimed ? schedules_max : schedules_beside_tasks) : schedules_first;
  }
  if (batch.timers || !batch.schedules.empty()) next_slot_ = by_own_clock(result.next_slot, result, now);
  if (draining_) return;
  if (rezone_after_ || !reboot_again_.empty() || (next_slot_ && *next_slot_ <= now.utc)) effects.again = true;
}

}  // namespace cloacina::engine
