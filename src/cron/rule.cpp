#include <algorithm>

#include "cloacina/cron.hpp"
#include "cron/fields.hpp"
#include "cron/zone_data.hpp"

namespace cloacina {

namespace cron {
namespace {

constexpr UtcSecond none_later = Matcher::none_later;
constexpr UtcSecond none_earlier = Matcher::none_earlier;

Timestamp timestamp(UtcSecond at) { return Timestamp{std::chrono::seconds{at}}; }
std::chrono::local_seconds local_time(LocalSecond at) { return std::chrono::local_seconds{std::chrono::seconds{at}}; }
std::optional<Timestamp> later_or_none(UtcSecond at) { return at == none_later ? std::nullopt : std::optional(timestamp(at)); }
std::optional<Timestamp> earlier_or_none(UtcSecond at) { return at == none_earlier ? std::nullopt : std::optional(timestamp(at)); }

UtcSecond floor_second(Timestamp at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }
UtcSecond ceil_second(Timestamp at) { return std::chrono::ceil<std::chrono::seconds>(at).time_since_epoch().count(); }

/// The set of instants of a rule, in whole seconds.
///
/// An occurrence is either regular (a local time that matches, in a piece of the zone that the overlap policy lets through) or
/// comes from a gap. Searches walk the pieces, of which a zone has a few each year, and ask the matcher at most once for each
/// stretch of local time.
class Occurrences {
 public:
  explicit Occurrences(const CronRule& rule)
      : matcher_(rule.expression.compiled().matcher),
        zone_(rule.zone.data()),
        fixed_(!rule.expression.is_interval_like()),
        gap_(fixed_ ? rule.gap : GapPolicy::Skip),
        overlap_(rule.overlap != OverlapPolicy::Automatic ? rule.overlap
                 : fixed_                                 ? OverlapPolicy::First
                                                          : OverlapPolicy::Both) {}

  [[nodiscard]] UtcSecond at_or_after(UtcSecond from) {
    if (matcher_.impossible) return none_later;
    const std::size_t start = zone_.piece_at(from);
    UtcSecond best = none_later;
    for (std::size_t i = start; i < zone_.pieces.size(); ++i) {
      const Piece& piece = zone_.pieces[i];
      if (!lets_through(piece)) continue;
      const LocalSecond local = match_from(std::max(from, piece.begin) + piece.offset);
      if (local != none_later && local - piece.offset < piece.end) {
        best = local - piece.offset;
        break;
      }
    }
    return gap_ == GapPolicy::Skip ? best : std::min(best, gap_at_or_after(from, zone_.pieces[start].gaps_from, best));
  }

  [[nodiscard]] UtcSecond at_or_before(UtcSecond from) {
    if (matcher_.impossible) return none_earlier;
    const std::size_t start = zone_.piece_at(from);
    UtcSecond best = none_earlier;
    for (std::size_t i = start + 1; i-- > 0;) {
      const Piece& piece = zone_.pieces[i];
      if (!lets_through(piece)) continue;
      const LocalSecond local = match_to(std::min(from, piece.end - 1) + piece.offset);
      if (local != none_earlier && local - piece.offset >= piece.begin) {
        best = local - piece.offset;
        break;
      }
    }
    return gap_ == GapPolicy::Skip ? best : std::max(best, gap_at_or_before(from, best));
  }

  /// In [from, to).
  [[nodiscard]] std::int64_t count(UtcSecond from, UtcSecond to) {
    if (matcher_.impossible || from >= to) return 0;
    std::int64_t total = 0;
    for (std::size_t i = zone_.piece_at(from); i < zone_.pieces.size() && zone_.pieces[i].begin < to; ++i) {
      const Piece& piece = zone_.pieces[i];
      if (lets_through(piece))
        total += matches_in(std::max(from, piece.begin) + piece.offset, std::min(to, piece.end) + piece.offset);
    }
    if (gap_ != GapPolicy::Skip) total += count_from_gaps(from, to);
    return total;
  }

  [[nodiscard]] OccurrenceKind kind(UtcSecond at) const {
    const Piece& piece = zone_.pieces[zone_.piece_at(at)];
    if (!matcher_.matches(at + piece.offset)) return OccurrenceKind::AfterGap;
    if (piece.has_earlier) return OccurrenceKind::SecondPass;
    return piece.has_later ? OccurrenceKind::FirstPass : OccurrenceKind::Regular;
  }

