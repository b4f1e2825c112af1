#include "runner/lanes.hpp"

#include <algorithm>
#include <thread>

#include "cron/system_zones.hpp"
#include "os/process.hpp"

namespace cloacina::runner {

namespace {

/// Between a runner's id and the number of a lane; the first one has none.
constexpr char lane_mark = '#';

engine::LaneOptions options_of(const Lanes::Setup& setup, int lane) {
  const auto& o = setup.options;
  engine::LaneOptions out;
  auto& e = out.engine;
  e.workers = o.workers / o.lanes + (lane < o.workers % o.lanes ? 1 : 0);
  e.prefetch_max = o.prefetch_max;
  e.written_off_max = o.written_off_max;
  e.stop_grace = o.stop_grace;
  e.heartbeat = o.heartbeat;
  e.context_bytes_max = o.context_bytes_max;
  e.context_cache_bytes = o.context_cache_bytes / static_cast<std::size_t>(o.lanes);
  e.any_commands = o.run_stored_commands;
  e.zones = cron::system_zones_state();
  e.seed = o.seed != 0 ? o.seed + static_cast<std::uint64_t>(lane) : os::random_seed();
  e.boots = lane == 0;
  e.transactions = setup.transactions;
  out.heartbeat = o.heartbeat;
  out.log = o.log;
  out.on_finished = setup.on_finished;
  out.on_change_by_others = setup.on_change_by_others;
  return out;
}

}  // namespace

Lanes::Lanes(const Setup& setup, const std::vector<engine::RegisterRequest>& registered) {
  store::RunnerRecord record;
  const auto id = ExecutionId::generate().to_string();
  record.host = os::host_name();
  record.pid = static_cast<int>(os::process_id());
  record.name = setup.options.name.empty() ? record.host + "/" + std::to_string(record.pid) : setup.options.name;
  record.any_commands = setup.options.run_stored_commands;
  record.started_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  for (int i = 0; i < setup.options.lanes; ++i) {
    auto options = options_of(setup, i);
    record.id = i == 0 ? id : id + lane_mark + std::to_string(i + 1);
    record.workers = options.engine.workers;
    auto store = setup.database.store();
    options.engine.runner = store->open_runner(record);
    auto inbox = std::make_shared<engine::Inbox>(setup.options.inbox_max);
    for (const auto& r : registered) inbox->add(r);
    auto lane =
        std::make_unique<engine::Lane>(std::move(store), setup.database.watch(), inbox, std::move(options), setup.materialise);
    lanes_.push_back({std::move(inbox), std::move(lane)});
  }
}

void Lanes::add(const engine::RegisterRequest& request) {
  for (auto& one : lanes_) one.inbox->add(request);
}

std::shared_ptr<engine::Inbox> Lanes::next() { return lanes_[turn_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()].inbox; }

void Lanes::hurry(engine::Steady deadline) {
  for (auto& one : lanes_) one.lane->hurry(deadline);
}

engine::Lane::Left Lanes::stop(engine::Steady deadline) {
  std::vector<engine::Lane::Left> left(lanes_.size());
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < lanes_.size(); ++i) {
      others.emplace_back([&, i] { left[i] = lanes_[i].lane->stop(deadline); });
    }
    left[0] = lanes_[0].lane->stop(deadline);
  }
  for (std::size_t i = 1; i < left.size(); ++i) {
    left[0].items.insert(left[0].items.end(), left[i].items.begin(), left[i].items.end());
    left[0].threads = left[0].threads || left[i].threads;
  }
  return std::move(left[0]);
}

Runner::Stats Lanes::stats() const {
  Runner::Stats sum;
  sum.draining = true;
  for (const auto& one : lanes_) {
    const auto s = one.lane->stats();
    sum.turns += s.turns;
    sum.tasks += s.tasks;
    sum.submitted += s.submitted;
    sum.running += one.lane->running();
    sum.written_off += s.written_off;
    sum.draining = sum.draining && s.draining;
  }
  return sum;
}

std::vector<RunnerInfo> without_lanes(std::vector<RunnerInfo> rows) {
  std::vector<RunnerInfo> out;
  for (auto& row : rows) {
    row.id = row.id.substr(0, row.id.find(lane_mark));
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const RunnerInfo& r) { return r.id == row.id && r.alive == row.alive; });
    if (same == out.end()) {
      out.push_back(std::move(row));
      continue;
    }
    same->workers += row.workers;
    same->written_off += row.written_off;
    same->heartbeat_at = std::min(same->heartbeat_at, row.heartbeat_at);
    same->holds.insert(same->holds.end(), std::make_move_iterator(row.holds.begin()), std::make_move_iterator(row.holds.end()));
  }
  return out;
}

}  // namespace cloacina::runner
