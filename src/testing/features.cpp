#include "testing/features.hpp"

#include <array>
#include <string_view>

namespace cloacina::simulation {

namespace {

struct Named {
  std::string_view name;
  bool Features::*on;
};

constexpr std::array all{
    Named{"leases", &Features::leases},
    Named{"crashes", &Features::crashes},
    Named{"stalls", &Features::stalls},
    Named{"drains", &Features::drains},
    Named{"versions", &Features::versions},
    Named{"refusals", &Features::refusals},
    Named{"lost_answers", &Features::lost_answers},
    Named{"blind_reads", &Features::blind_reads},
    Named{"partitions", &Features::partitions},
    Named{"slow", &Features::slow},
    Named{"races", &Features::races},
    Named{"lost_hints", &Features::lost_hints},
    Named{"clock_steps", &Features::clock_steps},
    Named{"skew", &Features::skew},
    Named{"failures", &Features::failures},
    Named{"hangs", &Features::hangs},
    Named{"stubborn", &Features::stubborn},
    Named{"killers", &Features::killers},
    Named{"deferrals", &Features::deferrals},
    Named{"late_words", &Features::late_words},
    Named{"long_tasks", &Features::long_tasks},
    Named{"cancels", &Features::cancels},
    Named{"pauses", &Features::pauses},
    Named{"retries", &Features::retries},
    Named{"repeats", &Features::repeats},
    Named{"delays", &Features::delays},
    Named{"prunes", &Features::prunes},
    Named{"schedules", &Features::schedules},
    Named{"backfills", &Features::backfills},
};

}  // namespace

Features draw_features(Dice& dice) {
  Features out;
  for (const auto& [name, on] : all) out.*on = dice.chance(50);
  return out;
}

std::string to_string(const Features& features) {
  std::string out;
  for (const auto& [name, on] : all) {
    if (!(features.*on)) continue;
    if (!out.empty()) out += ' ';
    out += name;
  }
  return out;
}

}  // namespace cloacina::simulation