  /// What gaps moved to `at`.
  [[nodiscard]] std::optional<MovedTimes> moved(UtcSecond at) const {
    if (gap_ == GapPolicy::Skip) return std::nullopt;
    const std::int64_t length = gap_ == GapPolicy::Shift ? zone_.gap_seconds_max : 1;
    std::optional<MovedTimes> result;
    for (auto gap = gaps_until(at); gap != zone_.gaps.begin();) {
      --gap;
      if (gap->instant + length <= at) break;
      const LocalSecond local = at + gap->offset_before;
      const bool shift = gap_ == GapPolicy::Shift;
      if (shift && (local < gap->local_begin || local >= gap->local_end)) continue;
      const LocalSecond begin = shift ? local : gap->local_begin;
      const LocalSecond end = shift ? local + 1 : gap->local_end;
      const std::int64_t count = matches_in(begin, end);
      if (count == 0) continue;
      const MovedTimes found{.transition = timestamp(gap->instant),
                             .first = local_time(matcher_.at_or_after(begin)),
                             .last = local_time(matcher_.at_or_before(end - 1)),
                             .count = count};
      if (!result) {
        result = found;
      } else {
        result->transition = found.transition;
        result->first = std::min(result->first, found.first);
        result->last = std::max(result->last, found.last);
        result->count += found.count;
      }
    }
    return result;
  }

  void append_suppressed(UtcSecond from, UtcSecond to, std::vector<SuppressedTimes>& result) const {
    for (std::size_t i = zone_.piece_at(from); i < zone_.pieces.size() && zone_.pieces[i].begin < to; ++i) {
      const Piece& piece = zone_.pieces[i];
      if (!lets_through(piece)) {
        const LocalSecond first = std::max(from, piece.begin) + piece.offset;
        append_suppressed({SuppressedTimes::Cause::Overlap, piece.has_later ? piece.end : piece.begin, first,
                           std::min(to, piece.end) + piece.offset, piece.offset},
                          result);
      }
      if (gap_ != GapPolicy::Skip) continue;
      for (std::size_t g = piece.gaps_from; g < zone_.gaps.size() && zone_.gaps[g].instant < std::min(to, piece.end); ++g) {
        const Gap& gap = zone_.gaps[g];
        if (gap.instant >= from)
          append_suppressed({SuppressedTimes::Cause::Gap, gap.instant, gap.local_begin, gap.local_end, {}}, result);
      }
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const SuppressedTimes& a, const SuppressedTimes& b) { return a.transition < b.transition; });
  }

 private:
  [[nodiscard]] bool lets_through(const Piece& piece) const {
    switch (overlap_) {
      case OverlapPolicy::First:
        return !piece.has_earlier;
      case OverlapPolicy::Second:
        return !piece.has_later;
      default:
        return true;
    }
  }

  /// The matcher's answer holds for every local time between the question and the answer: neighbouring pieces mostly share it.
  LocalSecond match_from(LocalSecond local) {
    if (local < asked_ || local > answer_) {
      asked_ = local;
      answer_ = matcher_.at_or_after(local);
    }
    return answer_;
  }
  LocalSecond match_to(LocalSecond local) {
    if (local > asked_ || local < answer_ || !asked_backwards_) {
      asked_ = local;
      answer_ = matcher_.at_or_before(local);
      asked_backwards_ = true;
    }
    return answer_;
  }

  [[nodiscard]] std::int64_t matches_in(LocalSecond begin, LocalSecond end) const {
    return begin >= end ? 0 : matcher_.count_before(end) - matcher_.count_before(begin);
  }

  [[nodiscard]] bool is_regular(UtcSecond at) const {
    const Piece& piece = zone_.pieces[zone_.piece_at(at)];
    return lets_through(piece) && matcher_.matches(at + piece.offset);
  }

