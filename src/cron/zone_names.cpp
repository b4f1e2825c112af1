#include "cron/zone_names.hpp"

#include <algorithm>

namespace cloacina::cron {

namespace {

std::string normalised(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '_';
  }
  return result;
}

std::string_view last_component(std::string_view name) { return name.substr(name.rfind('/') + 1); }

/// Edits (insert, remove, replace, swap neighbours) between the texts.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

bool is_zone_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 128 || name.front() == '/' || name.back() == '/') return false;
  if (name == "localtime" || name == "posixrules" || name.starts_with("posix/") || name.starts_with("right/")) return false;
  if (name.find("//") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' ||
           c == '/';
  });
}

std::string likely_zone(std::string_view wrong, const std::vector<std::string>& names) {
  constexpr std::size_t length_max = 64;
  if (wrong.empty() || wrong.size() > length_max) return {};
  const std::string meant = normalised(wrong);
  const bool has_area = meant.find('/') != std::string::npos;
  std::string best;
  std::size_t best_distance = std::min<std::size_t>(3, 1 + meant.size() / 4);
  for (const std::string& name : names) {
    const std::string candidate = normalised(name);
    // "berlin" means Europe/Berlin; a whole name in another case wins over both.
    if (candidate == meant) return name;
    std::size_t edits = distance(meant, candidate);
    if (!has_area) edits = std::min(edits, distance(meant, last_component(candidate)));
    if (last_component(meant) == last_component(candidate)) edits = std::min<std::size_t>(edits, 1);
    if (edits < best_distance) {
      best_distance = edits;
      best = name;
    }
  }
  return best;
}

std::string zone_for_offset(std::string_view wrong) {
  if (wrong.starts_with("UTC") || wrong.starts_with("GMT")) wrong.remove_prefix(3);
  if (wrong.size() < 2 || (wrong[0] != '+' && wrong[0] != '-')) return {};
  const bool east = wrong[0] == '+';
  wrong.remove_prefix(1);
  int hours = 0;
  std::size_t digits = 0;
  while (digits < wrong.size() && digits < 2 && wrong[digits] >= '0' && wrong[digits] <= '9')
    hours = hours * 10 + (wrong[digits++] - '0');
  wrong.remove_prefix(digits);
  const bool whole = wrong.empty() || wrong == ":00" || wrong == "00";
  if (digits == 0 || !whole || hours > (east ? 14 : 12)) return {};
  if (hours == 0) return "UTC";
  return std::string("Etc/GMT") + (east ? "-" : "+") + std::to_string(hours);
}

}  // namespace cloacina::cron
