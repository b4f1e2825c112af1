#include <array>
#include <utility>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"
#include "cron/fields.hpp"

namespace cloacina {

namespace {

template <typename Enum, std::size_t Size>
using Names = std::array<std::pair<std::string_view, Enum>, Size>;

constexpr Names<Dialect, 2> dialects{{{"ocps", Dialect::Ocps}, {"extended", Dialect::Extended}}};
constexpr Names<GapPolicy, 3> gap_policies{
    {{"next_valid", GapPolicy::NextValid}, {"shift", GapPolicy::Shift}, {"skip", GapPolicy::Skip}}};
constexpr Names<OverlapPolicy, 4> overlap_policies{{{"automatic", OverlapPolicy::Automatic},
                                                    {"first", OverlapPolicy::First},
                                                    {"second", OverlapPolicy::Second},
                                                    {"both", OverlapPolicy::Both}}};

constexpr Names<Catchup, 3> catchups{{{"none", Catchup::None}, {"latest", Catchup::Latest}, {"all", Catchup::All}}};
constexpr Names<SkipReason, 6> skip_reasons{{{"paused", SkipReason::Paused},
                                             {"missed", SkipReason::Missed},
                                             {"superseded", SkipReason::Superseded},
                                             {"catchup_window", SkipReason::CatchupWindow},
                                             {"concurrency", SkipReason::Concurrency},
                                             {"edited", SkipReason::Edited}}};

template <typename Enum, std::size_t Size>
std::string_view name_of(const Names<Enum, Size>& names, Enum value) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  return {};
}

template <typename Enum, std::size_t Size>
Enum value_of(const Names<Enum, Size>& names, std::string_view text, std::string_view what) {
  std::string list;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(ErrorCode::InvalidArgument, std::string(what) + " " + cron::quoted(text) + " is unknown; write one of " + list);
}

}  // namespace

std::string_view to_string(Dialect value) { return name_of(dialects, value); }
std::string_view to_string(GapPolicy value) { return name_of(gap_policies, value); }
std::string_view to_string(OverlapPolicy value) { return name_of(overlap_policies, value); }
std::string_view to_string(Catchup value) { return name_of(catchups, value); }
std::string_view to_string(SkipReason value) { return name_of(skip_reasons, value); }
Dialect parse_dialect(std::string_view text) { return value_of(dialects, text, "dialect"); }
GapPolicy parse_gap_policy(std::string_view text) { return value_of(gap_policies, text, "gap policy"); }
OverlapPolicy parse_overlap_policy(std::string_view text) { return value_of(overlap_policies, text, "overlap policy"); }

Catchup parse_catchup(std::string_view text) { return value_of(catchups, text, "catch-up"); }
SkipReason parse_skip_reason(std::string_view text) { return value_of(skip_reasons, text, "reason"); }

}  // namespace cloacina