  UtcSecond gap_at_or_after(UtcSecond from, std::size_t index, UtcSecond best) {
    if (gap_ == GapPolicy::Shift) {
      while (index > 0 && zone_.gaps[index - 1].instant + zone_.gap_seconds_max > from) --index;
    }
    for (; index < zone_.gaps.size() && zone_.gaps[index].instant < best; ++index) {
      const Gap& gap = zone_.gaps[index];
      if (gap_ == GapPolicy::NextValid) {
        if (gap.instant < from) continue;
        if (match_from(gap.local_begin) < gap.local_end) return gap.instant;
      } else {
        const LocalSecond local = match_from(std::max(gap.local_begin, from + gap.offset_before));
        if (local < gap.local_end) best = std::min(best, local - gap.offset_before);
      }
    }
    return best;
  }

  UtcSecond gap_at_or_before(UtcSecond from, UtcSecond best) {
    const std::int64_t length = gap_ == GapPolicy::Shift ? zone_.gap_seconds_max : 1;
    auto index = static_cast<std::size_t>(gaps_until(from) - zone_.gaps.begin());
    while (index-- > 0) {
      const Gap& gap = zone_.gaps[index];
      if (best != none_earlier && gap.instant + length <= best) break;
      if (gap_ == GapPolicy::NextValid) {
        if (match_to(gap.local_end - 1) >= gap.local_begin) return gap.instant;
      } else {
        const LocalSecond local = match_to(std::min(gap.local_end - 1, from + gap.offset_before));
        if (local != none_earlier && local >= gap.local_begin) best = std::max(best, local - gap.offset_before);
      }
    }
    return best;
  }

  /// Occurrences that come from a gap and are not regular as well.
  std::int64_t count_from_gaps(UtcSecond from, UtcSecond to) {
    std::int64_t total = 0;
    UtcSecond counted = none_earlier;
    std::size_t index = zone_.pieces[zone_.piece_at(from)].gaps_from;
    if (gap_ == GapPolicy::Shift) {
      while (index > 0 && zone_.gaps[index - 1].instant + zone_.gap_seconds_max > from) --index;
    }
    for (; index < zone_.gaps.size() && zone_.gaps[index].instant < to; ++index) {
      const Gap& gap = zone_.gaps[index];
      if (gap_ == GapPolicy::NextValid) {
        if (gap.instant < from || gap.instant == counted || match_from(gap.local_begin) >= gap.local_end) continue;
        counted = gap.instant;
        if (!is_regular(gap.instant)) ++total;
        continue;
      }
      const LocalSecond end = std::min(gap.local_end, to + gap.offset_before);
      for (LocalSecond local = match_from(std::max(gap.local_begin, from + gap.offset_before)); local < end;
           local = matcher_.at_or_after(local + 1)) {
        const UtcSecond at = local - gap.offset_before;
        if (!is_regular(at) && !is_shifted_by_earlier(at, index)) ++total;
      }
    }
    return total;
  }

  [[nodiscard]] bool is_shifted_by_earlier(UtcSecond at, std::size_t index) const {
    while (index > 0 && zone_.gaps[index - 1].instant + zone_.gap_seconds_max > at) {
      const Gap& gap = zone_.gaps[--index];
      const LocalSecond local = at + gap.offset_before;
      if (local >= gap.local_begin && local < gap.local_end && matcher_.matches(local)) return true;
    }
    return false;
  }

  /// The end of the gaps that are not later than `at`.
  [[nodiscard]] std::vector<Gap>::const_iterator gaps_until(UtcSecond at) const {
    return std::upper_bound(zone_.gaps.begin(), zone_.gaps.end(), at,
                            [](UtcSecond instant, const Gap& gap) { return instant < gap.instant; });
  }

  /// Local times [begin, end) that a transition kept from firing.
  struct Lost {
    SuppressedTimes::Cause cause;
    UtcSecond transition;
    LocalSecond begin;
    LocalSecond end;
    std::optional<std::int32_t> offset;  ///< theirs, when they exist
  };
  void append_suppressed(const Lost& lost, std::vector<SuppressedTimes>& result) const {
    const std::int64_t count = matches_in(lost.begin, lost.end);
    if (count == 0) return;
    const LocalSecond first = matcher_.at_or_after(lost.begin);
    result.push_back({.cause = lost.cause,
                      .transition = timestamp(lost.transition),
                      .first = local_time(first),
                      .last = local_time(matcher_.at_or_before(lost.end - 1)),
                      .count = count,
                      .at = timestamp(lost.offset ? first - *lost.offset : lost.transition)});
  }

