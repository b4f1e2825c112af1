#include <algorithm>

#include "store/memory/doctor.hpp"

namespace cloacina::store::memory {

namespace {

constexpr std::chrono::minutes backlog_is_old{5};

struct Known {
  bool any_commands;
  std::vector<DefinitionKey> definitions;
};

std::vector<Known> known_by_living(const Contents& contents, const std::function<bool(RunnerKey)>& lives) {
  std::vector<Known> out;
  for (const auto key : contents.runners.open.places()) {
    if (!lives(key)) continue;
    const auto& r = *contents.runners.find(key);
    const Json knows = Json::parse(r.knows, nullptr, false);
    out.push_back({r.any_commands != 0, knows.is_array() ? knows.get<std::vector<DefinitionKey>>() : std::vector<DefinitionKey>{}});
  }
  return out;
}

}  // namespace

std::vector<Finding> examine(const Contents& contents, const std::function<bool(RunnerKey)>& lives) {
  std::vector<Finding> findings;
  const auto alive = known_by_living(contents, lives);
  findings.push_back({"runners", false, std::to_string(alive.size()) + (alive.size() == 1 ? " runner lives" : " runners live")});
  std::set<DefinitionKey> waiting;
  std::optional<Integer> oldest;
  for (const auto& place : contents.tasks.ready.places()) {
    waiting.insert(std::get<0>(place));
    oldest = std::min(oldest.value_or(std::get<2>(place)), std::get<2>(place));
  }
  for (const auto& place : contents.tasks.last_chance.places()) waiting.insert(std::get<0>(place));
  for (const auto key : waiting) {
    const auto& d = *contents.definitions.find(key);
    const bool known = std::any_of(alive.begin(), alive.end(), [&](const Known& k) {
      return (k.any_commands && d.only_commands != 0) ||
             std::find(k.definitions.begin(), k.definitions.end(), key) != k.definitions.end();
    });
    if (known) continue;
    findings.push_back(
        {"stranded", true, "work of workflow '" + d.name + "' version " + d.version + " waits, and no live runner knows it"});
  }
  if (!oldest) {
    findings.push_back({"backlog", false, "no task waits for a runner"});
    return findings;
  }
  const Timestamp since{std::chrono::microseconds{*oldest}};
  findings.push_back({"backlog", std::chrono::system_clock::now() - since > backlog_is_old,
                      "the oldest ready task waits since " + format_seconds(since)});
  return findings;
}

}  // namespace cloacina::store::memory
