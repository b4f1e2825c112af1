#include "testing/simulation.hpp"

#include "testing/world.hpp"

namespace cloacina::simulation {

namespace {

Report live(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options,
            const std::vector<std::uint64_t>& choices, bool tells) {
  World world(workflows, seed, options, tells);
  std::size_t used = 0;
  try {
    for (; used < choices.size() && !world.trouble(); ++used) world.act(choices[used]);
    world.calm_down();
  } catch (const std::exception& e) {
    world.invariants().broken("no-error", e.what());
  }
  Report report;
  report.seed = seed;
  world.fill(report);
  report.choices.assign(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(used));
  return report;
}

/// The same trouble with fewer events: leaves out what is not needed for it, large pieces first.
Report shrink(const std::vector<Workflow>& workflows, const Options& options, Report report) {
  int left = options.replays_max;
  const auto fails = [&](const std::vector<std::uint64_t>& choices) {
    --left;
    auto shorter = live(workflows, report.seed, options, choices, false);
    if (!shorter.trouble || shorter.trouble->invariant != report.trouble->invariant) return false;
    report = std::move(shorter);
    return true;
  };
  for (std::size_t piece = report.choices.size() / 2; piece > 0 && left > 0;) {
    bool any = false;
    for (std::size_t at = 0; at < report.choices.size() && left > 0;) {
      auto choices = report.choices;
      const auto from = choices.begin() + static_cast<std::ptrdiff_t>(at);
      choices.erase(from, from + static_cast<std::ptrdiff_t>(std::min(piece, choices.size() - at)));
      if (fails(choices)) {
        any = true;
      } else {
        at += piece;
      }
    }
    if (!any || piece > 1) piece /= 2;
  }
  return report;
}

}  // namespace

Report simulate(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options) {
  Dice dice(~seed);
  std::vector<std::uint64_t> choices;
  for (int i = 0; i < options.events; ++i) choices.push_back(dice.next());
  auto report = live(workflows, seed, options, choices, false);
  if (!report.trouble || options.replays_max == 0) return report;
  report = shrink(workflows, options, std::move(report));
  return replay(workflows, seed, options, report.choices);
}

Report replay(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options,
              const std::vector<std::uint64_t>& choices) {
  return live(workflows, seed, options, choices, true);
}

std::string to_string(const Report& report) {
  std::string out = "seed " + std::to_string(report.seed) + ": ";
  if (!report.trouble) return out + "all is well after " + std::to_string(report.events) + " events\n";
  for (const auto& [name, sentence] : invariants) {
    if (name == report.trouble->invariant) out += std::string(sentence) + " (" + std::string(name) + ")\n";
  }
  out += "But: " + report.trouble->what + "\n";
  out += "What may happen here: " + to_string(report.features) + "\n";
  out += "The story, of " + std::to_string(report.choices.size()) + " events, by virtual seconds:\n";
  for (const auto& line : report.story) out += "  " + line + "\n";
  return out;
}

}  // namespace cloacina::simulation
