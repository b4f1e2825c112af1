#pragma once

#include <chrono>
#include <cstdint>

namespace cloacina::simulation {

/// Random numbers from a seed, the same on every machine (splitmix64). Small and fast.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    auto z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// In [0, end). *Requires* end > 0.
  [[nodiscard]] int below(int end) { return static_cast<int>(next() % static_cast<std::uint64_t>(end)); }
  [[nodiscard]] std::size_t below(std::size_t end) { return static_cast<std::size_t>(next() % end); }
  [[nodiscard]] bool chance(int percent) { return below(100) < percent; }
  [[nodiscard]] bool one_in(int n) { return below(n) == 0; }
  /// In [0, end).
  [[nodiscard]] std::chrono::microseconds time_below(std::chrono::microseconds end) {
    return std::chrono::microseconds{static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(end.count()))};
  }

 private:
  std::uint64_t state_;
};

}  // namespace cloacina::simulation
