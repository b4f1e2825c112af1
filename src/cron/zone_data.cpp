#include "cron/zone_data.hpp"

#include <algorithm>
#include <utility>

namespace cloacina::cron {

namespace {

constexpr UtcSecond end_of_time = -beginning_of_time;
/// Local clocks of one zone never differ by more than this (offsets lie in -25 h to +26 h).
constexpr std::int64_t reach = 52 * 3600;

struct Segment {
  UtcSecond begin;
  UtcSecond end;
  std::int32_t offset;
  [[nodiscard]] LocalSecond local_begin() const { return begin + offset; }
  [[nodiscard]] LocalSecond local_end() const { return end + offset; }
};

std::vector<Segment> segments_of(const Offsets& offsets) {
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    segments.push_back({offsets[i].begin, i + 1 < offsets.size() ? offsets[i + 1].begin : end_of_time, offsets[i].offset});
  }
  return segments;
}

/// The segments whose local times can touch those of segment `i`: [first, last).
std::pair<std::size_t, std::size_t> neighbours(const std::vector<Segment>& segments, std::size_t i) {
  std::size_t first = i;
  while (first > 0 && segments[first - 1].end > segments[i].begin - reach) --first;
  std::size_t last = i + 1;
  while (last < segments.size() && segments[last].begin < segments[i].end + reach) ++last;
  return {first, last};
}

void append_pieces(std::vector<Piece>& pieces, const std::vector<Segment>& segments, std::size_t i) {
  const Segment& segment = segments[i];
  const auto [first, last] = neighbours(segments, i);
  std::vector<UtcSecond> cuts{segment.begin, segment.end};
  for (std::size_t k = first; k < last; ++k) {
    for (const LocalSecond local : {segments[k].local_begin(), segments[k].local_end()}) {
      const UtcSecond cut = local - segment.offset;
      if (k != i && cut > segment.begin && cut < segment.end) cuts.push_back(cut);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    Piece piece{.begin = cuts[c], .end = cuts[c + 1], .offset = segment.offset};
    const LocalSecond local = piece.begin + piece.offset;
    for (std::size_t k = first; k < last; ++k) {
      if (k == i || local < segments[k].local_begin() || local >= segments[k].local_end()) continue;
      (k < i ? piece.has_earlier : piece.has_later) = true;
    }
    const bool same = !pieces.empty() && pieces.back().offset == piece.offset && pieces.back().has_earlier == piece.has_earlier &&
                      pieces.back().has_later == piece.has_later;
    if (same) {
      pieces.back().end = piece.end;
    } else {
      pieces.push_back(piece);
    }
  }
}

void append_gaps(std::vector<Gap>& gaps, const std::vector<Segment>& segments, std::size_t i) {
  const Segment& before = segments[i - 1];
  const Segment& after = segments[i];
  if (after.offset <= before.offset) return;
  std::vector<std::pair<LocalSecond, LocalSecond>> left{{before.local_end(), after.local_begin()}};
  const auto subtract = [&left](LocalSecond from, LocalSecond to) {
    std::vector<std::pair<LocalSecond, LocalSecond>> rest;
    for (const auto& [begin, end] : left) {
      if (begin < std::min(end, from)) rest.emplace_back(begin, std::min(end, from));
      if (std::max(begin, to) < end) rest.emplace_back(std::max(begin, to), end);
    }
    left = std::move(rest);
  };
  // A clock that is changed twice within hours may show some of these times after all, or jump over them again.
  const auto [first, last] = neighbours(segments, i);
  for (std::size_t k = first; k < last; ++k) subtract(segments[k].local_begin(), segments[k].local_end());
  for (auto gap = gaps.rbegin(); gap != gaps.rend(); ++gap) {
    if (gap->instant < after.begin - reach) break;
    subtract(gap->local_begin, gap->local_end);
  }
  for (const auto& [begin, end] : left) {
    gaps.push_back({.instant = after.begin, .local_begin = begin, .local_end = end, .offset_before = before.offset});
  }
}

}  // namespace

ZoneData::ZoneData(std::string zone_name, Offsets zone_offsets) : name(std::move(zone_name)), offsets(std::move(zone_offsets)) {
  const auto segments = segments_of(offsets);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    append_pieces(pieces, segments, i);
    if (i > 0) append_gaps(gaps, segments, i);
  }
  std::uint32_t next_gap = 0;
  for (Piece& piece : pieces) {
    while (next_gap < gaps.size() && gaps[next_gap].instant < piece.begin) ++next_gap;
    piece.gaps_from = next_gap;
  }
  for (const Gap& gap : gaps) gap_seconds_max = std::max(gap_seconds_max, gap.local_end - gap.offset_before - gap.instant);
}

std::size_t ZoneData::piece_at(UtcSecond at) const noexcept {
  const auto after = std::upper_bound(pieces.begin() + 1, pieces.end(), at,
                                      [](UtcSecond value, const Piece& piece) { return value < piece.begin; });
  return static_cast<std::size_t>(after - pieces.begin()) - 1;
}

std::shared_ptr<const ZoneData> make_utc() { return std::make_shared<const ZoneData>("UTC", Offsets{{beginning_of_time, 0}}); }

}  // namespace cloacina::cron
