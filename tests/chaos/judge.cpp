#include "chaos/judge.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "chaos/effects.hpp"
#include "cloacina/cloacina.hpp"

namespace cloacina::chaos {

namespace {

class Judge {
 public:
  Judge(const std::string& url, const std::filesystem::path& folder) : url_(url), folder_(folder), database_({.database = url}) {}

  int judge() {
    read_ledger();
    look_at_executions();
    look_at_submissions();
    look_at_effects();
    look_at_slots();
    for (const auto& id : lines_of(folder_ / "mixed")) complain("ran with the code of two versions: " + id);
    for (const auto& [task, fences] : ledger_) complain("ran, and nobody knows of it: " + task);
    std::cout << executions_ << " executions, " << attempts_ << " attempts, " << crashed_ << " crashed, " << failed_ << " failed, "
              << slots_ << " slots, " << complaints_ << " faults\n";
    return complaints_ == 0 ? 0 : 1;
  }

 private:
  void complain(const std::string& text) {
    if (++complaints_ <= 20) std::cerr << "fault: " << text << '\n';
  }

  void read_ledger() {
    for (const auto& line : lines_of(folder_ / "ledger")) {
      std::istringstream words(line);
      std::string execution;
      std::string task;
      std::int64_t fence = 0;
      words >> execution >> task >> fence;
      ledger_[execution + " " + task].push_back(fence);
    }
  }

  void look_at_executions() {
    ListFilter filter{.limit = 1'000};
    do {
      const auto page = database_.list(filter);
      for (const auto& row : page.executions) look_at(database_.get(row.id));
      filter.page = page.next;
    } while (filter.page);
  }

  void look_at(const Execution& e) {
    ++executions_;
    const auto id = e.id.to_string();
    if (e.key) by_key_.emplace(*e.key, id);
    if (e.slot) ran_slots_.emplace(*e.slot, id);
    if (!e.completed()) complain(id + " is " + std::string(to_string(e.status)) + ": " + e.error.value_or(""));
    for (const auto& task : e.tasks) look_at(e, task);
  }

  void look_at(const Execution& e, const TaskState& task) {
    const auto where = e.id.to_string() + " " + task.name;
    std::set<std::int64_t> fences;
    int crashes = 0;
    for (const auto& attempt : task.attempts) {
      ++attempts_;
      crashes += attempt.status == AttemptStatus::Crashed ? 1 : 0;
      failed_ += attempt.status == AttemptStatus::Failed ? 1 : 0;
      if (!fences.insert(attempt.fence).second)
        complain(where + " has two attempts with the fence " + std::to_string(attempt.fence));
      const bool last = &attempt == &task.attempts.back();
      if ((attempt.status == AttemptStatus::Completed) != last) {
        complain(where + " has an attempt that is " + std::string(to_string(attempt.status)) + " as its number " +
                 std::to_string(attempt.number) + " of " + std::to_string(task.attempts.size()));
      }
    }
    crashed_ += crashes;
    if (task.crashes != crashes)
      complain(where + " counts " + std::to_string(task.crashes) + " crashes, and has " + std::to_string(crashes));
    if (task.attempts.empty()) return complain(where + " has no attempt");
    const auto recorded = task.attempts.back().fence;
    if (e.context.value(task.name, std::int64_t{-1}) != recorded)
      complain(where + " left a context of another attempt than was recorded");
    if (task.name == "b") return;  // its ledger is in the database
    const auto ran = ledger_.extract(where);
    if (!ran) return complain(where + " is recorded, and never ran");
    std::set<std::int64_t> seen;
    for (const auto fence : ran.mapped()) {
      if (!seen.insert(fence).second) complain(where + " ran twice with the fence " + std::to_string(fence));
      if (!fences.contains(fence)) complain(where + " ran with a fence that no attempt has: " + std::to_string(fence));
    }
    if (!seen.contains(recorded)) complain(where + " is recorded with a fence that never ran");
  }

  void look_at_submissions() {
    const auto keys = lines_of(folder_ / "keys");
    const std::set<std::string> wanted(keys.begin(), keys.end());
    if (by_key_.size() != wanted.size()) {
      complain(std::to_string(wanted.size()) + " keys were submitted, and there are " + std::to_string(by_key_.size()));
    }
    for (const auto& line : lines_of(folder_ / "submitted")) {
      const auto space = line.find(' ');
      const auto found = by_key_.find(line.substr(0, space));
      if (found == by_key_.end()) {
        complain("a submission that had answered is lost: " + line);
      } else if (found->second != line.substr(space + 1)) {
        complain("a key has another execution than was answered: " + line + ", now " + found->second);
      }
    }
  }

  void look_at_effects() {
    std::map<std::string, int> effects;
    for (const auto& execution : read_effects(url_)) ++effects[execution];
    for (const auto& [key, id] : by_key_) {
      const auto found = effects.extract(id);
      if (!found) {
        complain("its effect is lost: " + id);
      } else if (found.mapped() != 1) {
        complain("its effect is there " + std::to_string(found.mapped()) + " times: " + id);
      }
    }
    for (const auto& [id, count] : effects) complain("an effect of nobody's: " + id);
  }

  /// Every second has its record, and one execution.
  void look_at_slots() {
    FiringFilter filter{.limit = 10'000};
    std::map<Timestamp, Firing> slots;
    do {
      const auto page = database_.schedules().history("every-second", filter);
      for (const auto& firing : page.firings) {
        for (auto slot = firing.slot; slot <= firing.through; slot += std::chrono::seconds{1}) {
          if (!slots.emplace(slot, firing).second) complain("a slot is there twice: " + format_seconds(slot));
        }
      }
      filter.before = page.next;
    } while (filter.before);
    slots_ = slots.size();
    std::optional<Timestamp> before;
    for (const auto& [slot, firing] : slots) {
      if (before && slot != *before + std::chrono::seconds{1}) complain("slots are lost after " + format_seconds(*before));
      before = slot;
      if (firing.reason == SkipReason::Paused) continue;
      if (firing.outcome != Firing::Outcome::Fired) complain("a slot was skipped: " + format_seconds(slot));
      const auto found = ran_slots_.extract(slot);
      if (!found || !firing.execution || found.mapped() != firing.execution->to_string()) {
        complain("a slot and its execution do not agree: " + format_seconds(slot));
      }
    }
    for (const auto& [slot, id] : ran_slots_) complain("an execution of no slot: " + id);
  }

  std::string url_;
  std::filesystem::path folder_;
  Runner database_;
  std::map<std::string, std::vector<std::int64_t>> ledger_;  // execution and task -> the fences it ran with
  std::map<std::string, std::string> by_key_;
  std::multimap<Timestamp, std::string> ran_slots_;
  std::size_t slots_ = 0;
  int executions_ = 0;
  int attempts_ = 0;
  int crashed_ = 0;
  int failed_ = 0;
  int complaints_ = 0;
};

}  // namespace

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

int judge(const std::string& url, const std::filesystem::path& folder) { return Judge(url, folder).judge(); }

}  // namespace cloacina::chaos
