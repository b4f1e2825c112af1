#pragma once

#include <cstdint>
#include <string_view>

namespace cloacina::cron {

/// 64-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), which anybody can compute again.
class Fnv1a {
 public:
  constexpr Fnv1a& add(std::string_view bytes) noexcept {
    for (const char c : bytes) add(static_cast<unsigned char>(c));
    return *this;
  }
  constexpr Fnv1a& add(unsigned char byte) noexcept {
    state_ = (state_ ^ byte) * 1'099'511'628'211ULL;
    return *this;
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 14'695'981'039'346'656'037ULL;
};

/// What `H` in the field with that index is chosen by: the name, a zero byte, the index.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view name, unsigned char field_index) noexcept {
  return Fnv1a{}.add(name).add(static_cast<unsigned char>(0)).add(field_index).value();
}

}  // namespace cloacina::cron