  const Matcher& matcher_;
  const ZoneData& zone_;
  bool fixed_;
  GapPolicy gap_;
  OverlapPolicy overlap_;
  bool asked_backwards_ = false;
  LocalSecond asked_ = 0;
  LocalSecond answer_ = -1;  // an empty stretch: nothing was asked yet
};

/// `@every`: origin + k * interval, within the years that have occurrences.
struct Every {
  std::int64_t interval;
  std::int64_t origin;

  static constexpr std::int64_t end = local_end * 1'000'000;

  Every(std::chrono::milliseconds every, Timestamp from)
      : interval(std::chrono::microseconds{every}.count()), origin(from.time_since_epoch().count() % interval) {}

  /// How many lie in [.., before), counted from an arbitrary one.
  [[nodiscard]] std::int64_t index(std::int64_t before) const { return floor_div(before - origin + interval - 1, interval); }
  [[nodiscard]] std::int64_t at(std::int64_t index) const { return origin + index * interval; }
  [[nodiscard]] static std::int64_t clamp(std::int64_t value) { return std::clamp<std::int64_t>(value, 0, end); }

  [[nodiscard]] std::optional<Timestamp> next(Timestamp after) const {
    const std::int64_t bound = std::max<std::int64_t>(after.time_since_epoch().count(), -1);
    if (bound >= end) return std::nullopt;
    const std::int64_t found = at(index(bound + 1));
    return found < end ? std::optional(Timestamp{std::chrono::microseconds{found}}) : std::nullopt;
  }
  [[nodiscard]] std::optional<Timestamp> previous(Timestamp before) const {
    const std::int64_t bound = std::min(before.time_since_epoch().count(), end);
    if (bound <= 0) return std::nullopt;
    const std::int64_t found = at(index(bound) - 1);
    return found >= 0 ? std::optional(Timestamp{std::chrono::microseconds{found}}) : std::nullopt;
  }
  [[nodiscard]] std::int64_t count(Timestamp from, Timestamp to) const {
    return index(clamp(to.time_since_epoch().count())) - index(clamp(from.time_since_epoch().count()));
  }
};

}  // namespace
}  // namespace cron

using namespace cron;

std::optional<Timestamp> CronRule::next(Timestamp after) const noexcept {
  if (expression.is_reboot()) return std::nullopt;
  if (const auto every = expression.every()) return Every(*every, every_from).next(after);
  return later_or_none(Occurrences(*this).at_or_after(floor_second(after) + 1));
}

std::optional<Timestamp> CronRule::previous(Timestamp before) const noexcept {
  if (expression.is_reboot()) return std::nullopt;
  if (const auto every = expression.every()) return Every(*every, every_from).previous(before);
  return earlier_or_none(Occurrences(*this).at_or_before(ceil_second(before) - 1));
}

std::int64_t CronRule::count(Timestamp from, Timestamp to) const noexcept {
  if (expression.is_reboot() || from >= to) return 0;
  if (const auto every = expression.every()) return Every(*every, every_from).count(from, to);
  return Occurrences(*this).count(ceil_second(from), ceil_second(to));
}

OccurrenceKind CronRule::kind(Timestamp occurrence) const noexcept {
  if (expression.is_reboot() || expression.every()) return OccurrenceKind::Regular;
  return Occurrences(*this).kind(floor_second(occurrence));
}

std::optional<MovedTimes> CronRule::moved(Timestamp occurrence) const noexcept {
  if (expression.is_reboot() || expression.every()) return std::nullopt;
  return Occurrences(*this).moved(floor_second(occurrence));
}

std::vector<SuppressedTimes> CronRule::suppressed(Timestamp from, Timestamp to) const {
  std::vector<SuppressedTimes> result;
  if (expression.is_reboot() || expression.every() || from >= to) return result;
  Occurrences(*this).append_suppressed(ceil_second(from), ceil_second(to), result);
  return result;
}

std::string CronRule::explain() const {
  std::string sentence = expression.explain();
  if (expression.is_reboot() || expression.every() || expression.is_impossible()) return sentence;
  sentence.pop_back();
  return sentence + ", " + zone.name() + (zone.name() == "UTC" ? "." : " time.");
}

}  // namespace cloacina
