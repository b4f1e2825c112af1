#include "core/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <numeric>

#include "core/utf8.hpp"

namespace cloacina::core {

namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), letter case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view wanted, const std::vector<std::string>& known) {
  if (wanted.empty() || wanted.size() > 256) return std::nullopt;
  std::size_t best = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  std::optional<std::string> found;
  for (const auto& name : known) {
    if (name.size() > wanted.size() + best || wanted.size() > name.size() + best) continue;
    const std::size_t distance = edit_distance(wanted, name);
    if (distance < best) {
      best = distance;
      found = name;
    }
  }
  return found;
}

std::string suggestion(std::string_view wanted, const std::vector<std::string>& known) {
  const auto name = nearest(wanted, known);
  return name ? " (did you mean '" + *name + "'?)" : std::string{};
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

std::string quote(std::string_view text) {
  // Not in the middle of a character.
  std::size_t shown = std::min<std::size_t>(text.size(), 80);
  while (shown > 0 && shown < text.size() && (static_cast<unsigned char>(text[shown]) & 0xC0) == 0x80) --shown;
  std::string out = "'";
  for (auto rest = text.substr(0, shown); !rest.empty();) {
    const auto sequence = first_sequence(rest);
    const auto front = static_cast<unsigned char>(rest[0]);
    if (sequence.valid && front >= 0x20 && front != 0x7f) {
      out += rest.substr(0, sequence.size);
    } else {
      for (const char c : rest.substr(0, sequence.size)) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
        out += escaped;
      }
    }
    rest.remove_prefix(sequence.size);
  }
  return out + (shown < text.size() ? "…'" : "'");
}

}  // namespace cloacina::core
